// SPDX-License-Identifier: MIT
/* Ends as its first word says, with the exit codes of kvm-unit-tests: an image for the
 * self-test of tests/kut/run. */
#include "guest.h"

#define CODE_SKIPPED 38
#define CODE_ABORTED 63

int main(void)
{
	if (has_option("fails")) {
		print("FAIL: on purpose\n");
		return 1;
	}
	if (has_option("skips")) {
		print("SKIP: nothing to test here\n");
		return CODE_SKIPPED;
	}
	if (has_option("aborts"))
		return CODE_ABORTED;
	if (has_option("dies"))
		__asm__ volatile("lidt %0; ud2" : : "m"((u64[2]){0, 0}));
	while (has_option("hangs"))
		;
	return 0;
}
