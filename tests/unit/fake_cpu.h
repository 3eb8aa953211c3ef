// SPDX-License-Identifier: MIT
/* Several CPUs in one program, one of them at a time: this_cpu() reads the GS base, which
 * Linux lets a program set, so include/cpu.h is used as it is. With kernel/cpu.c. */
#pragma once
#include "cpu.h"

/* So many CPUs, as after boot, all online; the program runs on number 0. */
void fake_cpus(unsigned count);
/* From here on the program runs on this one. A function that asked this_cpu() before
 * may go on with the old answer: switch between the calls under test only. */
struct cpu *fake_cpu_switch(unsigned id);
