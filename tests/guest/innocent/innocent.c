// SPDX-License-Identifier: MIT
/* Lives beside guests that are up to no good and looks for anything that is not as it
 * left it: memory, registers, the time, its own timer. Goes on until a test on the host
 * side writes to a word of its memory, or for turns=N turns. */
#include "guest.h"

#define STOP_GPA 0x6000
#define BUFFER_WORDS 0x8000 /* 256 KiB */
#define VECTOR 0x50
#define TIMER_AHEAD 40000
#define MSR_LSTAR 0xc0000082
#define MSR_KERNEL_GS_BASE 0xc0000102

u64 registers_differ(u64 pattern, u64 turns);

static u64 buffer[BUFFER_WORDS];
static volatile u64 ticks;
static u64 worst_gap, last_seen;

static void on_timer(struct frame *frame)
{
	ticks++;
	apic_write(APIC_TIMER_INITIAL, TIMER_AHEAD);
}

/* Time only rises. How long others may keep us is the host's to judge. */
static bool time_is_good(void)
{
	u64 now = rdtsc();
	bool good = now >= last_seen;

	if (now - last_seen > worst_gap && last_seen)
		worst_gap = now - last_seen;
	last_seen = now;
	return good;
}

static u64 pattern_of(u64 turn, u64 i)
{
	return (turn + 1) * 0x9e3779b97f4a7c15UL ^ i;
}

/* A piece in each turn: what the turn before the last left there, then something new. */
static bool memory_is_good(u64 turn)
{
	bool good = true;

	for (u64 i = 0; i < BUFFER_WORDS; i += 64) {
		good &= turn == 0 || buffer[i] == pattern_of(turn - 1, i);
		buffer[i] = pattern_of(turn, i);
	}
	return good;
}

static void set_registers(u64 turn)
{
	wrmsr(MSR_LSTAR, turn << 4);
	wrmsr(MSR_KERNEL_GS_BASE, turn << 5);
	write_dr0(turn);
	write_cr2(turn << 3);
	write_cr8(turn % 3);
}

static bool registers_are_good(u64 turn)
{
	return rdmsr(MSR_LSTAR) == turn << 4 && rdmsr(MSR_KERNEL_GS_BASE) == turn << 5 &&
	       read_dr0() == turn && read_cr2() == turn << 3 && read_cr8() == turn % 3;
}

int main(void)
{
	volatile u64 *stop = (u64 *)STOP_GPA;
	u64 turns = option_number("turns=", ~0UL), turn;
	u64 bad_memory = 0, bad_time = 0, bad_registers = 0;

	__asm__("" : "+r"(stop));
	*stop = 0;
	irq_set(VECTOR, on_timer);
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_ONE_SHOT);
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_TIMER_INITIAL, TIMER_AHEAD);
	sti();
	for (turn = 0; turn < turns && !*stop; turn++) {
		set_registers(turn);
		bad_time += !time_is_good();
		bad_registers += registers_differ(turn * 0x0123456789abcdefUL, 200) != 0;
		bad_memory += !memory_is_good(turn);
		bad_registers += !registers_are_good(turn);
	}
	cli();
	print("innocent: %lu turns, %lu timer interrupts, longest gap %lu\n", turn, ticks,
	      worst_gap);
	check(bad_memory == 0, "memory is as it was left");
	check(bad_registers == 0, "registers are as they were left");
	check(bad_time == 0, "time never went back");
	check(ticks > turn / 16, "the timer went on");
	return 0;
}
