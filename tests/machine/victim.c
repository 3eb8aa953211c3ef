// SPDX-License-Identifier: MIT
/* A guest that counts beside one that is up to no good, both on CPU 0. First it counts
 * alone; then the other is started, and it must still count at the rate of its share, as
 * the weights say, by its own counter in its own memory. */
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "timer.h"
#include "vcpu/guestmem.h"
#include "vcpu/keeper.h"

#define VICTIM 0
#define HOSTILE 1
#define COUNTER_GPA 0x6000 /* tests/guest/count puts its counter there */
#define SLICES_ALONE 40
#define SLICES_SETTLING 20 /* until the other has its vCPUs going */
#define SLICES_BESIDE 200
/* The rest goes into switching: with a clock this slow a slice is only 50000 cycles. */
#define SHARE_PERCENT 88

enum { BEGIN, ALONE, SETTLING, BESIDE };

static struct worker worker;
static unsigned phase;
static u64 since, counted, alone;

static u64 slices(u64 count)
{
	return count * (tsc_khz() * SLICE_US / 1000);
}

static u64 counter(void)
{
	u64 contiguous;
	const u64 *p = vm_ram(test_vm(VICTIM), gpa(COUNTER_GPA), &contiguous);

	return READ_ONCE(*p); /* TEST: the guest writes it */
}

static void next_phase(void)
{
	phase++;
	since = tsc_now();
	counted = counter();
}

static void judge(void)
{
	u64 turns = counter() - counted, cycles = tsc_now() - since;
	u32 mine = keeper_desc(VICTIM)->weight, other = keeper_desc(HOSTILE)->weight;
	u64 due = alone * cycles / slices(SLICES_ALONE) * mine / (mine + other);
	u64 percent = turns * 100 / due;

	test_result("victim", percent >= SHARE_PERCENT, "%lu %% of its share", percent);
	test_result("hostile", keeper_starts(HOSTILE), "started %lu times",
		    keeper_starts(HOSTILE));
	test_finish();
}

/* On another CPU, so that it takes nothing from CPU 0. */
static void turn(struct worker *w)
{
	static const u64 limit[] = {0, SLICES_ALONE, SLICES_SETTLING, SLICES_BESIDE};

	if (phase == BEGIN) {
		if (test_vm(VICTIM) && counter())
			next_phase();
		return;
	}
	if (tsc_now() - since < slices(limit[phase]))
		return;
	if (phase == BESIDE)
		judge();
	if (phase == ALONE) {
		alone = (counter() - counted) * slices(SLICES_ALONE) /
			(tsc_now() - since);
		keeper_start_again(HOSTILE);
	}
	next_phase();
}

static void start(u64 seed)
{
	worker_start(&worker, 0, turn, BIT(1), 1, seed);
}

const struct machine_test victim_test = {"victim", start, true};
