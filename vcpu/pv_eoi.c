// SPDX-License-Identifier: MIT
/* PV EOI. Owns vcpu->pv_eoi_gpa and vcpu->pv_eoi_offered. The word is read once and
 * believed only as the EOI of this vCPU: a guest that writes it out of turn confuses
 * its own interrupts and nothing else. */
#include "vcpu/pv_eoi.h"
#include "bits.h"
#include "vcpu/vm.h"

#define ENABLE BIT(0)
#define WORD_ALIGN 4
#define WORD_OFFERED BIT(0)

void pv_eoi_reset(struct vcpu *vcpu)
{
	vcpu->pv_eoi_gpa = 0;
	vcpu->pv_eoi_offered = false;
}

bool pv_eoi_write(struct vcpu *vcpu, u64 value)
{
	u64 at = value & ~ENABLE;
	u32 word;

	pv_eoi_settle(vcpu);
	vcpu->pv_eoi_gpa = 0;
	if (!(value & ENABLE))
		return true;
	if (!IS_ALIGNED(at, WORD_ALIGN) ||
	    !guest_read(vcpu, gpa(at), &word, sizeof(word)))
		return false;
	vcpu->pv_eoi_gpa = at;
	return true;
}

void pv_eoi_offer(struct vcpu *vcpu)
{
	u32 word;

	/* Something that waits for this EOI needs an exit to be injected. */
	if (!vcpu->pv_eoi_gpa || !vlapic_eoi_is_simple(vcpu) ||
	    !guest_read(vcpu, gpa(vcpu->pv_eoi_gpa), &word, sizeof(word)))
		return;
	word |= WORD_OFFERED;
	vcpu->pv_eoi_offered = guest_write(vcpu, gpa(vcpu->pv_eoi_gpa), &word,
					   sizeof(word));
}

void pv_eoi_settle(struct vcpu *vcpu)
{
	u32 word;

	if (!vcpu->pv_eoi_offered)
		return;
	vcpu->pv_eoi_offered = false;
	if (!guest_read(vcpu, gpa(vcpu->pv_eoi_gpa), &word, sizeof(word)))
		return;
	if (word & WORD_OFFERED) {
		word &= ~(u32)WORD_OFFERED;
		guest_write(vcpu, gpa(vcpu->pv_eoi_gpa), &word, sizeof(word));
		return;
	}
	vcpu->stats.pv_eois++;
	vlapic_retire(vcpu);
}
