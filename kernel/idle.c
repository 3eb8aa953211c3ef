// SPDX-License-Identifier: MIT
/* Idle: sti; hlt back to back, after a last look at the inbox with interrupts off.
 * An IPI that arrives after that look is pending, and wakes the HLT at once. */
#include "kernel/idle.h"
#include "atomic.h"
#include "console.h"
#include "ipi.h"
#include "timer.h"

void cpu_idle_wait(void); /* arch/x86/entry.S */

void cpu_idle(struct cpu *cpu)
{
	WRITE_ONCE(cpu->idle, 1); /* IDLE: a hint for find_idle() */
	if (!ipi_pending() && !console_flush_step())
		cpu_idle_wait();
	WRITE_ONCE(cpu->idle, 0); /* IDLE: as above */
	cpu->last_poll = tsc_now();
}

void sched_note_poll(void)
{
	struct cpu *cpu = this_cpu();
	u64 now = tsc_now();

	/* The guest's time is not ours: the run loop restarts the clock after an exit. */
	if (cpu->last_poll && now - cpu->last_poll > cpu->longest_stretch)
		WRITE_ONCE(cpu->longest_stretch, now - cpu->last_poll); /* STATS: hint */
	cpu->last_poll = now;
}
