// SPDX-License-Identifier: MIT
/* boot/multiboot2.c: information as GRUB writes it, and as nobody should. */
#include "bits.h"
#include "boot/multiboot2.h"
#include "bytes.h"
#include "errno.h"
#include "unit.h"

#define BUF_BYTES 8192
#define ROUNDS 40000
#define ENTRY_BYTES 24

/* Information under construction. */
static u8 buf[BUF_BYTES] __attribute__((aligned(8)));
static u64 used;
static struct bootinfo got;
static const char *why;

static void begin(void)
{
	memset(buf, 0, sizeof(buf));
	used = 8;
	store_u32(buf, 8);
}

static u8 *tag(u32 type, u64 payload_bytes)
{
	u8 *at = buf + used;

	store_u32(at, type);
	store_u32(at + 4, (u32)(8 + payload_bytes));
	used = ALIGN_UP(used + 8 + payload_bytes, 8);
	store_u32(buf, (u32)used);
	return at + 8;
}

static void tag_string(u32 type, const char *s)
{
	memcpy(tag(type, strlen(s) + 1), s, strlen(s) + 1);
}

static void tag_module(u32 start, u32 end, const char *s)
{
	u8 *at = tag(MULTIBOOT2_TAG_MODULE, 8 + strlen(s) + 1);

	store_u32(at, start);
	store_u32(at + 4, end);
	memcpy(at + 8, s, strlen(s) + 1);
}

struct entry {
	u64 base, bytes;
	u32 type;
};

static void tag_map(const struct entry *entries, unsigned count)
{
	u8 *at = tag(MULTIBOOT2_TAG_MEMORY_MAP, 8 + count * ENTRY_BYTES);

	store_u32(at, ENTRY_BYTES);
	for (unsigned i = 0; i < count; i++) {
		store_u64(at + 8 + i * ENTRY_BYTES, entries[i].base);
		store_u64(at + 16 + i * ENTRY_BYTES, entries[i].bytes);
		store_u32(at + 24 + i * ENTRY_BYTES, entries[i].type);
	}
}

static void end(void)
{
	tag(MULTIBOOT2_TAG_END, 0);
}

/* Parse a heap copy of exactly the given length. */
static int parse_bytes(u64 bytes)
{
	void *exact = unit_copy(buf, bytes);
	int result = multiboot2_parse(exact, bytes, &got, &why);

	unit_free(exact);
	return result;
}

static int parse_map(const struct entry *entries, unsigned count)
{
	begin();
	tag_map(entries, count);
	end();
	return parse_bytes(used);
}

static void check_range(unsigned i, u64 base, u64 range_end)
{
	CHECK_EQ(got.usable[i].base.v, base);
	CHECK_EQ(got.usable[i].base.v + got.usable[i].bytes, range_end);
}

static void build_like_grub(void)
{
	static const struct entry map[] = {
		{0, 0x9fc00, 1},         {0x9fc00, 0x400, 2},
		{0xf0000, 0x10000, 2},   {0x100000, 0x7ee0000, 1},
		{0x7fe0000, 0x20000, 2}, {0xfffc0000, 0x40000, 2},
	};

	begin();
	tag_string(MULTIBOOT2_TAG_CMDLINE, "end=poweroff seed=3");
	tag_string(MULTIBOOT2_TAG_LOADER, "GRUB 2.06-13+deb12u1");
	tag(12, 8); /* EFI 64-bit system table: skipped */
	tag_module(0x200000, 0x300000, "vm=a vcpus=2 -- console=ttyS0");
	tag_module(0x300000, 0x300000, "");
	tag_map(map, ARRAY_SIZE(map));
	memset(tag(MULTIBOOT2_TAG_RSDP_NEW, 36), 0x22, 36);
	memset(tag(MULTIBOOT2_TAG_RSDP_OLD, 20), 0x11, 20);
	tag(99, 13);
	end();
}

