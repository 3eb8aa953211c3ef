// SPDX-License-Identifier: MIT
/* Exit handlers, one for each reason, in a table: what the architecture says, or the
 * VM's end with a reason. A handler never blocks and never panics on what a guest did. */
#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "atomic.h"
#include "bits.h"
#include "string.h"
#include "vcpu/io.h"
#include "vcpu/policy.h"
#include "vcpu/pv_eoi.h"
#include "vcpu/run.h"
#include "vcpu/vm.h"

static void skip(struct vcpu *vcpu)
{
	virt_skip(vcpu->hv, vcpu->exit.length);
}

static u64 reg32(struct vcpu *vcpu, unsigned reg)
{
	return (u32)virt_reg(vcpu->hv, reg);
}

static u64 edx_eax(struct vcpu *vcpu)
{
	return reg32(vcpu, REG_RDX) << 32 | reg32(vcpu, REG_RAX);
}

static u64 guest_rip(struct vcpu *vcpu)
{
	struct virt_sregs s;

	virt_get_sregs(vcpu->hv, &s);
	return s.rip;
}

static void nothing(struct vcpu *vcpu)
{
}

static void unexpected(struct vcpu *vcpu)
{
	vm_kill(vcpu->vm,
		"vcpu%u: exit that cannot happen (hardware reason %u) at rip %lx",
		vcpu->index, vcpu->exit.raw, guest_rip(vcpu));
}

static void on_exception(struct vcpu *vcpu)
{
	virt_reinject_exception(vcpu->hv, &vcpu->exit);
}

static void on_triple_fault(struct vcpu *vcpu)
{
	if (vcpu->vm->desc->triple_resets) {
		vm_reset(vcpu->vm, "triple fault");
		return;
	}
	vm_kill(vcpu->vm, "vcpu%u: triple fault at rip %lx", vcpu->index,
		guest_rip(vcpu));
}

static void on_cpuid(struct vcpu *vcpu)
{
	u32 out[4];

	cpuid_answer(vcpu, (u32)reg32(vcpu, REG_RAX), (u32)reg32(vcpu, REG_RCX), out);
	virt_set_reg(vcpu->hv, REG_RAX, out[0]);
	virt_set_reg(vcpu->hv, REG_RBX, out[1]);
	virt_set_reg(vcpu->hv, REG_RCX, out[2]);
	virt_set_reg(vcpu->hv, REG_RDX, out[3]);
	skip(vcpu);
}

static void on_hlt(struct vcpu *vcpu)
{
	pv_eoi_settle(vcpu);
	skip(vcpu);
	vcpu->stats.halts++;
	/* A single-stepped HLT traps, and so ends at once. */
	if (virt_debug_trap_pending(vcpu->hv))
		return;
	vcpu->activity = VCPU_HALTED;
	vcpu->halted_with_if = virt_interrupt_flag(vcpu->hv);
	vcpu->halted_in_nmi = virt_nmi_blocked(vcpu->hv);
	if (vcpu->halted_with_if ||
	    READ_ONCE(vcpu->nmi_pending)) /* KICK: payload of NMI */
		return;
	vcpu_now_hopeless(vcpu);
}

