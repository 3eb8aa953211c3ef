// SPDX-License-Identifier: MIT
/* vcpu/multiboot.c, elf.c, mbinfo.c: kernels of both versions in ELF of both
 * classes and without ELF, the information they get, and damaged ones. */
#include "errno.h"
#include "loader_check.h"
#include "multiboot.h"

#define IMAGE_BYTES 4096
#define ELF_HEADERS_AT 64 /* program headers */
#define MB_AT 512         /* multiboot header */
#define TEXT_AT 1024      /* file offset of the first segment */
#define RAM MIB(64)
#define ROUNDS 30000

static u8 image[IMAGE_BYTES];
static u8 area[LOADER_AREA_BYTES];
static struct load_plan plan;
static const char *why;

/* A segment of an ELF file under construction. */
struct part {
	u64 offset, vaddr, paddr, filesz, memsz;
};

static void elf_begin(u8 class, u16 machine, unsigned phnum, u64 entry)
{
	memset(image, 0, sizeof(image));
	memcpy(image, "\177ELF", 4);
	image[4] = class;
	image[5] = 1;
	store_u16(image + 16, 2);
	store_u16(image + 18, machine);
	if (class == 1) {
		store_u32(image + 24, (u32)entry);
		store_u32(image + 28, ELF_HEADERS_AT);
		store_u16(image + 42, 32);
		store_u16(image + 44, (u16)phnum);
	} else {
		store_u64(image + 24, entry);
		store_u64(image + 32, ELF_HEADERS_AT);
		store_u16(image + 54, 56);
		store_u16(image + 56, (u16)phnum);
	}
}

static void elf32_part(unsigned i, struct part part)
{
	u8 *ph = image + ELF_HEADERS_AT + i * 32;

	store_u32(ph, 1);
	store_u32(ph + 4, (u32)part.offset);
	store_u32(ph + 8, (u32)part.vaddr);
	store_u32(ph + 12, (u32)part.paddr);
	store_u32(ph + 16, (u32)part.filesz);
	store_u32(ph + 20, (u32)part.memsz);
}

static void elf64_part(unsigned i, struct part part)
{
	u8 *ph = image + ELF_HEADERS_AT + i * 56;

	store_u32(ph, 1);
	store_u64(ph + 8, part.offset);
	store_u64(ph + 16, part.vaddr);
	store_u64(ph + 24, part.paddr);
	store_u64(ph + 32, part.filesz);
	store_u64(ph + 40, part.memsz);
}

static void mb1_header(u64 at, u32 flags)
{
	store_u32(image + at, MULTIBOOT1_HEADER_MAGIC);
	store_u32(image + at + 4, flags);
	store_u32(image + at + 8, -(MULTIBOOT1_HEADER_MAGIC + flags));
}

/* tags: words of the header after its fixed part */
static void mb2_header(u64 at, const u32 *tags, unsigned words)
{
	u32 length = 16 + words * 4;

	store_u32(image + at, MULTIBOOT2_HEADER_MAGIC);
	store_u32(image + at + 4, 0);
	store_u32(image + at + 8, length);
	store_u32(image + at + 12, -(MULTIBOOT2_HEADER_MAGIC + length));
	memcpy(image + at + 16, tags, words * 4);
}

static int try(u64 initrd_bytes, u64 ram_bytes)
{
	int result = check_loader(image, sizeof(image), initrd_bytes, ram_bytes, &plan,
				  area);

	loader_plan(image, sizeof(image), initrd_bytes, "a b", ram_bytes, &plan, &why);
	return result;
}

static const u8 *in_area(u64 gpa)
{
	CHECK(range_within(gpa - LOADER_AREA_GPA, 64, LOADER_AREA_BYTES));
	return area + (gpa - LOADER_AREA_GPA);
}

/* As kvm-unit-tests link theirs: see guests.md 1.1. */
static void build_mb1(void)
{
	elf_begin(1, 3, 2, 0x4000bc);
	elf32_part(0, (struct part){TEXT_AT, 0x400000, 0x400000, 1024, 1024});
	elf32_part(1, (struct part){2048, 0x401000, 0x401000, 16, 0xc34048});
	mb1_header(MB_AT, 0);
}