static void as_grub_writes_it(void)
{
	build_like_grub();
	CHECK_EQ(parse_bytes(used), 0);
	CHECK(why == NULL);
	CHECK_STR(got.cmdline, "end=poweroff seed=3");
	CHECK_STR(got.loader, "GRUB 2.06-13+deb12u1");
	CHECK_EQ(got.module_count, 2);
	CHECK_EQ(got.modules[0].base.v, 0x200000);
	CHECK_EQ(got.modules[0].bytes, 0x100000);
	CHECK_STR(got.modules[0].cmdline, "vm=a vcpus=2 -- console=ttyS0");
	CHECK_STR(got.modules[1].cmdline, "");
	CHECK_EQ(got.usable_count, 2);
	check_range(0, 0, 0x9f000);
	check_range(1, 0x100000, 0x7fe0000);
	CHECK_EQ(got.rsdp_bytes, 36);
	CHECK_EQ(got.rsdp[35], 0x22);
}

static void map_merged_and_sorted(void)
{
	static const struct entry map[] = {
		{0x500000, 0x1000, 1},  {0x100000, 0x100000, 1}, {0x200000, 0x1800, 1},
		{0x180000, 0x90000, 1}, {0x501000, 0x1000, 1},   {0x400001, 0xfff, 1},
	};

	CHECK_EQ(parse_map(map, ARRAY_SIZE(map)), 0);
	CHECK_EQ(got.usable_count, 2);
	check_range(0, 0x100000, 0x210000);
	check_range(1, 0x500000, 0x502000);
}

static void unusable_wins(void)
{
	static const struct entry map[] = {
		{0x150800, 0x100, 3},  {0x100000, 0x100000, 1}, {0x1fffff, 0x10, 5},
		{0x300000, 0x1000, 1}, {0x2ff000, 0x5000, 2},
	};

	CHECK_EQ(parse_map(map, ARRAY_SIZE(map)), 0);
	CHECK_EQ(got.usable_count, 2);
	check_range(0, 0x100000, 0x150000);
	check_range(1, 0x151000, 0x1ff000);
}

static void map_beyond_the_address_space(void)
{
	static const struct entry map[] = {
		{0x100000, 0x100000, 1},         {0x200000, UINT64_MAX, 1},
		{UINT64_MAX - 0xfff, 0x1000, 1}, {1ul << 60, 0x1000, 1},
		{0x180000, UINT64_MAX, 2},
	};

	CHECK_EQ(parse_map(map, ARRAY_SIZE(map)), 0);
	CHECK_EQ(got.usable_count, 1);
	check_range(0, 0x100000, 0x180000);
	CHECK_HAS(why, "beyond the end");
}

static void too_many_ranges(void)
{
	struct entry map[MAX_MEM_RANGES + 10];

	for (unsigned i = 0; i < ARRAY_SIZE(map); i++)
		map[i] = (struct entry){0x100000 + i * 0x10000ul, (i + 1) * 0x100ul, 1};
	map[ARRAY_SIZE(map) - 1].bytes = 0x8000;
	for (unsigned i = 0; i + 1 < ARRAY_SIZE(map); i++)
		map[i].bytes = 0x2000;
	CHECK_EQ(parse_map(map, ARRAY_SIZE(map)), 0);
	CHECK_EQ(got.usable_count, MAX_MEM_RANGES);
	CHECK_EQ(got.usable_dropped, 10);
	CHECK_EQ(got.usable[MAX_MEM_RANGES - 1].bytes, 0x8000);
	for (unsigned i = 1; i < got.usable_count; i++)
		CHECK(got.usable[i - 1].base.v < got.usable[i].base.v);
}

static void too_many_modules(void)
{
	static const struct entry map[] = {{0x100000, 0x100000, 1}};

	begin();
	tag_map(map, 1);
	for (unsigned i = 0; i < MAX_MODULES + 3; i++)
		tag_module(0x1000, 0x2000, "x");
	end();
	CHECK_EQ(parse_bytes(used), 0);
	CHECK_EQ(got.module_count, MAX_MODULES);
	CHECK_EQ(got.module_dropped, 3);
}

