// SPDX-License-Identifier: MIT
/* An endless loop, with "off" one with interrupts off: a VM that shares the pCPU must
 * finish all the same, so something of the hypervisor's own takes the pCPU away. */
#include "guest.h"

int main(void)
{
	print("loop: for ever\n");
	if (!has_option("off"))
		sti();
	for (;;)
		__asm__ volatile("");
}
