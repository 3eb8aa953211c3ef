// SPDX-License-Identifier: MIT
/* What the tests of arch/x86/pagetable.c share: a tree in each of the formats, an
 * allocator that may fail, and what must hold of a tree. */
#pragma once
#include "arch/x86/pagetable.h"
#include "bits.h"
#include "errno.h"
#include "page.h"
#include "string.h"
#include "unit.h"

#define ADDR_BITS MASK(51, 12)
#define UNLIMITED ~0u

static const struct format {
	const char *name;
	struct pt_format pt;
	u64 bits; /* of a leaf */
} formats[] = {
	{"host, 1G", {0x1, 0x23, 0x80, 3}, BIT(63) | 0x163},
	{"host, 2M", {0x1, 0x23, 0x80, 2}, BIT(63) | 0x163},
	{"EPT, 1G", {0x7, 0x7, 0x80, 3}, 0x77},
	{"EPT, 2M", {0x7, 0x7, 0x80, 2}, 0x77},
	{"EPT, 4K", {0x7, 0x7, 0x80, 1}, 0x77},
	{"EPT, execute only", {0x7, 0x7, 0x80, 3}, 0x34},
};

static const struct format *format;
static struct page_table pt;
static unsigned allowance = UNLIMITED; /* pages that the allocator still gives */

void *page_alloc_zero(void)
{
	void *page = allowance ? page_alloc(PAGE_ORDER_4K) : NULL;

	if (allowance && allowance != UNLIMITED)
		allowance--;
	return page ? memset(page, 0, PAGE_SIZE) : NULL;
}

static inline void begin(const struct format *f)
{
	format = f;
	allowance = UNLIMITED;
	CHECK_EQ(unit_pages_live(), 0);
	CHECK_EQ(pt_init(&pt, &f->pt), 0);
}

static inline u64 unlinked_count(void)
{
	u64 count = 0;

	for (const u64 *page = pt.unlinked; page; page = hpa_to_ptr(hpa(page[0])))
		count++;
	return count;
}

/* Each page that was taken is in the tree or in the list of unlinked ones. */
static inline void check_none_lost(void)
{
	CHECK_EQ(unit_pages_live(), pt_count_tables(&pt) + unlinked_count());
}

static inline void end(void)
{
	allowance = UNLIMITED;
	check_none_lost();
	pt_destroy(&pt);
	CHECK_EQ(unit_pages_live(), 0);
}

/* Run a test in each format. */
static inline void in_each(void (*test)(void))
{
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
		begin(&formats[i]);
		test();
		end();
	}
}

static inline int map(u64 va, u64 pa, u64 bytes)
{
	return pt_map(&pt, va, pa, bytes, format->bits);
}

static inline u64 leaf_bytes(unsigned level)
{
	return 4096UL << 9 * (level - 1);
}

static inline bool leaf_is_right(const struct pt_leaf *leaf, u64 va, u64 pa, u64 bits)
{
	u64 large = leaf->level > 1 ? format->pt.large : 0;
	u64 size = leaf_bytes(leaf->level);

	return leaf->pa == pa && leaf->contiguous == size - va % size &&
	       leaf->level <= format->pt.top_leaf_level &&
	       leaf->entry == ((pa - va % size) | bits | large);
}

/* The whole range translates to pa and what follows, leaf by leaf. */
static inline bool maps(u64 va, u64 bytes, u64 pa)
{
	for (u64 at = va; at < va + bytes;) {
		struct pt_leaf leaf;

		if (!pt_walk(&pt, at, &leaf) ||
		    !leaf_is_right(&leaf, at, pa + (at - va), format->bits))
			return false;
		at += leaf.contiguous;
	}
	return true;
}

/* Nothing in the range is mapped. */
static inline bool is_hole(u64 va, u64 bytes)
{
	struct pt_leaf leaf;

	for (u64 at = va; at < va + bytes; at += PAGE_SIZE) {
		if (pt_walk(&pt, at, &leaf))
			return false;
	}
	return true;
}

static inline unsigned level_at(u64 va)
{
	struct pt_leaf leaf = {.level = 0};

	return pt_walk(&pt, va, &leaf) ? leaf.level : 0;
}
