// SPDX-License-Identifier: MIT
/* The guest loader's frame: whose image is it, is the RAM free, and what every
 * guest gets alike: memory map, command line, GDT, page tables. */
#include "loader_parts.h"
#include "assert.h"
#include "errno.h"

#define RAM_MIN MIB(2)
#define RAM_MAX GIB(1UL << 16) /* keeps sums of addresses far from overflow */

/* SDM 3A "Segment Descriptors": flat, present, accessed, DPL 0. */
#define GDT_CODE64 0x00af9b000000ffff
#define GDT_CODE32 0x00cf9b000000ffff
#define GDT_DATA 0x00cf93000000ffff

/* SDM 3A "4-Level Paging" */
#define PTE_PRESENT 0x1
#define PTE_WRITE 0x2
#define PTE_LARGE 0x80
#define TABLE_ENTRIES 512
#define MAPPED_GIB 4

static_assert(AREA_PAGETABLE + (2 + MAPPED_GIB) * PAGE_SIZE <= LOADER_AREA_BYTES,
	      "the page tables are the last thing in the area");
static_assert(LOADER_AREA_GPA + LOADER_AREA_BYTES <= GUEST_LOW_RAM_END,
	      "the area is RAM that the memory map calls usable");
static_assert(CMDLINE_MAX + sizeof(MULTIBOOT1_PROGRAM_NAME) <= AREA_CMDLINE_BYTES,
	      "the longest command line fits its place");

bool loader_may_load(const struct image *image, u64 gpa, u64 bytes)
{
	if (gpa < LOADER_AREA_GPA)
		return range_within(gpa, bytes, LOADER_AREA_GPA);
	if (gpa < GUEST_HOLE_GPA)
		return gpa >= GUEST_HIGH_GPA &&
		       range_within(gpa, bytes, image->low_ram_end);
	return gpa >= GUEST_HOLE_END && range_within(gpa, bytes, image->high_ram_end);
}

int loader_add_segment(const struct image *image, const struct load_segment *segment,
		       struct load_plan *plan, const char **why)
{
	*why = "a segment lies beyond the end of the file";
	if (!range_within(segment->file_offset, segment->file_bytes, image->size))
		return -EINVAL;
	*why = "a segment is larger in the file than in memory";
	if (segment->file_bytes > segment->mem_bytes)
		return -EINVAL;
	*why = "a segment lies outside of the VM's RAM, or between 512 KiB and 1 MiB";
	if (!loader_may_load(image, segment->gpa, segment->mem_bytes))
		return -ENOMEM;
	*why = "two segments overlap";
	for (unsigned i = 0; i < plan->segment_count; i++) {
		const struct load_segment *other = &plan->segments[i];

		if (segment->gpa < other->gpa + other->mem_bytes &&
		    other->gpa < segment->gpa + segment->mem_bytes)
			return -EINVAL;
	}
	*why = "too many segments";
	if (plan->segment_count == LOADER_SEGMENTS_MAX)
		return -E2BIG;
	plan->segments[plan->segment_count++] = *segment;
	*why = NULL;
	return 0;
}

static int plan_any(const struct image *image, struct load_plan *plan, const char **why)
{
	int result;

	if (linux_recognise(image))
		return linux_plan(image, plan, why);
	result = multiboot_plan(image, plan, why);
	if (result != -ENOENT)
		return result;
	*why = elf_recognise(image) ? "an ELF file without a multiboot header"
				    : "neither a Linux bzImage nor a multiboot kernel";
	return -ENOTSUP;
}

static void split_ram(u64 ram_bytes, struct image *image)
{
	u64 ram = ALIGN_DOWN(ram_bytes, PAGE_SIZE);

	image->low_ram_end = MIN(ram, GUEST_HOLE_GPA);
	image->high_ram_end = GUEST_HOLE_END + (ram - image->low_ram_end);
}