static void mb1_elf32(void)
{
	build_mb1();
	CHECK_EQ(try(100, RAM), 0);
	CHECK_EQ(plan.kind, GUEST_MULTIBOOT1);
	CHECK_EQ(plan.segment_count, 2);
	CHECK_EQ(plan.segments[1].mem_bytes, 0xc34048);
	CHECK_EQ(plan.entry, 0x4000bc);
	CHECK(!plan.entry_64bit);
	CHECK_EQ(plan.rax, MULTIBOOT1_LOADER_MAGIC);
	CHECK_EQ(plan.rbx, plan.info_gpa);
	CHECK_EQ(plan.initrd_gpa, 0x1036000);
}

static void mb1_information(void)
{
	const u8 *info = area, *map;

	build_mb1();
	CHECK_EQ(try(100, RAM), 0);
	CHECK_EQ(load_u32(info), 0x24d);
	CHECK_EQ(load_u32(info + 4), 639);
	CHECK_EQ(load_u32(info + 8), 63 * 1024);
	CHECK_STR((const char *)in_area(load_u32(info + 16)), "kernel a b");
	CHECK_EQ(load_u32(info + 20), 1);
	CHECK_EQ(load_u32(in_area(load_u32(info + 24))), plan.initrd_gpa);
	CHECK_EQ(load_u32(in_area(load_u32(info + 24)) + 4), plan.initrd_gpa + 100);
	CHECK_STR((const char *)in_area(load_u32(in_area(load_u32(info + 24)) + 8)), "");
	CHECK_EQ(load_u32(info + 44), 4 * 24);
	map = in_area(load_u32(info + 48)) + 3 * 24;
	CHECK_EQ(load_u32(map), 20);
	CHECK_EQ(load_u64(map + 4), MIB(1));
	CHECK_EQ(load_u64(map + 12), MIB(63));
	CHECK_EQ(load_u32(map + 20), E820_RAM);
	CHECK_STR((const char *)in_area(load_u32(info + 64)), "Spur");
	CHECK_EQ(try(0, RAM), 0);
	CHECK_EQ(load_u32(info + 20), 0);
}

static void mb1_real_mode_addresses(void)
{
	elf_begin(1, 3, 2, 0x8018);
	elf32_part(0, (struct part){TEXT_AT, 0x8000, 0x8000, 64, 64});
	elf32_part(1, (struct part){2048, 0xb000, 0xb000, 16, 0x4000});
	mb1_header(MB_AT, 0);
	CHECK_EQ(try(10, MIB(4)), 0);
	CHECK_EQ(plan.entry, 0x8018);
	CHECK_EQ(plan.initrd_gpa, MIB(1));
}

static void mb1_without_elf(void)
{
	u32 addresses[] = {0x200000 + MB_AT, 0x200000, 0x200000 + 2000, 0x300000,
			   0x200400};

	memset(image, 0, sizeof(image));
	mb1_header(MB_AT, MULTIBOOT1_HAS_ADDRESSES);
	memcpy(image + MB_AT + 12, addresses, sizeof(addresses));
	CHECK_EQ(try(0, RAM), 0);
	CHECK_EQ(plan.segments[0].file_offset, 0);
	CHECK_EQ(plan.segments[0].file_bytes, 2000);
	CHECK_EQ(plan.segments[0].gpa, 0x200000);
	CHECK_EQ(plan.segments[0].mem_bytes, 0x100000);
	CHECK_EQ(plan.entry, 0x200400);
	store_u32(image + MB_AT + 16,
		  0x200000 + MB_AT + 4); /* load_addr behind the header */
	CHECK_EQ(try(0, RAM), (u64)-EINVAL);
	store_u32(image + MB_AT + 16, 0x200000 - 4); /* before the file */
	CHECK_EQ(try(0, RAM), (u64)-EINVAL);
	mb1_header(MB_AT, 0);
	CHECK_EQ(try(0, RAM), (u64)-ENOTSUP);
	CHECK_HAS(why, "neither in ELF");
}

static void mb1_wishes(void)
{
	build_mb1();
	mb1_header(MB_AT, 3);
	CHECK_EQ(try(0, RAM), 0);
	mb1_header(MB_AT, 4);
	CHECK_EQ(try(0, RAM), (u64)-ENOTSUP);
	CHECK_HAS(why, "video");
	mb1_header(MB_AT, 0x8000);
	CHECK_EQ(try(0, RAM), (u64)-ENOTSUP);
	CHECK_HAS(why, "unknown");
	mb1_header(MB_AT, 0);
	image[MB_AT + 8]++;
	CHECK_EQ(try(0, RAM), (u64)-ENOTSUP);
	CHECK_HAS(why, "without a multiboot header");
}

