// SPDX-License-Identifier: MIT
/* One CPU asks another to do something: kick, doorbell, acknowledgement, call.
 * Implemented in kernel/ipi.c; the local APIC is below in arch/x86. */
#pragma once
#include "types.h"

/* Send the kick IPI. Root mode, interrupts off; fences before the send, so all
 * that this CPU stored before is visible to whoever takes it. */
void ipi_kick(unsigned cpu);
/* The same to each CPU of the mask, this one excepted. */
void ipi_kick_mask(u64 mask);
/* Kick every CPU of the mask and return after each has served its inbox with
 * its own vCPU OUTSIDE since this call began. Serves this CPU's own inbox meanwhile.
 * Only when this CPU's own vCPU is OUTSIDE and no lock is held that an inbox
 * handler takes. A CPU that does not answer within WAIT_LIMIT_US is a panic
 * that names it. */
void ipi_kick_and_wait(u64 mask);
/* Run fn(arg) on the CPU from its loop and wait for it; same rules as above.
 * On this CPU: just call it. -EBUSY: that CPU is not online. */
int ipi_call(unsigned cpu, void (*fn)(void *), void *arg);
/* Acknowledge and serve what others asked of this CPU. From its loop, or while
 * it waits; own vCPU OUTSIDE. */
void ipi_serve(void);
/* Something in the inbox? Owner; cheap. */
bool ipi_pending(void);
