// SPDX-License-Identifier: MIT
/* Where should a runnable of this CPU rather run? All answers are hints: two CPUs may
 * choose the same. This CPU, from its loop. */
#pragma once
#include "cpu.h"
#include "sched.h"

/* Say how many this CPU has to run. */
void balance_tell(struct cpu *cpu);
/* An idle CPU that may take r, or SCHED_NO_CPU. */
s32 balance_find_idle(const struct cpu *cpu, const struct runnable *r);
/* A CPU that may take r, which has just run here, and has two fewer or less to run; or
 * SCHED_NO_CPU. */
s32 balance_find_lighter(const struct cpu *cpu, const struct runnable *r);