static const u32 tags_plain[] = {1, 16, 4, 6, 10 | 1u << 16, 24, 0, 0, 0, 0, 0, 8};

static void build_mb2(void)
{
	elf_begin(2, 62, 2, 0xffffffff80100010);
	elf64_part(0, (struct part){TEXT_AT, 0xffffffff80100000, 0x100000, 512, 512});
	elf64_part(1, (struct part){2048, 0xffffffff80200000, 0x200000, 0, 0x10000});
	mb2_header(MB_AT, tags_plain, ARRAY_SIZE(tags_plain));
}

static void mb2_elf64(void)
{
	build_mb2();
	CHECK_EQ(try(5000, RAM), 0);
	CHECK_EQ(plan.kind, GUEST_MULTIBOOT2);
	CHECK_EQ(plan.entry, 0x100010);
	CHECK(!plan.entry_64bit);
	CHECK_EQ(plan.rax, MULTIBOOT2_LOADER_MAGIC);
	CHECK_EQ(plan.initrd_gpa, 0x210000);
	store_u64(image + 24, 0x100020); /* the entry as a physical address */
	CHECK_EQ(try(0, RAM), 0);
	CHECK_EQ(plan.entry, 0x100020);
	store_u64(image + 24, 0x300000);
	CHECK_EQ(try(0, RAM), (u64)-EINVAL);
	CHECK_HAS(why, "entry point");
}

static const u8 *find_tag(u32 type)
{
	u32 total = load_u32(area);

	for (u64 at = 8; at < total; at = ALIGN_UP(at + load_u32(area + at + 4), 8)) {
		if (load_u32(area + at) == type)
			return area + at;
	}
	CHECK(!"tag found");
	return area + AREA_INFO_BYTES;
}

static void mb2_information(void)
{
	build_mb2();
	CHECK_EQ(try(5000, GIB(4)), 0);
	CHECK(IS_ALIGNED(load_u32(area), 8));
	CHECK_STR((const char *)find_tag(1) + 8, "a b");
	CHECK_EQ(load_u32(find_tag(1) + 4), 12);
	CHECK_STR((const char *)find_tag(2) + 8, "Spur");
	CHECK_EQ(load_u32(find_tag(3) + 8), plan.initrd_gpa);
	CHECK_EQ(load_u32(find_tag(3) + 12), plan.initrd_gpa + 5000);
	CHECK_EQ(load_u32(find_tag(4) + 12), 3 * 1024 * 1024 - 1024);
	CHECK_EQ(load_u32(find_tag(6) + 4), 16 + 5 * 24);
	CHECK_EQ(load_u32(find_tag(6) + 8), 24);
	CHECK_EQ(load_u64(find_tag(6) + 16 + 4 * 24), GIB(4));
	CHECK_EQ(load_u64(find_tag(6) + 16 + 4 * 24 + 8), GIB(1));
	CHECK_EQ(load_u32(find_tag(0) + 4), 8);
}

static void mb2_longest_command_line(void)
{
	static char line[CMDLINE_MAX];
	struct guest_e820 map[LOADER_E820_MAX] = {0};

	build_mb2();
	memset(line, 'x', CMDLINE_MAX - 1);
	CHECK_EQ(loader_plan(image, sizeof(image), 10, line, RAM, &plan, &why), 0);
	loader_build(&plan, image, sizeof(image), line, map, LOADER_E820_MAX + 9, 0,
		     area);
	CHECK(load_u32(area) < AREA_INFO_BYTES);
	CHECK_STR((const char *)find_tag(1) + 8, line);
	build_mb1();
	CHECK_EQ(loader_plan(image, sizeof(image), 10, line, RAM, &plan, &why), 0);
	loader_build(&plan, image, sizeof(image), line, map, LOADER_E820_MAX + 9, 0,
		     area);
	CHECK_EQ(strlen((const char *)in_area(plan.cmdline_gpa)), CMDLINE_MAX - 1 + 7);
}

static int try_tags(const u32 *tags, unsigned words)
{
	build_mb2();
	mb2_header(MB_AT, tags, words);
	return try(0, RAM);
}

#define TRY_TAGS(...)                                                                    \
	({                                                                               \
		static const u32 tags_[] = {__VA_ARGS__};                                \
		try_tags(tags_, ARRAY_SIZE(tags_));                                      \
	})
#define OPTIONAL (1u << 16)

