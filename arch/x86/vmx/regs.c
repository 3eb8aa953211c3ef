// SPDX-License-Identifier: MIT
/* Guest registers as the layers above read and write them. The vCPU is current on
 * this pCPU. */
#include "arch/x86/regs.h"
#include "arch/x86/x86.h"
#include "cpu.h"
#include "insn.h"
#include "skip.h"
#include "state.h"

u64 virt_reg(struct virt_vcpu *hv, unsigned reg)
{
	return reg == REG_RSP ? vmread(VMCS_GUEST_RSP) : hv->regs[reg];
}

void virt_set_reg(struct virt_vcpu *hv, unsigned reg, u64 value)
{
	if (reg == REG_RSP)
		vmwrite(VMCS_GUEST_RSP, value);
	else
		hv->regs[reg] = value;
}

void virt_set_cr2(struct virt_vcpu *hv, u64 value)
{
	(void)hv;
	write_cr2(value); /* not in the VMCS: it is in the register while loaded */
}

/* Bits that the guest owns come from the register, the others from the shadow. */
static u64 guest_view(u64 real, u64 shadow, u64 mask)
{
	return (real & ~mask) | (shadow & mask);
}

static u64 guest_cr0(void)
{
	return guest_view(vmread(VMCS_GUEST_CR0), vmread(VMCS_CR0_SHADOW),
			  vmread(VMCS_CR0_MASK));
}

static u64 guest_cr4(void)
{
	return guest_view(vmread(VMCS_GUEST_CR4), vmread(VMCS_CR4_SHADOW),
			  vmread(VMCS_CR4_MASK));
}

/* Segment fields lie two encodings apart, in the order of enum SEG_*. */
static void get_segment(unsigned seg, struct virt_segment *out)
{
	out->selector = (u16)vmread(VMCS_GUEST_ES_SELECTOR + 2 * seg);
	out->limit = (u32)vmread(VMCS_GUEST_ES_LIMIT + 2 * seg);
	out->access = (u32)vmread(VMCS_GUEST_ES_ACCESS + 2 * seg);
	out->base = vmread(VMCS_GUEST_ES_BASE + 2 * seg);
}

static void set_segment(unsigned seg, const struct virt_segment *in)
{
	vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * seg, in->selector);
	vmwrite(VMCS_GUEST_ES_LIMIT + 2 * seg, in->limit);
	vmwrite(VMCS_GUEST_ES_ACCESS + 2 * seg, in->access);
	vmwrite(VMCS_GUEST_ES_BASE + 2 * seg, in->base);
}

void virt_get_sregs(struct virt_vcpu *hv, struct virt_sregs *out)
{
	(void)hv;
	out->cr0 = guest_cr0();
	out->cr2 = read_cr2();
	out->cr3 = vmread(VMCS_GUEST_CR3);
	out->cr4 = guest_cr4();
	out->efer = vmread(VMCS_GUEST_EFER);
	out->rip = vmread(VMCS_GUEST_RIP);
	out->rflags = vmread(VMCS_GUEST_RFLAGS);
	for (unsigned seg = 0; seg < SEG_COUNT; seg++)
		get_segment(seg, &out->seg[seg]);
	out->gdt_base = vmread(VMCS_GUEST_GDTR_BASE);
	out->gdt_limit = (u32)vmread(VMCS_GUEST_GDTR_LIMIT);
	out->idt_base = vmread(VMCS_GUEST_IDTR_BASE);
	out->idt_limit = (u32)vmread(VMCS_GUEST_IDTR_LIMIT);
}

/* What the processor gets for what the guest wants: CD and NW off (they would
 * outlive the exit), VT-x's fixed bits on, but PE and PG free (unrestricted guest). */
static void write_guest_cr0(u64 cr0)
{
	u64 fixed0 = vmx.cr0_fixed0 & ~(CR0_PE | CR0_PG);

	vmwrite(VMCS_CR0_SHADOW, cr0);
	vmwrite(VMCS_GUEST_CR0, ((cr0 & ~(CR0_CD | CR0_NW)) | fixed0) & vmx.cr0_fixed1);
}

static void write_guest_cr4(u64 cr4)
{
	vmwrite(VMCS_CR4_SHADOW, cr4);
	vmwrite(VMCS_GUEST_CR4, ((cr4 | CR4_MCE) | vmx.cr4_fixed0) & vmx.cr4_fixed1);
}

static void write_guest_efer(u64 efer)
{
	u64 entry = vmread(VMCS_ENTRY_CTLS) & ~(u64)ENTRY_IA32E;

	vmwrite(VMCS_GUEST_EFER, efer);
	vmwrite(VMCS_ENTRY_CTLS, entry | (efer & EFER_LMA ? ENTRY_IA32E : 0));
}

void virt_set_sregs(struct virt_vcpu *hv, const struct virt_sregs *in)
{
	(void)hv;
	write_guest_cr0(in->cr0);
	write_cr2(in->cr2);
	vmwrite(VMCS_GUEST_CR3, in->cr3);
	write_guest_cr4(in->cr4);
	write_guest_efer(in->efer);
	vmwrite(VMCS_GUEST_RIP, in->rip);
	vmwrite(VMCS_GUEST_RFLAGS, in->rflags | RFLAGS_FIXED);
	for (unsigned seg = 0; seg < SEG_COUNT; seg++)
		set_segment(seg, &in->seg[seg]);
	vmwrite(VMCS_GUEST_GDTR_BASE, in->gdt_base);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, in->gdt_limit);
	vmwrite(VMCS_GUEST_IDTR_BASE, in->idt_base);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, in->idt_limit);
}