static void bad_tags_left_out(void)
{
	static const struct entry map[] = {{0x100000, 0x100000, 1}};

	begin();
	tag_map(map, 1);
	tag_map(map, 1);
	tag_module(0x2000, 0x1000, "backwards");
	memcpy(tag(MULTIBOOT2_TAG_CMDLINE, 4), "abcd", 4); /* no NUL */
	memset(tag(MULTIBOOT2_TAG_LOADER, 100), 'L', 100);
	tag(MULTIBOOT2_TAG_RSDP_NEW, 35);
	tag(MULTIBOOT2_TAG_MODULE, 8);
	end();
	CHECK_EQ(parse_bytes(used), 0);
	CHECK_HAS(why, "more than one");
	CHECK_EQ(got.module_count, 0);
	CHECK_STR(got.cmdline, "abcd");
	CHECK_EQ(strlen(got.loader), sizeof(got.loader) - 1);
	CHECK_EQ(got.rsdp_bytes, 0);
}

static void impossible_sizes(void)
{
	build_like_grub();
	CHECK_EQ(multiboot2_parse(buf, 7, &got, &why), (u64)-EINVAL);
	CHECK_EQ(multiboot2_parse(buf, used - 1, &got, &why), (u64)-EINVAL);
	CHECK_EQ(multiboot2_parse(buf + 4, used, &got, &why), (u64)-EINVAL);
	CHECK_HAS(why, "aligned");
	store_u32(buf + 8 + 4, 0x7fffffff); /* the first tag's size */
	CHECK_EQ(multiboot2_parse(buf, used, &got, &why), (u64)-EINVAL);
	CHECK_HAS(why, "no memory map");
	store_u32(buf + 8 + 4, 0); /* would not advance */
	CHECK_EQ(multiboot2_parse(buf, used, &got, &why), (u64)-EINVAL);
}

static void check_sane(void)
{
	CHECK(got.usable_count <= MAX_MEM_RANGES);
	CHECK(got.module_count <= MAX_MODULES);
	CHECK(strnlen(got.cmdline, CMDLINE_MAX) < CMDLINE_MAX);
	for (unsigned i = 0; i < got.usable_count; i++) {
		u64 base = got.usable[i].base.v;

		CHECK(IS_ALIGNED(base | got.usable[i].bytes, PAGE_SIZE));
		CHECK(got.usable[i].bytes && base + got.usable[i].bytes > base);
		if (i)
			CHECK(got.usable[i - 1].base.v + got.usable[i - 1].bytes < base);
	}
}

static void every_prefix(void)
{
	u64 whole;

	build_like_grub();
	whole = used;
	for (u64 bytes = 0; bytes < whole; bytes++) {
		/* as cut: the size is wrong */
		CHECK_EQ(parse_bytes(bytes), (u64)-EINVAL);
		check_sane();
		if (bytes < 8)
			continue;
		/* with a size that says so */
		store_u32(buf, (u32)bytes);
		parse_bytes(bytes);
		check_sane();
		store_u32(buf, (u32)whole);
	}
}

static void mutated(void)
{
	u64 seed = 1;

	for (unsigned i = 0; i < ROUNDS; i++) {
		build_like_grub();
		unit_mutate(buf, used, &seed);
		parse_bytes(used);
		check_sane();
	}
}

static void random_maps(void)
{
	struct entry map[100];
	u64 seed = 2;

	for (unsigned round = 0; round < ROUNDS / 20; round++) {
		unsigned count = 1 + unit_random(&seed) % ARRAY_SIZE(map);

		for (unsigned i = 0; i < count; i++) {
			u64 r = unit_random(&seed);

			map[i] = (struct entry){r % 0x100000, (r >> 20) % 0x8000,
						1 + (r >> 60) % 2};
		}
		parse_map(map, count);
		check_sane();
		for (unsigned i = 0; i < got.usable_count; i++) {
			u64 base = got.usable[i].base.v;
			u64 last = base + got.usable[i].bytes;

			for (unsigned j = 0; j < count; j++)
				CHECK(map[j].type == 1 || !map[j].bytes ||
				      map[j].base >= last ||
				      map[j].base + map[j].bytes <= base);
		}
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(as_grub_writes_it), UNIT_TEST(map_merged_and_sorted),
	UNIT_TEST(unusable_wins),     UNIT_TEST(map_beyond_the_address_space),
	UNIT_TEST(too_many_ranges),   UNIT_TEST(too_many_modules),
	UNIT_TEST(bad_tags_left_out), UNIT_TEST(impossible_sizes),
	UNIT_TEST(every_prefix),      UNIT_TEST(mutated),
	UNIT_TEST(random_maps),
};

int main(void)
{
	return UNIT_RUN(tests);
}
