// SPDX-License-Identifier: MIT
/* The gate request: PAUSE with WAIT; then no vCPU runs guest code until the bit is
 * cleared, and what was changed meanwhile is what the guest then sees.
 *
 * Checked: I15, I9, I4, I5, I12 (the paused vCPU sleeps, and is woken), and the acquire
 * in gate_last_chance(): the shared state is plain data. */
#include "machine.h"

static u64 shared_state, used;
static bool closed; /* the gate, as the pauser believes */

static OBSERVER void gate_is(bool is_closed)
{
	model_touch(&closed, sizeof(closed));
	closed = is_closed;
}

static void use_state(struct vcpu *vcpu)
{
	used = shared_state;
}

static void setup(void)
{
	machine(2);
	machine_vcpu(0, BIT(0));
	guest.runs = use_state;
	model_name(&shared_state, sizeof(shared_state), "shared_state");
}

static void setup_leaving(void)
{
	setup();
	V->hv->leaves = 1;
}

static void pause(void)
{
	vm_request_mask(&machine_vm, REQ_PAUSE, BIT(0));
	gate_is(true);
	narrate("all are outside: changes the shared state");
	shared_state = 1;
	gate_is(false);
	vcpu_clear_request(REQ_PAUSE, V);
	vcpu_request(REQ_UNBLOCK, V);
}

static void always(void)
{
	check_every_state();
	if (closed && in_guest(V))
		model_fail("I15: the gate is closed, and V is in its guest");
}

static void at_end(void)
{
	check_no_kick_lost();
	if (!in_guest(V) || !used)
		model_fail("I15: the guest does not run with the new state");
}

const struct scenario gate = {
	.name = "gate",
	.says = "PAUSE with WAIT, change what the guest uses, open the gate",
	.setup = setup,
	.cpu = {machine_loop, pause},
	.warm = BIT(0),
	.always = always,
	.at_end = at_end,
};

const struct scenario gaten = {
	.name = "gaten",
	.says = "the same; the guest may leave by itself",
	.setup = setup_leaving,
	.cpu = {machine_loop, pause},
	.warm = BIT(0),
	.always = always,
	.at_end = at_end,
};

static void kick_nmi(void)
{
	vcpu_post_nmi(V);
}

static void setup_two(void)
{
	machine(3);
	machine_vcpu(0, BIT(0));
	guest.runs = use_state;
}

const struct scenario gate2 = {
	.name = "gate2",
	.says = "the same; another CPU sends an NMI",
	.setup = setup_two,
	.cpu = {machine_loop, pause, kick_nmi},
	.warm = BIT(0),
	.always = always,
	.at_end = at_end,
	.append_only = true,
};
