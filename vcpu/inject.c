// SPDX-License-Identifier: MIT
/* What to inject at the next entry: what an exit interrupted goes first (the back end
 * holds it), then an NMI, then the highest interrupt; for what cannot be taken now, a
 * window. */
#include "arch/x86/regs.h"
#include "atomic.h"
#include "vcpu/run.h"

/* A processor holds one NMI in service and one more pending (SDM 3A "Handling
 * Multiple NMIs"); the counter is cut to that. */
static bool take_nmi(struct vcpu *vcpu)
{
	u32 pending =
		READ_ONCE(vcpu->nmi_pending); /* KICK: after the request was cleared */

	while (pending) {
		u32 left = pending > 2 ? 1 : pending - 1;
		u32 found = cmpxchg(&vcpu->nmi_pending, pending, left);

		if (found == pending)
			return true;
		pending = found;
	}
	return false;
}

static void prepare_nmi(struct vcpu *vcpu)
{
	bool pending = READ_ONCE(vcpu->nmi_pending); /* KICK: as in take_nmi() */

	if (pending && !virt_event_pending(vcpu->hv) && virt_nmi_open(vcpu->hv) &&
	    take_nmi(vcpu)) {
		virt_inject_nmi(vcpu->hv);
		pending = READ_ONCE(vcpu->nmi_pending); /* KICK: one more */
	}
	virt_want_nmi_window(vcpu->hv, pending);
}

static void prepare_interrupt(struct vcpu *vcpu)
{
	int vector = vlapic_highest_pending(vcpu);

	if (vector >= 0 && !virt_event_pending(vcpu->hv) &&
	    virt_interrupts_open(vcpu->hv)) {
		vlapic_accept(vcpu, (u8)vector);
		virt_inject_interrupt(vcpu->hv, (u8)vector);
		vcpu->stats.injected++;
		vector = vlapic_highest_pending(vcpu);
	}
	virt_want_interrupt_window(vcpu->hv, vector >= 0);
}

void vcpu_prepare_events(struct vcpu *vcpu)
{
	vcpu->check_events = false;
	prepare_nmi(vcpu);
	prepare_interrupt(vcpu);
}
