// SPDX-License-Identifier: MIT
/* Watchpoints: each CPU has one. A CPU that holds up a plain access says so in its own;
 * one that makes a conflicting access meanwhile takes the watchpoint and leaves its own
 * place there, for the first to report both. Not instrumented itself. */
#include "debug/race/race.h"
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "printk.h"

/* A watchpoint is one word: address, bytes, write; or one of these. */
#define WATCH_NONE 0UL
#define WATCH_TAKEN 1UL /* a CPU that met it writes down who it is */
#define WATCH_TOLD 2UL  /* and has done so */
#define ADDRESS_SHIFT 16
#define BYTES_SHIFT 1
#define BYTES_MAX 0x7fffUL

/* An access is held up after a random number of others, for a random time: in step
 * with a loop the same harmless access would be met for ever. */
#define SKIP_MEAN 64U
#define SHORT_MEAN 64U
/* Some for long enough that another CPU gets through an exit and a switch. */
#define LONG_MEAN 8192U
#define LONG_ONE_IN 32U

/* A place in the code that was often held up makes way for those that were not: loops
 * would have nearly all of it. Places share a counter if their hashes do. */
#define PLACES 4096U
#define OFTEN 8U
#define NEXT_MEAN 4U

struct race_cpu {
	u64 watch;              /* [A] */
	u32 skip;               /* [O] accesses until one is held up */
	u32 busy;               /* [O] in here: an NMI's accesses are not held up */
	u64 random;             /* [O] */
	u64 watched;            /* [O] */
	struct race_side other; /* who took the watchpoint; its, until WATCH_TOLD */
} __attribute__((aligned(64)));

static struct race_cpu cpus[MAX_CPUS];
static u64 watching;        /* [A] the CPUs that have a watchpoint */
static u32 on;              /* [A] */
static u32 held_up[PLACES]; /* [A] how often, by place; hints */

void race_start(void)
{
	for (unsigned id = 0; id < MAX_CPUS; id++)
		cpus[id].random = (id + 1) * 0x9e3779b97f4a7c15UL;
	smp_store_release(&on, 1); /* RACE: pairs with the read in race_access() */
}

void race_finish(void)
{
	u64 sum = 0;

	race_print();
	for (unsigned id = 0; id < cpu_count(); id++)
		sum += READ_ONCE(cpus[id].watched); /* RACE: a hint */
	printk("race detector: %lu accesses held up\n", sum);
}

/* About mean, and never 0 (xorshift64). */
static u32 random_about(struct race_cpu *cpu, u32 mean)
{
	cpu->random ^= cpu->random << 13;
	cpu->random ^= cpu->random >> 7;
	cpu->random ^= cpu->random << 17;
	return mean / 2 + (u32)(cpu->random >> 32) % mean;
}

/* Frames of one stack grow towards higher addresses, none is a page long. The chain
 * ends at the first CPU's zero, or where a guest's RBP is still in the register. */
static void fill_side(struct race_side *side, u64 address, u64 bytes, u32 kind, u64 rip,
		      u64 rbp)
{
	*side = (struct race_side){
		.address = address, .bytes = bytes, .kind = kind, .cpu = this_cpu()->id};
	for (unsigned i = 0; i < RACE_DEPTH && rip; i++) {
		const u64 *frame = (const u64 *)(uintptr_t)rbp;

		side->callers[i] = rip;
		if (!rbp || rbp % sizeof(u64))
			return;
		rip = frame[1];
		if (frame[0] <= rbp || frame[0] - rbp >= PAGE_SIZE)
			rbp = 0;
		else
			rbp = frame[0];
	}
}

/* --- the side that meets a watchpoint --- */

static bool conflicts(u64 watch, u64 address, u64 bytes, u32 kind)
{
	u64 first = watch >> ADDRESS_SHIFT;
	u64 end = first + (watch >> BYTES_SHIFT & BYTES_MAX);

	return first && (watch | kind) & RACE_WRITE && address < end &&
	       first < address + bytes;
}

