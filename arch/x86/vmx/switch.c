// SPDX-License-Identifier: MIT
/* State that VT-x leaves alone at entry and exit: each vCPU's own is put into the
 * registers when it is loaded and taken out when another may come (docs/state.md has
 * the table). Root mode uses none of it: no FPU, no SYSCALL, no page faults. */
#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "arch/x86/x86.h"
#include "state.h"

static void save_fpu(struct virt_vcpu *hv)
{
	if (!cpu_features()->xsave) {
		fxsave(hv->xsave_area);
		return;
	}
	hv->saved.xcr0 = xgetbv(0);
	xsetbv(0, cpu_xcr0_offered());
	xsave(hv->xsave_area, cpu_xcr0_offered());
}

static void load_fpu(struct virt_vcpu *hv)
{
	if (!cpu_features()->xsave) {
		fxrstor(hv->xsave_area);
		return;
	}
	xsetbv(0, cpu_xcr0_offered());
	xrstor(hv->xsave_area, cpu_xcr0_offered());
	xsetbv(0, hv->saved.xcr0);
}

void vmx_save_unswitched(struct virt_vcpu *hv)
{
	struct vmx_unswitched *s = &hv->saved;

	s->star = rdmsr(MSR_STAR);
	s->lstar = rdmsr(MSR_LSTAR);
	s->cstar = rdmsr(MSR_CSTAR);
	s->fmask = rdmsr(MSR_FMASK);
	s->kernel_gs_base = rdmsr(MSR_KERNEL_GS_BASE);
	if (vmx.rdtscp)
		s->tsc_aux = rdmsr(MSR_TSC_AUX);
	s->dr[0] = read_dr0();
	s->dr[1] = read_dr1();
	s->dr[2] = read_dr2();
	s->dr[3] = read_dr3();
	s->dr6 = read_dr6();
	s->cr2 = read_cr2();
	save_fpu(hv);
}

void vmx_load_unswitched(struct virt_vcpu *hv)
{
	const struct vmx_unswitched *s = &hv->saved;

	wrmsr(MSR_STAR, s->star);
	wrmsr(MSR_LSTAR, s->lstar);
	wrmsr(MSR_CSTAR, s->cstar);
	wrmsr(MSR_FMASK, s->fmask);
	wrmsr(MSR_KERNEL_GS_BASE, s->kernel_gs_base);
	if (vmx.rdtscp)
		wrmsr(MSR_TSC_AUX, s->tsc_aux);
	write_dr0(s->dr[0]);
	write_dr1(s->dr[1]);
	write_dr2(s->dr[2]);
	write_dr3(s->dr[3]);
	write_dr6(s->dr6);
	write_cr2(s->cr2);
	load_fpu(hv);
}
