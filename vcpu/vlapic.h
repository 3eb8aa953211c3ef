// SPDX-License-Identifier: MIT
/* The local APIC a vCPU sees (SDM 3A, "Advanced Programmable Interrupt
 * Controller"): registers, priorities, IPIs, timer. It belongs to the pCPU that
 * owns the vCPU; only the words marked [A] are written by others. No lock; the
 * rules of IRR are in docs/ordering.md, "IRR". */
#pragma once
#include "types.h"

struct vcpu;
struct vm;

#define VLAPIC_PAGE_DEFAULT 0xfee00000UL /* where the register page is after power-on */
#define VLAPIC_PAGE_BYTES 0x1000UL
#define VLAPIC_REGS 64 /* 16-byte slots of the page, MSRs 0x800-0x83f */
#define VLAPIC_VECTOR_WORDS 8
#define VLAPIC_FAST_TARGETS 16 /* an IPI to more than this takes the slow path */

/* [I] set before the vCPU first runs   [O] home pCPU only
 * [A] any CPU, marked accesses   [R] written by the home only, read by any */
struct vlapic {
	u32 irr[VLAPIC_VECTOR_WORDS]; /* [A] others set bits, the home clears them */
	u32 tmr[VLAPIC_VECTOR_WORDS]; /* [A] 1: came as a level; settled before IRR */
	u32 errors;                   /* [A] what the next ESR write will show */
	u32 id;                       /* [I] x2APIC ID: the vCPU's index */
	u64 base;                     /* [R] IA32_APIC_BASE */
	u64 base_reserved;            /* [I] bits of it that must be 0 */
	u32 reg[VLAPIC_REGS];         /* [R] the other registers, by slot number */
	u32 isr[VLAPIC_VECTOR_WORDS]; /* [O] */
	u64 deadline;                 /* [O] guest TSC of the next expiry, 0: stopped */
};

/* How an interrupt message is handled at its destination (SDM 3A, "Interrupt
 * Command Register (ICR)", delivery mode). */
enum apic_mode {
	APIC_MODE_FIXED = 0,
	APIC_MODE_LOWEST = 1,
	APIC_MODE_SMI = 2,
	APIC_MODE_NMI = 4,
	APIC_MODE_INIT = 5,
	APIC_MODE_SIPI = 6,
	APIC_MODE_EXTINT = 7,
};

#define APIC_DEST_ALL 0xffffffffu /* broadcast of an x2APIC sender */
#define APIC_DEST_ALL_XAPIC 0xffu /* broadcast of an xAPIC sender or an IOAPIC */

/* An interrupt message between an IOAPIC or a local APIC and local APICs. */
struct apic_message {
	u32 dest; /* APIC ID or logical destination; APIC_DEST_ALL */
	bool logical;
	bool level; /* goes to TMR; its EOI goes to the IOAPIC */
	u8 mode;    /* enum apic_mode */
	u8 vector;
};

/* --- life; home only, or before the vCPU first runs --- */

/* Once per vCPU, after vm and index: power-on state. phys_bits: width of a
 * guest-physical address as CPUID reports it. */
void vlapic_init(struct vcpu *vcpu, unsigned phys_bits);
/* power_on: all of it. Else as after INIT, which leaves IA32_APIC_BASE and the
 * ID alone (SDM 3A, "Local APIC State After It Receives an INIT Reset"). */
void vlapic_reset(struct vcpu *vcpu, bool power_on);

/* --- delivery; any CPU, root mode, takes no lock, never waits --- */

/* Deliver a vector to this vCPU: IRR, request, kick. False: this APIC does not
 * take it (disabled, or the vector is illegal: then its ESR says so). */
bool vlapic_set_irr(struct vcpu *vcpu, u8 vector, bool level);
/* Route a message. Returns how many local APICs took it. */
unsigned vlapic_deliver(struct vm *vm, const struct apic_message *message);

/* --- injection; home only --- */

/* Vector to inject next: the highest in IRR, if its class is above the
 * processor priority; else -1. */
int vlapic_highest_pending(struct vcpu *vcpu);
/* It is being injected: IRR -> ISR. vector came from vlapic_highest_pending(). */
void vlapic_accept(struct vcpu *vcpu, u8 vector);
/* Is one vector served, edge-triggered, and does none wait? Then its EOI changes nothing
 * but what is served. */
bool vlapic_eoi_is_simple(const struct vcpu *vcpu);
/* The highest vector served is done: an EOI that was simple. */
void vlapic_retire(struct vcpu *vcpu);
/* Its delivery was broken off before the guest saw it: ISR -> IRR. */
void vlapic_unaccept(struct vcpu *vcpu, u8 vector);
/* Is there a vector to inject? For the blocking test. */
bool vlapic_has_work(struct vcpu *vcpu);
/* Does LINT0 let interrupts of an 8259 through? (SDM 3A "Local Vector Table (LVT)";
 * with the APIC off, LINT0 is the processor's INTR.) */
bool vlapic_takes_extint(const struct vcpu *vcpu);
/* LINT0 as a BIOS leaves it where there is an 8259: ExtINT. After vlapic_init(). */
void vlapic_wire_extint(struct vcpu *vcpu);
/* The task-priority register, all eight bits: CR8 is its upper four. */
void vlapic_set_tpr(struct vcpu *vcpu, u8 tpr);
u8 vlapic_tpr(const struct vcpu *vcpu);

/* --- registers; home only, mode OUTSIDE, no lock held: an EOI may take
 *     device_lock --- */

/* Is IA32_APIC_BASE's enable bit set? */
bool vlapic_enabled(const struct vcpu *vcpu);
/* IA32_APIC_BASE, IA32_TSC_DEADLINE and 0x800-0x83f. False: #GP. */
bool vlapic_msr_read(struct vcpu *vcpu, u32 msr, u64 *value);
bool vlapic_msr_write(struct vcpu *vcpu, u32 msr, u64 value);
/* The register page. Odd accesses (SDM 3A, "Local APIC Register Address Map",
 * calls them undefined) read as 0 and are not written. False: the page is not
 * there (APIC disabled, or in x2APIC mode). */
bool vlapic_mmio_read(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 *value);
bool vlapic_mmio_write(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 value);
/* Guest-physical address of the page. */
u64 vlapic_page(const struct vcpu *vcpu);
/* WRMSR with the vCPU still IN guest mode: takes no lock, never waits. False:
 * not this way, do it OUTSIDE (nothing was changed). */
bool vlapic_fast_wrmsr(struct vcpu *vcpu, u32 msr, u64 value);

/* --- timer; home only --- */

/* The vCPU leaves its pCPU, or has come to one: disarm, arm. */
void vlapic_timer_evict(struct vcpu *vcpu);
void vlapic_timer_arrive(struct vcpu *vcpu);
/* The guest set its TSC forward by delta (vcpu->tsc_offset is already new). A
 * count goes on for as long as it had to go; a TSC deadline stays a TSC value. */
void vlapic_tsc_moved(struct vcpu *vcpu, u64 delta);
