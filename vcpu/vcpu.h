// SPDX-License-Identifier: MIT
/* A virtual CPU: its fields with who may touch them, and its life.
 *
 * [I] set before it first runs, then constant   [O] only the pCPU that is its home
 * [A] any CPU, marked accesses                  [H] also read or written by hardware */
#pragma once
#include "gate.h"
#include "request.h"
#include "sched.h"
#include "timer.h"
#include "virt.h"
#include "vlapic.h"

struct vm;

/* Multi-processing state as the guest sees it. */
enum vcpu_activity {
	VCPU_RUNNABLE,
	VCPU_HALTED,        /* HLT: an interrupt or NMI wakes it */
	VCPU_WAIT_FOR_SIPI, /* after INIT */
	VCPU_ENDED,         /* its VM is dead */
};

#define VCPU_INIT_PENDING BIT(0)
#define VCPU_SIPI_PENDING BIT(1)

#define VCPU_NO_EXTINT (-1)

#define VCPU_CPUID_MAX 64

/* First registers of the boot vCPU, from the loader's plan. */
struct vcpu_boot {
	struct virt_sregs sregs;
	u64 regs[REG_COUNT];
};

struct vcpu_stats {
	u64 exits[VIRT_EXIT_UNKNOWN + 1];
	u64 entries; /* times it has passed the gate */
	u64 injected, halts, migrations;
	u64 eois;    /* EOI registers written */
	u64 pv_eois; /* EOIs given without an exit */
};

struct vcpu {
	struct gate gate;         /* [A] mode, cpu, requests; a cache line of its own */
	struct runnable run;      /* see sched.h */
	struct virt_vcpu *hv;     /* [I] hardware state, [O] contents */
	struct vm *vm;            /* [I] */
	u32 index;                /* [I] 0..vm->vcpu_count-1; not the APIC ID */
	u32 activity;             /* [O] enum vcpu_activity */
	u32 events;               /* [A] VCPU_INIT_PENDING, VCPU_SIPI_PENDING */
	u32 sipi_vector;          /* [A] stored before VCPU_SIPI_PENDING is set */
	u32 nmi_pending;          /* [A] NMIs to deliver, at most 2 as in hardware */
	struct vlapic lapic;      /* see vlapic.h */
	struct timer lapic_timer; /* [O] */
	u64 tsc_offset;           /* [O] guest TSC = host TSC + this */
	u64 tsc_adjust;           /* [O] IA32_TSC_ADJUST */
	u64 pvclock_gpa;          /* [O] 0: kvmclock off */
	u64 pv_eoi_gpa;           /* [O] 0: PV EOI off */
	bool pv_eoi_offered;      /* [O] the guest may give an EOI by its word */
	u64 xcr0, xss;            /* [O] */
	u64 misc_enable;          /* [O] IA32_MISC_ENABLE, what can be written */
	char name[32];            /* [I] "vm0/vcpu1" */
	struct virt_exit exit;    /* [O] the last one */
	s32 extint; /* [O] vector of the 8259's that was taken and not delivered */
	bool extint_given; /* [O] the last interrupt that was injected was the 8259's */
	bool check_events; /* [O] look at what there is to inject before the next entry */
	bool halted_in_nmi; /* [O] ... in an NMI handler: an NMI does not end it */
	u32 hopeless;      /* [A] sleeps with interrupts off, or waits for SIPI */
	bool halted_with_if; /* [O] the HLT that it sleeps in had interrupts on */
	const struct vcpu_boot
		*boot; /* [O] first registers; NULL: it waits for SIPI, or runs */
	struct virt_cpuid_entry cpuid[VCPU_CPUID_MAX]; /* [O] what CPUID answers */
	u32 cpuid_count;                               /* [I] */
	void (*test_handler)(struct vcpu *); /* [A] REQ_TEST, in-machine tests only */
	struct vcpu_stats stats;             /* [O], read by others as a hint */
};

/* The vCPU that is current on this pCPU, or NULL. */
struct vcpu *vcpu_current(void);
/* Create vCPU number index of the VM; nothing runs yet. NULL: no memory. */
struct vcpu *vcpu_create(struct vm *vm, unsigned index);
/* Free it: it has ended and nobody can reach it, or it has never run. Its VM's keeper. */
void vcpu_free(struct vcpu *vcpu);

/* --- what other files may ask of a vCPU, from any CPU, root mode --- */

/* INIT and SIPI as they arrive at the local APIC; payload, request, kick. */
void vcpu_post_init(struct vcpu *vcpu);
void vcpu_post_sipi(struct vcpu *vcpu, u8 vector);
void vcpu_post_nmi(struct vcpu *vcpu);

/* --- owner only: in an exit handler or while serving requests --- */

/* Guest TSC now. */
u64 vcpu_guest_tsc(const struct vcpu *vcpu);
/* Inject #GP(0), #UD into the guest at the current instruction. */
void vcpu_inject_gp(struct vcpu *vcpu);
void vcpu_inject_ud(struct vcpu *vcpu);