int loader_plan(const void *image, u64 bytes, u64 initrd_bytes, const char *cmdline,
		u64 ram_bytes, struct load_plan *out, const char **why)
{
	struct image it = {
		.bytes = image,
		.size = bytes,
		.initrd_bytes = initrd_bytes,
		.cmdline_length = strnlen(cmdline, CMDLINE_MAX),
	};

	memset(out, 0, sizeof(*out));
	*why = "the VM's RAM is smaller than 2 MiB, or absurdly large";
	if (ram_bytes < RAM_MIN || ram_bytes > RAM_MAX)
		return -ENOMEM;
	*why = "the command line is too long";
	if (it.cmdline_length == CMDLINE_MAX)
		return -E2BIG;
	split_ram(ram_bytes, &it);
	out->ram_bytes = ram_bytes;
	out->initrd_bytes = initrd_bytes;
	out->info_gpa = LOADER_AREA_GPA + AREA_INFO;
	out->cmdline_gpa = LOADER_AREA_GPA + AREA_CMDLINE;
	out->gdt_gpa = LOADER_AREA_GPA + AREA_GDT;
	out->pagetable_gpa = LOADER_AREA_GPA + AREA_PAGETABLE;
	return plan_any(&it, out, why);
}

static void add_range(struct guest_e820 *map, unsigned *count, u64 base, u64 bytes,
		      u32 type)
{
	map[(*count)++] = (struct guest_e820){base, bytes, type};
}

unsigned loader_e820(u64 ram_bytes, struct guest_e820 *out)
{
	struct image ram;
	unsigned count = 0;
	u64 low, high;

	split_ram(ram_bytes, &ram);
	low = ram.low_ram_end - GUEST_HIGH_GPA;
	high = ram.high_ram_end - GUEST_HOLE_END;
	add_range(out, &count, 0, GUEST_LOW_RAM_END, E820_RAM);
	add_range(out, &count, GUEST_LOW_RAM_END, GUEST_VGA_GPA - GUEST_LOW_RAM_END,
		  E820_RESERVED);
	add_range(out, &count, GUEST_ACPI_GPA, GUEST_ACPI_BYTES, E820_RESERVED);
	add_range(out, &count, GUEST_HIGH_GPA, low, E820_RAM);
	if (high)
		add_range(out, &count, GUEST_HOLE_END, high, E820_RAM);
	return count;
}

/* --- building --- */

static void build_cmdline(const struct load_plan *plan, const char *cmdline, char *out)
{
	if (plan->kind == GUEST_MULTIBOOT1) {
		string_copy(out, MULTIBOOT1_PROGRAM_NAME, AREA_CMDLINE_BYTES);
		out += strlen(MULTIBOOT1_PROGRAM_NAME);
	}
	string_copy(out, cmdline, CMDLINE_MAX);
}

static void build_gdt(bool is_64bit, u8 *gdt)
{
	store_u64(gdt + LOADER_SEL_CODE, is_64bit ? GDT_CODE64 : GDT_CODE32);
	store_u64(gdt + LOADER_SEL_DATA, GDT_DATA);
}

/* Identity map of the first 4 GiB in 2 MiB pages. */
static void build_pagetable(u64 gpa, u8 *table)
{
	u8 *pdpt = table + PAGE_SIZE;
	u8 *directory = pdpt + PAGE_SIZE;

	store_u64(table, (gpa + PAGE_SIZE) | PTE_PRESENT | PTE_WRITE);
	for (u64 i = 0; i < MAPPED_GIB; i++)
		store_u64(pdpt + i * sizeof(u64),
			  (gpa + (2 + i) * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE);
#pragma GCC unroll 8 /* the whole is one turn of a pCPU's loop (ROOT_BOUND) */
	for (u64 i = 0; i < MAPPED_GIB * TABLE_ENTRIES; i++)
		store_u64(directory + i * sizeof(u64),
			  MIB(2) * i | PTE_PRESENT | PTE_WRITE | PTE_LARGE);
}

void loader_build(const struct load_plan *plan, const void *image, u64 bytes,
		  const char *cmdline, const struct guest_e820 *map, unsigned map_count,
		  u64 rsdp_gpa, void *area)
{
	struct image it = {.bytes = image, .size = bytes};
	u8 *base = area;
	unsigned count = MIN(map_count, LOADER_E820_MAX);

	memset(base, 0, LOADER_AREA_BYTES);
	build_cmdline(plan, cmdline, (char *)base + AREA_CMDLINE);
	build_gdt(plan->entry_64bit, base + AREA_GDT);
	build_pagetable(plan->pagetable_gpa, base + AREA_PAGETABLE);
	if (plan->kind == GUEST_LINUX)
		linux_build(plan, &it, map, count, rsdp_gpa, base + AREA_INFO);
	if (plan->kind == GUEST_MULTIBOOT1)
		multiboot1_build(plan, map, count, base + AREA_INFO);
	if (plan->kind == GUEST_MULTIBOOT2)
		multiboot2_build(plan, cmdline, map, count, base + AREA_INFO);
}
