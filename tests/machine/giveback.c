// SPDX-License-Identifier: MIT
/* What a VM had is given back to the last page, when it ends, at every reset, and when
 * building it fails. giveback: guests reset and end by themselves. shortage: a VM is
 * started again and again, each time with one more page of memory to be had, until it
 * can be built; whatever was missing, nothing is lost. */
#include "bits.h"
#include "harness.h"
#include "page.h"
#include "printk.h"
#include "vcpu/keeper.h"

#define SHORTAGE_VM 0
#define ROUNDS_MIN 20 /* failures, or the test has shown little */
#define ROUNDS_MAX 400

static struct worker worker;
static u64 free_before;

static void judge_memory(void)
{
	u64 now = page_free_count();

	test_result("memory", now == free_before, "%lu pages free, %lu before", now,
		    free_before);
}

/* --- giveback --- */

static void on_all_ended(bool failed)
{
	u64 resets = 0;

	for (unsigned id = 0; id < MAX_VMS && keeper_desc(id); id++)
		resets += keeper_resets(id);
	test_result("guests", !failed, "%lu resets", resets);
	judge_memory();
	test_finish();
}

static void catch_end(struct worker *w)
{
	vms_set_end(on_all_ended);
	w->done = true;
}

static void giveback_start(u64 seed)
{
	free_before = page_free_count();
	worker_start(&worker, 0, catch_end, 1, 0, seed);
}

/* --- shortage --- */

static void *hoard; /* pages taken away, linked through their first word */
static u64 left, rounds;

/* Leave just so many pages to be had. */
static void hoard_all_but(u64 pages)
{
	while (page_free_count() > pages) {
		void **page = page_alloc(PAGE_ORDER_4K);

		*page = hoard;
		hoard = page;
	}
}

static void give_one_back(void)
{
	void **page = hoard;

	hoard = *page;
	page_free(page, PAGE_ORDER_4K);
}

/* At first its RAM alone is there; each round a page more. */
static void next_round(void)
{
	if (!rounds++)
		hoard_all_but(keeper_desc(SHORTAGE_VM)->mem_bytes / PAGE_SIZE);
	else
		give_one_back();
	left = page_free_count();
	keeper_start_again(SHORTAGE_VM);
}

static void finish(u64 lost)
{
	test_result("shortage", rounds >= ROUNDS_MIN && rounds < ROUNDS_MAX && !lost,
		    "built at try %lu, %lu pages lost", rounds, lost);
	while (hoard)
		give_one_back();
	judge_memory();
	test_finish();
}

static void on_round_end(bool failed)
{
	static u64 starts;
	u64 lost = rounds ? left - page_free_count() : 0;
	bool built = rounds && keeper_starts(SHORTAGE_VM) > starts;

	starts = keeper_starts(SHORTAGE_VM);
	if (built || lost || rounds == ROUNDS_MAX)
		finish(lost);
	next_round();
}

static void catch_round(struct worker *w)
{
	vms_set_end(on_round_end);
	w->done = true;
}

static void shortage_start(u64 seed)
{
	free_before = page_free_count();
	worker_start(&worker, 0, catch_round, 1, 0, seed);
}

const struct machine_test giveback_test = {"giveback", giveback_start, true};
const struct machine_test shortage_test = {"shortage", shortage_start, true};
