// SPDX-License-Identifier: MIT
/* The local APIC's registers as the guest reads and writes them: by its page, by
 * MSRs, and IA32_APIC_BASE with its states. Called by the home pCPU's exit
 * handlers, mode OUTSIDE; an EOI of a level interrupt takes device_lock.
 * vlapic_fast_wrmsr() alone runs with mode IN and takes no lock. */
#include "arch/x86/regs.h"
#include "vcpu/pv_eoi.h"
#include "vcpu/vlapic_regs.h"
#include "vcpu/vm.h"

#define VERSION 0x00050014u /* integrated APIC, highest LVT entry 5 */
#define DFR_FIXED 0x0fffffffu
#define LDR_MASK 0xff000000u
#define ICR_HIGH_MASK 0xff000000u
#define XAPIC_ID_MASK 0xff000000u
#define SLOT_SHIFT 4

/* Who may do what with a slot. */
enum { XR = 1, XW = 2, R2 = 4, W2 = 8, RO = XR | R2, RW = XR | XW | R2 | W2 };

static const u8 slot_rights[VLAPIC_REGS] = {
	[APIC_ID] = RO | XW,
	[APIC_VERSION] = RO,
	[APIC_TPR] = RW,
	[APIC_PPR] = RO,
	[APIC_EOI] = XW | W2,
	[APIC_LDR] = RO | XW,
	[APIC_DFR] = XR | XW,
	[APIC_SVR] = RW,
	[APIC_ISR... APIC_ISR + 7] = RO,
	[APIC_TMR... APIC_TMR + 7] = RO,
	[APIC_IRR... APIC_IRR + 7] = RO,
	[APIC_ESR] = RW,
	[APIC_ICR] = RW,
	[APIC_ICR_HIGH] = XR | XW,
	[APIC_LVT_TIMER... APIC_TIMER_INITIAL] = RW,
	[APIC_TIMER_CURRENT] = RO,
	[APIC_TIMER_DIVIDE] = RW,
	[APIC_SELF_IPI] = W2,
};

/* Writable bits of each LVT entry (SDM 3A, "Local Vector Table (LVT)"). */
static const u32 lvt_mask[VLAPIC_REGS] = {
	[APIC_LVT_TIMER] = 0x700ff, [APIC_LVT_THERMAL] = 0x107ff,
	[APIC_LVT_PERF] = 0x107ff,  [APIC_LVT_LINT0] = 0x1a7ff,
	[APIC_LVT_LINT1] = 0x1a7ff, [APIC_LVT_ERROR] = 0x100ff,
};

static bool is_level(const struct vlapic *lapic, u8 vector)
{
	/* IRR: after vlapic_accept() of this vector, before which it was settled. */
	return READ_ONCE(lapic->tmr[vector / 32]) & vector_bit(vector);
}

static void eoi(struct vcpu *vcpu)
{
	struct vlapic *lapic = &vcpu->lapic;
	int vector = vlapic_serving(lapic);

	vcpu->stats.eois++;
	if (vector < 0)
		return;
	lapic->isr[vector / 32] &= ~vector_bit((u8)vector);
	if (is_level(lapic, (u8)vector)) {
		spin_lock(&vcpu->vm->device_lock);
		ioapic_eoi(vcpu->vm, (u8)vector);
		spin_unlock(&vcpu->vm->device_lock);
	}
	vlapic_look_again(vcpu);
}

static void svr_write(struct vlapic *lapic, u32 value)
{
	WRITE_ONCE(lapic->reg[APIC_SVR], value & APIC_SVR_MASK);
	if (value & APIC_SVR_ENABLE)
		return;
	/* SDM 3A, "Local APIC State After It Has Been Software Disabled". */
	for (unsigned i = APIC_LVT_TIMER; i <= APIC_LVT_ERROR; i++)
		WRITE_ONCE(lapic->reg[i], lapic->reg[i] | APIC_LVT_MASKED);
}

static void lvt_write(struct vcpu *vcpu, unsigned slot, u32 value)
{
	struct vlapic *lapic = &vcpu->lapic;

	value &= lvt_mask[slot];
	if (!(lapic->reg[APIC_SVR] & APIC_SVR_ENABLE))
		value |= APIC_LVT_MASKED;
	if (slot == APIC_LVT_TIMER)
		vlapic_timer_set_lvt(vcpu, value);
	else
		WRITE_ONCE(lapic->reg[slot], value);
	/* The 8259 may have been waiting for this. */
	if (slot == APIC_LVT_LINT0)
		vcpu_make_request(REQ_EVENT, vcpu);
}

static void icr_store(struct vcpu *vcpu, u64 icr)
{
	WRITE_ONCE(vcpu->lapic.reg[APIC_ICR], (u32)icr & ~(u32)APIC_ICR_BUSY);
	WRITE_ONCE(vcpu->lapic.reg[APIC_ICR_HIGH], (u32)(icr >> 32));
}

