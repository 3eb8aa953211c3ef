// SPDX-License-Identifier: MIT
/* The address space of hostmap.h, as a table that the code walks. */
#include "hostmap.h"
#include "bits.h"
#include "cpuid.h"
#include "pagetable.h"
#include "regs.h"
#include "x86.h"

/* SDM 3A "Paging-Structure Entries": bits of a leaf. */
#define PTE_P BIT(0)
#define PTE_W BIT(1)
#define PTE_PWT BIT(3)
#define PTE_PCD BIT(4)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_LARGE BIT(7)
#define PTE_G BIT(8)
#define PTE_NX BIT(63)

#define LEAF_RX (PTE_P | PTE_A | PTE_G)
#define LEAF_RO (PTE_P | PTE_A | PTE_G | PTE_NX)
#define LEAF_RW (PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_NX)
#define LEAF_DEVICE (LEAF_RW | PTE_PCD | PTE_PWT)
#define VGA_TEXT 0xb8000
#define VGA_BYTES 0x8000

extern const u8 text_start[], text_end[], rodata_start[], rodata_end[], data_start[],
	data_end[];

static struct pt_format host_format = {
	.present = PTE_P,
	.table = PTE_P | PTE_W | PTE_A,
	.large = PTE_LARGE,
	.top_leaf_level = 2, /* 3 where the CPU has 1 GiB pages */
};
static struct page_table host_pt; /* [I] after hostmap_init(), but for guards at boot */

static u64 addr(const u8 *symbol)
{
	return (u64)(uintptr_t)symbol;
}

static bool map_image(void)
{
	const struct {
		const u8 *start, *end;
		u64 bits;
	} parts[] = {
		{text_start, text_end, LEAF_RX},
		{rodata_start, rodata_end, LEAF_RO},
		{data_start, data_end, LEAF_RW},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		u64 start = addr(parts[i].start), end = addr(parts[i].end);
		if (pt_map(&host_pt, start, start, end - start, parts[i].bits))
			return false;
	}
	return true;
}

/* RAM outside the image; page 0 stays out, so that a NULL pointer faults. */
static bool map_ram(u64 base, u64 end)
{
	base = MAX(base, PAGE_SIZE);
	return base >= end || !pt_map(&host_pt, base, base, end - base, LEAF_RW);
}

static bool map_usable(const struct mem_range *range)
{
	u64 image = addr(text_start), image_end = addr(data_end);
	u64 base = range->base.v, end = base + range->bytes;

	return map_ram(base, MIN(end, image)) && map_ram(MAX(base, image_end), end);
}

bool hostmap_init(const struct bootinfo *info)
{
	if (cpu_features()->page1gb)
		host_format.top_leaf_level = 3;
	if (pt_init(&host_pt, &host_format) || !map_image())
		return false;
	for (unsigned i = 0; i < info->usable_count; i++) {
		if (!map_usable(&info->usable[i]))
			return false;
	}
	if (!hostmap_map_device(VGA_TEXT, VGA_BYTES))
		return false;
	hostmap_load();
	return true;
}

u64 hostmap_cr3(void)
{
	return ptr_to_hpa(host_pt.root).v;
}

void hostmap_load(void)
{
	u64 cr4 = read_cr4() | CR4_PGE;

	if (cpu_features()->smep)
		cr4 |= CR4_SMEP;
	write_cr3(hostmap_cr3());
	/* Toggling PGE also drops the global translations of the boot map. */
	write_cr4(cr4 & ~CR4_PGE);
	write_cr4(cr4);
}

static bool map_missing(u64 base, u64 bytes, u64 bits)
{
	struct pt_leaf leaf;
	u64 end = ALIGN_UP(base + bytes, PAGE_SIZE);

	for (u64 page = ALIGN_DOWN(base, PAGE_SIZE); page < end; page += PAGE_SIZE) {
		if (!pt_walk(&host_pt, page, &leaf) &&
		    pt_map(&host_pt, page, page, PAGE_SIZE, bits))
			return false;
	}
	return true;
}

bool hostmap_map_device(u64 base, u64 bytes)
{
	return map_missing(base, bytes, LEAF_DEVICE);
}

bool hostmap_map_readonly(u64 base, u64 bytes)
{
	return map_missing(base, bytes, LEAF_RO);
}

void hostmap_guard(const void *page)
{
	u64 va = (u64)(uintptr_t)page;

	pt_unmap(&host_pt, va, PAGE_SIZE);
	invlpg(va);
}
