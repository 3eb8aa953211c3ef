// SPDX-License-Identifier: MIT
/* vcpu/linux.c: a bzImage made by hand, with Debian's numbers. */
#include "errno.h"
#include "loader_check.h"

#define SETUP_SECTS 3
#define PAYLOAD_AT ((SETUP_SECTS + 1) * 512)
#define PAYLOAD_BYTES 2048
#define IMAGE_BYTES (PAYLOAD_AT + PAYLOAD_BYTES)
#define ROUNDS 30000

static u8 image[IMAGE_BYTES];
static u8 area[LOADER_AREA_BYTES];
static struct load_plan plan;
static const char *why;

static void build_image(void)
{
	memset(image, 0xff, sizeof(image)); /* also the sentinel at 0x1ef */
	image[0x1f1] = SETUP_SECTS;
	store_u32(image + 0x1f4, PAYLOAD_BYTES / 16);
	store_u16(image + 0x1fe, 0xaa55);
	image[0x200] = 0xeb;
	image[0x201] = 0x6a;
	memcpy(image + 0x202, "HdrS", 4);
	store_u16(image + 0x206, 0x20f);
	image[0x211] = 1;
	store_u32(image + 0x22c, 0x7fffffff);
	store_u32(image + 0x230, 0x200000);
	image[0x234] = 1;
	image[0x235] = 21;
	store_u16(image + 0x236, 0x7f);
	store_u32(image + 0x238, 2047);
	store_u64(image + 0x258, 0x1000000);
	store_u32(image + 0x260, 0x3f98000);
}

static int try(u64 initrd_bytes, u64 ram_bytes)
{
	int result = check_loader(image, sizeof(image), initrd_bytes, ram_bytes, &plan,
				  area);

	loader_plan(image, sizeof(image), initrd_bytes, "", ram_bytes, &plan, &why);
	return result;
}

static void as_debian(void)
{
	build_image();
	CHECK_EQ(try(MIB(5) + 1, MIB(256)), 0);
	CHECK_EQ(plan.kind, GUEST_LINUX);
	CHECK_EQ(plan.segment_count, 1);
	CHECK_EQ(plan.segments[0].file_offset, PAYLOAD_AT);
	CHECK_EQ(plan.segments[0].file_bytes, PAYLOAD_BYTES);
	CHECK_EQ(plan.segments[0].gpa, 0x1000000);
	CHECK(plan.entry_64bit);
	CHECK_EQ(plan.entry, 0x1000200);
	CHECK_EQ(plan.rsi, plan.info_gpa);
	CHECK_EQ(plan.initrd_gpa, MIB(256) - MIB(5) - PAGE_SIZE);
}

static void zero_page(void)
{
	u8 *zp = area;

	build_image();
	CHECK_EQ(try(4096, GIB(5)), 0);
	CHECK_EQ(plan.initrd_gpa, 0x7ffff000);
	CHECK_EQ(zp[0x1ef], 0); /* the sentinel */
	CHECK_EQ(load_u16(zp + 0x1fe), 0xaa55);
	CHECK_EQ(load_u16(zp + 0x206), 0x20f);
	CHECK_EQ(zp[0x210], 0xff);
	CHECK_EQ(load_u16(zp + 0x1fa), 0xffff);
	CHECK_EQ(load_u32(zp + 0x214), 0x1000000);
	CHECK_EQ(load_u32(zp + 0x218), 0x7ffff000);
	CHECK_EQ(load_u32(zp + 0x21c), 4096);
	CHECK_EQ(load_u32(zp + 0x228), plan.cmdline_gpa);
	CHECK_EQ(load_u64(zp + 0x070), GUEST_ACPI_GPA);
	CHECK_EQ(load_u64(zp + 0x258), 0x1000000);
	CHECK_EQ(zp[0x26c], 0); /* first byte behind the header */
	CHECK_EQ(zp[0x1e8], 5);
	CHECK_EQ(load_u64(zp + 0x2d0), 0);
	CHECK_EQ(load_u64(zp + 0x2d0 + 8), 0x9fc00);
	CHECK_EQ(load_u32(zp + 0x2d0 + 16), E820_RAM);
	CHECK_EQ(load_u64(zp + 0x2d0 + 80), GIB(4));
	CHECK_EQ(load_u64(zp + 0x2d0 + 88), GIB(2));
	CHECK_EQ(memcmp(area + plan.cmdline_gpa - LOADER_AREA_GPA, "a b", 4), 0);
}

static void entry_of_32_bits(void)
{
	build_image();
	store_u16(image + 0x236, 0x7e);
	CHECK_EQ(try(0, MIB(128)), 0);
	CHECK(!plan.entry_64bit);
	CHECK_EQ(plan.entry, 0x1000000);
	CHECK_EQ(plan.initrd_gpa, 0);
	store_u16(image + 0x236, 0x7f);
	store_u16(image + 0x206, 0x20b); /* too old to have the field */
	CHECK_EQ(try(0, MIB(128)), 0);
	CHECK(!plan.entry_64bit);
}

