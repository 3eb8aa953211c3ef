// SPDX-License-Identifier: MIT
/* In-machine tests: code that is linked into the test build only, and runs on the pCPUs
 * as runnables of its own. Results are lines "ok NAME" and "not ok NAME: why", then
 * "N passed, N failed", and the machine ends. */
#pragma once
#include "sched.h"
#include "types.h"
#include "vcpu/vm_table.h"

/* A test, chosen by test=NAME. start() runs on the boot CPU before any guest and
 * may start workers. guests: the VMs of the module lines are started as well. */
struct machine_test {
	const char *name;
	void (*start)(u64 seed);
	bool guests;
};
extern const struct machine_test storm_test, lone_test, reading_test, panic_test,
	fatal_test, silent_test, fair_test, key_test, nmi_test, stretch_test, moves_test,
	overflow_test, mutual_test, giveback_test, shortage_test, bounce_test, race_test,
	marked_test, ub_shift_test, ub_bounds_test, ub_add_test, smash_test;
extern const struct machine_test lock_order_test, lock_irqs_test, locked_wait_test,
	inside_wait_test;
extern const struct machine_test hostile_test;
extern const struct machine_test victim_test;
extern const struct machine_test step_test;
extern const struct machine_test clock_test, isolation_test;
extern const struct machine_test schedule_test;
extern const struct machine_test lost_test;
extern const struct machine_test entries_test;
extern const struct machine_test held_test;
extern const struct machine_test mce_test;
extern const struct machine_test soak_test;

/* ticks=N of the command line: how long a test is to last that has no end of its own. */
u64 test_ticks(void);
/* One line of the result. */
void test_result(const char *name, bool passed, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The closing line, and the end of the machine. */
void test_finish(void) __attribute__((noreturn));

/* A worker: a runnable whose turn() is called again and again from a pCPU's loop, own
 * "vCPU" always OUTSIDE, so it may kick and wait. Turns are short. */
struct worker {
	struct runnable run;
	void (*turn)(struct worker *w);
	u64 random; /* state of its generator */
	unsigned id;
	bool done; /* set by turn(): this was the last one */
};
void worker_start(struct worker *w, unsigned id, void (*turn)(struct worker *w),
		  u64 affinity, unsigned cpu, u64 seed);
/* Next pseudo-random number (xorshift64*), the same for the same seed. */
u64 worker_random(struct worker *w);
/* What a vCPU of this VM does at REQ_TEST; before the first of them is made. */
void test_set_handler(struct vm *vm, void (*handler)(struct vcpu *));
/* The storm with only so small a part of everything; before it starts. */
void storm_shorten(u64 to_part);
/* What schedule.c has done to the storm, if it has. */
void schedule_report(void);
/* The VM of the first module, once it runs; NULL before. */
struct vm *test_vm(unsigned id);