static void mb2_wishes(void)
{
	CHECK_EQ(TRY_TAGS(0, 8), 0);
	CHECK_EQ(TRY_TAGS(5, 20, 0, 0, 0, 0, 0, 8), (u64)-ENOTSUP);
	CHECK_HAS(why, "framebuffer");
	CHECK_EQ(TRY_TAGS(5 | OPTIONAL, 20, 0, 0, 0, 0, 0, 8), 0);
	CHECK_EQ(TRY_TAGS(1, 12, 9, 0, 0, 8), (u64)-ENOTSUP);
	CHECK_HAS(why, "information we lack");
	CHECK_EQ(TRY_TAGS(1 | OPTIONAL, 12, 9, 0, 0, 8), 0);
	CHECK_EQ(TRY_TAGS(4, 12, 1, 0, 0, 8), (u64)-ENOTSUP);
	CHECK_EQ(TRY_TAGS(4, 12, 2, 0, 0, 8), 0);
	CHECK_EQ(TRY_TAGS(77, 8, 0, 8), (u64)-ENOTSUP);
	CHECK_EQ(TRY_TAGS(77 | OPTIONAL, 8, 0, 8), 0);
	CHECK_EQ(TRY_TAGS(3, 12, 0x100004, 0, 0, 8), 0);
	CHECK_EQ(plan.entry, 0x100004);
	CHECK_EQ(TRY_TAGS(3, 12, 0x500000, 0, 0, 8), (u64)-EINVAL);
	CHECK_EQ(TRY_TAGS(3, 8, 0, 8), (u64)-EINVAL); /* too short */
	CHECK_EQ(TRY_TAGS(6, 0, 0, 8), (u64)-EINVAL); /* would not advance */
	CHECK_EQ(TRY_TAGS(6, 8), (u64)-EINVAL);       /* no end */
	CHECK_EQ(TRY_TAGS(6, 0xfffffff8, 0, 8), (u64)-EINVAL);
}

static void mb2_without_elf(void)
{
	static const u32 tags[] = {2, 24, 0x400000 + MB_AT, UINT32_MAX, 0, 0x500000,
				   3, 12, 0x400800,         0,          0, 8};

	memset(image, 0, sizeof(image));
	mb2_header(MB_AT, tags, ARRAY_SIZE(tags));
	CHECK_EQ(try(0, RAM), 0);
	CHECK_EQ(plan.segments[0].gpa, 0x400000);
	CHECK_EQ(plan.segments[0].file_bytes, IMAGE_BYTES);
	CHECK_EQ(plan.segments[0].mem_bytes, 0x100000);
	CHECK_EQ(plan.entry, 0x400800);
}

static int try_part(struct part part)
{
	build_mb1();
	elf32_part(1, part);
	return try(0, RAM);
}

static void bad_segments(void)
{
	CHECK_EQ(try_part((struct part){4000, 0, 0x800000, 97, 97}), (u64)-EINVAL);
	CHECK_HAS(why, "beyond the end of the file");
	CHECK_EQ(try_part((struct part){0xfffffff0, 0, 0x800000, 97, 97}), (u64)-EINVAL);
	CHECK_EQ(try_part((struct part){0, 0, 0x800000, 97, 96}), (u64)-EINVAL);
	CHECK_HAS(why, "larger in the file");
	CHECK_EQ(try_part((struct part){0, 0, RAM - 96, 97, 97}), (u64)-ENOMEM);
	CHECK_EQ(try_part((struct part){0, 0, 0xfffff000, 97, 0xffffffff}), (u64)-ENOMEM);
	CHECK_EQ(try_part((struct part){0, 0, 0x7ffff, 1, 2}), (u64)-ENOMEM);
	CHECK_EQ(try_part((struct part){0, 0, 0xa0000, 1, 1}), (u64)-ENOMEM);
	CHECK_HAS(why, "between 512 KiB and 1 MiB");
	CHECK_EQ(try_part((struct part){0, 0, 0x4003ff, 1, 1}), (u64)-EINVAL);
	CHECK_HAS(why, "overlap");
	CHECK_EQ(try_part((struct part){0, 0, 0, 1, 0x80000}), 0);
	CHECK_EQ(try_part((struct part){0, 0, 0, 0, 0}), 0);
	CHECK_EQ(plan.segment_count, 1);
}

