// SPDX-License-Identifier: MIT
/* Counts the turns of a loop, for ever, in a word of low memory where the in-machine
 * tests find it (tests/machine/fair.c); makes no exit. */
#include "guest.h"

#define COUNTER_GPA 0x6000

int main(void)
{
	volatile unsigned long *counter = (unsigned long *)COUNTER_GPA;

	__asm__("" : "+r"(counter)); /* GCC takes so low an address for a mistake */
	for (;;)
		++*counter;
}
