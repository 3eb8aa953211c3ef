// SPDX-License-Identifier: MIT
/* Interrupt messages between local APICs: who is meant, and what it does there
 * (SDM 3A, "Determining IPI Destination"). Called by senders on any CPU, also
 * with their own vCPU IN guest mode: takes no lock and never waits. Reads the
 * targets' mode, LDR and DFR as they are now; a guest that changes them while
 * messages are under way gets what it gets on hardware. */
#include "assert.h"
#include "vcpu/vlapic_regs.h"
#include "vcpu/vm.h"

#define XAPIC_CLUSTER 0xf0u /* of an 8-bit logical destination in the cluster model */
#define DFR_MODEL_SHIFT 28
#define DFR_MODEL_FLAT 0xfu

static_assert(MAX_VCPUS <= 64, "a set of vCPUs is one 64-bit word");

/* --- who is meant --- */

static bool matches_x2apic(u32 id, u32 dest)
{
	return dest >> X2APIC_LDR_SHIFT == id >> X2APIC_CLUSTER_SHIFT &&
	       dest & 1u << (id & X2APIC_MEMBER);
}

static bool matches_xapic(const struct vlapic *lapic, u32 dest)
{
	u32 own = READ_ONCE(lapic->reg[APIC_LDR]) >> XAPIC_ID_SHIFT;

	if (READ_ONCE(lapic->reg[APIC_DFR]) >> DFR_MODEL_SHIFT == DFR_MODEL_FLAT)
		return dest <= APIC_VECTOR_MASK && dest & own;
	return (dest & ~(u32)MASK(3, 0)) == (own & XAPIC_CLUSTER) &&
	       dest & own & (u32)MASK(3, 0);
}

/* In xAPIC mode software may have given it another ID, or two the same. */
static bool matches_physical(const struct vcpu *vcpu, u32 dest)
{
	if (vlapic_is_x2apic(vcpu))
		return dest == vcpu->lapic.id;
	return dest == READ_ONCE(vcpu->lapic.reg[APIC_ID]) >> XAPIC_ID_SHIFT;
}

static bool is_destination(const struct vcpu *vcpu, const struct apic_message *message)
{
	if (!vlapic_enabled(vcpu))
		return false;
	if (message->dest == APIC_DEST_ALL)
		return true;
	if (!message->logical)
		return matches_physical(vcpu, message->dest);
	if (vlapic_is_x2apic(vcpu))
		return matches_x2apic(vcpu->lapic.id, message->dest);
	return matches_xapic(&vcpu->lapic, message->dest);
}

/* The set of vCPU indices that a message is for. */
static u64 destinations(struct vm *vm, const struct apic_message *message)
{
	u64 set = 0;

	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		if (is_destination(vm->vcpus[i], message))
			set |= BIT(i);
	}
	return set;
}

/* --- what it does there --- */

static bool deliver_to(struct vcpu *vcpu, const struct apic_message *message)
{
	switch (message->mode) {
	case APIC_MODE_FIXED:
	case APIC_MODE_LOWEST:
		return vlapic_set_irr(vcpu, message->vector, message->level);
	case APIC_MODE_NMI:
		vcpu_post_nmi(vcpu);
		return true;
	case APIC_MODE_INIT:
		vcpu_post_init(vcpu);
		return true;
	case APIC_MODE_SIPI:
		vcpu_post_sipi(vcpu, message->vector);
		return true;
	default: /* SMI and ExtINT: there is no SMM and no 8259 here. */
		return false;
	}
}

static unsigned deliver_to_set(struct vm *vm, u64 set, const struct apic_message *message)
{
	unsigned taken = 0;

	for (; set; set &= set - 1) {
		taken += deliver_to(vm->vcpus[bit_lowest(set)], message);
		/* Lowest priority is the processor's choice: ours, the first. */
		if (taken && message->mode == APIC_MODE_LOWEST)
			break;
	}
	return taken;
}

unsigned vlapic_deliver(struct vm *vm, const struct apic_message *message)
{
	return deliver_to_set(vm, destinations(vm, message), message);
}

/* --- the ICR --- */

static u32 icr_dest(const struct vcpu *vcpu, u64 icr)
{
	u32 dest = (u32)(icr >> 32);

	if (vlapic_is_x2apic(vcpu))
		return dest;
	dest >>= XAPIC_ID_SHIFT;
	return dest == APIC_DEST_ALL_XAPIC ? APIC_DEST_ALL : dest;
}

static struct apic_message icr_message(const struct vcpu *vcpu, u64 icr)
{
	return (struct apic_message){
		.dest = icr & APIC_ICR_SHORTHAND ? APIC_DEST_ALL : icr_dest(vcpu, icr),
		.logical = icr & APIC_ICR_LOGICAL,
		.mode = (icr & APIC_ICR_MODE) >> APIC_ICR_MODE_SHIFT,
		.vector = (u8)(icr & APIC_ICR_VECTOR),
	};
}

static u64 icr_targets(struct vcpu *vcpu, u64 icr, const struct apic_message *message)
{
	u64 shorthand = icr & APIC_ICR_SHORTHAND;
	u64 set;

	if (shorthand == APIC_ICR_SELF)
		return BIT(vcpu->index);
	set = destinations(vcpu->vm, message);
	return shorthand == APIC_ICR_OTHERS ? set & ~BIT(vcpu->index) : set;
}

static bool has_vector(const struct apic_message *message)
{
	return message->mode == APIC_MODE_FIXED || message->mode == APIC_MODE_LOWEST;
}

void vlapic_send_ipi(struct vcpu *vcpu, u64 icr)
{
	struct apic_message message = icr_message(vcpu, icr);

	/* "INIT Level De-assert" is not supported by processors since the Pentium 4. */
	if (message.mode == APIC_MODE_INIT && icr & APIC_ICR_LEVEL &&
	    !(icr & APIC_ICR_ASSERT))
		return;
	if (has_vector(&message) && message.vector < APIC_VECTOR_FIRST) {
		vlapic_error(vcpu, APIC_ESR_SEND_ILLEGAL);
		return;
	}
	deliver_to_set(vcpu->vm, icr_targets(vcpu, icr, &message), &message);
}

static unsigned count_bits(u64 set)
{
	unsigned count = 0;

	for (; set; set &= set - 1)
		count++;
	return count;
}

bool vlapic_send_ipi_fast(struct vcpu *vcpu, u64 icr)
{
	struct apic_message message = icr_message(vcpu, icr);
	u64 set;

	if (message.mode != APIC_MODE_NMI &&
	    (message.mode != APIC_MODE_FIXED || message.vector < APIC_VECTOR_FIRST))
		return false;
	set = icr_targets(vcpu, icr, &message);
	if (count_bits(set) > VLAPIC_FAST_TARGETS)
		return false;
	deliver_to_set(vcpu->vm, set, &message);
	return true;
}
