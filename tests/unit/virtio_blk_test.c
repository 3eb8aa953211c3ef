// SPDX-License-Identifier: MIT
/* vcpu/dev/virtio_blk.c: requests of each kind on a small disk, read-only and copy-on-
 * write, and those that break the rules. */
#include "bytes.h"
#include "fake_driver.h"
#include "unit.h"

#define SECTORS 35ul /* the last page is a part of one */
#define HEADER FAKE_BUFFERS
#define DATA (FAKE_BUFFERS + 0x100)
#define STATUS (FAKE_BUFFERS + 0x20)
#define IN 0
#define OUT 1

static u8 image[SECTORS * 512];
static struct boot_module module;
static struct driver d;

static struct vm_desc *desc(void)
{
	return (struct vm_desc *)(uintptr_t)d.vm->desc;
}

static void start(bool cow)
{
	for (unsigned i = 0; i < sizeof(image); i++)
		image[i] = (u8)(i / 512 + i);
	module = (struct boot_module){.base = ptr_to_hpa(image),
				      .bytes = sizeof(image) + 7};
	d.vm = fake_vm(1);
	desc()->disk_count = 1;
	desc()->disks[0] = (struct vm_disk_desc){.cow = cow, .module = &module};
	CHECK(!virtio_init(d.vm));
	desc()->disk_count = 0;
	driver_start(&d, d.vm, 0, VIRTIO_F_VERSION_1);
	CHECK_EQ(driver_read(&d, 0x70), 15);
}

static void end(void)
{
	while (virtio_free_some(d.vm))
		;
	CHECK_EQ(unit_pages_live(), 0);
}

/* One request; returns its status, 0xff: it did not come back. */
static u8 request(u32 type, u64 sector, u32 bytes)
{
	u16 came = driver_used(0);

	store_u32(fake.ram + HEADER, type);
	store_u64(fake.ram + HEADER + 8, sector);
	fake.ram[STATUS] = 0xff;
	driver_desc(0, 0, HEADER, 16, FAKE_NEXT, bytes ? 1 : 2);
	driver_desc(0, 1, DATA, bytes, FAKE_NEXT | (type == OUT ? 0 : FAKE_WRITE), 2);
	driver_desc(0, 2, STATUS, 1, FAKE_WRITE, 0);
	driver_offer(&d, 0, 0);
	driver_notify(&d, 0);
	if (driver_used(0) != (u16)(came + 1))
		return 0xff;
	return fake.ram[STATUS];
}

static void configuration(void)
{
	start(false);
	CHECK_EQ(driver_read(&d, 0x008), 2);
	CHECK_EQ(driver_read(&d, 0x100), SECTORS);
	CHECK_EQ(driver_read(&d, 0x104), 0);
	CHECK_EQ(driver_read(&d, 0x10c), 30);
	CHECK_EQ(driver_read(&d, 0x114), 512);
	CHECK(driver_read(&d, 0x010) & BIT(5));
	end();
	start(true);
	CHECK(!(driver_read(&d, 0x010) & BIT(5)));
	end();
}

static void reads(void)
{
	start(false);
	CHECK_EQ(request(IN, 3, 1024), 0);
	CHECK(!memcmp(fake.ram + DATA, image + 3 * 512, 1024));
	CHECK_EQ(driver_used_bytes(0, 0), 1025);
	CHECK_EQ(request(IN, SECTORS - 1, 512), 0);
	CHECK(!memcmp(fake.ram + DATA, image + (SECTORS - 1) * 512, 512));
	CHECK_EQ(request(IN, 5, 0x2800), 0);
	CHECK(!memcmp(fake.ram + DATA, image + 5 * 512, 0x2800));
	CHECK(driver_line(&d));
	end();
}

static void refuses(void)
{
	start(false);
	CHECK_EQ(request(OUT, 0, 512), 1);
	CHECK_EQ(image[0], 0);
	CHECK_EQ(request(IN, SECTORS, 512), 1);
	CHECK_EQ(request(IN, SECTORS - 1, 1024), 1);
	CHECK_EQ(request(IN, ~0ul, 512), 1);
	CHECK_EQ(request(IN, 1ul << 55, 512), 1);
	CHECK_EQ(request(IN, 0, 100), 1);
	CHECK_EQ(request(77, 0, 512), 2);
	CHECK_EQ(request(4, 0, 0), 0);
	CHECK_EQ(request(8, 0, 20), 0);
	CHECK(!memcmp(fake.ram + DATA, "spur", 5));
	CHECK_EQ(request(IN, 0, 512), 0);
	end();
}