static void not_relocatable(void)
{
	build_image();
	image[0x234] = 0;
	CHECK_EQ(try(4096, MIB(128)), 0);
	CHECK_EQ(plan.segments[0].gpa, 0x100000);
	CHECK_EQ(plan.entry, 0x100200);
	CHECK_EQ(plan.initrd_gpa, MIB(128) - 4096);
}

static void alignment_counts(void)
{
	build_image();
	store_u64(image + 0x258, 0x1100000);
	CHECK_EQ(try(0, MIB(128)), 0);
	CHECK_EQ(plan.segments[0].gpa, 0x1200000);
	store_u64(image + 0x258, 0);
	store_u32(image + 0x230, 0x1000);
	CHECK_EQ(try(0, MIB(128)), 0);
	CHECK_EQ(plan.segments[0].gpa, 0x100000);
}

static void ram_too_small(void)
{
	build_image();
	CHECK_EQ(try(0, 0x1000000 + 0x3f98000), 0);
	CHECK_EQ(try(0, 0x1000000 + 0x3f97000), (u64)-ENOMEM);
	CHECK_HAS(why, "RAM is too small");
	CHECK_EQ(try(4096, 0x1000000 + 0x3f98000), (u64)-ENOMEM);
	CHECK_HAS(why, "initrd");
	CHECK_EQ(try(4096, 0x1000000 + 0x3f99000), 0);
	CHECK_EQ(try(GIB(9), GIB(16)), (u64)-ENOMEM);
	CHECK_EQ(try(UINT64_MAX, GIB(16)), (u64)-ENOMEM);
	CHECK_EQ(try(0, 0), (u64)-ENOMEM);
	CHECK_EQ(try(0, UINT64_MAX), (u64)-ENOMEM);
}

static void refusals(void)
{
	build_image();
	store_u16(image + 0x206, 0x209);
	CHECK_EQ(try(0, MIB(128)), (u64)-ENOTSUP);
	CHECK_HAS(why, "older than 2.10");
	build_image();
	image[0x211] = 0;
	CHECK_EQ(try(0, MIB(128)), (u64)-ENOTSUP);
	CHECK_HAS(why, "zImage");
	build_image();
	image[0x201] = 0x10;
	CHECK_EQ(try(0, MIB(128)), (u64)-EINVAL);
	build_image();
	store_u32(image + 0x1f4, PAYLOAD_BYTES / 16 + 1);
	CHECK_EQ(try(0, MIB(128)), (u64)-EINVAL);
	CHECK_HAS(why, "cut off");
	build_image();
	store_u32(image + 0x230, 0x300000);
	CHECK_EQ(try(0, MIB(128)), (u64)-EINVAL);
	build_image();
	store_u64(image + 0x258, UINT64_MAX);
	CHECK_EQ(try(0, MIB(128)), (u64)-EINVAL);
	build_image();
	store_u32(image + 0x238, 2);
	CHECK_EQ(loader_plan(image, sizeof(image), 0, "abc", MIB(128), &plan, &why),
		 (u64)-E2BIG);
	CHECK_HAS(why, "command line");
}

static void every_prefix(void)
{
	build_image();
	/* Its size is given in units of 16 bytes, and the last may be begun. */
	for (u64 bytes = 0; bytes <= sizeof(image) - 16; bytes++)
		CHECK(check_loader(image, bytes, 4096, MIB(128), &plan, area) < 0);
	CHECK_EQ(check_loader(image, sizeof(image) - 15, 4096, MIB(128), &plan, area), 0);
	store_u32(image + 0x1f4, 0); /* the promise that was not kept above */
	for (u64 bytes = 0; bytes < sizeof(image); bytes++)
		check_loader(image, bytes, 4096, MIB(128), &plan, area);
}

static void mutated(void)
{
	u64 seed = 21;

	for (unsigned round = 0; round < ROUNDS; round++) {
		u64 r = unit_random(&seed);

		build_image();
		unit_mutate(image + 0x1f0, 0x80, &seed);
		memcpy(image + 0x202, "HdrS", 4);
		check_loader(image, sizeof(image), r >> (r % 64), MIB(2) + (r % GIB(6)),
			     &plan, area);
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(as_debian),        UNIT_TEST(zero_page),
	UNIT_TEST(entry_of_32_bits), UNIT_TEST(not_relocatable),
	UNIT_TEST(alignment_counts), UNIT_TEST(ram_too_small),
	UNIT_TEST(refusals),         UNIT_TEST(every_prefix),
	UNIT_TEST(mutated),
};

int main(void)
{
	return UNIT_RUN(tests);
}
