// SPDX-License-Identifier: MIT
/* What to inject at the next entry: what an exit interrupted goes first (the back end
 * holds it), then an NMI, then the highest interrupt; for what cannot be taken now, a
 * window. */
#include "arch/x86/regs.h"
#include "atomic.h"
#include "vcpu/pv_eoi.h"
#include "vcpu/run.h"
#include "vcpu/vm.h"

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

static bool extint_waits(const struct vcpu *vcpu)
{
	return vcpu->extint != VCPU_NO_EXTINT || pic_has_work(vcpu);
}

/* An 8259's interrupt passes by the local APIC's registers: no priority, no EOI there. */
static void inject_extint(struct vcpu *vcpu)
{
	u8 vector = vcpu->extint != VCPU_NO_EXTINT ? (u8)vcpu->extint
						   : pic_acknowledge(vcpu->vm);

	vcpu->extint = VCPU_NO_EXTINT;
	vcpu->extint_given = true;
	virt_inject_interrupt(vcpu->hv, vector);
	vcpu->stats.injected++;
}

static void inject_vector(struct vcpu *vcpu, u8 vector)
{
	vlapic_accept(vcpu, vector);
	vcpu->extint_given = false;
	virt_inject_interrupt(vcpu->hv, vector);
	vcpu->stats.injected++;
	pv_eoi_offer(vcpu);
}

static void prepare_interrupt(struct vcpu *vcpu)
{
	int vector = vlapic_highest_pending(vcpu);
	bool extint = extint_waits(vcpu);

	if ((extint || vector >= 0) && !virt_event_pending(vcpu->hv) &&
	    virt_interrupts_open(vcpu->hv)) {
		if (extint)
			inject_extint(vcpu);
		else
			inject_vector(vcpu, (u8)vector);
		vector = vlapic_highest_pending(vcpu);
		extint = extint_waits(vcpu);
	}
	virt_want_interrupt_window(vcpu->hv, extint || vector >= 0);
}

void vcpu_take_back(struct vcpu *vcpu, u8 vector)
{
	if (vcpu->extint_given)
		vcpu->extint = vector;
	else
		vlapic_unaccept(vcpu, vector);
}

void vcpu_prepare_events(struct vcpu *vcpu)
{
	vcpu->check_events = false;
	pv_eoi_settle(vcpu);
	prepare_nmi(vcpu);
	prepare_interrupt(vcpu);
}
