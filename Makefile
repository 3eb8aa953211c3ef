# SPDX-License-Identifier: MIT
# make            build build/spur.elf
# make run        boot Linux on it (README.md)
# make test       all tests
# make check      the rules of style that a script can check
# make check-model   every interleaving of the kick's source (tests/model/run --help);
#                    SRC=DIR SCENARIO=NAME MODEL=sc|tso|weak REPLAY=...
# make mutants    faults put into the source, each of which a test must find
# TESTS=1         the build with in-machine tests, in build/tests
# RACE=1          ... and the race detector, in build/race
# UBSAN=1         ... and checks of undefined behaviour and of stacks, in build/ubsan

VERSION := 0.1
BUILD ?= build
CC = gcc
TESTS ?= 0

# The debug builds have the in-machine tests in them, and checks of their own (debug/).
FAST := -fomit-frame-pointer -foptimize-sibling-calls
ifeq ($(RACE),1)
OUT := $(BUILD)/race
DEBUG := $(wildcard debug/race/*.c) debug/slow.c
INSTRUMENT := -fsanitize=thread --param tsan-distinguish-volatile=1 \
	--param tsan-instrument-func-entry-exit=0 -Wno-tsan
FAST :=
else ifeq ($(UBSAN),1)
OUT := $(BUILD)/ubsan
DEBUG := $(wildcard debug/ubsan/*.c) debug/no_race.c debug/slow.c
INSTRUMENT := -fsanitize=undefined -fno-sanitize-recover=all -Wframe-larger-than=4096 \
	-fstack-protector-strong -mstack-protector-guard=tls \
	-mstack-protector-guard-reg=gs -mstack-protector-guard-offset=40
FAST :=
else ifeq ($(TESTS),1)
OUT := $(BUILD)/tests
DEBUG := debug/no_race.c debug/fast.c
else
OUT := $(BUILD)/spur
SPECIFIC := boot/no_tests.c
endif
ifdef DEBUG
SPECIFIC := $(wildcard tests/machine/*.c debug/lock/*.c) $(DEBUG)
OVERRIDE := -Itests/machine/override -Idebug/lock
endif

CFLAGS = -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -m64 -mno-red-zone \
	-mgeneral-regs-only -fno-omit-frame-pointer -fno-optimize-sibling-calls \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-fno-delete-null-pointer-checks -fcf-protection=none \
	-Wall -Wextra -Werror -Wshadow -Wundef -Wmissing-prototypes -Wstrict-prototypes \
	-Wold-style-definition -Wvla -Wframe-larger-than=1536 -Wno-unused-parameter \
	$(INSTRUMENT) $(OVERRIDE) -Iinclude -I. -DSPUR_VERSION='"$(VERSION)"' -MMD -MP
LDFLAGS := -nostdlib -static -no-pie -z max-page-size=4096 -z noexecstack \
	--build-id=none --no-warn-rwx-segments -T linker.ld

SOURCES := $(filter-out boot/no_tests.c, $(wildcard boot/*.c boot/*.S arch/x86/*.c arch/x86/*.S \
	arch/x86/vmx/*.c arch/x86/vmx/*.S kernel/*.c vcpu/*.c vcpu/dev/*.c)) $(SPECIFIC)
OBJECTS := $(SOURCES:%=$(OUT)/%.o)
ELF := $(OUT).elf

all: $(ELF)

# Linked twice: the first gives the addresses for the table of function names.
$(ELF): $(OBJECTS) linker.ld tools/symbols
	@tools/symbols - $(OUT)/symbols0.S && $(CC) -c $(OUT)/symbols0.S -o $(OUT)/symbols0.o
	@ld $(LDFLAGS) -o $(OUT)/first.elf $(OBJECTS) $(OUT)/symbols0.o
	@tools/symbols $(OUT)/first.elf $(OUT)/symbols.S && $(CC) -c $(OUT)/symbols.S -o $(OUT)/symbols.o
	@ld $(LDFLAGS) -o $@ $(OBJECTS) $(OUT)/symbols.o
	@echo "built $@"

# The exit path: a frame pointer would be instructions on every exit.
$(OUT)/arch/x86/vmx/fast.c.o: CFLAGS += $(FAST)

# The checks do not check themselves; and no canary before a CPU has its own.
$(OUT)/debug/%.o: INSTRUMENT :=
EARLY := boot/main.c arch/x86/desc.c arch/x86/hostmap.c
$(EARLY:%=$(OUT)/%.o): INSTRUMENT += -fno-stack-protector

$(OUT)/%.o: % Makefile
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -c $< -o $@

# These install what is missing (tools/setup), build what they need, and do it.
run:
	@tools/setup build run
	@$(MAKE) --no-print-directory all
	@tools/run $(BUILD)/spur.elf

test: images
	@tests/run --build $(BUILD)

test-nested: images
	@tests/run --build $(BUILD) nested

# Fuzzing guests in so many boots: a million exits and more with 60.
fuzz-guest: images
	@tests/machine/fuzz --build $(BUILD) --seeds $(or $(SEEDS),60)

# The storm under so many schedules; one of them again, with all that it says.
schedules: images
	@tests/machine/schedules --build $(BUILD) --seeds $(or $(SEEDS),30)

replay: images
	@tests/machine/schedules --build $(BUILD) --first $(or $(SEED),1) --seeds 1 -v

# Two SMP Linux guests and a hostile one, 10 seeds of 1 G ticks (tests/linux/soak).
soak: images
	@tests/linux/soak --build $(BUILD) --seeds $(or $(SEEDS),10)

bench: images
	@tests/machine/bench --build $(BUILD)

# The parsers under a fuzzer: RUNS=N inputs each, from SEED=N.
fuzz:
	@tools/setup fuzz
	@tests/fuzz/run --build $(BUILD) $(RUNS:%=--runs %) $(SEED:%=--seed %)

fuzz-coverage:
	@tools/setup fuzz
	@tests/fuzz/run --build $(BUILD) --coverage $(RUNS:%=--runs %) $(SEED:%=--seed %)

check:
	@tools/setup check
	@tests/check/run

check-model:
	@tools/setup build test
	@tests/model/run $(if $(SRC),--src $(SRC) --out $(BUILD)/model-src) \
		$(SCENARIO:%=--scenario %) $(MODEL:%=--model %) $(if $(REPLAY),--replay $(REPLAY))

mutants:
	@tools/setup build test
	@tests/mutants/run

# Everything that the tests boot: the product, the test build, the guests.
images:
	@tools/setup build run test check nested fuzz
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory TESTS=1 all
	@$(MAKE) --no-print-directory RACE=1 all
	@$(MAKE) --no-print-directory UBSAN=1 all
	@$(MAKE) --no-print-directory -C tests/guest BUILD=$(abspath $(BUILD))

clean:
	rm -rf $(BUILD)


.PHONY: all run test test-nested bench check check-model mutants fuzz \
	fuzz-coverage fuzz-guest soak schedules replay images clean
-include $(OBJECTS:.o=.d)
