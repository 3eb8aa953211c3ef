// SPDX-License-Identifier: MIT
/* One radix tree for the host's own page tables and for nested ones: four levels
 * of 512 64-bit entries; what differs is a const struct pt_format (SDM 3A "4-Level
 * Paging", SDM 3C "EPT Paging-Structure Entries").
 *
 *   level 4   PML4   512 GiB an entry
 *   level 3   PDPT     1 GiB             may be a leaf
 *   level 2   PD       2 MiB             may be a leaf
 *   level 1   PT       4 KiB             always a leaf
 *
 * Changes: one CPU at a time (the caller's lock). Entries are single 64-bit marked
 * stores, so that a walker without the lock sees the old or the new one; a table
 * page is never freed here, see struct page_table.unlinked. Pure. */
#pragma once
#include "types.h"

struct pt_format {
	u64 present;             /* an entry with any of these bits exists */
	u64 table;               /* bits of an entry that points to a table */
	u64 large;               /* bit that makes a level 2 or 3 entry a leaf */
	unsigned top_leaf_level; /* largest leaf: 1, 2 or 3 */
};

struct page_table {
	const struct pt_format *format; /* [I] */
	u64 *root;                      /* [I] */
	/* [L] Table pages taken out of the tree, not yet free: a walker or a CPU's
	 * cache may still hold them. Linked through their first entry, whose
	 * present bits stay clear because pages are aligned: a late walker finds
	 * nothing there. */
	u64 *unlinked;
};

/* An empty tree. -ENOMEM. */
int pt_init(struct page_table *pt, const struct pt_format *format);
/* Map [va, va+bytes) to pa.. with the largest leaves that fit; all multiples of
 * 4 KiB. -EBUSY: something is mapped there (what was done before stays);
 * -ENOMEM: no page for a table. */
int pt_map(struct page_table *pt, u64 va, u64 pa, u64 bytes, u64 leaf_bits);
/* Take the range out; leaves that reach beyond it are split first. -ENOMEM: a
 * split found no page, nothing beyond that point was changed. */
int pt_unmap(struct page_table *pt, u64 va, u64 bytes);
/* Make the leaf that maps va a 4 KiB one, same translation. -ENOENT, -ENOMEM. */
int pt_split(struct page_table *pt, u64 va);
/* Change the bits of the leaves of a range: bits in clear go, bits in set come.
 * The range must consist of whole leaves (split first). */
void pt_change(struct page_table *pt, u64 va, u64 bytes, u64 clear, u64 set);

struct pt_leaf {
	u64 entry;
	u64 pa;         /* of va itself */
	u64 contiguous; /* bytes from va to the end of this leaf */
	unsigned level;
};
/* Look va up. False: not mapped. No lock needed; see the head comment. */
bool pt_walk(const struct page_table *pt, u64 va, struct pt_leaf *out);

/* Take the list of unlinked pages over, under the lock that protects the tree. */
void *pt_take_unlinked(struct page_table *pt);
/* Free such a list; only when no walker and no CPU can still use its pages. */
void pt_free_unlinked(void *list);
/* Free everything. Nobody uses it any more. */
void pt_destroy(struct page_table *pt);
/* Number of table pages in the tree, for accounting and tests. */
u64 pt_count_tables(const struct page_table *pt);
