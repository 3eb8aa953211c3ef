// SPDX-License-Identifier: MIT
/* arch/x86/pagetable.c: what is mapped translates, nothing else does, and no table
 * page is lost or freed too early; in the host's format and in EPT's. */
#include "pagetable_check.h"

#define TOP_SHIFT 39 /* of what a root entry covers */

/* --- map --- */

struct layout {
	u64 va, pa, bytes;
	u64 small, medium, large; /* leaves of 4 KiB, 2 MiB, 1 GiB */
};

static const struct layout layouts[] = {
	{0, 0, GIB(1), 0, 0, 1},
	{GIB(1), GIB(3), GIB(2), 0, 0, 2},
	{0, MIB(2), GIB(1), 0, 512, 0},
	{0, KIB(4), MIB(2), 512, 0, 0},
	{MIB(1), 0, MIB(4), 1024, 0, 0},
	{0, 0, MIB(2) - KIB(4), 511, 0, 0},
	{MIB(2), MIB(2), MIB(2), 0, 1, 0},
	{MIB(2) - KIB(4), MIB(2) - KIB(4), MIB(2) + KIB(8), 2, 1, 0},
	{GIB(1) - MIB(2) - KIB(4), GIB(1) - MIB(2) - KIB(4), GIB(1) + MIB(4) + KIB(8), 2,
	 2, 1},
	{GIB(512) - GIB(1), 0, GIB(2), 0, 0, 2},
	{GIB(512) - KIB(4), KIB(4), KIB(8), 2, 0, 0},
	{0xffffffff80000000, MIB(4), MIB(6), 0, 3, 0},
};

/* How many leaves of each level map the range. */
static void count_leaves(u64 va, u64 bytes, u64 counts[4])
{
	struct pt_leaf leaf;

	for (u64 at = va; at < va + bytes && pt_walk(&pt, at, &leaf);
	     at += leaf.contiguous)
		counts[leaf.level]++;
}

static void check_layout(void)
{
	unsigned top = format->pt.top_leaf_level;

	for (unsigned i = 0; i < ARRAY_SIZE(layouts); i++) {
		const struct layout *l = &layouts[i];
		u64 large = top >= 3 ? l->large : 0;
		u64 medium = l->medium + (l->large - large) * 512;
		u64 counts[4] = {0};

		CHECK_EQ(map(l->va, l->pa, l->bytes), 0);
		CHECK(maps(l->va, l->bytes, l->pa));
		CHECK(level_at(l->va - KIB(4)) == 0 && level_at(l->va + l->bytes) == 0);
		count_leaves(l->va, l->bytes, counts);
		CHECK_EQ(counts[3], large);
		CHECK_EQ(counts[2], top >= 2 ? medium : 0);
		CHECK_EQ(counts[1], l->small + (top >= 2 ? 0 : medium * 512));
		CHECK_EQ(pt_unmap(&pt, l->va, l->bytes), 0);
		pt_free_unlinked(pt_take_unlinked(&pt));
		pt_destroy(&pt);
		begin(format);
	}
}

static void largest_leaves_that_fit(void)
{
	in_each(check_layout);
}

/* A range that joins what is there is added to its tables. */
static void check_pieces(void)
{
	CHECK_EQ(map(MIB(2), MIB(2), KIB(4)), 0);
	CHECK_EQ(map(MIB(2) + KIB(4), MIB(2) + KIB(4), MIB(4) - KIB(4)), 0);
	CHECK(maps(MIB(2), MIB(4), MIB(2)));
	CHECK_EQ(level_at(MIB(2) + KIB(4)), 1); /* its slot holds a table already */
	CHECK_EQ(level_at(MIB(4)), MIN(format->pt.top_leaf_level, 2));
	CHECK_EQ(map(0, 0, 0), 0);
	CHECK(is_hole(0, MIB(2)));
}

static void piece_by_piece(void)
{
	in_each(check_pieces);
}

