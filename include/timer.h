// SPDX-License-Identifier: MIT
/* Deadlines on this CPU, in TSC cycles, over the one local APIC timer.
 * A timer belongs to the CPU it was set on: only that CPU sets, cancels and
 * fires it (root mode, interrupts off). Implemented in kernel/timer.c. */
#pragma once
#include "list.h"

struct timer {
	struct list node;                /* [O] in the queue of the CPU, sorted */
	u64 deadline;                    /* [O] host TSC */
	void (*expired)(struct timer *); /* [I] from the CPU's loop, no longer set */
	s32 cpu;                         /* [O] where it is set, -1: not set */
};

void timer_init(struct timer *timer, void (*expired)(struct timer *));
/* (Re)arm on this CPU; a deadline in the past fires at the next timer_serve(). */
void timer_set(struct timer *timer, u64 deadline);
/* Disarm; must be the CPU it was set on. Harmless if it is not set. */
void timer_cancel(struct timer *timer);
static inline bool timer_is_set(const struct timer *timer)
{
	return timer->cpu >= 0;
}
/* Let the next sched_poll() look at the queue: the hardware timer may be late. */
void timer_poke(void);
/* Host TSC frequency in kHz, measured at boot; constant afterwards. */
u64 tsc_khz(void);
/* Now, in cycles of the boot CPU's TSC: the same on every CPU, whatever its own
 * counter says (arch/x86/tsc.c measures the difference when it starts). */
u64 tsc_now(void);
