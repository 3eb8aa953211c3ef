// SPDX-License-Identifier: MIT
/* The words of Spur's own command line. */
#pragma once
#include "kernel/panic.h"
#include "types.h"

#define TEST_NAME_MAX 32

struct boot_options {
	enum machine_end end;         /* end=poweroff|reboot|halt|exit */
	s32 hold_ap;                  /* hold-ap=N, for tests: that AP never answers */
	char test[TEST_NAME_MAX];     /* test=NAME (test builds), "" none */
	u64 skew;                     /* skew=N, for tests: each AP's TSC is N cycles more
				       * ahead than the one before */
	u64 seed;                     /* seed=N */
	u64 ticks;                    /* ticks=N, for tests: how long the soak lasts */
	u32 msr;                      /* msr=HEX:HEX, for tests: a capability MSR and */
	u64 msr_value;                /* the value that VT-x's probe finds in it */
};

/* Unknown words are named on the log and skipped. */
void options_parse(const char *cmdline, struct boot_options *out);
