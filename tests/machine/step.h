/* SPDX-License-Identifier: MIT */
/* Root mode instruction by instruction, an NMI at a chosen boundary (step_trap.c). */
#pragma once
#include "arch/x86/trap.h"
#include "types.h"

/* Take over the vectors of #DB and NMI; once. Any CPU. */
void step_prepare(void);
/* From the next instruction on, this CPU is stepped: on_step() is asked at each boundary,
 * and with true an NMI arrives right there, before the instruction at frame->rip, and the
 * stepping ends. It also ends by itself at a VM entry. One CPU at a time. */
void step_begin(bool (*on_step)(struct trap_frame *frame));
/* Where the first NMI behind that boundary has interrupted. */
u64 step_nmi_hit(void);
