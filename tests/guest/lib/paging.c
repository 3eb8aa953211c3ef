// SPDX-License-Identifier: MIT
/* Single pages out of the guests' 2 MiB mapping (SDM 3A "4-Level Paging"). */
#include "guest.h"

#define TABLES 4
#define TABLE_ENTRIES 512
#define LARGE_BYTES (TABLE_ENTRIES * PAGE_BYTES)
#define LARGE BIT(7)
#define ADDRESS_MASK 0x000ffffffffff000UL
#define TOO_MANY_EXIT 98

extern u64 boot_pd[4 * TABLE_ENTRIES];

static u64 tables[TABLES][TABLE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static unsigned used;

static void split(u64 *directory_entry)
{
	u64 *table = tables[used];
	u64 page = *directory_entry & ~LARGE;

	if (used == TABLES)
		guest_exit(TOO_MANY_EXIT);
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		table[i] = page + i * PAGE_BYTES;
	*directory_entry = (u64)table | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
	write_cr3(read_cr3());
	used++;
}

u64 *page_entry(const void *at)
{
	u64 address = (u64)at;
	u64 *directory_entry = &boot_pd[address / LARGE_BYTES];

	if (*directory_entry & LARGE)
		split(directory_entry);
	return (u64 *)(*directory_entry & ADDRESS_MASK) +
	       address / PAGE_BYTES % TABLE_ENTRIES;
}
