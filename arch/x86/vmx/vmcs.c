// SPDX-License-Identifier: MIT
/* First contents of a VMCS, as lists in the manual's order: controls, host state,
 * guest state that never changes. Current VMCS, owning pCPU. */
#include "arch/x86/cpuid.h"
#include "arch/x86/desc.h"
#include "arch/x86/hostmap.h"
#include "arch/x86/regs.h"
#include "arch/x86/x86.h"
#include "cpu.h"
#include "insn.h"
#include "state.h"
#include "string.h"

/* All ports exit: SDM 3C "I/O-Bitmap Addresses", one bit a port. Shared by all. */
static u8 io_bitmap[2 * PAGE_SIZE] __attribute__((aligned(4096)));

/* #AC and #DB must not be delivered without end inside the guest
 * (CVE-2015-5307, CVE-2015-8104); #MC is the host's. */
#define EXCEPTION_BITMAP (BIT(VEC_AC) | BIT(VEC_DB) | BIT(VEC_MC))

/* The guest sees its own value of these, the processor ours: CD and NW would outlive
 * an exit, NE and VMXE are VT-x's, MCE must stay on so that a machine check
 * does not shut the CPU down. */
#define CR0_HOST_OWNED (CR0_CD | CR0_NW | CR0_NE)

u64 vmx_cr4_guest_owned(void)
{
	u64 bits = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_PGE |
		   CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP | CR4_FSGSBASE |
		   CR4_PCIDE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP | CR4_PKE;

	return bits & vmx.cr4_fixed1;
}

void vmcs_prepare(void)
{
	memset(io_bitmap, 0xff, sizeof(io_bitmap));
}

static void write_controls(struct virt_vcpu *hv)
{
	vmwrite(VMCS_PIN_CTLS, vmx.pin);
	vmwrite(VMCS_PROC_CTLS, vmx.proc);
	vmwrite(VMCS_PROC_CTLS2, vmx.proc2);
	vmwrite(VMCS_EXIT_CTLS, vmx.exit);
	vmwrite(VMCS_ENTRY_CTLS, vmx.entry);
	vmwrite(VMCS_EXCEPTION_BITMAP, EXCEPTION_BITMAP);
	vmwrite(VMCS_PF_ERROR_MASK, 0);
	vmwrite(VMCS_PF_ERROR_MATCH, 0);
	vmwrite(VMCS_CR3_TARGET_COUNT, 0);
	vmwrite(VMCS_EXIT_MSR_STORE_COUNT, 0);
	vmwrite(VMCS_EXIT_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_ENTRY_INTR_INFO, 0);
	vmwrite(VMCS_IO_BITMAP_A, ptr_to_hpa(io_bitmap).v);
	vmwrite(VMCS_IO_BITMAP_B, ptr_to_hpa(io_bitmap + PAGE_SIZE).v);
	vmwrite(VMCS_MSR_BITMAP, hv->msr_bitmap);
	vmwrite(VMCS_TSC_OFFSET, 0);
	vmwrite(VMCS_VPID, hv->vpid);
	vmwrite(VMCS_EPT_POINTER, hv->space->eptp);
	vmwrite(VMCS_CR0_MASK, CR0_HOST_OWNED);
	vmwrite(VMCS_CR4_MASK, ~vmx_cr4_guest_owned());
	hv->proc_ctls = vmx.proc;
}

/* The same on every CPU. */
static void write_host_constants(void)
{
	vmwrite(VMCS_HOST_CR3, hostmap_cr3());
	vmwrite(VMCS_HOST_ES_SELECTOR, SEL_DATA);
	vmwrite(VMCS_HOST_CS_SELECTOR, SEL_CODE);
	vmwrite(VMCS_HOST_SS_SELECTOR, SEL_DATA);
	vmwrite(VMCS_HOST_DS_SELECTOR, SEL_DATA);
	vmwrite(VMCS_HOST_FS_SELECTOR, 0);
	vmwrite(VMCS_HOST_GS_SELECTOR, 0);
	vmwrite(VMCS_HOST_TR_SELECTOR, SEL_TSS);
	vmwrite(VMCS_HOST_PAT, rdmsr(MSR_PAT));
	vmwrite(VMCS_HOST_EFER, rdmsr(MSR_EFER));
	vmwrite(VMCS_HOST_FS_BASE, 0);
	vmwrite(VMCS_HOST_IDTR_BASE, desc_idt_base());
	vmwrite(VMCS_HOST_SYSENTER_CS, 0);
	vmwrite(VMCS_HOST_SYSENTER_ESP, 0);
	vmwrite(VMCS_HOST_SYSENTER_EIP, 0);
	vmwrite(VMCS_HOST_RIP, (u64)(uintptr_t)vmx_exit);
}

void vmcs_set_host_cpu(void)
{
	struct cpu *cpu = this_cpu();

	vmwrite(VMCS_HOST_CR0, read_cr0());
	vmwrite(VMCS_HOST_CR4, read_cr4());
	vmwrite(VMCS_HOST_GS_BASE, (u64)(uintptr_t)cpu);
	vmwrite(VMCS_HOST_TR_BASE, desc_tss_base(cpu));
	vmwrite(VMCS_HOST_GDTR_BASE, desc_gdt_base(cpu));
}

void vmcs_init(struct virt_vcpu *hv)
{
	write_controls(hv);
	write_host_constants();
	vmwrite(VMCS_LINK_POINTER, ~0UL);
	vmwrite(VMCS_GUEST_DEBUGCTL, 0);
	vmwrite(VMCS_GUEST_ACTIVITY, 0);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
}