static void on_rdmsr(struct vcpu *vcpu)
{
	u64 value;

	if (!msr_read(vcpu, (u32)reg32(vcpu, REG_RCX), &value)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	virt_set_reg(vcpu->hv, REG_RAX, (u32)value);
	virt_set_reg(vcpu->hv, REG_RDX, value >> 32);
	skip(vcpu);
}

static void on_wrmsr(struct vcpu *vcpu)
{
	if (msr_write(vcpu, (u32)reg32(vcpu, REG_RCX), edx_eax(vcpu)))
		skip(vcpu);
	else
		vcpu_inject_gp(vcpu);
}

/* XCR0 must have x87, SSE with AVX, the AVX-512 parts together, and nothing that is
 * not offered (SDM 1 "Enabling the XSAVE Feature Set"). */
#define XCR0_X87 BIT(0)
#define XCR0_SSE BIT(1)
#define XCR0_AVX BIT(2)
#define XCR0_AVX512 (BIT(5) | BIT(6) | BIT(7))

static bool xcr0_is_valid(u64 xcr0)
{
	u64 avx512 = xcr0 & XCR0_AVX512;

	if (!(xcr0 & XCR0_X87) || xcr0 & ~cpu_xcr0_offered())
		return false;
	if (xcr0 & XCR0_AVX && !(xcr0 & XCR0_SSE))
		return false;
	return !avx512 || (avx512 == XCR0_AVX512 && xcr0 & XCR0_AVX);
}

static void on_xsetbv(struct vcpu *vcpu)
{
	u64 value = edx_eax(vcpu);

	if (reg32(vcpu, REG_RCX) != 0 || !xcr0_is_valid(value)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	vcpu->xcr0 = value;
	virt_set_xcr0(vcpu->hv, value);
	skip(vcpu);
}

/* WBINVD and INVD: caches are coherent and no device does DMA here. */
static void on_cache(struct vcpu *vcpu)
{
	skip(vcpu);
}

static void on_undefined(struct vcpu *vcpu)
{
	vcpu_inject_ud(vcpu);
}

static void on_task_switch(struct vcpu *vcpu)
{
	vm_kill(vcpu->vm, "vcpu%u: hardware task switch at rip %lx is not supported",
		vcpu->index, guest_rip(vcpu));
}

static void on_window(struct vcpu *vcpu)
{
	vcpu->check_events = true;
}

/* It stands in for the local APIC's timer, or ended an entry for an NMI's sake. */
static void on_preempt(struct vcpu *vcpu)
{
	timer_poke();
}

static void on_bad_state(struct vcpu *vcpu)
{
	vm_kill(vcpu->vm, "vcpu%u: %s, at rip %lx", vcpu->index, vcpu->exit.why,
		guest_rip(vcpu));
}

static void (*const handlers[])(struct vcpu *vcpu) = {
	[VIRT_EXIT_NONE] = nothing,
	[VIRT_EXIT_INTERRUPT] = nothing,
	[VIRT_EXIT_NMI] = nothing,
	[VIRT_EXIT_EXCEPTION] = on_exception,
	[VIRT_EXIT_TRIPLE_FAULT] = on_triple_fault,
	[VIRT_EXIT_CPUID] = on_cpuid,
	[VIRT_EXIT_HLT] = on_hlt,
	[VIRT_EXIT_HYPERCALL] = unexpected, /* the fast path answers all */
	[VIRT_EXIT_IO] = exit_io,
	[VIRT_EXIT_RDMSR] = on_rdmsr,
	[VIRT_EXIT_WRMSR] = on_wrmsr,
	[VIRT_EXIT_CR] = exit_cr,
	[VIRT_EXIT_DR] = unexpected,
	[VIRT_EXIT_NPF] = exit_npf,
	[VIRT_EXIT_XSETBV] = on_xsetbv,
	[VIRT_EXIT_CACHE] = on_cache,
	[VIRT_EXIT_UNDEFINED] = on_undefined,
	[VIRT_EXIT_PAUSE] = nothing,
	[VIRT_EXIT_TASK_SWITCH] = on_task_switch,
	[VIRT_EXIT_WINDOW] = on_window,
	[VIRT_EXIT_PREEMPT] = on_preempt,
	[VIRT_EXIT_BAD_STATE] = on_bad_state,
	[VIRT_EXIT_MACHINE_CHECK] = nothing,
	[VIRT_EXIT_UNKNOWN] = unexpected,
};

void vcpu_handle_exit(struct vcpu *vcpu)
{
	s32 displaced;

	handlers[vcpu->exit.reason](vcpu);
	displaced = virt_take_displaced(vcpu->hv);
	if (displaced >= 0) {
		pv_eoi_settle(vcpu);
		vcpu_take_back(vcpu, (u8)displaced);
	}
}
