// SPDX-License-Identifier: MIT
/* What each host interrupt vector means. All of them only mark; the CPU's loop
 * does the work, when its vCPU is OUTSIDE. */
#include "arch/x86/trap.h"
#include "console.h"
#include "cpu.h"
#include "kernel/timer_queue.h"

void irq_handle(u8 vector)
{
	switch (vector) {
	case VECTOR_TIMER:
		timer_interrupt();
		break;
	case VECTOR_SERIAL:
		console_interrupt();
		break;
	case VECTOR_KICK:
	case VECTOR_DOORBELL:
		/* Being here is the effect: the vCPU has left its guest, or HLT is
		 * over. */
		break;
	default:
		this_cpu()->spurious_count++;
	}
}
