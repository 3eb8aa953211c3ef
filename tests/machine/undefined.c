// SPDX-License-Identifier: MIT
/* Undefined behaviour on purpose, and a smashed stack: the build that looks for them
 * (UBSAN=1) must say which and where (table.py). The values come from where the
 * compiler cannot see them. */
#include "atomic.h"
#include "harness.h"
#include "string.h"

static struct worker worker;
static s32 hidden = 33;          /* [A] */
static u64 smash_bytes = 4 * 32; /* [A] */
static s32 table[4];

static void shift_turn(struct worker *w)
{
	table[0] = 1 << READ_ONCE(hidden); /* TEST: it could be anything */
}

static void bounds_turn(struct worker *w)
{
	table[READ_ONCE(hidden)] = 1; /* TEST: it could be anything */
}

static void add_turn(struct worker *w)
{
	table[0] = READ_ONCE(hidden) + INT32_MAX; /* TEST: it could be anything */
}

/* Writes up the stack, over the own canary and the return address. */
__attribute__((noinline)) static void smash(void)
{
	u8 buffer[32];

	memset(buffer, 0x5a, READ_ONCE(smash_bytes)); /* TEST: it could be anything */
	table[0] = buffer[READ_ONCE(smash_bytes) % 32];
}

static void smash_turn(struct worker *w)
{
	smash();
}

static void shift_start(u64 seed)
{
	worker_start(&worker, 0, shift_turn, ~0UL, 1, seed);
}

static void bounds_start(u64 seed)
{
	worker_start(&worker, 0, bounds_turn, ~0UL, 1, seed);
}

static void add_start(u64 seed)
{
	worker_start(&worker, 0, add_turn, ~0UL, 1, seed);
}

static void smash_start(u64 seed)
{
	worker_start(&worker, 0, smash_turn, ~0UL, 1, seed);
}

const struct machine_test ub_shift_test = {"shift", shift_start, false};
const struct machine_test ub_bounds_test = {"bounds", bounds_start, false};
const struct machine_test ub_add_test = {"add", add_start, false};
const struct machine_test smash_test = {"smash", smash_start, false};
