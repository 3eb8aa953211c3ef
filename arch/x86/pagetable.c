// SPDX-License-Identifier: MIT
/* The radix tree of pagetable.h: map, unmap, split, walk. */
#include "pagetable.h"
#include "atomic.h"
#include "bits.h"
#include "errno.h"
#include "page.h"

#define LEVELS 4
#define ENTRIES 512
#define ADDR_MASK MASK(51, 12)
#define PAGE_SHIFT 12
#define LEVEL_BITS 9

static u64 level_bytes(unsigned level)
{
	return 1UL << (PAGE_SHIFT + LEVEL_BITS * (level - 1));
}

static unsigned index_at(u64 va, unsigned level)
{
	return va >> (PAGE_SHIFT + LEVEL_BITS * (level - 1)) & (ENTRIES - 1);
}

static u64 *table_of(u64 entry)
{
	return hpa_to_ptr(hpa(entry & ADDR_MASK));
}

static bool is_present(const struct pt_format *f, u64 entry)
{
	return entry & f->present;
}

static bool is_leaf(const struct pt_format *f, u64 entry, unsigned level)
{
	return level == 1 || entry & f->large;
}

int pt_init(struct page_table *pt, const struct pt_format *format)
{
	pt->format = format;
	pt->unlinked = NULL;
	pt->root = page_alloc_zero();
	return pt->root ? 0 : -ENOMEM;
}

/* SHOOT: an entry is published by one store-release, so that a walker that
 * finds a table through it finds the table filled. Pairs with the acquire in
 * pt_walk(). */
static void entry_write(u64 *slot, u64 entry)
{
	smp_store_release(slot, entry); /* SHOOT: as above */
}

/* Replace a leaf at this level by a table of 512 leaves one level down that
 * translate the same. */
static int split_slot(struct page_table *pt, u64 *slot, unsigned level)
{
	u64 entry = *slot;
	u64 *table = page_alloc_zero();
	u64 bits = entry & ~ADDR_MASK;

	if (!table)
		return -ENOMEM;
	if (level == 2)
		bits &= ~pt->format->large;
	for (unsigned i = 0; i < ENTRIES; i++)
		table[i] = (entry & ADDR_MASK) + i * level_bytes(level - 1) + bits;
	entry_write(slot, ptr_to_hpa(table).v | pt->format->table);
	return 0;
}

/* The table below the slot, made if there is none. NULL: no memory. */
static u64 *descend(struct page_table *pt, u64 *slot)
{
	u64 *table;

	if (is_present(pt->format, *slot))
		return table_of(*slot);
	table = page_alloc_zero();
	if (table)
		entry_write(slot, ptr_to_hpa(table).v | pt->format->table);
	return table;
}

static unsigned leaf_level_for(const struct page_table *pt, u64 va, u64 pa, u64 bytes)
{
	unsigned level = pt->format->top_leaf_level;

	while (level > 1 &&
	       (!IS_ALIGNED(va | pa, level_bytes(level)) || bytes < level_bytes(level)))
		level--;
	return level;
}

/* Map one leaf, the largest that fits and whose slot is free. Returns its size or
 * an error. */
static s64 map_one(struct page_table *pt, u64 va, u64 pa, u64 bytes, u64 leaf_bits)
{
	unsigned want = leaf_level_for(pt, va, pa, bytes);
	u64 *table = pt->root;

	for (unsigned level = LEVELS;; level--) {
		u64 *slot = &table[index_at(va, level)];
		bool present = is_present(pt->format, *slot);

		if (present && is_leaf(pt->format, *slot, level))
			return -EBUSY;
		if (level <= want && !present) {
			entry_write(slot,
				    pa | leaf_bits | (level > 1 ? pt->format->large : 0));
			return (s64)level_bytes(level);
		}
		table = descend(pt, slot);
		if (!table)
			return -ENOMEM;
	}
}

int pt_map(struct page_table *pt, u64 va, u64 pa, u64 bytes, u64 leaf_bits)
{
	while (bytes) {
		s64 done = map_one(pt, va, pa, bytes, leaf_bits);

		if (done < 0)
			return (int)done;
		va += (u64)done;
		pa += (u64)done;
		bytes -= (u64)done;
	}
	return 0;
}

static void unlink_table(struct page_table *pt, u64 *table)
{
	/* The page is empty by now, but for this link, which no walker takes for
	 * an entry (pagetable.h). */
	WRITE_ONCE(table[0],
		   ptr_to_hpa(pt->unlinked).v); /* SHOOT: marked, walkers may look */
	pt->unlinked = table;
}

/* Empty a slot and everything below it. */
static void clear_slot(struct page_table *pt, u64 *slot, unsigned level)
{
	u64 entry = *slot;
	u64 *table = table_of(entry);

	if (!is_present(pt->format, entry))
		return;
	entry_write(slot, 0);
	if (is_leaf(pt->format, entry, level))
		return;
	for (unsigned i = 0; i < ENTRIES; i++)
		clear_slot(pt, &table[i], level - 1);
	unlink_table(pt, table);
}