static void bad_elf_headers(void)
{
	build_mb1();
	image[4] = 3;
	CHECK_EQ(try(0, RAM), (u64)-ENOTSUP);
	build_mb1();
	image[5] = 2;
	CHECK_EQ(try(0, RAM), (u64)-ENOTSUP);
	build_mb1();
	image[18] = 40; /* Arm */
	CHECK_EQ(try(0, RAM), (u64)-ENOTSUP);
	CHECK_HAS(why, "for x86");
	build_mb1();
	store_u16(image + 42, 31);
	CHECK_EQ(try(0, RAM), (u64)-EINVAL);
	build_mb1();
	store_u32(image + 28, 4096 - 63);
	CHECK_EQ(try(0, RAM), (u64)-EINVAL);
	build_mb1();
	store_u16(image + 44, 0);
	CHECK_EQ(try(0, RAM), (u64)-EINVAL);
	CHECK_EQ(try(RAM, RAM), (u64)-EINVAL);
	build_mb1();
	CHECK_EQ(try(RAM - 0x1036000 + 1, RAM), (u64)-ENOMEM);
	CHECK_EQ(try(RAM - 0x1036000, RAM), 0);
}

static void too_many_segments(void)
{
	elf_begin(1, 3, LOADER_SEGMENTS_MAX + 1, 0x400000);
	for (unsigned i = 0; i <= LOADER_SEGMENTS_MAX; i++)
		elf32_part(i, (struct part){0, 0, 0x400000 + i * 16, 16, 16});
	mb1_header(2048, 0);
	CHECK_EQ(try(0, RAM), (u64)-E2BIG);
	CHECK_HAS(why, "too many segments");
}

static void header_beyond_the_search(void)
{
	u8 *big = unit_alloc(65536);

	build_mb1();
	memset(big, 0, 65536);
	memcpy(big, image, sizeof(image));
	memset(big + MB_AT, 0, 12);
	memcpy(big + 8192 - 12, image + MB_AT, 12);
	CHECK_EQ(check_loader(big, 65536, 0, RAM, &plan, area), 0);
	memset(big + 8192 - 12, 0, 12);
	memcpy(big + 8192 - 8, image + MB_AT, 12);
	CHECK_EQ(check_loader(big, 65536, 0, RAM, &plan, area), (u64)-ENOTSUP);
	unit_free(big);
}

/* A header with all its own bytes at the very end of the file, and not one more. */
static void cut_right_behind_the_header(void)
{
	memset(image, 0, sizeof(image));
	mb1_header(MB_AT, MULTIBOOT1_HAS_ADDRESSES);
	CHECK_EQ(check_loader(image, MB_AT + 12, 0, RAM, &plan, area), (u64)-EINVAL);
	elf_begin(2, 62, 0, 0);
	mb1_header(40, 0);
	CHECK_EQ(check_loader(image, 52, 0, RAM, &plan, area), (u64)-ENOTSUP);
}

static void every_prefix(void)
{
	build_mb1();
	for (u64 bytes = 0; bytes < sizeof(image); bytes++)
		check_loader(image, bytes, 100, RAM, &plan, area);
	build_mb2();
	for (u64 bytes = 0; bytes < sizeof(image); bytes++)
		check_loader(image, bytes, 100, RAM, &plan, area);
}

static void mutated(void)
{
	u64 seed = 33;

	for (unsigned round = 0; round < ROUNDS; round++) {
		u64 r = unit_random(&seed);

		if (round & 1)
			build_mb1();
		else
			build_mb2();
		/* the headers' bytes, where it hurts */
		unit_mutate(image, ELF_HEADERS_AT + 2 * 56, &seed);
		if (!(round & 2)) {
			unit_mutate(image + MB_AT + 16, 48, &seed);
			memcpy(image, "\177ELF", 4);
		}
		check_loader(image, sizeof(image), r >> (r % 64), MIB(2) + r % GIB(6),
			     &plan, area);
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(mb1_elf32),
	UNIT_TEST(mb1_information),
	UNIT_TEST(mb1_real_mode_addresses),
	UNIT_TEST(mb1_without_elf),
	UNIT_TEST(mb1_wishes),
	UNIT_TEST(mb2_elf64),
	UNIT_TEST(mb2_information),
	UNIT_TEST(mb2_longest_command_line),
	UNIT_TEST(mb2_wishes),
	UNIT_TEST(mb2_without_elf),
	UNIT_TEST(bad_segments),
	UNIT_TEST(bad_elf_headers),
	UNIT_TEST(too_many_segments),
	UNIT_TEST(header_beyond_the_search),
	UNIT_TEST(cut_right_behind_the_header),
	UNIT_TEST(every_prefix),
	UNIT_TEST(mutated),
};

int main(void)
{
	return UNIT_RUN(tests);
}
