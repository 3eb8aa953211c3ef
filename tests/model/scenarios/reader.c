// SPDX-License-Identifier: MIT
/* Spur has no posted interrupts. This is the one duty that they would put on the gate: a
 * sender that sees IN by an acquire must see what the owner stored before (in KVM:
 * apicv_active). It alone tests that T1 is a release; the kick itself lives by the fence
 * behind it.
 *
 * Checked: P7 (plain data behind mode == IN). */
#include "machine.h"

static u64 how_to_deliver;

static void choose(struct vcpu *vcpu)
{
	how_to_deliver = 1;
}

static void setup(void)
{
	machine(2);
	machine_vcpu(0, BIT(0))->check_events = true;
	guest.prepares = choose;
	model_name(&how_to_deliver, sizeof(how_to_deliver), "how_to_deliver");
}

static void deliver(void)
{
	if (smp_load_acquire(&V->gate.mode) == IN_GUEST_MODE && !how_to_deliver)
		model_fail("P7: it is IN, and what it stored before is not to be seen");
}

const struct scenario reader = {
	.name = "reader",
	.says = "who sees IN sees what the owner stored before",
	.setup = setup,
	.cpu = {machine_loop, deliver},
	.always = check_every_state,
	.at_end = check_no_kick_lost,
};
