// SPDX-License-Identifier: MIT
/* The product has no tests in it. */
#include "boot/tests.h"
#include "boot/stop.h"

bool tests_start(const struct boot_options *options)
{
	if (options->test[0])
		stop_boot("test=%s: this build has no tests (make TESTS=1)",
			  options->test);
	return false;
}
