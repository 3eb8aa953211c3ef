// SPDX-License-Identifier: MIT
/* Control-register accesses that exit: CR0 and CR4 bits that the host owns, CR8. */
#include "arch/x86/regs.h"
#include "bits.h"
#include "vcpu/io.h"
#include "vcpu/vm.h"

#define CR8_VALID 0xfUL
#define CR8_TPR_SHIFT 4
#define PDPTE_COUNT 4
#define CR3_PDPT MASK(31, 5)
#define LMSW_BITS (CR0_PE | CR0_MP | CR0_EM | CR0_TS)

static u64 guest_cr0(struct vcpu *vcpu)
{
	struct virt_sregs s;

	virt_get_sregs(vcpu->hv, &s);
	return s.cr0;
}

/* In 32-bit PAE paging a write of CR0 or CR4 loads the page-directory pointers, which
 * the processor does only for writes that do not exit (SDM 3A "PDPTE Registers"). */
static void load_pdptes(struct vcpu *vcpu)
{
	u64 pdptes[PDPTE_COUNT];
	struct virt_sregs s;

	virt_get_sregs(vcpu->hv, &s);
	if (!(s.cr0 & CR0_PG) || !(s.cr4 & CR4_PAE) || s.efer & EFER_LMA)
		return;
	if (guest_read(vcpu, gpa(s.cr3 & CR3_PDPT), pdptes, sizeof(pdptes)))
		virt_set_pdptes(vcpu->hv, pdptes);
}

static bool write_cr0_or_cr4(struct vcpu *vcpu, unsigned number, u64 value)
{
	if (!virt_set_cr(vcpu->hv, number, value))
		return false;
	load_pdptes(vcpu);
	return true;
}

/* False: #GP. */
static bool write_cr(struct vcpu *vcpu, unsigned number, u64 value)
{
	if (number != 8)
		return write_cr0_or_cr4(vcpu, number, value);
	if (value & ~CR8_VALID)
		return false;
	vlapic_set_tpr(vcpu, (u8)(value << CR8_TPR_SHIFT));
	return true;
}

/* LMSW sets PE but cannot clear it (SDM 2A, LMSW). */
static u64 lmsw_result(u64 cr0, u16 operand)
{
	u64 pe = cr0 & CR0_PE;

	return (cr0 & ~LMSW_BITS) | (operand & LMSW_BITS) | pe;
}

static bool do_access(struct vcpu *vcpu)
{
	const struct virt_exit *exit = &vcpu->exit;

	switch (exit->cr.op) {
	case CR_WRITE:
		return write_cr(vcpu, exit->cr.number, virt_reg(vcpu->hv, exit->cr.reg));
	case CR_READ:
		/* Only CR8 reads exit. */
		virt_set_reg(vcpu->hv, exit->cr.reg, vlapic_tpr(vcpu) >> CR8_TPR_SHIFT);
		return true;
	case CR_CLTS:
		return virt_set_cr(vcpu->hv, 0, guest_cr0(vcpu) & ~CR0_TS);
	default:
		return virt_set_cr(vcpu->hv, 0,
				   lmsw_result(guest_cr0(vcpu), exit->cr.lmsw));
	}
}

void exit_cr(struct vcpu *vcpu)
{
	if (do_access(vcpu))
		virt_skip(vcpu->hv, vcpu->exit.length);
	else
		vcpu_inject_gp(vcpu);
}
