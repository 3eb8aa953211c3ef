// SPDX-License-Identifier: MIT
/* An endless loop, with "off" one with interrupts off: a VM that shares the pCPU must
 * finish all the same, so something of the hypervisor's own takes the pCPU away. With
 * "exits" one of exits. */
#include "guest.h"

int main(void)
{
	print("loop: for ever\n");
	if (!has_option("off"))
		sti();
	while (has_option("exits"))
		cpuid(0, 0);
	for (;;)
		__asm__ volatile("");
}
