// SPDX-License-Identifier: MIT
/* Idle: sti; hlt back to back, after a last look at the inbox with interrupts off.
 * An IPI that arrives after that look is pending, and wakes the HLT at once. */
#include "kernel/idle.h"
#include "atomic.h"
#include "console.h"
#include "ipi.h"
#include "kernel/balance.h"
#include "stretch.h"

void cpu_idle_wait(void); /* arch/x86/entry.S */

void cpu_idle(struct cpu *cpu)
{
	balance_tell(cpu);
	WRITE_ONCE(cpu->idle, 1); /* IDLE: a hint for balance_find_idle() */
	if (!ipi_pending() && !console_flush_step()) {
		stretch_end();
		cpu_idle_wait();
		stretch_begin();
	}
	WRITE_ONCE(cpu->idle, 0); /* IDLE: as above */
}
