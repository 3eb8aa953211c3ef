// SPDX-License-Identifier: MIT
/* What a pCPU does when it has nothing to run. */
#pragma once
#include "cpu.h"

/* Wait for an interrupt, unless there is work already. From the loop. */
void cpu_idle(struct cpu *cpu);