static void icr_write(struct vcpu *vcpu, u64 icr)
{
	icr_store(vcpu, icr);
	vlapic_send_ipi(vcpu, icr);
}

/* Slots that both modes write in the same way. */
static void slot_write(struct vcpu *vcpu, unsigned slot, u32 value)
{
	struct vlapic *lapic = &vcpu->lapic;

	switch (slot) {
	case APIC_TPR:
		vlapic_set_tpr(vcpu, (u8)value);
		break;
	case APIC_EOI:
		eoi(vcpu);
		break;
	case APIC_SVR:
		svr_write(lapic, value);
		break;
	case APIC_ESR:
		WRITE_ONCE(lapic->reg[APIC_ESR], xchg(&lapic->errors, 0));
		break;
	case APIC_LVT_TIMER ... APIC_LVT_ERROR:
		lvt_write(vcpu, slot, value);
		break;
	case APIC_TIMER_INITIAL:
		vlapic_timer_set_initial(vcpu, value);
		break;
	case APIC_TIMER_DIVIDE:
		vlapic_timer_set_divide(vcpu, value);
		break;
	}
}

/* Slots that only the page has, or has in its own way. */
static void xapic_write(struct vcpu *vcpu, unsigned slot, u32 value)
{
	struct vlapic *lapic = &vcpu->lapic;

	switch (slot) {
	case APIC_ID:
		WRITE_ONCE(lapic->reg[APIC_ID], value & XAPIC_ID_MASK);
		break;
	case APIC_LDR:
		WRITE_ONCE(lapic->reg[APIC_LDR], value & LDR_MASK);
		break;
	case APIC_DFR:
		WRITE_ONCE(lapic->reg[APIC_DFR], value | DFR_FIXED);
		break;
	case APIC_ICR:
		icr_write(vcpu, (u64)lapic->reg[APIC_ICR_HIGH] << 32 | value);
		break;
	case APIC_ICR_HIGH:
		WRITE_ONCE(lapic->reg[APIC_ICR_HIGH], value & ICR_HIGH_MASK);
		break;
	default:
		slot_write(vcpu, slot, value);
	}
}

static u32 id_read(const struct vcpu *vcpu)
{
	return vlapic_is_x2apic(vcpu) ? vcpu->lapic.id : vcpu->lapic.reg[APIC_ID];
}

/* In x2APIC mode it follows from the ID (SDM 3A, "Deriving Logical x2APIC ID
 * from the Local x2APIC ID"). */
static u32 ldr_read(const struct vcpu *vcpu)
{
	u32 id = vcpu->lapic.id;

	if (!vlapic_is_x2apic(vcpu))
		return vcpu->lapic.reg[APIC_LDR];
	return id >> X2APIC_CLUSTER_SHIFT << X2APIC_LDR_SHIFT |
	       1u << (id & X2APIC_MEMBER);
}

static u32 slot_read(struct vcpu *vcpu, unsigned slot)
{
	struct vlapic *lapic = &vcpu->lapic;

	switch (slot) {
	case APIC_ID:
		return id_read(vcpu);
	case APIC_VERSION:
		return VERSION;
	case APIC_PPR:
		return vlapic_processor_priority(lapic);
	case APIC_LDR:
		return ldr_read(vcpu);
	case APIC_ISR ... APIC_ISR + 7:
		return lapic->isr[slot - APIC_ISR];
	case APIC_TMR ... APIC_TMR + 7:
		return READ_ONCE(lapic->tmr[slot - APIC_TMR]);
	case APIC_IRR ... APIC_IRR + 7:
		return READ_ONCE(lapic->irr[slot - APIC_IRR]);
	case APIC_TIMER_CURRENT:
		return vlapic_timer_current(vcpu);
	default:
		return lapic->reg[slot];
	}
}

/* --- the page --- */

static bool has_page(const struct vcpu *vcpu)
{
	return vlapic_enabled(vcpu) && !vlapic_is_x2apic(vcpu);
}

bool vlapic_mmio_read(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 *value)
{
	unsigned slot = offset >> SLOT_SHIFT;
	unsigned at = offset % 16;

	pv_eoi_settle(vcpu);
	*value = 0;
	if (!has_page(vcpu))
		return false;
	if (slot >= VLAPIC_REGS || !(slot_rights[slot] & XR)) {
		vlapic_error(vcpu, APIC_ESR_REGISTER);
		return true;
	}
	if (at < 4)
		*value = (u64)slot_read(vcpu, slot) >> at * 8;
	if (bytes < 4)
		*value &= MASK(bytes * 8 - 1, 0);
	return true;
}

bool vlapic_mmio_write(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 value)
{
	unsigned slot = offset >> SLOT_SHIFT;

	pv_eoi_settle(vcpu);
	if (!has_page(vcpu))
		return false;
	if (slot >= VLAPIC_REGS || !(slot_rights[slot] & XW))
		vlapic_error(vcpu, APIC_ESR_REGISTER);
	else if (offset % 16 == 0 && bytes >= 4)
		xapic_write(vcpu, slot, (u32)value);
	return true;
}

