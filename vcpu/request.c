// SPDX-License-Identifier: MIT
/* Request bits: set by anyone, consumed by the owner before it enters the guest.
 * No privileged instruction here. */
#include "vcpu/request.h"
#include "assert.h"
#include "atomic.h"
#include "vcpu.h"
#include "vcpu/kick.h"

static_assert(REQ_NR_COUNT <= 64, "the requests are one 64-bit word");

const char *const request_names[REQ_NR_COUNT + 1] = {
	[REQ_NR_VM_DEAD] = "VM_DEAD",
	[REQ_NR_PAUSE] = "PAUSE",
	[REQ_NR_TLB_FLUSH] = "TLB_FLUSH",
	[REQ_NR_UNBLOCK] = "UNBLOCK",
	[REQ_NR_NMI] = "NMI",
	[REQ_NR_EVENT] = "EVENT",
	[REQ_NR_DEVICE] = "DEVICE",
	[REQ_NR_RESCHED] = "RESCHED",
	[REQ_NR_TEST] = "TEST",
	[REQ_NR_OUTSIDE] = "OUTSIDE",
	[REQ_NR_COUNT] = "none",
};

const char *const kick_decision_names[KICK_DECISIONS] = {
	[KICK_WOKE] = "woke",       [KICK_OUTSIDE] = "outside", [KICK_SENT] = "sent",
	[KICK_CLAIMED] = "claimed", [KICK_READING] = "reading", [KICK_SELF] = "self",
	[KICK_GONE] = "gone",
};

static u64 request_bit(unsigned req)
{
	return BIT(req & REQ_NUMBER_MASK);
}

void vcpu_make_request(unsigned req, struct vcpu *vcpu)
{
	/* Nobody clears such a bit, so it would keep the vCPU outside for ever. */
	ASSERT(!(req & REQ_NO_ACTION));
	/* KICK: the payload before the bit; pairs with vcpu_check_request(). */
	smp_wmb();
	/* KICK: fully ordered: the bit before the kicker's look at the mode; pairs with
	 * the fence in gate_enter(). */
	atomic_fetch_or(&vcpu->gate.requests, request_bit(req));
}

bool vcpu_test_request(unsigned req, struct vcpu *vcpu)
{
	return READ_ONCE(vcpu->gate.requests) &
	       request_bit(req); /* KICK: a hint, no order */
}

bool vcpu_check_request(unsigned req, struct vcpu *vcpu)
{
	ASSERT((req & REQ_NUMBER_MASK) != REQ_NR_VM_DEAD);
	if (!vcpu_test_request(req, vcpu))
		return false;
	atomic_fetch_and(&vcpu->gate.requests, ~request_bit(req));
	/* KICK: the bit is clear before the payload is read, so that a payload which
	 * changes in between is announced anew; pairs with vcpu_make_request(). */
	smp_mb();
	return true;
}

void vcpu_clear_request(unsigned req, struct vcpu *vcpu)
{
	ASSERT((req & REQ_NUMBER_MASK) != REQ_NR_VM_DEAD);
	/* KICK: what changed while the gate was closed is before; pairs with the acquire
	 * in gate_last_chance(). */
	atomic_fetch_and(&vcpu->gate.requests, ~request_bit(req));
}
