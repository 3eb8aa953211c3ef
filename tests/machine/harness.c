// SPDX-License-Identifier: MIT
/* The harness of the in-machine tests. */
#include "harness.h"
#include "assert.h"
#include "atomic.h"
#include "bits.h"
#include "boot/stop.h"
#include "boot/tests.h"
#include "debug/race/race.h"
#include "kernel/panic.h"
#include "printk.h"
#include "string.h"

static const struct machine_test *const tests[] = {
	&storm_test,       &lone_test,       &reading_test,   &panic_test,
	&fatal_test,       &silent_test,     &fair_test,      &key_test,
	&nmi_test,         &stretch_test,    &moves_test,     &overflow_test,
	&mutual_test,      &isolation_test,  &giveback_test,  &shortage_test,
	&bounce_test,      &race_test,       &marked_test,    &hostile_test,
	&victim_test,      &ub_shift_test,   &ub_bounds_test, &ub_add_test,
	&smash_test,       &lock_order_test, &lock_irqs_test, &locked_wait_test,
	&inside_wait_test, &step_test,       &clock_test,     &schedule_test,
	&lost_test,        &entries_test,    &held_test,      &mce_test,
	&soak_test,
};

static u32 passed, failed; /* [A] */
static u64 ticks;          /* [I] */

u64 test_ticks(void)
{
	return ticks;
}

void test_result(const char *name, bool good, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	format_va(text, sizeof(text), fmt, args);
	va_end(args);
	printk("%s %s: %s\n", good ? "ok" : "not ok", name, text);
	atomic_fetch_add(good ? &passed : &failed, 1);
}

void test_finish(void)
{
	race_finish();
	printk("%u passed, %u failed\n", READ_ONCE(passed),
	       READ_ONCE(failed)); /* TEST: counters */
	machine_end(READ_ONCE(failed));
}

bool tests_start(const struct boot_options *options)
{
	race_start();
	for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
		if (strcmp(tests[i]->name, options->test))
			continue;
		printk("test %s, seed %lu\n", options->test, options->seed);
		ticks = options->ticks;
		tests[i]->start(options->seed);
		return !tests[i]->guests;
	}
	if (options->test[0])
		stop_boot("test=%s: there is no such test", options->test);
	return false;
}

/* --- workers --- */

static enum run_result worker_run(struct runnable *r)
{
	struct worker *w = container_of(r, struct worker, run);

	w->turn(w);
	return w->done ? RUN_DEAD : RUN_AGAIN;
}

static void worker_nothing(struct runnable *r)
{
}

static bool worker_has_work(struct runnable *r)
{
	return true;
}

static const struct runnable_ops worker_ops = {
	.load = worker_nothing,
	.run = worker_run,
	.put = worker_nothing,
	.evict = worker_nothing,
	.arrive = worker_nothing,
	.has_work = worker_has_work,
};

void worker_start(struct worker *w, unsigned id, void (*turn)(struct worker *w),
		  u64 affinity, unsigned cpu, u64 seed)
{
	w->turn = turn;
	w->id = id;
	w->random = (seed + 1) * 0x9e3779b97f4a7c15UL + id;
	sched_init_runnable(&w->run, &worker_ops, "worker", affinity,
			    SCHED_WEIGHT_NORMAL);
	sched_start(&w->run, cpu);
	sched_wake(&w->run);
}

u64 worker_random(struct worker *w)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return w->random * 0x2545f4914f6cdd1dUL >> 16;
}

struct vm *test_vm(unsigned id)
{
	struct vm *vm = vm_at(id);

	/* VMEND: pairs with the release in step_start(). */
	return vm && smp_load_acquire(&vm->state) == VM_RUNNING ? vm : NULL;
}

void test_set_handler(struct vm *vm, void (*handler)(struct vcpu *))
{
	/* KICK: payload of TEST; read in serve_test(). */
	for (unsigned i = 0; i < vm->vcpu_count; i++)
		WRITE_ONCE(vm->vcpus[i]->test_handler, handler);
}
