// SPDX-License-Identifier: MIT
/* The local APIC's heart: which vectors wait, which are served, and who is next.
 * Called by the home pCPU's run loop; vlapic_set_irr() and vlapic_error() by
 * anyone. Owns vcpu->lapic. Registers: vlapic_reg.c; IPIs: vlapic_ipi.c; the
 * timer: vlapic_timer.c.
 *
 * IRR: whoever finds a bit clear and sets it also makes REQ_EVENT and kicks.
 * Whoever finds it set has nothing to do: the one who set it has kicked or is
 * about to, and the home looks at IRR again by itself whenever it changes what
 * holds a vector back (TPR, ISR, enabling). The home clears a bit by a locked
 * operation, so a setter comes either before it, and what he stored is visible
 * to the handler, or after it, and kicks. */
#include "arch/x86/regs.h"
#include "vcpu/vlapic_regs.h"
#include "vcpu/vm.h"

#define DFR_FLAT 0xffffffffu
#define SVR_RESET 0xffu

bool vlapic_enabled(const struct vcpu *vcpu)
{
	return READ_ONCE(vcpu->lapic.base) & APIC_BASE_EN;
}

bool vlapic_is_x2apic(const struct vcpu *vcpu)
{
	return READ_ONCE(vcpu->lapic.base) & APIC_BASE_EXTD;
}

u64 vlapic_page(const struct vcpu *vcpu)
{
	return ALIGN_DOWN(vcpu->lapic.base, VLAPIC_PAGE_BYTES);
}

void vlapic_reset_registers(struct vcpu *vcpu)
{
	struct vlapic *lapic = &vcpu->lapic;

	vlapic_timer_stop(vcpu);
	for (unsigned i = 0; i < VLAPIC_REGS; i++) {
		if (i != APIC_ID)
			WRITE_ONCE(lapic->reg[i], vlapic_is_lvt(i) ? APIC_LVT_MASKED : 0);
	}
	WRITE_ONCE(lapic->reg[APIC_DFR], DFR_FLAT);
	WRITE_ONCE(lapic->reg[APIC_SVR], SVR_RESET);
	for (unsigned i = 0; i < VLAPIC_VECTOR_WORDS; i++) {
		/* IRR: a bit set from now on is one of after the reset. */
		xchg(&lapic->irr[i], 0);
		xchg(&lapic->tmr[i], 0);
		lapic->isr[i] = 0;
	}
	xchg(&lapic->errors, 0);
}

void vlapic_reset_id(struct vcpu *vcpu)
{
	WRITE_ONCE(vcpu->lapic.reg[APIC_ID], vcpu->lapic.id << XAPIC_ID_SHIFT);
}

void vlapic_reset(struct vcpu *vcpu, bool power_on)
{
	u64 base = VLAPIC_PAGE_DEFAULT | APIC_BASE_EN;

	vlapic_reset_registers(vcpu);
	if (!power_on)
		return;
	vlapic_reset_id(vcpu);
	if (vcpu->index == 0)
		base |= APIC_BASE_BSP;
	WRITE_ONCE(vcpu->lapic.base, base);
}

void vlapic_init(struct vcpu *vcpu, unsigned phys_bits)
{
	u64 used = MASK(phys_bits - 1, 12) | APIC_BASE_BSP | APIC_BASE_EXTD |
		   APIC_BASE_EN;

	if (!vcpu->vm->desc->x2apic)
		used &= ~APIC_BASE_EXTD;
	vcpu->lapic.id = vcpu->index;
	vcpu->lapic.base_reserved = ~used;
	vlapic_timer_init(vcpu);
	vlapic_reset(vcpu, true);
}

bool vlapic_takes_extint(const struct vcpu *vcpu)
{
	u32 lvt = READ_ONCE(vcpu->lapic.reg[APIC_LVT_LINT0]);

	if (!vlapic_enabled(vcpu))
		return true;
	return !(lvt & APIC_LVT_MASKED) && (lvt & APIC_LVT_DELIVERY) == APIC_LVT_EXTINT;
}

void vlapic_wire_extint(struct vcpu *vcpu)
{
	WRITE_ONCE(vcpu->lapic.reg[APIC_SVR], SVR_RESET | APIC_SVR_ENABLE);
	WRITE_ONCE(vcpu->lapic.reg[APIC_LVT_LINT0], APIC_LVT_EXTINT);
}

/* --- acceptance, from any CPU --- */

void vlapic_error(struct vcpu *vcpu, u32 bit)
{
	u32 lvt = READ_ONCE(vcpu->lapic.reg[APIC_LVT_ERROR]);

	if (atomic_fetch_or(&vcpu->lapic.errors, bit) & bit)
		return;
	/* An illegal vector here too would be reported for ever. */
	if (!(lvt & APIC_LVT_MASKED) && (lvt & APIC_VECTOR_MASK) >= APIC_VECTOR_FIRST)
		vlapic_set_irr(vcpu, (u8)lvt, false);
}

