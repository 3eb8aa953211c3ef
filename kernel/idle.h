// SPDX-License-Identifier: MIT
/* What a pCPU does when it has nothing to run. */
#pragma once
#include "cpu.h"

/* Wait for an interrupt, unless there is work already. From the loop. */
void cpu_idle(struct cpu *cpu);
/* The loop is at a poll: in debug builds, keep the longest time between two. */
void sched_note_poll(void);
