// SPDX-License-Identifier: MIT
/* A scenario: what each CPU does, and what must hold. */
#pragma once
#include "operation.h"

#define MODEL_CPUS 4

struct scenario {
	const char *name;
	const char *says; /* one line for the table */
	/* Before anything runs; memory is all zero. */
	void (*setup)(void);
	/* What each CPU does; NULL: there is no such CPU. */
	void (*cpu[MODEL_CPUS])(void);
	/* CPUs (bits) that run, one after the other, until they wait for an interrupt,
	 * before the exploration begins. */
	unsigned warm;
	/* After every step; NULL: nothing. */
	void (*always)(void);
	/* When no step is left but optional ones. */
	void (*at_end)(void);
	/* Weak memory: stores go to the end of the modification order only (smaller, but
	 * misses some executions; see weak.c). */
	bool append_only;
	/* Models (bits of enum model_id) under which it does not end in reasonable time:
	 * left out, and said so. */
	unsigned too_large;
	/* A litmus test: the outcome that at_end() calls a failure is expected under
	 * these models (bits of enum model_id). Ends with what it found. */
	bool litmus;
	unsigned reached_under;
};

enum model_id { MODEL_SC, MODEL_TSO, MODEL_WEAK, MODEL_COUNT };

extern const struct scenario *const scenarios[];
extern const unsigned scenario_count;
