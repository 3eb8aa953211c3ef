// SPDX-License-Identifier: MIT
/* The VT-x back end's own structures: arch/x86/vmx only. */
#pragma once

/* Offsets for enter.S, asserted below. */
#define HV_RAX 0
#define HV_RCX 8
#define HV_RDX 16
#define HV_RBX 24
#define HV_RBP 40
#define HV_RSI 48
#define HV_RDI 56
#define HV_R8 64
#define HV_R9 72
#define HV_R10 80
#define HV_R11 88
#define HV_R12 96
#define HV_R13 104
#define HV_R14 112
#define HV_R15 120
#define HV_HOST_RSP 128

#ifndef __ASSEMBLER__
#include "arch/x86/pagetable.h"
#include "assert.h"
#include "caps.h"
#include "virt.h"

struct virt_space {
	struct page_table pt;
	u64 eptp; /* [I] */
};

/* What the VMCS does not switch (docs/state.md). Valid while not loaded. */
struct vmx_unswitched {
	u64 star, lstar, cstar, fmask, kernel_gs_base, tsc_aux;
	u64 dr[4], dr6, cr2, xcr0;
};

#define VMX_CPUID_BASIC 32
#define VMX_CPUID_RANGE 16

/* Answers by leaf for leaves without subleaves, so that the fast path is an
 * index and not a search; NULL: ask the slow path. */
struct vmx_cpuid_index {
	const struct virt_cpuid_entry *basic[VMX_CPUID_BASIC];      /* 0... */
	const struct virt_cpuid_entry *extended[VMX_CPUID_RANGE];   /* 0x80000000... */
	const struct virt_cpuid_entry *hypervisor[VMX_CPUID_RANGE]; /* 0x40000000... */
};

/* [I] constant after creation; the rest is the owning pCPU's. */
struct virt_vcpu {
	u64 regs[REG_COUNT];      /* guest registers; RSP lives in the VMCS */
	u64 host_rsp;             /* what HOST_RSP holds */
	struct gate *gate;        /* [I] */
	void *owner;              /* [I] */
	struct virt_space *space; /* [I] */
	struct vmx_cpuid_index cpuid;
	u64 vmcs;         /* [I] its page */
	u64 msr_bitmap;   /* [I] */
	void *xsave_area; /* [I] */
	s32 cpu;          /* where the VMCS is cached; -1: cleared, in memory */
	bool launched;    /* VMRESUME, not VMLAUNCH */
	u16 vpid;         /* [I] */
	u32 proc_ctls;    /* what the VMCS holds */
	u32 event;        /* entry interruption information to write, 0: none */
	u32 event_error, event_length;
	s32 displaced; /* see virt_take_displaced() */
	bool loaded;   /* unswitched state is in the registers */
	bool finished; /* the fast path did this exit, but something waits outside */
	bool exit_at_once; /* [A] the NMI handler wants the next entry to end at once */
	struct vmx_unswitched saved;
	u64 fast_exits[VIRT_EXIT_UNKNOWN + 1]; /* finished by the fast path */
};

static_assert(offsetof(struct virt_vcpu, regs[REG_RDI]) == HV_RDI, "enter.S uses it");
static_assert(offsetof(struct virt_vcpu, regs[REG_R15]) == HV_R15, "enter.S uses it");
static_assert(offsetof(struct virt_vcpu, host_rsp) == HV_HOST_RSP, "enter.S uses it");

#define NONE_DISPLACED (-1)

extern struct vmx_caps vmx; /* [I] after virt_probe() */

/* enter.S: enter the guest; false after an exit, true if the entry itself failed
 * (VMfail: no exit took place). */
bool vmx_enter(struct virt_vcpu *hv, u64 launched);
/* enter.S: where exits arrive. */
void vmx_exit(void);
/* fast.c, called by enter.S with the caller-saved registers and RBX in hv->regs.
 * true: handled, the last-chance test passed, re-enter. */
bool vmx_fast_exit(struct virt_vcpu *hv);

/* preempt.c: the preemption timer. */
extern bool vmx_quirk_if0; /* [I] after virt_self_test() */
/* Exit at the TSC value at the latest; 0: no limit. Current VMCS. */
void vmx_timer_arm(struct virt_vcpu *hv, u64 deadline);
/* Make the next entry exit at once; also from the NMI handler. Current VMCS. */
void vmx_exit_at_once(struct virt_vcpu *hv);
/* The timer has caused this exit: off again. */
void vmx_timer_expired(struct virt_vcpu *hv);
/* vcpu.c: drop this vCPU's linear translations on this CPU. */
void vmx_flush_linear(struct virt_vcpu *hv);
/* vmcs.c, space.c: what all vCPUs share, once the capabilities are known. Boot CPU. */
void vmcs_prepare(void);
void vmx_space_prepare(void);
/* vmcs.c */
void vmcs_init(struct virt_vcpu *hv);
void vmcs_set_host_cpu(void);
/* Guest CR4 bits that the guest may change without an exit. */
u64 vmx_cr4_guest_owned(void);
/* switch.c */
void vmx_save_unswitched(struct virt_vcpu *hv);
void vmx_load_unswitched(struct virt_vcpu *hv);
/* event.c: after an exit, keep what its arrival interrupted. */
void vmx_keep_interrupted_event(struct virt_vcpu *hv);
void vmx_write_event(struct virt_vcpu *hv);
/* exit.c */
void vmx_read_exit(struct virt_vcpu *hv, struct virt_exit *exit);
/* cpu.c: the vCPU loaded on this CPU. */
void vmx_set_loaded(struct virt_vcpu *hv);
struct virt_vcpu *vmx_loaded(void);
#endif
