// SPDX-License-Identifier: MIT
/* Overcommit 4:1, weighted: the VMs' vCPUs spin, all on CPU 0, with the weights of their
 * module lines; each guest counts its own turns of a loop in its memory. After many
 * slices each has had its weighted share of guest instructions, within 10 %. */
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "printk.h"
#include "timer.h"
#include "vcpu/guestmem.h"

#define VMS 4
#define SLICES 300
#define COUNTER_GPA 0x6000 /* tests/guest/count puts its counter there */

static struct worker worker;
static u64 started, first[VMS];

static u64 counter(unsigned id)
{
	u64 contiguous;
	const u64 *p = vm_ram(test_vm(id), gpa(COUNTER_GPA), &contiguous);

	return READ_ONCE(*p); /* TEST: the guest writes it */
}

static bool all_count(void)
{
	for (unsigned id = 0; id < VMS; id++) {
		if (!test_vm(id) || !counter(id))
			return false;
	}
	return true;
}

static void judge(void)
{
	u64 turns[VMS], sum = 0, weights = 0;

	for (unsigned id = 0; id < VMS; id++) {
		turns[id] = counter(id) - first[id];
		sum += turns[id];
		weights += test_vm(id)->desc->weight;
	}
	for (unsigned id = 0; id < VMS; id++) {
		u64 due = sum * test_vm(id)->desc->weight / weights;
		u64 off = turns[id] > due ? turns[id] - due : due - turns[id];

		test_result("fair share", off * 10 <= due,
			    "vm%u weight %u: %lu turns, %lu due", id,
			    test_vm(id)->desc->weight, turns[id], due);
	}
	test_finish();
}

/* On another CPU, so that it takes nothing from CPU 0. */
static void turn(struct worker *w)
{
	if (!started) {
		if (!all_count())
			return;
		started = tsc_now();
		for (unsigned id = 0; id < VMS; id++)
			first[id] = counter(id);
		return;
	}
	if (tsc_now() - started > SLICES * (tsc_khz() * SLICE_US / 1000))
		judge();
}

static void start(u64 seed)
{
	worker_start(&worker, 0, turn, BIT(1), 1, seed);
}

const struct machine_test fair_test = {"fair", start, true};