/* --- MSRs --- */

/* SDM 3A, "x2APIC State Transitions". The invalid state, and the ways back from
 * x2APIC to xAPIC and from disabled straight to x2APIC, are #GP. */
static bool base_write(struct vcpu *vcpu, u64 value)
{
	struct vlapic *lapic = &vcpu->lapic;
	bool was_on = lapic->base & APIC_BASE_EN;
	bool was_x2 = lapic->base & APIC_BASE_EXTD;
	bool on = value & APIC_BASE_EN;
	bool x2 = value & APIC_BASE_EXTD;

	if (value & lapic->base_reserved || (x2 && !on))
		return false;
	if ((was_x2 && on && !x2) || (!was_on && x2))
		return false;
	/* Turned off or on again it is as after power-up. */
	if (was_on != on) {
		vlapic_reset_registers(vcpu);
		vlapic_reset_id(vcpu);
	}
	WRITE_ONCE(lapic->base, value);
	vlapic_look_again(vcpu);
	return true;
}

static bool x2apic_write(struct vcpu *vcpu, unsigned slot, u64 value)
{
	if (!vlapic_is_x2apic(vcpu) || !(slot_rights[slot] & W2))
		return false;
	if (slot == APIC_ICR) {
		if (value & APIC_ICR_RESERVED)
			return false;
		icr_write(vcpu, value);
		return true;
	}
	if (value >> 32 || ((slot == APIC_EOI || slot == APIC_ESR) && value))
		return false;
	if ((slot == APIC_TPR || slot == APIC_SELF_IPI) && value > APIC_VECTOR_MASK)
		return false;
	if (slot == APIC_SELF_IPI)
		vlapic_send_ipi(vcpu, value | APIC_ICR_SELF);
	else
		slot_write(vcpu, slot, (u32)value);
	return true;
}

static bool x2apic_read(struct vcpu *vcpu, unsigned slot, u64 *value)
{
	if (!vlapic_is_x2apic(vcpu) || !(slot_rights[slot] & R2))
		return false;
	*value = slot_read(vcpu, slot);
	if (slot == APIC_ICR)
		*value |= (u64)vcpu->lapic.reg[APIC_ICR_HIGH] << 32;
	return true;
}

bool vlapic_msr_read(struct vcpu *vcpu, u32 msr, u64 *value)
{
	pv_eoi_settle(vcpu);
	if (msr == MSR_APIC_BASE) {
		*value = vcpu->lapic.base;
		return true;
	}
	if (msr == MSR_TSC_DEADLINE) {
		*value = vlapic_timer_deadline(vcpu);
		return true;
	}
	if (msr < MSR_X2APIC_BASE || msr >= MSR_X2APIC_BASE + VLAPIC_REGS)
		return false;
	return x2apic_read(vcpu, msr - MSR_X2APIC_BASE, value);
}

bool vlapic_msr_write(struct vcpu *vcpu, u32 msr, u64 value)
{
	pv_eoi_settle(vcpu);
	if (msr == MSR_APIC_BASE)
		return base_write(vcpu, value);
	if (msr == MSR_TSC_DEADLINE) {
		vlapic_timer_set_deadline(vcpu, value);
		return true;
	}
	if (msr < MSR_X2APIC_BASE || msr >= MSR_X2APIC_BASE + VLAPIC_REGS)
		return false;
	return x2apic_write(vcpu, msr - MSR_X2APIC_BASE, value);
}

/* --- the fast path, mode IN --- */

static bool fast_eoi(struct vcpu *vcpu, u64 value)
{
	int vector = vlapic_serving(&vcpu->lapic);

	/* The offer is settled outside. */
	if (vcpu->pv_eoi_offered || value ||
	    (vector >= 0 && is_level(&vcpu->lapic, (u8)vector)))
		return false;
	eoi(vcpu);
	return true;
}

static bool fast_icr(struct vcpu *vcpu, u64 icr)
{
	if (icr & APIC_ICR_RESERVED || !vlapic_send_ipi_fast(vcpu, icr))
		return false;
	icr_store(vcpu, icr);
	return true;
}

bool vlapic_fast_wrmsr(struct vcpu *vcpu, u32 msr, u64 value)
{
	if (msr == MSR_TSC_DEADLINE) {
		vlapic_timer_set_deadline(vcpu, value);
		return true;
	}
	if (!vlapic_is_x2apic(vcpu))
		return false;
	switch (msr) {
	case MSR_X2APIC_BASE + APIC_EOI:
		return fast_eoi(vcpu, value);
	case MSR_X2APIC_BASE + APIC_ICR:
		return fast_icr(vcpu, value);
	case MSR_X2APIC_BASE + APIC_SELF_IPI:
		return value <= APIC_VECTOR_MASK &&
		       vlapic_send_ipi_fast(vcpu, value | APIC_ICR_SELF);
	default:
		return false;
	}
}
