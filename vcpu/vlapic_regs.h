// SPDX-License-Identifier: MIT
/* Register slots and bits of the local APIC (SDM 3A, "Local APIC Register
 * Address Map"), and what the vlapic*.c files say to each other. */
#pragma once
#include "bits.h"
#include "vlapic.h"

/* Slot: offset in the page / 16, or MSR - 0x800. */
enum {
	APIC_ID = 0x02,
	APIC_VERSION = 0x03,
	APIC_TPR = 0x08,
	APIC_PPR = 0x0a,
	APIC_EOI = 0x0b,
	APIC_LDR = 0x0d,
	APIC_DFR = 0x0e,
	APIC_SVR = 0x0f,
	APIC_ISR = 0x10, /* 8 slots each */
	APIC_TMR = 0x18,
	APIC_IRR = 0x20,
	APIC_ESR = 0x28,
	APIC_ICR = 0x30,
	APIC_ICR_HIGH = 0x31,
	APIC_LVT_TIMER = 0x32,
	APIC_LVT_THERMAL = 0x33,
	APIC_LVT_PERF = 0x34,
	APIC_LVT_LINT0 = 0x35,
	APIC_LVT_LINT1 = 0x36,
	APIC_LVT_ERROR = 0x37,
	APIC_TIMER_INITIAL = 0x38,
	APIC_TIMER_CURRENT = 0x39,
	APIC_TIMER_DIVIDE = 0x3e,
	APIC_SELF_IPI = 0x3f,
};

#define XAPIC_ID_SHIFT 24
#define APIC_LVT_DELIVERY 0x700u
#define APIC_LVT_EXTINT 0x700u
#define APIC_VECTOR_FIRST 16 /* lower ones are illegal */
#define APIC_VECTOR_MASK 0xffu
#define APIC_CLASS_MASK 0xf0u

#define APIC_SVR_ENABLE (1u << 8)
#define APIC_SVR_MASK 0x3ffu /* vector, enable, focus check; no EOI suppression */

#define APIC_ESR_SEND_ILLEGAL (1u << 5)
#define APIC_ESR_RECEIVE_ILLEGAL (1u << 6)
#define APIC_ESR_REGISTER (1u << 7)

#define APIC_LVT_MASKED (1u << 16)
#define APIC_LVT_TIMER_MODE 0x60000u
#define APIC_LVT_ONE_SHOT 0u
#define APIC_LVT_PERIODIC 0x20000u
#define APIC_LVT_DEADLINE 0x40000u

#define APIC_ICR_VECTOR MASK(7, 0)
#define APIC_ICR_MODE_SHIFT 8
#define APIC_ICR_MODE MASK(10, 8)
#define APIC_ICR_LOGICAL BIT(11)
#define APIC_ICR_BUSY BIT(12)
#define APIC_ICR_ASSERT BIT(14)
#define APIC_ICR_LEVEL BIT(15)
#define APIC_ICR_SHORTHAND MASK(19, 18)
#define APIC_ICR_SELF (1UL << 18)
#define APIC_ICR_ALL (2UL << 18)
#define APIC_ICR_OTHERS (3UL << 18)
/* #GP in x2APIC mode; APIC_ICR_BUSY is ignored there. */
#define APIC_ICR_RESERVED (MASK(31, 20) | MASK(17, 16) | BIT(13))

#define X2APIC_CLUSTER_SHIFT 4 /* ID: cluster above, member below */
#define X2APIC_LDR_SHIFT 16    /* LDR: cluster above, mask of members below */
#define X2APIC_MEMBER 15u

static inline bool vlapic_is_lvt(unsigned slot)
{
	return slot >= APIC_LVT_TIMER && slot <= APIC_LVT_ERROR;
}

static inline u32 vector_bit(u8 vector)
{
	return 1u << (vector % 32);
}

/* Note an error for the ESR and raise the LVT's error interrupt, once until the
 * guest rearms it by writing the ESR. Any CPU. */
void vlapic_error(struct vcpu *vcpu, u32 bit);
bool vlapic_is_x2apic(const struct vcpu *vcpu);
/* Everything but IA32_APIC_BASE and the ID, as after power-up. */
void vlapic_reset_registers(struct vcpu *vcpu);
/* The xAPIC ID: INIT leaves it alone. */
void vlapic_reset_id(struct vcpu *vcpu);
/* The home has taken away something that may have held a vector back. */
void vlapic_look_again(struct vcpu *vcpu);
/* The vector in service with the highest priority, or -1. */
int vlapic_serving(const struct vlapic *lapic);
u32 vlapic_processor_priority(const struct vlapic *lapic);

/* vlapic_ipi.c. Do what the ICR says; its upper half is as the mode has it. */
void vlapic_send_ipi(struct vcpu *vcpu, u64 icr);
/* The same from the fast path, x2APIC mode. False: nothing done. */
bool vlapic_send_ipi_fast(struct vcpu *vcpu, u64 icr);

/* vlapic_timer.c. */
u32 vlapic_timer_current(struct vcpu *vcpu);
void vlapic_timer_set_lvt(struct vcpu *vcpu, u32 lvt);
void vlapic_timer_set_initial(struct vcpu *vcpu, u32 count);
void vlapic_timer_set_divide(struct vcpu *vcpu, u32 divide);
u64 vlapic_timer_deadline(const struct vcpu *vcpu);
/* Ignored unless the timer is in TSC-deadline mode. */
void vlapic_timer_set_deadline(struct vcpu *vcpu, u64 deadline);
void vlapic_timer_stop(struct vcpu *vcpu);
void vlapic_timer_init(struct vcpu *vcpu);
