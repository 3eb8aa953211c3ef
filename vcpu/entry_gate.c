// SPDX-License-Identifier: MIT
/* The entry gate. Owns the owner's writes of vcpu->gate.mode. No privileged
 * instruction here: the same source is explored by a model checker on the host. */
#include "vcpu/entry_gate.h"
#include "assert.h"
#include "points.h"
#include "vcpu.h"

bool gate_enter(struct vcpu *vcpu)
{
	struct gate *gate = &vcpu->gate;

	ASSERT(READ_ONCE(gate->mode) == OUTSIDE_GUEST_MODE); /* KICK: own store */
	/* KICK: the release publishes gate->cpu to who sees IN; pairs with the
	 * cmpxchg in vcpu_exiting_guest_mode(). */
	smp_store_release(&gate->mode, IN_GUEST_MODE);
	/* KICK: mode before requests. Pairs with the full order of the request's
	 * atomic or and the cmpxchg in vcpu_kick(): either the kicker sees IN, or
	 * the test below sees its request. */
	smp_mb();
	schedule_point();
	if (!gate_last_chance(gate))
		return true;
	gate_leave(vcpu);
	return false;
}

void gate_leave(struct vcpu *vcpu)
{
	/* KICK: all that the guest and this CPU did in there is before whatever a
	 * kicker does that sees OUTSIDE; pairs with vcpu_exiting_guest_mode(). */
	smp_store_release(&vcpu->gate.mode, OUTSIDE_GUEST_MODE);
}

void gate_begin_reading(struct vcpu *vcpu)
{
	ASSERT(READ_ONCE(vcpu->gate.mode) == OUTSIDE_GUEST_MODE); /* SHOOT: own store */
	WRITE_ONCE(vcpu->gate.mode, READING_SHADOW_PAGE_TABLES); /* SHOOT: fenced below */
	/* SHOOT: mode before the walk. Pairs with the full order of the atomic or in
	 * vcpu_make_request(): the freer sees READING and waits, or we see its unlink. */
	smp_mb();
}

void gate_end_reading(struct vcpu *vcpu)
{
	/* SHOOT: the walk is over before the mode says so; pairs with the freer's
	 * cmpxchg in vcpu_exiting_guest_mode(). */
	smp_store_release(&vcpu->gate.mode, OUTSIDE_GUEST_MODE);
}
