// SPDX-License-Identifier: MIT
/* What to inject at the next entry: what an exit interrupted goes first (the back end
 * holds it), then an NMI, then the highest interrupt; for what cannot be taken now, a
 * window. */
#include "arch/x86/regs.h"
#include "atomic.h"
#include "vcpu/run.h"

/* A processor keeps one NMI while another is handled (SDM 3A "Handling Multiple NMIs");
 * what came beyond that is forgotten. */
static void cut_nmis(struct vcpu *vcpu)
{
	u32 limit = virt_nmi_blocked(vcpu->hv) ? 1 : 2;
	u32 pending = READ_ONCE(vcpu->nmi_pending); /* KICK: payload, after its request */

	while (pending > limit) {
		u32 found = cmpxchg(&vcpu->nmi_pending, pending, limit);

		if (found == pending)
			return;
		pending = found;
	}
}

static void prepare_nmi(struct vcpu *vcpu)
{
	bool pending;

	cut_nmis(vcpu);
	pending = READ_ONCE(vcpu->nmi_pending); /* KICK: as in cut_nmis() */

	if (pending && !virt_event_pending(vcpu->hv) && virt_nmi_open(vcpu->hv)) {
		atomic_fetch_add(&vcpu->nmi_pending, -1u); /* KICK: others only add */
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