/* Wherever one page is taken, the rest before it is mapped, and no more. */
static void check_busy(void)
{
	static const u64 taken[] = {0,      KIB(4), MIB(2) - KIB(4),
				    MIB(2), MIB(3), MIB(6) - KIB(4)};

	for (unsigned i = 0; i < ARRAY_SIZE(taken); i++) {
		u64 base = GIB(i) + MIB(2), after = taken[i] + KIB(4);

		CHECK_EQ(map(base + taken[i], GIB(100), KIB(4)), 0);
		CHECK_EQ(map(base, base, MIB(6)), (u64)-EBUSY);
		CHECK(maps(base, taken[i], base));
		CHECK(maps(base + taken[i], KIB(4), GIB(100)));
		CHECK(is_hole(base + after, MIB(6) - after));
	}
	CHECK_EQ(map(GIB(20), 0, GIB(1)), 0);
	CHECK_EQ(map(GIB(20) + MIB(2), 0, KIB(4)), (u64)-EBUSY); /* within a large leaf */
	CHECK_EQ(map(GIB(20), 0, GIB(1)), (u64)-EBUSY);
	CHECK(maps(GIB(20), GIB(1), 0));
}

static void busy_keeps_what_is_there(void)
{
	in_each(check_busy);
}

/* --- split --- */

static void check_split(void)
{
	u64 before, tables = format->pt.top_leaf_level - 1;

	CHECK_EQ(map(GIB(2), GIB(1), GIB(1)), 0);
	before = pt_count_tables(&pt);
	CHECK_EQ(pt_split(&pt, GIB(2) + MIB(5) + 123), 0);
	CHECK_EQ(pt_count_tables(&pt), before + tables);
	CHECK_EQ(level_at(GIB(2) + MIB(5)), 1);
	CHECK_EQ(level_at(GIB(2) + MIB(4)), 1);
	CHECK_EQ(level_at(GIB(2) + MIB(6)), MIN(format->pt.top_leaf_level, 2));
	CHECK(maps(GIB(2), GIB(1), GIB(1)));
	CHECK_EQ(pt_split(&pt, GIB(2) + MIB(5)), 0); /* it is one already */
	CHECK_EQ(pt_count_tables(&pt), before + tables);
	CHECK_EQ(pt_split(&pt, GIB(3)), (u64)-ENOENT);
	CHECK_EQ(pt_split(&pt, GIB(512)), (u64)-ENOENT);
	CHECK_EQ(pt_unmap(&pt, GIB(2) + MIB(5), KIB(4)), 0);
	CHECK_EQ(pt_split(&pt, GIB(2) + MIB(5)), (u64)-ENOENT);
}

static void split_keeps_translations(void)
{
	in_each(check_split);
}

/* --- unmap --- */

static void check_ends(void)
{
	u64 first = GIB(1) + MIB(3) + KIB(12), last = GIB(3) - MIB(7) - KIB(8);
	unsigned second = MIN(format->pt.top_leaf_level, 2);

	CHECK_EQ(map(GIB(1), GIB(5), GIB(2)), 0);
	CHECK_EQ(pt_unmap(&pt, first, last - first), 0);
	CHECK(maps(GIB(1), first - GIB(1), GIB(5)));
	CHECK(maps(last, GIB(3) - last, GIB(7) - (GIB(3) - last)));
	CHECK_EQ(level_at(GIB(1)), second);
	CHECK_EQ(level_at(first - KIB(4)), 1);
	CHECK_EQ(level_at(last), 1);
	CHECK_EQ(level_at(GIB(3) - KIB(4)), second);
	CHECK(is_hole(first, last - first));
	CHECK_EQ(pt_unmap(&pt, 0, GIB(1024)), 0); /* all, with the holes between */
	CHECK(is_hole(GIB(1), MIB(4)) && is_hole(last, GIB(3) - last));
	check_none_lost();
	CHECK_EQ(pt_count_tables(&pt), 1);
}

static void unmap_splits_at_its_ends(void)
{
	in_each(check_ends);
}

