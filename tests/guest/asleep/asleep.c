// SPDX-License-Identifier: MIT
/* All CPUs end up in HLT with interrupts off, so that the VM has ended; the others after
 * a SIPI that came while they slept already, and which is ignored (SDM 3A, "MP
 * Initialization Protocol"). */
#include "guest.h"

#define SETTLE 100000
#define ROUNDS 3

/* Returned, it sleeps with interrupts off. */
static void at_once(unsigned index)
{
}

int main(void)
{
	cpu_start_all(at_once);
	for (unsigned i = 0; i < ROUNDS; i++) {
		delay_tsc(SETTLE);
		apic_send(0, APIC_TO_OTHERS | APIC_ASSERT | APIC_SIPI |
				     TRAMPOLINE_GPA >> 12);
	}
	delay_tsc(SETTLE);
	print("asleep: now\n");
	cli();
	hlt();
	check(false, "nothing wakes it");
	return 0;
}
