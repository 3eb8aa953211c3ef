// SPDX-License-Identifier: MIT
/* vcpu/loader.c: the memory map, GDT and page tables, and files of no kind. */
#include "errno.h"
#include "loader_check.h"
#include "multiboot.h"

#define ROUNDS 20000
#define JUNK_BYTES 1024

static u8 area[LOADER_AREA_BYTES];
static struct load_plan plan;

static void memory_map(void)
{
	static const u64 sizes[] = {MIB(2), MIB(256), GIB(3), GIB(3) + PAGE_SIZE,
				    GIB(64)};
	struct guest_e820 map[LOADER_E820_MAX];

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned count = loader_e820(sizes[i], map);
		u64 ram = 0;

		CHECK_EQ(count, sizes[i] > GIB(3) ? 5 : 4);
		for (unsigned j = 0; j < count; j++) {
			CHECK(map[j].bytes > 0);
			CHECK(!j || map[j - 1].base + map[j - 1].bytes <= map[j].base);
			if (map[j].type != E820_RAM)
				continue;
			ram += map[j].bytes;
			CHECK(check_disjoint(map[j].base, map[j].bytes, GUEST_HOLE_GPA,
					     GIB(1)));
			CHECK(check_disjoint(map[j].base, map[j].bytes, GUEST_ACPI_GPA,
					     GUEST_ACPI_BYTES));
		}
		/* all RAM but that between 639 KiB and 1 MiB */
		CHECK_EQ(ram, sizes[i] - (GUEST_HIGH_GPA - GUEST_LOW_RAM_END));
		CHECK_EQ(map[0].base, 0);
		CHECK(range_within(LOADER_AREA_GPA, LOADER_AREA_BYTES, map[0].bytes));
	}
}

static void build(bool entry_64bit)
{
	plan = (struct load_plan){
		.kind = GUEST_MULTIBOOT1,
		.entry_64bit = entry_64bit,
		.info_gpa = LOADER_AREA_GPA,
		.gdt_gpa = LOADER_AREA_GPA + AREA_GDT,
		.pagetable_gpa = LOADER_AREA_GPA + AREA_PAGETABLE,
		.ram_bytes = MIB(16),
	};
	loader_build(&plan, "", 0, "", NULL, 0, 0, area);
}

/* Walk as the processor does. */
static u64 translate(u64 address)
{
	u64 entry, table = plan.pagetable_gpa;

	for (unsigned shift = 39; shift >= 21; shift -= 9) {
		u64 at = table - LOADER_AREA_GPA + (address >> shift) % 512 * 8;

		if (!CHECK(range_within(at, 8, sizeof(area))))
			return 0;
		entry = load_u64(area + at);
		if (!(entry & 1))
			return UINT64_MAX;
		CHECK(entry & 2);
		CHECK_EQ((entry & 0x80) != 0, shift == 21);
		table = entry & 0xffffffffff000;
	}
	return table + address % MIB(2);
}

static void page_tables(void)
{
	build(true);
	for (u64 address = 0; address < GIB(4); address += MIB(2) - 0x1234)
		CHECK_EQ(translate(address), address);
	CHECK_EQ(translate(GIB(4) - 1), GIB(4) - 1);
	CHECK_EQ(translate(GIB(4)), UINT64_MAX);
	CHECK_EQ(translate(GIB(600)), UINT64_MAX);
}

static void descriptors(void)
{
	const u8 *gdt = area + AREA_GDT;

	build(true);
	CHECK_EQ(load_u64(gdt), 0);
	CHECK_EQ(load_u64(gdt + LOADER_SEL_CODE) >> 52 & 0xf, 0xa); /* G, L */
	CHECK_EQ(load_u64(gdt + LOADER_SEL_DATA), 0x00cf93000000ffff);
	build(false);
	CHECK_EQ(load_u64(gdt + LOADER_SEL_CODE) >> 52 & 0xf, 0xc); /* G, D */
	CHECK(LOADER_SEL_DATA + 7 == LOADER_GDT_LIMIT);
}

static void files_of_no_kind(void)
{
	u8 junk[JUNK_BYTES] = {0};
	u64 seed = 77;

	CHECK_EQ(check_loader(junk, 0, 0, MIB(64), &plan, area), (u64)-ENOTSUP);
	for (unsigned round = 0; round < ROUNDS; round++) {
		u64 bytes = unit_random(&seed) % JUNK_BYTES;

		for (u64 i = 0; i + 8 <= JUNK_BYTES; i += 8)
			store_u64(junk + i, unit_random(&seed));
		if (round % 4 == 1)
			memcpy(junk, "\177ELF\2\1", 6);
		if (round % 4 == 2) {
			store_u32(junk + 128, MULTIBOOT1_HEADER_MAGIC);
			store_u32(junk + 136,
				  -(MULTIBOOT1_HEADER_MAGIC + load_u32(junk + 132)));
		}
		if (round % 4 == 3) {
			memcpy(junk + 0x202, "HdrS", 4);
			store_u16(junk + 0x1fe, 0xaa55);
		}
		check_loader(junk, bytes, unit_random(&seed) >> 40, MIB(64), &plan, area);
	}
}

static void command_line_too_long(void)
{
	char *line = unit_alloc(CMDLINE_MAX);
	const char *why;

	memset(line, 'x', CMDLINE_MAX); /* without an end */
	CHECK_EQ(loader_plan("", 0, 0, line, MIB(64), &plan, &why), (u64)-E2BIG);
	CHECK_HAS(why, "command line");
	unit_free(line);
}

static const struct unit_test tests[] = {
	UNIT_TEST(memory_map),
	UNIT_TEST(page_tables),
	UNIT_TEST(descriptors),
	UNIT_TEST(files_of_no_kind),
	UNIT_TEST(command_line_too_long),
};

int main(void)
{
	return UNIT_RUN(tests);
}
