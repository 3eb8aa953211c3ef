// SPDX-License-Identifier: MIT
/* The timer queue as the CPU's loop drives it; its use is in include/timer.h. */
#pragma once

/* The local APIC timer fired (irq.c). Only marks it. */
void timer_interrupt(void);
/* Fire what is due. From the loop. */
void timer_serve(void);
/* Program the hardware for the next deadline or slice end. */
void timer_program(void);
