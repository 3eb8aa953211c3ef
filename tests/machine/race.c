// SPDX-License-Identifier: MIT
/* The race detector on trial: a gate's cpu, stored marked by the pCPU that loads the
 * vCPU and read by a kicker, plain in one test (that race must be reported, table.py)
 * and marked in the other (that must not). */
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "gate.h"
#include "harness.h"
#include "printk.h"

#define ROUNDS 20000U
#define TURN_ROUNDS 100U

static struct worker loader, kicker;
static struct gate gate;
static u32 kicker_done; /* [A] */
static u32 rounds;
static s32 sum; /* so that what is read is used */

__attribute__((noinline)) static void load_marked(void)
{
	WRITE_ONCE(gate.cpu, (s32)this_cpu()->id); /* TEST: read by the kicker */
}

__attribute__((noinline)) static s32 read_plain(void)
{
	return gate.cpu;
}

__attribute__((noinline)) static s32 read_marked(void)
{
	return READ_ONCE(gate.cpu); /* TEST: written by the loader */
}

static void loader_turn(struct worker *w)
{
	for (u32 i = 0; i < TURN_ROUNDS; i++)
		load_marked();
	w->done = READ_ONCE(kicker_done); /* TEST: a flag that only rises */
}

static void kick_by(struct worker *w, s32 (*read)(void))
{
	for (u32 i = 0; i < TURN_ROUNDS; i++)
		sum += read();
	rounds += TURN_ROUNDS;
	if (rounds < ROUNDS)
		return;
	WRITE_ONCE(kicker_done, 1); /* TEST: read by the loader */
	test_result("race", true, "%u reads, sum %d", rounds, sum);
	test_finish();
}

static void plain_turn(struct worker *w)
{
	kick_by(w, read_plain);
}

static void marked_turn(struct worker *w)
{
	kick_by(w, read_marked);
}

static void start_with(void (*turn)(struct worker *w), u64 seed)
{
	worker_start(&loader, 0, loader_turn, BIT(1), 1, seed);
	worker_start(&kicker, 1, turn, BIT(0), 0, seed);
}

static void race_begin(u64 seed)
{
	start_with(plain_turn, seed);
}

static void marked_begin(u64 seed)
{
	start_with(marked_turn, seed);
}

const struct machine_test race_test = {"race", race_begin, false};
const struct machine_test marked_test = {"marked", marked_begin, false};