static void look_at(struct race_cpu *watcher, u64 address, u64 bytes, u32 kind, u64 rip,
		    u64 rbp)
{
	u64 watch = READ_ONCE(watcher->watch); /* RACE: the cmpxchg decides */

	if (!conflicts(watch, address, bytes, kind))
		return;
	if (cmpxchg(&watcher->watch, watch, WATCH_TAKEN) != watch)
		return;
	fill_side(&watcher->other, address, bytes, kind, rip, rbp);
	/* RACE: pairs with the acquire in end_watch(). */
	smp_store_release(&watcher->watch, WATCH_TOLD);
}

/* --- the side that watches --- */

static u64 value_at(u64 address, u64 bytes)
{
	const void *at = (const void *)(uintptr_t)address;

	switch (bytes) {
	case 1:
		return *(const volatile u8 *)at;
	case 2:
		return *(const volatile u16 *)at;
	case 4:
		return *(const volatile u32 *)at;
	case 8:
		return *(const volatile u64 *)at;
	default:
		return 0;
	}
}

/* An emulator changes CPUs only where a stretch of straight code ends: hence the
 * loop, not a single long instruction. */
static void hold_up(struct race_cpu *cpu)
{
	bool long_one = random_about(cpu, LONG_ONE_IN) == LONG_ONE_IN;

	for (u32 i = random_about(cpu, long_one ? LONG_MEAN : SHORT_MEAN); i; i--)
		cpu_relax();
}

/* Was it met? Then the other side is in cpu->other. */
static bool end_watch(struct race_cpu *cpu, u64 watch)
{
	atomic_fetch_and(&watching, ~BIT(this_cpu()->id));
	if (cmpxchg(&cpu->watch, watch, WATCH_NONE) == watch)
		return false;
	/* RACE: pairs with the release in look_at(). */
	while (smp_load_acquire(&cpu->watch) != WATCH_TOLD)
		cpu_relax();
	return true;
}

static void watch_access(struct race_cpu *cpu, u64 address, u64 bytes, u32 kind, u64 rip,
			 u64 rbp)
{
	u64 watch = address << ADDRESS_SHIFT | MIN(bytes, BYTES_MAX) << BYTES_SHIFT |
		    (kind & RACE_WRITE);
	u64 before = value_at(address, bytes);
	struct race_side here;
	bool met;

	cpu->watched++;
	WRITE_ONCE(cpu->watch, watch); /* RACE: before the bit, which is a full fence */
	atomic_fetch_or(&watching, BIT(this_cpu()->id));
	hold_up(cpu);
	met = end_watch(cpu, watch);
	if (met || value_at(address, bytes) != before) {
		fill_side(&here, address, bytes, kind, rip, rbp);
		race_report(&here, met ? &cpu->other : NULL);
	}
	if (met)
		WRITE_ONCE(cpu->watch, WATCH_NONE); /* RACE: nobody takes WATCH_TOLD */
}

/* With a probability that falls with the times it was. */
static bool is_its_turn(struct race_cpu *cpu, u64 rip)
{
	u32 *times = &held_up[(rip ^ rip >> 12) % PLACES];
	u32 so_far = READ_ONCE(*times); /* RACE: a hint */

	if (so_far >= OFTEN && random_about(cpu, so_far) >= so_far / 2 + OFTEN)
		return false;
	WRITE_ONCE(*times, so_far + 1); /* RACE: a hint */
	return true;
}

void race_access(u64 address, u64 bytes, u32 kind, u64 rip, u64 rbp)
{
	struct race_cpu *cpu;
	u64 others;

	if (!READ_ONCE(on)) /* RACE: pairs with the release in race_start() */
		return;
	cpu = &cpus[this_cpu()->id];
	others = READ_ONCE(watching) & ~BIT(this_cpu()->id); /* RACE: missed is missed */
	for (; others; others &= others - 1)
		look_at(&cpus[bit_lowest(others)], address, bytes, kind, rip, rbp);
	if (kind & RACE_MARKED || cpu->busy)
		return;
	if (cpu->skip) {
		cpu->skip--;
		return;
	}
	if (!is_its_turn(cpu, rip)) {
		cpu->skip = random_about(cpu, NEXT_MEAN);
		return;
	}
	cpu->busy = 1;
	if (!this_cpu()->locks_held)
		race_print();
	cpu->skip = random_about(cpu, SKIP_MEAN);
	watch_access(cpu, address, bytes, kind, rip, rbp);
	cpu->busy = 0;
}
