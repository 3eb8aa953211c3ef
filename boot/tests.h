// SPDX-License-Identifier: MIT
/* In-machine tests: linked in by "make TESTS=1" (tests/machine), absent otherwise. */
#pragma once
#include "boot/options.h"

/* Start the test that the command line names. False: none, go on with guests. */
bool tests_start(const struct boot_options *options);
