// SPDX-License-Identifier: MIT
/* The words through which other CPUs reach a vCPU, and the test that stands
 * before every entry to guest mode. The rules: docs/ordering.md, "KICK".
 *
 * mode says where the vCPU is relative to guest mode:
 *
 *   OUTSIDE --(owner, T1)--> IN --(anyone, by cmpxchg, T2)--> EXITING
 *      ^                     |                                   |
 *      +----(owner, T3/T4)---+-----------------------------------+
 *   OUTSIDE --(owner, T5)--> READING --(owner, T6)--> OUTSIDE
 */
#pragma once
#include "atomic.h"
#include "types.h"

enum vcpu_mode {
	OUTSIDE_GUEST_MODE,  /* in root mode; the next entry looks at requests */
	IN_GUEST_MODE,       /* committed to entry, in the guest, or just out of it */
	EXITING_GUEST_MODE,  /* as IN, and somebody has claimed to send the IPI */
	READING_SHADOW_PAGE_TABLES, /* walking nested page tables without the VM's lock */
};

#define GATE_CPU_NONE (-1)

/* [A] any CPU, marked accesses   [O] written by the owning pCPU only, read by any */
struct gate {
	u32 mode;     /* [A] enum vcpu_mode; remote writers only IN -> EXITING */
	s32 cpu;      /* [O] pCPU where the vCPU was last loaded, or GATE_CPU_NONE */
	u64 requests; /* [A] bits of enum vcpu_request (vcpu/request.h) */
} __attribute__((aligned(64)));

/* The last-chance test: must this vCPU go to root mode instead of (re-)entering?
 * Called by the owner with mode IN or EXITING, interrupts off.
 * KICK: the acquire pairs with the full-ordered clearing of a request bit by
 * another CPU (a gate opened from outside publishes its change through it). */
static inline bool gate_last_chance(struct gate *gate)
{
	return smp_load_acquire(&gate->requests) != 0 ||
	       READ_ONCE(gate->mode) == EXITING_GUEST_MODE;
}
