// SPDX-License-Identifier: MIT
/* Every pCPU runs a lone spinning guest with no timer: what is typed must still come
 * through, by the serial port's interrupt. The runner types a word when told to. */
#include "atomic.h"
#include "console.h"
#include "cpu.h"
#include "harness.h"
#include "printk.h"

static struct worker worker;
static char typed[8];
static unsigned length;

static void on_key(u8 byte)
{
	typed[length++] = (char)byte;
	if (length < 3)
		return;
	test_result("key typed", typed[0] == 'k' && typed[1] == 'e' && typed[2] == 'y',
		    "\"%s\"", typed);
	test_finish();
}

static bool all_run(void)
{
	for (unsigned id = 0; id < cpu_count(); id++) {
		struct vm *vm = test_vm(id);

		if (!vm ||
		    READ_ONCE(vm->vcpus[0]->gate.cpu) == GATE_CPU_NONE) /* TEST: hint */
			return false;
	}
	return true;
}

/* Gone as soon as all guests run: then nothing but them is on any pCPU. */
static enum run_result wait_for_all(struct runnable *r)
{
	if (!all_run())
		return RUN_AGAIN;
	console_set_input(on_key);
	printk("all spin, type now\n");
	return RUN_DEAD;
}

static void nothing(struct runnable *r)
{
}

static bool has_work(struct runnable *r)
{
	return true;
}

static const struct runnable_ops ops = {
	.load = nothing,
	.run = wait_for_all,
	.put = nothing,
	.evict = nothing,
	.arrive = nothing,
	.has_work = has_work,
};

static void start(u64 seed)
{
	sched_init_runnable(&worker.run, &ops, "waiter", 1, SCHED_WEIGHT_NORMAL);
	sched_start(&worker.run, 0);
	sched_wake(&worker.run);
}

const struct machine_test key_test = {"key", start, true};