/* The bits of CR0 that may not be set together (SDM 2A "MOV—Move to/from Control
 * Registers", protected-mode exceptions). */
static bool cr0_is_valid(u64 cr0, u64 old)
{
	u64 efer = vmread(VMCS_GUEST_EFER);
	bool to_paging = cr0 & CR0_PG && !(old & CR0_PG);

	if (cr0 >> 32 || (cr0 & CR0_PG && !(cr0 & CR0_PE)) ||
	    (cr0 & CR0_NW && !(cr0 & CR0_CD)))
		return false;
	return !(to_paging && efer & EFER_LME && !(guest_cr4() & CR4_PAE));
}

static bool set_cr0(struct virt_vcpu *hv, u64 cr0)
{
	u64 old = guest_cr0(), efer = vmread(VMCS_GUEST_EFER);

	cr0 |= CR0_ET;
	if (!cr0_is_valid(cr0, old))
		return false;
	/* With VPID nothing is flushed unless we do it (SDM 3A "Operations that
	 * Invalidate TLBs and Paging-Structure Caches"). */
	if ((cr0 ^ old) & (CR0_PG | CR0_WP))
		vmx_flush_linear(hv);
	if ((cr0 ^ old) & CR0_PG && efer & EFER_LME)
		write_guest_efer(cr0 & CR0_PG ? efer | EFER_LMA : efer & ~EFER_LMA);
	write_guest_cr0(cr0);
	return true;
}

/* Bits whose change drops translations. */
#define CR4_PAGING                                                                       \
	(CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCIDE | CR4_SMEP | CR4_SMAP | CR4_PKE)

static bool set_cr4(struct virt_vcpu *hv, u64 cr4)
{
	/* MCE is ours, but the guest may set it for itself. */
	u64 allowed = vmx_cr4_guest_owned() | CR4_MCE;
	bool long_mode = vmread(VMCS_GUEST_EFER) & EFER_LMA;

	if (cr4 & ~allowed || (long_mode && !(cr4 & CR4_PAE)) ||
	    (cr4 & CR4_PCIDE && !long_mode))
		return false;
	if ((cr4 ^ guest_cr4()) & CR4_PAGING)
		vmx_flush_linear(hv);
	write_guest_cr4(cr4);
	return true;
}

bool virt_set_cr(struct virt_vcpu *hv, unsigned number, u64 value)
{
	if (number == 0)
		return set_cr0(hv, value);
	if (number == 4)
		return set_cr4(hv, value);
	return false;
}

u64 virt_efer(struct virt_vcpu *hv)
{
	(void)hv;
	return vmread(VMCS_GUEST_EFER);
}

void virt_set_tsc_offset(struct virt_vcpu *hv, u64 offset)
{
	(void)hv;
	/* The processor adds it to its own counter. */
	vmwrite(VMCS_TSC_OFFSET, offset - this_cpu()->tsc_skew);
}

void virt_set_pdptes(struct virt_vcpu *hv, const u64 pdptes[4])
{
	(void)hv;
	for (unsigned i = 0; i < 4; i++)
		vmwrite(VMCS_GUEST_PDPTE0 + 2 * i, pdptes[i]);
}

void virt_set_xcr0(struct virt_vcpu *hv, u64 value)
{
	(void)hv;
	xsetbv(0, value);
}

void virt_skip(struct virt_vcpu *hv, u32 length)
{
	(void)hv;
	vmx_skip(length);
}

#define SEG_REAL_CODE 0x9b /* present, code, readable, accessed */
#define SEG_REAL_DATA 0x93 /* present, data, writable, accessed */
#define SEG_LDT 0x82
#define SEG_BUSY_TSS 0x8b
#define REAL_LIMIT 0xffff
#define RESET_RIP 0xfff0
#define RESET_SIGNATURE 0x600 /* family 6 in EDX, as after a real reset */
#define PAT_RESET 0x0007040600070406UL

void virt_vcpu_reset(struct virt_vcpu *hv)
{
	struct virt_segment data = {0, REAL_LIMIT, SEG_REAL_DATA, 0};
	struct virt_sregs s = {
		.cr0 = CR0_ET | CR0_CD | CR0_NW,
		.rip = RESET_RIP,
		.seg[SEG_CS] = {0xf000, REAL_LIMIT, SEG_REAL_CODE, 0xffff0000},
		.seg[SEG_LDTR] = {0, REAL_LIMIT, SEG_LDT, 0},
		.seg[SEG_TR] = {0, REAL_LIMIT, SEG_BUSY_TSS, 0},
		.gdt_limit = REAL_LIMIT,
		.idt_limit = REAL_LIMIT,
	};

	s.seg[SEG_ES] = s.seg[SEG_SS] = s.seg[SEG_DS] = s.seg[SEG_FS] = s.seg[SEG_GS] =
		data;
	virt_set_sregs(hv, &s);
	for (unsigned reg = 0; reg < REG_COUNT; reg++)
		virt_set_reg(hv, reg, 0);
	hv->regs[REG_RDX] = RESET_SIGNATURE;
	hv->event = 0;
	write_dr0(0);
	write_dr1(0);
	write_dr2(0);
	write_dr3(0);
	write_dr6(DR6_FIXED);
	vmwrite(VMCS_GUEST_DR7, DR7_FIXED);
	vmwrite(VMCS_GUEST_PAT, PAT_RESET);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	vmwrite(VMCS_GUEST_SYSENTER_CS, 0);
	vmwrite(VMCS_GUEST_SYSENTER_ESP, 0);
	vmwrite(VMCS_GUEST_SYSENTER_EIP, 0);
}
