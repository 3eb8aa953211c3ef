// SPDX-License-Identifier: MIT
/* Physical pages: one buddy allocator over the loader's memory map.
 * Any CPU, root mode, interrupts off; takes the allocator's lock, which is a leaf.
 * Blocks are 2^order pages, aligned to their size. Implemented in kernel/page.c. */
#pragma once
#include "config.h"
#include "types.h"

#define PAGE_ORDER_4K 0
#define PAGE_ORDER_2M 9
#define PAGE_ORDER_1G 18

/* The least order whose block holds so many bytes. */
static inline unsigned page_order(u64 bytes)
{
	unsigned order = 0;

	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

/* A block of 2^order pages, contents undefined (poisoned); NULL: none left. */
void *page_alloc(unsigned order);
/* One zeroed 4 KiB page; NULL: none left. */
void *page_alloc_zero(void);
/* Give a block back; order must be that of its allocation. Poisons the first
 * page of it, so that a late user finds junk and not its data. */
void page_free(void *block, unsigned order);
/* The order with which this block, which is in use, was allocated. Its owner. */
unsigned page_block_order(const void *block);
/* Free 4 KiB pages right now; a hint when CPUs allocate at the same time. */
u64 page_free_count(void);
