// SPDX-License-Identifier: MIT
/* A vCPU that never exits of its own accord: interrupts off, no timer, a tight loop. */
#include "guest.h"

int main(void)
{
	print("spin: from here on no exits\n");
	__asm__ volatile("cli; 1: jmp 1b");
	return 0;
}
