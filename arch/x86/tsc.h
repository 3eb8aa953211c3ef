// SPDX-License-Identifier: MIT
/* How fast is the TSC? Measured once, against the PM timer or the PIT. */
#pragma once
#include "types.h"

/* pm_timer_port: I/O port of the ACPI PM timer, 0: none (then the PIT is used).
 * Boot CPU. Takes about 20 ms. */
void tsc_calibrate(u16 pm_timer_port);
#define PM_TIMER_MASK 0xffffffU /* the 24 bits that every PM timer has */
/* The real PM timer (ACPI 6.4, "Power Management Timer"): a clock that owes the TSC
 * nothing, to check others by. 0: there is none. Any CPU. */
u32 pm_timer_now(void);
/* A starting AP compares its TSC with the boot CPU's and keeps the difference in its
 * per-CPU block; the boot CPU answers from the loop in which it waits for the AP. */
void tsc_sync_ap(void);
void tsc_sync_serve(void);
/* Busy-wait. Boot and panic only: root mode has a bound. */
void udelay(u64 microseconds);
