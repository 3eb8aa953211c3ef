// SPDX-License-Identifier: MIT
/* The scheduler as the rest of kernel/ drives it; its use is in include/sched.h. */
#pragma once
#include "cpu.h"
#include "sched.h"

/* Take the runnables that others pushed to this CPU. From ipi_serve(). */
void sched_serve_inbox(void);
/* Has every runnable at home here another online CPU it may go to? This CPU. */
bool sched_can_leave(struct cpu *cpu);
/* Send them all there. This CPU, nothing current, marked offline already. */
void sched_leave(struct cpu *cpu);
