// SPDX-License-Identifier: MIT
/* The real local APIC of this CPU (SDM 3A "Advanced Programmable Interrupt
 * Controller"), in x2APIC mode where there is one, else through its page.
 * Root mode, interrupts off. */
#pragma once
#include "types.h"

/* Choose the mode. Boot CPU, once, before the page tables are switched:
 * base is the MADT's address. */
void lapic_init(u64 base);
/* Enable this CPU's APIC. */
void lapic_enable(void);
bool lapic_is_x2apic(void);
u32 lapic_id(void);
void lapic_eoi(void);

/* Send a fixed interrupt. Everything this CPU stored before is visible to the
 * receiver: a write of the x2APIC ICR orders nothing by itself (SDM 3A "MSR
 * Access in x2APIC Mode"), so there is a fence before it. */
void lapic_send_ipi(u32 apic_id, u8 vector);
/* To every other CPU whose APIC is enabled, not to this one. */
void lapic_send_nmi_others(void);
void lapic_send_nmi(u32 apic_id);
void lapic_send_self(u8 vector);
/* INIT and SIPI for smp.c (SDM 3A "MP Initialization Protocol"). */
void lapic_send_init(u32 apic_id);
void lapic_send_sipi(u32 apic_id, u8 page);

/* Measure the timer against the TSC if it has no deadline mode. Boot CPU. */
void lapic_timer_calibrate(void);
/* Interrupt at the TSC value, once; 0: never. */
void lapic_timer_set(u64 deadline);
/* "x2APIC, TSC-deadline timer" for the log. */
const char *lapic_describe(void);