/* Clear as much as one slot covers at va; returns the bytes done or an error. */
static s64 unmap_one(struct page_table *pt, u64 va, u64 bytes)
{
	u64 *table = pt->root;

	for (unsigned level = LEVELS;; level--) {
		u64 *slot = &table[index_at(va, level)];
		u64 size = level_bytes(level);
		u64 rest = size - (va & (size - 1));

		if (!is_present(pt->format, *slot))
			return (s64)MIN(rest, bytes);
		if (rest == size && bytes >= size) {
			clear_slot(pt, slot, level);
			return (s64)size;
		}
		if (is_leaf(pt->format, *slot, level)) {
			int err = split_slot(pt, slot, level);
			if (err)
				return err;
		}
		table = table_of(*slot);
	}
}

int pt_unmap(struct page_table *pt, u64 va, u64 bytes)
{
	while (bytes) {
		s64 done = unmap_one(pt, va, bytes);

		if (done < 0)
			return (int)done;
		va += (u64)done;
		bytes -= (u64)done;
	}
	return 0;
}

int pt_split(struct page_table *pt, u64 va)
{
	u64 *table = pt->root;

	for (unsigned level = LEVELS; level > 1; level--) {
		u64 *slot = &table[index_at(va, level)];

		if (!is_present(pt->format, *slot))
			return -ENOENT;
		if (is_leaf(pt->format, *slot, level)) {
			int err = split_slot(pt, slot, level);
			if (err)
				return err;
		}
		table = table_of(*slot);
	}
	return is_present(pt->format, table[index_at(va, 1)]) ? 0 : -ENOENT;
}

/* The slot of the leaf that maps va, or NULL; its size in *size. */
static u64 *leaf_slot(struct page_table *pt, u64 va, u64 *size)
{
	u64 *table = pt->root;

	for (unsigned level = LEVELS; level >= 1; level--) {
		u64 *slot = &table[index_at(va, level)];

		*size = level_bytes(level);
		if (!is_present(pt->format, *slot))
			return NULL;
		if (is_leaf(pt->format, *slot, level))
			return slot;
		table = table_of(*slot);
	}
	return NULL;
}

void pt_change(struct page_table *pt, u64 va, u64 bytes, u64 clear, u64 set)
{
	for (u64 end = va + bytes, size; va < end; va = ALIGN_DOWN(va, size) + size) {
		u64 *slot = leaf_slot(pt, va, &size);
		if (slot)
			entry_write(slot, (*slot & ~clear) | set);
	}
}

bool pt_walk(const struct page_table *pt, u64 va, struct pt_leaf *out)
{
	const u64 *table = pt->root;

	for (unsigned level = LEVELS; level >= 1; level--) {
		/* SHOOT: pairs with the release in entry_write(). */
		u64 entry = smp_load_acquire(&table[index_at(va, level)]);
		u64 offset = va & (level_bytes(level) - 1);

		if (!is_present(pt->format, entry))
			return false;
		if (is_leaf(pt->format, entry, level)) {
			out->entry = entry;
			out->pa = ALIGN_DOWN(entry & ADDR_MASK, level_bytes(level)) +
				  offset;
			out->contiguous = level_bytes(level) - offset;
			out->level = level;
			return true;
		}
		table = table_of(entry);
	}
	return false;
}

void *pt_take_unlinked(struct page_table *pt)
{
	void *list = pt->unlinked;

	pt->unlinked = NULL;
	return list;
}

void pt_free_unlinked(void *list)
{
	while (list) {
		u64 *table = list;

		list = hpa_to_ptr(hpa(table[0]));
		page_free(table, PAGE_ORDER_4K);
	}
}

static void free_below(struct page_table *pt, u64 *table, unsigned level)
{
	for (unsigned i = 0; level > 1 && i < ENTRIES; i++) {
		if (is_present(pt->format, table[i]) &&
		    !is_leaf(pt->format, table[i], level))
			free_below(pt, table_of(table[i]), level - 1);
	}
	page_free(table, PAGE_ORDER_4K);
}

void pt_destroy(struct page_table *pt)
{
	pt_free_unlinked(pt_take_unlinked(pt));
	free_below(pt, pt->root, LEVELS);
	pt->root = NULL;
}

static u64 count_below(const struct page_table *pt, const u64 *table, unsigned level)
{
	u64 count = 1;

	for (unsigned i = 0; level > 1 && i < ENTRIES; i++) {
		if (is_present(pt->format, table[i]) &&
		    !is_leaf(pt->format, table[i], level))
			count += count_below(pt, table_of(table[i]), level - 1);
	}
	return count;
}

u64 pt_count_tables(const struct page_table *pt)
{
	return count_below(pt, pt->root, LEVELS);
}
