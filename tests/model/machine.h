// SPDX-License-Identifier: MIT
/* The machine of a scenario: pCPUs that run the real loop (kernel/sched.c), vCPUs made by
 * the real vcpu_create(), and below them hardware that is modelled (hardware.c). */
#pragma once
#include "scenario.h"
#include "sched.h"
#include "vcpu/vcpu.h"
#include "vcpu/vm.h"

#define MACHINE_VCPUS 2

/* For what only looks, and must not be seen itself: no access in it is announced. */
#define OBSERVER __attribute__((no_sanitize("thread"), noinline))

/* The back end's state of a vCPU, as far as the kick is concerned. */
struct virt_vcpu {
	struct gate *gate;
	struct vcpu *owner;
	s32 cached_on; /* the pCPU whose VMCS cache may hold it, or GATE_CPU_NONE */
	s32 last_on;   /* where it was loaded last */
	bool tlb;      /* a translation is cached: no walk before its page is used */
	/* Set up by the scenario: */
	unsigned leaves; /* so often the guest may leave by itself */
	unsigned fast;   /* ... of which so many exits are fast ones */
	/* For observers: */
	s32 guest_on;    /* it is in its guest there; GATE_CPU_NONE: it is not */
};

/* What the scenario's guest does. NULL: nothing. */
struct guest {
	void (*runs)(struct vcpu *vcpu);  /* first thing after each entry */
	void (*exits)(struct vcpu *vcpu); /* after an exit of its own, mode OUTSIDE */
	void (*fast)(struct vcpu *vcpu);  /* the same in the fast path, mode IN */
	void (*prepares)(struct vcpu *vcpu); /* before an entry, mode OUTSIDE */
};

extern struct guest guest;
extern struct vm machine_vm;
extern struct vcpu machine_vcpus[MACHINE_VCPUS];
#define V (&machine_vcpus[0])
#define W (&machine_vcpus[1])

/* pCPUs, all online; those that are not needed for a kick are left out. */
void machine(unsigned cpus);
/* A vCPU that is runnable, with this home. It may move to the pCPUs of the mask. */
struct vcpu *machine_vcpu(unsigned home, u64 affinity);
/* A pCPU that runs vCPUs. */
void machine_loop(void);

/* Is a vCPU in its guest? Observers and checks only. */
bool in_guest(const struct vcpu *vcpu);
/* The invariants that hold at the end of every scenario with vCPUs: I4, I5, I12. */
void check_no_kick_lost(void);
/* Those of every state: I1's shape, I14's first half, I21, I23. */
void check_every_state(void);