static bool nothing_present(const u64 *table)
{
	for (unsigned i = 0; i < 512; i++) {
		if (table[i] & format->pt.present)
			return false;
	}
	return true;
}

/* What a walker that was late has in hand: the tables on the way to va. */
static void take_tables(u64 va, u64 *tables[4])
{
	tables[0] = pt.root;
	for (unsigned i = 1; i < 4; i++)
		tables[i] = hpa_to_ptr(
			hpa(tables[i - 1][va >> (TOP_SHIFT - 9 * (i - 1)) & 511] &
			    ADDR_BITS));
}

static bool is_unlinked(const u64 *table)
{
	const u64 *page = pt.unlinked;

	while (page && page != table)
		page = hpa_to_ptr(hpa(page[0]));
	return page;
}

static void check_late_walker(void)
{
	u64 *tables[4], before;
	void *list;

	CHECK_EQ(map(KIB(4), KIB(4), KIB(4)), 0);
	take_tables(KIB(4), tables);
	/* Its slots are first in their tables, where the link will be. */
	CHECK_EQ(map(0, 0, KIB(4)), 0);
	before = pt_count_tables(&pt);
	CHECK_EQ(pt_unmap(&pt, 0, GIB(512)), 0);
	CHECK_EQ(unlinked_count(), 3);
	CHECK_EQ(before - pt_count_tables(&pt), 3);
	CHECK(nothing_present(pt.root) && !is_unlinked(pt.root));
	for (unsigned i = 1; i < 4; i++)
		CHECK(nothing_present(tables[i]) && is_unlinked(tables[i]));
	list = pt_take_unlinked(&pt);
	CHECK(list && !pt.unlinked && !pt_take_unlinked(&pt));
	CHECK_EQ(unit_pages_live(), 4);
	for (unsigned i = 1; i < 4; i++) /* taken, but not free yet */
		CHECK(nothing_present(tables[i]));
	pt_free_unlinked(list);
	CHECK_EQ(unit_pages_live(), 1);
	pt_free_unlinked(NULL);
}

static void late_walker_finds_nothing(void)
{
	in_each(check_late_walker);
}

/* A table that keeps an entry stays, one that loses all but piece by piece too. */
static void check_kept_tables(void)
{
	CHECK_EQ(map(0, 0, MIB(2) - KIB(4)), 0);
	CHECK_EQ(pt_unmap(&pt, 0, MIB(1)), 0);
	CHECK_EQ(unlinked_count(), 0);
	CHECK(maps(MIB(1), MIB(1) - KIB(4), MIB(1)));
	CHECK_EQ(pt_unmap(&pt, 0, MIB(2)), 0);
	CHECK_EQ(unlinked_count(), 1);
	CHECK_EQ(pt_unmap(&pt, 0, GIB(1)), 0);
	CHECK_EQ(unlinked_count(), 2);
	CHECK_EQ(map(0, 0, MIB(2)), 0); /* a whole slot again */
	CHECK_EQ(level_at(0), MIN(format->pt.top_leaf_level, 2));
}

static void whole_tables_are_unlinked(void)
{
	in_each(check_kept_tables);
}

/* --- no memory --- */

#define MAP_AT (GIB(512) - MIB(2) - KIB(4))
#define MAP_BYTES (MIB(4) + KIB(8))

/* Where the mapped part of [va, va + bytes) ends. */
static u64 mapped_until(u64 va, u64 bytes)
{
	u64 at = va;

	while (at < va + bytes && level_at(at))
		at += KIB(4);
	return at;
}