static void copies_on_write(void)
{
	start(true);
	memset(fake.ram + DATA, 0xee, 0x1000);
	CHECK_EQ(request(OUT, 7, 1024), 0);
	CHECK_EQ(driver_used_bytes(0, 0), 1);
	CHECK_EQ(image[7 * 512], 7);
	memset(fake.ram + DATA, 0, 0x1000);
	CHECK_EQ(request(IN, 6, 2048), 0);
	CHECK(!memcmp(fake.ram + DATA, image + 6 * 512, 512));
	for (unsigned i = 512; i < 512 + 1024; i++)
		CHECK_EQ(fake.ram[DATA + i], 0xee);
	CHECK(!memcmp(fake.ram + DATA + 1536, image + 9 * 512, 512));
	CHECK_EQ(request(OUT, SECTORS - 1, 512), 0);
	CHECK_EQ(request(OUT, SECTORS - 1, 1024), 1);
	CHECK(unit_pages_live() >= 3 + 2);
	end();
	/* A new start sees the module as it was. */
	start(true);
	CHECK_EQ(request(IN, 7, 512), 0);
	CHECK(!memcmp(fake.ram + DATA, image + 7 * 512, 512));
	end();
}

static void breaks(void)
{
	/* No status byte. */
	start(false);
	driver_desc(0, 0, HEADER, 16, 0, 0);
	driver_offer(&d, 0, 0);
	driver_notify(&d, 0);
	CHECK_EQ(driver_read(&d, 0x70), 15 | 0x40);
	end();
	/* A short header; data outside of RAM. */
	start(false);
	driver_desc(0, 0, HEADER, 15, FAKE_NEXT, 1);
	driver_desc(0, 1, STATUS, 1, FAKE_WRITE, 0);
	driver_offer(&d, 0, 0);
	driver_notify(&d, 0);
	CHECK_EQ(driver_read(&d, 0x70), 15 | 0x40);
	end();
	start(false);
	store_u32(fake.ram + HEADER, IN);
	store_u64(fake.ram + HEADER + 8, 0);
	driver_desc(0, 0, HEADER, 16, FAKE_NEXT, 1);
	driver_desc(0, 1, 1ul << 40, 512, FAKE_NEXT | FAKE_WRITE, 2);
	driver_desc(0, 2, STATUS, 1, FAKE_WRITE, 0);
	driver_offer(&d, 0, 0);
	driver_notify(&d, 0);
	CHECK_EQ(driver_read(&d, 0x70), 15 | 0x40);
	end();
}

/* A request of many pieces, and a reset in the middle of it. */
static void in_pieces(void)
{
	start(false);
	store_u32(fake.ram + HEADER, IN);
	store_u64(fake.ram + HEADER + 8, 0);
	driver_desc(0, 0, HEADER, 16, FAKE_NEXT, 1);
	driver_desc(0, 1, DATA, 0x2800, FAKE_NEXT | FAKE_WRITE, 2);
	driver_desc(0, 2, DATA, 33 * 512 - 0x2800, FAKE_NEXT | FAKE_WRITE, 3);
	driver_desc(0, 3, STATUS, 1, FAKE_WRITE, 0);
	driver_offer(&d, 0, 0);
	driver_write(&d, 0x50, 0);
	d.vcpu->gate.requests = 0;
	virtio_serve(d.vcpu);
	CHECK(d.vm->virtio.dev[0].blk.busy);
	CHECK_EQ(driver_used(0), 0);
	driver_write(&d, 0x70, 0);
	driver_serve(&d);
	CHECK(!d.vm->virtio.dev[0].blk.busy);
	driver_start(&d, d.vm, 0, VIRTIO_F_VERSION_1);
	CHECK_EQ(request(IN, 3, 1024), 0);
	CHECK(!memcmp(fake.ram + DATA, image + 3 * 512, 1024));
	end();
}

static const struct unit_test tests[] = {
	UNIT_TEST(configuration),   UNIT_TEST(reads),  UNIT_TEST(refuses),
	UNIT_TEST(copies_on_write), UNIT_TEST(breaks), UNIT_TEST(in_pieces),
};

int main(void)
{
	return UNIT_RUN(tests);
}
