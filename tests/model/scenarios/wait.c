// SPDX-License-Identifier: MIT
/* Two pCPUs that wait for one another, and a call to another pCPU.
 *
 * Checked: I10 (no cyclic wait: a wait that never ends is reported by the explorer), I8
 * by the assertions, I4, I5; for the call that its argument, plain data on the caller's
 * stack, is not touched after it is done. */
#include "machine.h"
#include "ipi.h"

static void kick_the_other(struct vcpu *vcpu)
{
	vm_request_mask(&machine_vm, REQ_OUTSIDE, BIT(!vcpu->index));
	narrate("its WAIT is over");
}

static void setup(unsigned leaves)
{
	machine(2);
	machine_vcpu(0, BIT(0))->hv->leaves = leaves;
	machine_vcpu(1, BIT(1))->hv->leaves = 1;
	guest.exits = kick_the_other;
}

static void setup_once(void)
{
	setup(1);
}

static void setup_twice(void)
{
	setup(2);
}

const struct scenario wait2 = {
	.name = "wait2",
	.says = "two guests leave, and each handler waits for the other",
	.setup = setup_once,
	.cpu = {machine_loop, machine_loop},
	.warm = BIT(0) | BIT(1),
	.always = check_every_state,
	.at_end = check_no_kick_lost,
};

const struct scenario wait3 = {
	.name = "wait3",
	.says = "the same, one of them twice",
	.setup = setup_twice,
	.cpu = {machine_loop, machine_loop},
	.warm = BIT(0) | BIT(1),
	.always = check_every_state,
	.at_end = check_no_kick_lost,
	.append_only = true,
};

/* --- calls --- */

static unsigned calls;

static void increment(void *arg)
{
	u64 *number = arg;

	atomic_fetch_add(&calls, 1);
	*number += 1;
}

static void call_twice(void)
{
	u64 number = 0;

	for (u64 i = 1; i <= 2; i++) {
		if (ipi_call(0, increment, &number) || number != i)
			model_fail("the call is not done when it is over");
	}
}

/* Each calls the other, so each has to serve while it waits. */
static void call_the_other(void)
{
	u64 number = 0;

	if (ipi_call(!model_cpu(), increment, &number) || number != 1)
		model_fail("the call is not done when it is over");
	machine_loop();
}

static void setup_call2(void)
{
	machine(2);
}

static void setup_call(void)
{
	machine(2);
	machine_vcpu(0, BIT(0));
	calls = 0;
}

static void call_at_end(void)
{
	check_no_kick_lost();
	if (calls != 2)
		model_fail("a call is lost");
}

const struct scenario call = {
	.name = "call",
	.says = "two calls to a pCPU whose vCPU is in its guest",
	.setup = setup_call,
	.cpu = {machine_loop, call_twice},
	.warm = BIT(0),
	.always = check_every_state,
	.at_end = call_at_end,
};

static void call2_at_end(void)
{
	if (calls != 2)
		model_fail("a call is lost");
}

const struct scenario call2 = {
	.name = "call2",
	.says = "two pCPUs call one another",
	.setup = setup_call2,
	.cpu = {call_the_other, call_the_other},
	.at_end = call2_at_end,
};