static void check_map_enomem(void)
{
	unsigned n = 0;

	for (;; n++) {
		u64 done;
		int result;

		allowance = n;
		result = map(MAP_AT, MAP_AT, MAP_BYTES);
		allowance = UNLIMITED;
		if (!result)
			break;
		CHECK_EQ(result, (u64)-ENOMEM);
		done = mapped_until(MAP_AT, MAP_BYTES);
		CHECK(maps(MAP_AT, done - MAP_AT, MAP_AT));
		CHECK(is_hole(done, MAP_AT + MAP_BYTES - done));
		CHECK_EQ(pt_count_tables(&pt), n + 1);
		CHECK_EQ(map(done, done, MAP_AT + MAP_BYTES - done), 0);
		CHECK(maps(MAP_AT, MAP_BYTES, MAP_AT));
		check_none_lost();
		pt_destroy(&pt);
		begin(format);
	}
	CHECK(maps(MAP_AT, MAP_BYTES, MAP_AT));
	/* Two branches, down to the leaves of the ends and of the middle. */
	CHECK_EQ(n, format->pt.top_leaf_level >= 2 ? 6 : 8);
}

static void map_without_memory(void)
{
	in_each(check_map_enomem);
}

#define HOLE_AT (GIB(1) - MIB(1))
#define HOLE_BYTES MIB(2)

static void check_unmap_enomem(void)
{
	unsigned n = 0;

	for (;; n++) {
		u64 done;
		int result;

		CHECK_EQ(map(0, GIB(4), GIB(2)), 0);
		allowance = n;
		result = pt_unmap(&pt, HOLE_AT, HOLE_BYTES);
		allowance = UNLIMITED;
		if (!result)
			break;
		CHECK_EQ(result, (u64)-ENOMEM);
		for (done = HOLE_AT; done < HOLE_AT + HOLE_BYTES && !level_at(done);)
			done += KIB(4);
		CHECK(maps(0, HOLE_AT, GIB(4)));
		CHECK(maps(done, GIB(2) - done, GIB(4) + done));
		check_none_lost();
		pt_destroy(&pt);
		begin(format);
	}
	CHECK(maps(0, HOLE_AT, GIB(4)));
	CHECK(is_hole(HOLE_AT, HOLE_BYTES));
	CHECK(maps(GIB(1) + MIB(1), GIB(1) - MIB(1), GIB(5) + MIB(1)));
	CHECK_EQ(n, 2 * (format->pt.top_leaf_level - 1));
}

static void unmap_without_memory(void)
{
	in_each(check_unmap_enomem);
}

static void check_split_enomem(void)
{
	unsigned splits = format->pt.top_leaf_level - 1;

	CHECK_EQ(map(0, GIB(1), GIB(1)), 0);
	for (unsigned n = 0; n < splits; n++) {
		allowance = 0;
		CHECK_EQ(pt_split(&pt, MIB(7)), (u64)-ENOMEM);
		allowance = 1;
		CHECK_EQ(pt_split(&pt, MIB(7)), n + 1 < splits ? (u64)-ENOMEM : 0);
		CHECK(maps(0, GIB(1), GIB(1)));
	}
	allowance = 0;
	CHECK_EQ(pt_split(&pt, MIB(7)), 0);
	CHECK_EQ(level_at(MIB(7)), 1);
	/* What needs no table needs no memory. */
	CHECK_EQ(pt_unmap(&pt, 0, GIB(1)), 0);
	CHECK_EQ(pt_init(&(struct page_table){0}, &format->pt), (u64)-ENOMEM);
}

static void split_without_memory(void)
{
	in_each(check_split_enomem);
}

/* --- change and walk --- */

/* The bits that a leaf has now beyond or less than those it was mapped with. */
static u64 changed_at(u64 va)
{
	struct pt_leaf leaf = {0};

	CHECK(pt_walk(&pt, va, &leaf));
	return (leaf.entry ^ format->bits) & ~ADDR_BITS & ~format->pt.large;
}

