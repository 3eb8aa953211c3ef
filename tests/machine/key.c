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
static void turn(struct worker *w)
{
	if (!all_run())
		return;
	console_set_input(on_key);
	printk("all spin, type now\n");
	w->done = true;
}

static void start(u64 seed)
{
	worker_start(&worker, 0, turn, 1, 0, seed);
}

const struct machine_test key_test = {"key", start, true};