bool vlapic_set_irr(struct vcpu *vcpu, u8 vector, bool level)
{
	struct vlapic *lapic = &vcpu->lapic;
	u32 *irr = &lapic->irr[vector / 32];
	u32 *tmr = &lapic->tmr[vector / 32];
	u32 bit = vector_bit(vector);

	if (vector < APIC_VECTOR_FIRST) {
		vlapic_error(vcpu, APIC_ESR_RECEIVE_ILLEGAL);
		return false;
	}
	if (!vlapic_enabled(vcpu) || !(READ_ONCE(lapic->reg[APIC_SVR]) & APIC_SVR_ENABLE))
		return false;
	if (((READ_ONCE(*tmr) & bit) != 0) != level) {
		if (level)
			atomic_fetch_or(tmr, bit);
		else
			atomic_fetch_and(tmr, ~bit);
	}
	/* IRR: TMR before IRR, IRR before the request (KICK); pairs with the
	 * clearing in vlapic_accept() and the look in irr_highest(). */
	if (atomic_fetch_or(irr, bit) & bit)
		return true;
	vcpu_make_request(REQ_EVENT, vcpu);
	vcpu_kick(vcpu);
	return true;
}

/* --- priorities, home only --- */

static int irr_highest(const struct vlapic *lapic)
{
	for (int i = VLAPIC_VECTOR_WORDS - 1; i >= 0; i--) {
		/* IRR: after the request was consumed; pairs with the setting in
		 * vlapic_set_irr(). */
		u32 word = READ_ONCE(lapic->irr[i]);

		if (word)
			return i * 32 + (int)bit_highest(word);
	}
	return -1;
}

int vlapic_serving(const struct vlapic *lapic)
{
	for (int i = VLAPIC_VECTOR_WORDS - 1; i >= 0; i--) {
		if (lapic->isr[i])
			return i * 32 + (int)bit_highest(lapic->isr[i]);
	}
	return -1;
}

/* SDM 3A, "Task and Processor Priorities". */
u32 vlapic_processor_priority(const struct vlapic *lapic)
{
	u32 tpr = lapic->reg[APIC_TPR];
	int serving = vlapic_serving(lapic);

	if (serving < 0 || ((u32)serving & APIC_CLASS_MASK) <= (tpr & APIC_CLASS_MASK))
		return tpr;
	return (u32)serving & APIC_CLASS_MASK;
}

int vlapic_highest_pending(struct vcpu *vcpu)
{
	int vector = irr_highest(&vcpu->lapic);
	u32 priority;

	if (vector < 0 || !vlapic_enabled(vcpu))
		return -1;
	priority = vlapic_processor_priority(&vcpu->lapic) & APIC_CLASS_MASK;
	return ((u32)vector & APIC_CLASS_MASK) > priority ? vector : -1;
}

bool vlapic_has_work(struct vcpu *vcpu)
{
	return vlapic_highest_pending(vcpu) >= 0;
}

void vlapic_accept(struct vcpu *vcpu, u8 vector)
{
	struct vlapic *lapic = &vcpu->lapic;

	/* IRR: a setter before this shares this delivery and what he stored is
	 * seen by the handler; pairs with the setting in vlapic_set_irr(). */
	atomic_fetch_and(&lapic->irr[vector / 32], ~vector_bit(vector));
	lapic->isr[vector / 32] |= vector_bit(vector);
}

bool vlapic_eoi_is_simple(const struct vcpu *vcpu)
{
	const struct vlapic *lapic = &vcpu->lapic;
	int serving = vlapic_serving(lapic);
	u32 word, bit;

	if (serving < 0 || irr_highest(lapic) >= 0)
		return false;
	bit = vector_bit((u8)serving);
	for (int i = 0; i < VLAPIC_VECTOR_WORDS; i++) {
		word = lapic->isr[i];
		if (word & ~(i == serving / 32 ? bit : 0))
			return false;
	}
	/* IRR: after vlapic_accept() of this vector, before which it was settled. */
	return !(READ_ONCE(lapic->tmr[serving / 32]) & bit);
}

void vlapic_retire(struct vcpu *vcpu)
{
	int serving = vlapic_serving(&vcpu->lapic);

	if (serving >= 0)
		vcpu->lapic.isr[serving / 32] &= ~vector_bit((u8)serving);
}

void vlapic_unaccept(struct vcpu *vcpu, u8 vector)
{
	struct vlapic *lapic = &vcpu->lapic;

	lapic->isr[vector / 32] &= ~vector_bit(vector);
	/* IRR: as a setter; the request makes the home look again. */
	atomic_fetch_or(&lapic->irr[vector / 32], vector_bit(vector));
	vcpu_make_request(REQ_EVENT, vcpu);
}

void vlapic_look_again(struct vcpu *vcpu)
{
	if (vlapic_has_work(vcpu))
		vcpu_make_request(REQ_EVENT, vcpu);
}

void vlapic_set_tpr(struct vcpu *vcpu, u8 tpr)
{
	bool lower = tpr < vcpu->lapic.reg[APIC_TPR];

	WRITE_ONCE(vcpu->lapic.reg[APIC_TPR], tpr);
	if (lower)
		vlapic_look_again(vcpu);
}

u8 vlapic_tpr(const struct vcpu *vcpu)
{
	return (u8)vcpu->lapic.reg[APIC_TPR];
}
