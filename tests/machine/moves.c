// SPDX-License-Identifier: MIT
/* A worker moves the first VM's vCPU from pCPU to pCPU without end; the guest judges
 * what it sees of it (tests/guest/monotonic). */
#include "cpu.h"
#include "harness.h"
#include "printk.h"

#define MOVES_MIN 100

static struct worker worker;
static u64 moves;

static void on_end(bool failed)
{
	test_result("moves", !failed && moves >= MOVES_MIN, "%lu moves", moves);
	test_finish();
}

static void turn(struct worker *w)
{
	struct vm *vm = test_vm(0);
	unsigned cpu;

	vms_set_end(on_end);
	if (!vm || worker_random(w) % 64)
		return;
	cpu = (unsigned)(worker_random(w) % cpu_count());
	if (!sched_migrate(&vm->vcpus[0]->run, cpu))
		moves++;
}

static void start(u64 seed)
{
	worker_start(&worker, 0, turn, ~0UL, 0, seed);
}

const struct machine_test moves_test = {"moves", start, true};
