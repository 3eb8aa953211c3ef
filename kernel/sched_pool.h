// SPDX-License-Identifier: MIT
/* The scheduler as other parts of kernel/ and boot/ see it; its use is in
 * include/sched.h. */
#pragma once
#include "sched.h"

/* Take the runnables that others pushed to this CPU. From ipi_serve(). */
void sched_serve_inbox(void);
/* Take another pCPU out of the pool, or back. From a CPU that stays online.
 * -EINVAL: no such CPU, or the boot CPU; -EBUSY: it is the last that some vCPU may
 * run on, or already so. */
int sched_cpu_offline(unsigned cpu);
int sched_cpu_online(unsigned cpu);
