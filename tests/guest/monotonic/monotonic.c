// SPDX-License-Identifier: MIT
/* Time never goes back: RDTSC only rises, also while the vCPU is moved between pCPUs
 * whose own counters differ (tests/machine/moves.c). Runs until it has seen enough. */
#include "guest.h"

#define READS 400000

int main(void)
{
	unsigned long last = rdtsc(), backwards = 0, worst = 0;

	for (unsigned i = 0; i < READS; i++) {
		unsigned long now = rdtsc();

		if (now < last) {
			backwards++;
			worst = last - now > worst ? last - now : worst;
		}
		last = now;
	}
	print("monotonic: %lu steps back, the longest %lu\n", backwards, worst);
	return backwards != 0;
}
