// SPDX-License-Identifier: MIT
/* arch/x86/pagetable.c, random operations against a flat array: whatever was mapped,
 * split, changed and taken out, each page translates as the array says. */
#include "pagetable_check.h"

#define WINDOW (GIB(512) - GIB(1)) /* across two root entries */
#define WINDOW_PAGES (GIB(2) / PAGE_SIZE)
#define STEPS 20000
#define CHECK_STEPS 4000 /* between two looks at all of it */

static u64 model[WINDOW_PAGES]; /* address and bits; 0: not mapped */
static u64 seed;

static u64 below(u64 n)
{
	return unit_random(&seed) % n;
}

/* A run of pages: few, many, whole 2 MiB ones, or a whole GiB. */
static void random_range(u64 *first, u64 *count)
{
	u64 kind = below(200);

	*count = kind < 100 ? 1 + below(8) : 1 + below(1500);
	*first = below(WINDOW_PAGES);
	if (kind >= 150) {
		*count = (1 + below(4)) * 512;
		*first = ALIGN_DOWN(*first, 512);
	}
	if (kind >= 198 && format->pt.top_leaf_level == 3) {
		*count = 512 * 512;
		*first = ALIGN_DOWN(*first, 512 * 512);
	}
	*count = MIN(*count, WINDOW_PAGES - *first);
}

static bool model_agrees(u64 page)
{
	u64 va = WINDOW + page * PAGE_SIZE, want = model[page];
	struct pt_leaf leaf;

	if (!pt_walk(&pt, va, &leaf))
		return !want;
	return leaf_is_right(&leaf, va, want & ADDR_BITS, want & ~ADDR_BITS);
}

static void check_model(u64 first, u64 count)
{
	for (u64 i = 0; i < count; i++) {
		if (!CHECK(model_agrees(first + i)))
			return;
	}
}

/* The pages at both ends of a range, those next to it, and some others. */
static void spot_check(u64 first, u64 count)
{
	u64 from = first ? first - 1 : 0;
	u64 until = MIN(first + count + 1, WINDOW_PAGES), some = MIN(until - from, 300);

	check_model(from, some);
	check_model(until - some, some);
	for (unsigned i = 0; i < 8; i++)
		check_model(below(WINDOW_PAGES), 1);
}

/* Up to where an unmap did its work that ran out of memory: behind the last page that
 * is no longer as it was. What is before must be empty, mapped before or not. */
static u64 pages_done(u64 first, u64 count)
{
	while (count && !level_at(WINDOW + (first + count - 1) * PAGE_SIZE) ==
				!model[first + count - 1])
		count--;
	return count;
}

static void random_map(u64 first, u64 count)
{
	/* Mostly such that large leaves fit. */
	u64 pa = below(4) ? GIB(1 + below(8)) + first * PAGE_SIZE
			  : below(BIT(30)) * PAGE_SIZE;
	int result = map(WINDOW + first * PAGE_SIZE, pa, count * PAGE_SIZE);
	u64 done = 0;

	while (done < count && !model[first + done] &&
	       (result != -ENOMEM || level_at(WINDOW + (first + done) * PAGE_SIZE)))
		done++;
	CHECK(result == -ENOMEM || result == (done < count ? -EBUSY : 0));
	for (u64 i = 0; i < done; i++)
		model[first + i] = (pa + i * PAGE_SIZE) | format->bits;
}

static void random_unmap(u64 first, u64 count)
{
	int result = pt_unmap(&pt, WINDOW + first * PAGE_SIZE, count * PAGE_SIZE);
	u64 done = result ? pages_done(first, count) : count;

	CHECK(!result || (result == -ENOMEM && allowance == 0));
	memset(&model[first], 0, done * sizeof(model[0]));
}

static void random_split(u64 page)
{
	int result = pt_split(&pt, WINDOW + page * PAGE_SIZE + below(PAGE_SIZE));

	CHECK(result == (model[page] ? 0 : -ENOENT) ||
	      (result == -ENOMEM && allowance == 0));
	CHECK(result || level_at(WINDOW + page * PAGE_SIZE) == 1);
}

static void random_change(u64 first, u64 count)
{
	u64 va = WINDOW + first * PAGE_SIZE, bytes = count * PAGE_SIZE;
	int err = pt_split(&pt, va), err2 = pt_split(&pt, va + bytes - PAGE_SIZE);
	bool set = below(2);

	if (err == -ENOMEM || err2 == -ENOMEM)
		return;
	pt_change(&pt, va, bytes, set ? 0 : BIT(9), set ? BIT(9) : 0);
	for (u64 i = first; i < first + count; i++) {
		if (model[i])
			model[i] = set ? model[i] | BIT(9) : model[i] & ~BIT(9);
	}
}

static void random_step(void)
{
	u64 first, count, kind = below(100);

	random_range(&first, &count);
	allowance = below(16) ? UNLIMITED : (unsigned)below(3);
	if (kind < 50)
		random_map(first, count);
	else if (kind < 85)
		random_unmap(first, count);
	else if (kind < 93)
		random_split(first);
	else
		random_change(first, count);
	allowance = UNLIMITED;
	spot_check(first, count);
	if (!below(30))
		pt_free_unlinked(pt_take_unlinked(&pt));
}

static void check_random(void)
{
	memset(model, 0, sizeof(model));
	for (unsigned step = 1; step <= STEPS; step++) {
		random_step();
		if (step % CHECK_STEPS == 0) {
			check_model(0, WINDOW_PAGES);
			check_none_lost();
		}
	}
}

static void random_operations(void)
{
	seed = 1;
	in_each(check_random);
}

static const struct unit_test tests[] = {UNIT_TEST(random_operations)};

int main(void)
{
	return UNIT_RUN(tests);
}
