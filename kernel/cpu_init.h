// SPDX-License-Identifier: MIT
/* Making CPUs known; their use is in include/cpu.h. */
#pragma once
#include "cpu.h"

/* Any constant without a zero byte would do: it only has to be unlikely. */
#define STACK_CANARY 0x57ac6ca9a1b2c3d4UL

/* A new block. Boot CPU only. NULL: MAX_CPUS are there. */
struct cpu *cpu_add(u32 apic_id);
/* Forget the last one added: it did not answer. */
void cpu_remove_last(void);
/* The page below a CPU's stack, to be taken out of the map. */
const void *cpu_stack_guard(unsigned id);
/* Enter or leave the scheduling pool. The CPU itself. */
void cpu_set_online(struct cpu *cpu, bool online);
