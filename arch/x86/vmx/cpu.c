// SPDX-License-Identifier: MIT
/* VT-x on a CPU: read the capabilities, VMXON, VMXOFF. */
#include "arch/x86/cpuid.h"
#include "arch/x86/lapic.h"
#include "arch/x86/regs.h"
#include "arch/x86/trap.h"
#include "arch/x86/x86.h"
#include "cpu.h"
#include "insn.h"
#include "page.h"
#include "printk.h"
#include "state.h"

struct vmx_caps vmx;

/* Per CPU: its VMXON region and the vCPU whose state it holds. [O] */
static void *vmxon_regions[MAX_CPUS];
static struct virt_vcpu *loaded[MAX_CPUS];

void vmx_set_loaded(struct virt_vcpu *hv)
{
	loaded[this_cpu()->id] = hv;
}

struct virt_vcpu *vmx_loaded(void)
{
	return loaded[this_cpu()->id];
}

/* A test's own value for one capability MSR; 0: none is replaced. [I] */
static struct {
	u32 msr;
	u64 value;
} replaced;

void virt_replace_msr(u32 msr, u64 value)
{
	replaced.msr = msr;
	replaced.value = value;
}

static u64 capability(u32 msr)
{
	return msr == replaced.msr ? replaced.value : rdmsr(msr);
}

static void read_msrs(struct vmx_msrs *m)
{
	bool true_ctls;

	*m = (struct vmx_msrs){.cpuid_vmx = cpu_features()->vmx};
	if (!m->cpuid_vmx)
		return;
	m->feature_control = capability(MSR_FEATURE_CONTROL);
	m->basic = capability(MSR_VMX_BASIC);
	true_ctls = m->basic & VMX_BASIC_TRUE_CTLS;
	m->misc = capability(MSR_VMX_MISC);
	m->pin = capability(true_ctls ? MSR_VMX_TRUE_PINBASED_CTLS
				      : MSR_VMX_PINBASED_CTLS);
	m->proc = capability(true_ctls ? MSR_VMX_TRUE_PROCBASED_CTLS
				       : MSR_VMX_PROCBASED_CTLS);
	m->exit = capability(true_ctls ? MSR_VMX_TRUE_EXIT_CTLS : MSR_VMX_EXIT_CTLS);
	m->entry = capability(true_ctls ? MSR_VMX_TRUE_ENTRY_CTLS : MSR_VMX_ENTRY_CTLS);
	m->cr0_fixed0 = capability(MSR_VMX_CR0_FIXED0);
	m->cr0_fixed1 = capability(MSR_VMX_CR0_FIXED1);
	m->cr4_fixed0 = capability(MSR_VMX_CR4_FIXED0);
	m->cr4_fixed1 = capability(MSR_VMX_CR4_FIXED1);
	/* These two exist only where the controls that they describe may be set. */
	if (m->proc >> 32 & PROC_SECONDARY)
		m->proc2 = capability(MSR_VMX_PROCBASED_CTLS2);
	if (m->proc2 >> 32 & (PROC2_EPT | PROC2_VPID))
		m->ept_vpid = capability(MSR_VMX_EPT_VPID_CAP);
}

const char *virt_probe(void)
{
	struct vmx_msrs msrs;
	const char *why;

	read_msrs(&msrs);
	why = vmx_negotiate(&msrs, &vmx);
	if (why)
		return why;
	vmcs_prepare();
	vmx_space_prepare();
	return NULL;
}

bool virt_has_rdtscp(void)
{
	return vmx.rdtscp;
}

bool virt_has_invpcid(void)
{
	return vmx.invpcid;
}

const char *virt_describe(void)
{
	static char text[160];

	format(text, sizeof(text),
	       "VT-x, EPT with %s pages, VPID, unrestricted guest%s%s",
	       vmx.ept_1g   ? "1 GiB"
	       : vmx.ept_2m ? "2 MiB"
			    : "4 KiB",
	       vmx.invpcid ? ", INVPCID" : "",
	       vmx_quirk_if0 ? "; no interrupt exits with IF=0, kicks by NMI" : "");
	return text;
}

static const char *unlock_feature_control(void)
{
	u64 control = rdmsr(MSR_FEATURE_CONTROL);

	if (!(control & FEATURE_CONTROL_LOCKED))
		wrmsr(MSR_FEATURE_CONTROL,
		      control | FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX);
	else if (!(control & FEATURE_CONTROL_VMX))
		return "VT-x is locked off by the firmware on this CPU "
		       "(IA32_FEATURE_CONTROL)";
	return NULL;
}

const char *virt_enable(void)
{
	u32 id = this_cpu()->id;
	const char *why = unlock_feature_control();
	u64 cr4 = read_cr4() | CR4_VMXE | CR4_MCE | CR4_OSFXSR;

	if (why)
		return why;
	if (!vmxon_regions[id])
		vmxon_regions[id] = page_alloc_zero();
	if (!vmxon_regions[id])
		return "no memory for the VMXON region";
	if (cpu_features()->xsave)
		cr4 |= CR4_OSXSAVE;
	write_cr0((read_cr0() | vmx.cr0_fixed0) & vmx.cr0_fixed1);
	write_cr4((cr4 | vmx.cr4_fixed0) & vmx.cr4_fixed1);
	*(u32 *)vmxon_regions[id] = vmx.revision;
	vmxon(ptr_to_hpa(vmxon_regions[id]).v);
	/* Nothing that an earlier life of this CPU cached may survive. */
	invept(INVEPT_ALL, 0);
	invvpid(INVVPID_ALL, 0);
	return NULL;
}

void virt_disable(void)
{
	ASSERT(!vmx_loaded());
	vmxoff();
	write_cr4(read_cr4() & ~CR4_VMXE);
}

void nmi_in_entry_window(const struct trap_frame *frame)
{
	struct virt_vcpu *hv = vmx_loaded();

	(void)frame;
	/* Whatever this NMI has recorded must be looked at before guest code runs on.
	 * A vCPU that is IN or EXITING may have passed its last-chance test; one that is
	 * OUTSIDE may have passed its last poll. Then it is early enough to leave word,
	 * and another VMCS may be the current one. */
	if (!hv)
		return;
	if (READ_ONCE(hv->gate->mode) == OUTSIDE_GUEST_MODE) /* KICK: own vCPU */
		WRITE_ONCE(hv->exit_at_once, true); /* KICK: read by vmx_timer_arm() */
	else if (vmx.preemption_timer)
		vmx_exit_at_once(hv);
	else
		lapic_send_self(VECTOR_KICK); /* pending until the entry, and ends it */
}
