// SPDX-License-Identifier: MIT
/* arch/x86/trap.h, but for the window in which interrupts come: the test says what comes
 * then. Found first with -iquote host. */
#pragma once
#define irq_window irq_window_of_the_hardware
#include_next "arch/x86/trap.h"
#undef irq_window

void irq_window(void);