static void check_change(void)
{
	u64 mine = BIT(9); /* software's, in both formats */
	u64 at = MIB(2) - KIB(4), bytes = MIB(2) + KIB(8);
	struct pt_leaf leaf;

	CHECK_EQ(map(0, 0, MIB(16)), 0);
	CHECK_EQ(pt_split(&pt, 0), 0);
	CHECK_EQ(pt_split(&pt, MIB(4)), 0);
	pt_change(&pt, at, bytes, BIT(5), mine);
	CHECK_EQ(changed_at(at - KIB(4)), 0);
	for (u64 va = at; va < at + bytes; va += KIB(4))
		CHECK_EQ(changed_at(va), mine | BIT(5));
	CHECK_EQ(changed_at(at + bytes), 0);
	CHECK(pt_walk(&pt, MIB(3), &leaf) && leaf.pa == MIB(3));
	CHECK_EQ(leaf.level, MIN(format->pt.top_leaf_level, 2));
	/* A field of several bits takes a new value. */
	pt_change(&pt, at, bytes, mine | BIT(10), BIT(10));
	CHECK(changed_at(at) == (BIT(10) | BIT(5)));
	pt_change(&pt, at, bytes, mine | BIT(10), mine);
	CHECK(changed_at(at) == (mine | BIT(5)));
	pt_change(&pt, at, bytes, mine, BIT(5));
	CHECK(maps(0, MIB(16), 0));
	/* Over a hole: what is beyond it changes all the same. */
	CHECK_EQ(pt_unmap(&pt, MIB(2), MIB(2)), 0);
	pt_change(&pt, 0, MIB(16), 0, mine);
	CHECK(changed_at(0) == mine && changed_at(MIB(4)) == mine);
	CHECK(changed_at(MIB(16) - 1) == mine && !level_at(MIB(2)));
	pt_change(&pt, 0, GIB(2), mine, 0);
	CHECK(maps(MIB(4), MIB(12), MIB(4)));
	check_none_lost();
}

static void change_of_whole_leaves(void)
{
	in_each(check_change);
}

static void check_walk(void)
{
	unsigned top = format->pt.top_leaf_level;
	struct pt_leaf leaf;

	CHECK_EQ(map(GIB(1), GIB(3), GIB(1)), 0);
	for (u64 at = 0; at < GIB(1); at += MIB(123) + 0x777) {
		u64 size = leaf_bytes(top);

		CHECK(pt_walk(&pt, GIB(1) + at, &leaf));
		CHECK_EQ(leaf.pa, GIB(3) + at);
		CHECK_EQ(leaf.contiguous, size - at % size);
		CHECK_EQ(leaf.level, top);
	}
	CHECK(!pt_walk(&pt, GIB(1) - 1, &leaf));
	CHECK(pt_walk(&pt, GIB(2) - 1, &leaf));
	CHECK_EQ(leaf.contiguous, 1);
	CHECK(!pt_walk(&pt, GIB(2), &leaf));
	CHECK(!pt_walk(&pt, GIB(513), &leaf));
}

static void walk_to_the_byte(void)
{
	in_each(check_walk);
}

/* --- the end --- */

static void check_destroy(void)
{
	CHECK_EQ(map(0, 0, GIB(2)), 0);
	CHECK_EQ(map(GIB(600), KIB(4), MIB(4)), 0);
	CHECK_EQ(pt_split(&pt, 0), 0);
	CHECK_EQ(pt_unmap(&pt, GIB(600), MIB(2)), 0);
	CHECK(unlinked_count() == 1);
	pt_destroy(&pt); /* also what is unlinked and never was taken */
	CHECK(!pt.root && !pt.unlinked);
	begin(format);
}

static void destroy_frees_all(void)
{
	in_each(check_destroy);
}

static const struct unit_test tests[] = {
	UNIT_TEST(largest_leaves_that_fit),   UNIT_TEST(piece_by_piece),
	UNIT_TEST(busy_keeps_what_is_there),  UNIT_TEST(split_keeps_translations),
	UNIT_TEST(unmap_splits_at_its_ends),  UNIT_TEST(late_walker_finds_nothing),
	UNIT_TEST(whole_tables_are_unlinked), UNIT_TEST(map_without_memory),
	UNIT_TEST(unmap_without_memory),      UNIT_TEST(split_without_memory),
	UNIT_TEST(change_of_whole_leaves),    UNIT_TEST(walk_to_the_byte),
	UNIT_TEST(destroy_frees_all),
};

int main(void)
{
	return UNIT_RUN(tests);
}
