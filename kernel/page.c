// SPDX-License-Identifier: MIT
/* Buddy allocator: free blocks of 2^order pages, aligned to their size, on one
 * list for each order; two free buddies become one block. Each page has one byte
 * in page_state: for the first page of a block its order and whether it is free. */
#include "page.h"
#include "assert.h"
#include "atomic.h"
#include "bits.h"
#include "kernel/page_init.h"
#include "list.h"
#include "lock_check.h"
#include "spinlock.h"
#include "string.h"

#define MAX_ORDER PAGE_ORDER_1G
#define PAGE_SHIFT 12
#define STATE_FREE 0x80
#define STATE_USED 0x40
#define STATE_INSIDE 0x00 /* not the first page of a block, or not ours */
#define ORDER_MASK 0x3f
#define POISON_BYTE 0xd6

static struct spinlock lock;
static struct list free_lists[MAX_ORDER + 1]; /* [L] */
static u8 *page_state;                        /* [I] pointer, [L] contents */
static u64 page_limit;                        /* [I] pages that page_state covers */
static u64 free_pages; /* [A] written under the lock, read as a hint */

static u64 pfn_of(const void *block)
{
	return (u64)(uintptr_t)block >> PAGE_SHIFT;
}

static struct list *block_at(u64 pfn)
{
	return (struct list *)(uintptr_t)(pfn << PAGE_SHIFT);
}

static void count_pages(s64 change)
{
	WRITE_ONCE(free_pages,
		   free_pages + (u64)change); /* hint, see page_free_count() */
}

static void insert_free(u64 pfn, unsigned order)
{
	page_state[pfn] = (u8)(STATE_FREE | order);
	list_append(&free_lists[order], block_at(pfn));
}

static void remove_free(u64 pfn)
{
	list_remove(block_at(pfn));
	page_state[pfn] = STATE_INSIDE;
}

/* Join with the buddy as long as that is free and whole. */
static void free_block(u64 pfn, unsigned order)
{
	count_pages((s64)BIT(order));
	while (order < MAX_ORDER) {
		u64 buddy = pfn ^ BIT(order);

		if (buddy >= page_limit || page_state[buddy] != (STATE_FREE | order))
			break;
		remove_free(buddy);
		page_state[pfn] = STATE_INSIDE;
		pfn &= ~BIT(order);
		order++;
	}
	insert_free(pfn, order);
}

void *page_alloc(unsigned order)
{
	unsigned have = order;
	void *block = NULL;
	u64 pfn;

	ASSERT(order <= MAX_ORDER);
	spin_lock(&lock);
	while (have <= MAX_ORDER && list_empty(&free_lists[have]))
		have++;
	if (have <= MAX_ORDER) {
		block = free_lists[have].next;
		pfn = pfn_of(block);
		remove_free(pfn);
		for (; have > order; have--)
			insert_free(pfn + BIT(have - 1), have - 1);
		page_state[pfn] = (u8)(STATE_USED | order);
		count_pages(-(s64)BIT(order));
	}
	spin_unlock(&lock);
	return block;
}

void *page_alloc_zero(void)
{
	void *page = page_alloc(PAGE_ORDER_4K);

	return page ? memset(page, 0, PAGE_SIZE) : NULL;
}

void page_free(void *block, unsigned order)
{
	u64 pfn = pfn_of(block);

	ASSERT(pfn < page_limit);
	lock_check_forget(block, PAGE_SIZE << order);
	memset(block, POISON_BYTE, PAGE_SIZE);
	spin_lock(&lock);
	/* Catches a second free and a free with another order. */
	ASSERT(page_state[pfn] == (STATE_USED | order));
	free_block(pfn, order);
	spin_unlock(&lock);
}

unsigned page_block_order(const void *block)
{
	u64 pfn = pfn_of(block);

	/* The owner's own byte: nobody changes it while the block is in use. */
	ASSERT(pfn < page_limit && page_state[pfn] & STATE_USED);
	return page_state[pfn] & ORDER_MASK;
}

u64 page_free_count(void)
{
	return READ_ONCE(free_pages); /* a hint: pairs with nothing */
}

/* Give one gap-free range to the lists, block by block, each the largest that is
 * aligned and fits. */
static void add_range(u64 base, u64 end)
{
	u64 pfn = base >> PAGE_SHIFT, last = end >> PAGE_SHIFT;

	while (pfn < last) {
		unsigned order = pfn ? MIN(bit_lowest(pfn), (unsigned)MAX_ORDER) : 0;

		while (BIT(order) > last - pfn)
			order--;
		free_block(pfn, order);
		pfn += BIT(order);
	}
}

static void add_unreserved(u64 base, u64 end, const struct reserved_range *reserved,
			   unsigned count)
{
	for (; count; reserved++, count--) {
		if (reserved->end <= base || reserved->base >= end)
			continue;
		if (reserved->base > base)
			add_unreserved(base, ALIGN_DOWN(reserved->base, PAGE_SIZE),
				       reserved + 1, count - 1);
		base = ALIGN_UP(reserved->end, PAGE_SIZE);
		if (base >= end)
			return;
	}
	if (base < end)
		add_range(base, end);
}

static bool overlaps_reserved(u64 base, u64 end, const struct reserved_range *reserved,
			      unsigned count, u64 *next)
{
	for (unsigned i = 0; i < count; i++) {
		if (reserved[i].end > base && reserved[i].base < end) {
			*next = ALIGN_UP(reserved[i].end, PAGE_SIZE);
			return true;
		}
	}
	return false;
}

/* Find room for page_state itself; returns its address, 0: none. */
static u64 place_state(const struct bootinfo *info, const struct reserved_range *reserved,
		       unsigned count, u64 from, u64 to, u64 bytes)
{
	for (unsigned i = 0; i < info->usable_count; i++) {
		u64 base = MAX(info->usable[i].base.v, from), next;
		u64 end = MIN(info->usable[i].base.v + info->usable[i].bytes, to);

		while (base + bytes <= end) {
			if (!overlaps_reserved(base, base + bytes, reserved, count,
					       &next))
				return base;
			base = next;
		}
	}
	return 0;
}

static bool state_init(const struct bootinfo *info, const struct reserved_range *reserved,
		       unsigned count, u64 from, u64 to)
{
	const struct mem_range *last = &info->usable[info->usable_count - 1];
	u64 address;

	for (unsigned order = 0; order <= MAX_ORDER; order++)
		list_init(&free_lists[order]);
	page_limit = (last->base.v + last->bytes) >> PAGE_SHIFT;
	address = place_state(info, reserved, count, from, to, page_limit);
	if (!address)
		return false;
	page_state = hpa_to_ptr(hpa(address));
	memset(page_state, STATE_INSIDE, page_limit);
	return true;
}

u64 page_init(const struct bootinfo *info, const struct reserved_range *reserved,
	      unsigned reserved_count, u64 from, u64 to)
{
	struct reserved_range all[MAX_MODULES + 4];
	unsigned count = MIN(reserved_count, (unsigned)ARRAY_SIZE(all) - 1);

	if (!info->usable_count)
		return 0;
	if (!page_state && !state_init(info, reserved, reserved_count, from, to))
		return 0;
	memcpy(all, reserved, count * sizeof(*all));
	all[count].base = ptr_to_hpa(page_state).v;
	all[count].end = all[count].base + page_limit;
	for (unsigned i = 0; i < info->usable_count; i++) {
		u64 base = MAX(info->usable[i].base.v, from);
		u64 end = MIN(info->usable[i].base.v + info->usable[i].bytes, to);

		if (base < end)
			add_unreserved(base, end, all, count + 1);
	}
	return free_pages;
}
