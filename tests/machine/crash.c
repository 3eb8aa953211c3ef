// SPDX-License-Identifier: MIT
/* Our own bugs on purpose: a panic, an exception, a CPU that does not answer. What
 * the dump must show is in the table of runs (table.py). */
#include "arch/x86/lapic.h"
#include "arch/x86/x86.h"
#include "assert.h"
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "ipi.h"
#include "kernel/panic.h"
#include "printk.h"

static struct worker worker;

__attribute__((noinline)) static void fail_an_assertion(u64 answer)
{
	ASSERT(answer == 42);
}

/* A kick or a key may come as an NMI: the CPU that prints the dump must go on. */
static void nmi_in_the_dump(void)
{
	lapic_send_nmi(this_cpu()->apic_id);
	for (unsigned i = 0; i < 1000; i++)
		cpu_relax();
	printk("an NMI does not end the dump\n");
}

static void panic_turn(struct worker *w)
{
	panic_set_dump(nmi_in_the_dump);
	fail_an_assertion(w->id);
}

static void panic_start(u64 seed)
{
	worker_start(&worker, 1, panic_turn, ~0UL, cpu_count() - 1, seed);
}

/* Page 0 is not mapped. */
static void fatal_turn(struct worker *w)
{
	*(volatile u64 *)(uintptr_t)w->id = 1;
}

static void fatal_start(u64 seed)
{
	worker_start(&worker, 8, fatal_turn, ~0UL, cpu_count() - 1, seed);
}

/* Deep recursion runs into the guard page below the stack: a double fault, on a stack of
 * its own, not silent damage. */
__attribute__((noinline)) static u64 recurse(u64 depth)
{
	volatile u64 here[64];

	here[0] = depth;
	return depth == UINT64_MAX ? 0 : recurse(depth + 1) + here[0];
}

static void overflow_turn(struct worker *w)
{
	recurse(0);
}

static void overflow_start(u64 seed)
{
	worker_start(&worker, 0, overflow_turn, ~0UL, cpu_count() - 1, seed);
}

/* CPU 1 stops serving its inbox, CPU 0 waits for it. */
static struct worker silent, waiting;

static void silent_turn(struct worker *w)
{
	for (;;)
		hlt();
}

static void waiting_turn(struct worker *w)
{
	ipi_kick_and_wait(BIT(1));
}

static void silent_start(u64 seed)
{
	worker_start(&silent, 0, silent_turn, BIT(1), 1, seed);
	worker_start(&waiting, 1, waiting_turn, BIT(0), 0, seed);
}

/* CPU 2 hangs with interrupts off; CPUs 1 and 3 wait for it, CPU 0 for CPU 1, which
 * answers while it waits itself. */
static struct worker hung, waiters[3];

static void held_turn(struct worker *w)
{
	for (;;)
		cpu_relax();
}

static void waiter_turn(struct worker *w)
{
	ipi_kick_and_wait(w->id == 0 ? BIT(1) : BIT(2));
}

static void held_start(u64 seed)
{
	worker_start(&hung, 0, held_turn, BIT(2), 2, seed);
	worker_start(&waiters[0], 0, waiter_turn, BIT(0), 0, seed);
	worker_start(&waiters[1], 1, waiter_turn, BIT(1), 1, seed);
	worker_start(&waiters[2], 3, waiter_turn, BIT(3), 3, seed);
}

/* A machine check: as the processor raises it, but by INT, so no bank says why. */
static void mce_turn(struct worker *w)
{
	__asm__ volatile("int $18");
}

static void mce_start(u64 seed)
{
	worker_start(&worker, 0, mce_turn, ~0UL, cpu_count() - 1, seed);
}

const struct machine_test held_test = {"held", held_start, false};
const struct machine_test mce_test = {"mce", mce_start, false};
const struct machine_test panic_test = {"panic", panic_start, false};
const struct machine_test fatal_test = {"fatal", fatal_start, false};
const struct machine_test overflow_test = {"overflow", overflow_start, false};
const struct machine_test silent_test = {"silent", silent_start, false};
