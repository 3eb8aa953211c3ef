// SPDX-License-Identifier: MIT
/* vcpu/dev/virtio_console.c: output in pieces, what is typed, with and without a
 * driver. */
#include "fake_driver.h"
#include "string.h"
#include "unit.h"

static struct driver d;

static void start(void)
{
	struct vm_desc *desc;

	d.vm = fake_vm(1);
	desc = (struct vm_desc *)(uintptr_t)d.vm->desc;
	desc->vcon = true;
	CHECK(!virtio_init(d.vm));
	desc->vcon = false;
}

static void output(void)
{
	start();
	driver_start(&d, d.vm, 0, VIRTIO_F_VERSION_1);
	for (unsigned i = 0; i < 300; i++)
		fake.ram[FAKE_BUFFERS + i] = (u8)('a' + i % 26);
	driver_desc(1, 0, FAKE_BUFFERS, 100, FAKE_NEXT, 1);
	driver_desc(1, 1, FAKE_BUFFERS + 100, 200, 0, 0);
	driver_offer(&d, 1, 0);
	driver_notify(&d, 1);
	CHECK_EQ(fake.output_bytes, 300);
	CHECK(!memcmp(fake.output, fake.ram + FAKE_BUFFERS, 300));
	CHECK_EQ(driver_used(1), 1);
	CHECK(driver_line(&d));
	/* An empty chain comes back too. */
	driver_desc(1, 0, FAKE_BUFFERS, 0, 0, 0);
	driver_offer(&d, 1, 0);
	driver_notify(&d, 1);
	CHECK_EQ(driver_used(1), 2);
}

/* The driver takes its interrupts until there are none. */
static void take_interrupts(void)
{
	for (unsigned i = 0; driver_line(&d) && i < 10; i++) {
		driver_write(&d, 0x64, driver_read(&d, 0x60));
		driver_serve(&d);
	}
	CHECK(!driver_line(&d));
}

static void type(const char *text)
{
	for (; *text; text++)
		CHECK(virtio_console_input(d.vm, (u8)*text));
}

static void input(void)
{
	start();
	CHECK(!virtio_console_input(d.vm, 'x'));
	driver_start(&d, d.vm, 0, VIRTIO_F_VERSION_1);
	type("abc");
	driver_serve(&d);
	CHECK_EQ(driver_used(0), 0);
	driver_desc(0, 0, FAKE_BUFFERS, 2, FAKE_WRITE, 0);
	driver_desc(0, 1, FAKE_BUFFERS + 16, 64, FAKE_WRITE, 0);
	driver_offer(&d, 0, 0);
	driver_offer(&d, 0, 1);
	driver_notify(&d, 0);
	CHECK_EQ(driver_used(0), 1); /* the second waits for the first's interrupt */
	take_interrupts();
	CHECK_EQ(driver_used(0), 2);
	CHECK_EQ(driver_used_bytes(0, 0), 2);
	CHECK(!memcmp(fake.ram + FAKE_BUFFERS, "ab", 2));
	CHECK_EQ(driver_used_bytes(0, 1), 1);
	CHECK_EQ(fake.ram[FAKE_BUFFERS + 16], 'c');
	driver_write(&d, 0x70, 0);
	CHECK(!virtio_console_input(d.vm, 'x'));
}

/* More than is kept is lost; the ring goes round. */
static void typed_ahead(void)
{
	start();
	driver_start(&d, d.vm, 0, VIRTIO_F_VERSION_1);
	for (unsigned i = 0; i < 2 * VCON_INPUT_BYTES; i++)
		CHECK(virtio_console_input(d.vm, (u8)i));
	driver_desc(0, 0, FAKE_BUFFERS, 200, FAKE_WRITE, 0);
	for (unsigned i = 0; i < 4; i++)
		driver_offer(&d, 0, 0);
	driver_notify(&d, 0);
	take_interrupts();
	CHECK_EQ(driver_used(0), 2);
	CHECK_EQ(driver_used_bytes(0, 0), 200);
	CHECK_EQ(driver_used_bytes(0, 1), VCON_INPUT_BYTES - 200);
	type("zz");
	driver_serve(&d);
	CHECK_EQ(driver_used_bytes(0, 2), 2);
}

static void other_memory(void)
{
	start();
	driver_start(&d, d.vm, 0, VIRTIO_F_VERSION_1);
	driver_desc(1, 0, FAKE_RAM_BYTES - 2, 8, 0, 0);
	driver_offer(&d, 1, 0);
	driver_notify(&d, 1);
	CHECK_EQ(fake.output_bytes, 0);
	CHECK_EQ(driver_read(&d, 0x70), 15 | 0x40);
}

static const struct unit_test tests[] = {
	UNIT_TEST(output),
	UNIT_TEST(input),
	UNIT_TEST(typed_ahead),
	UNIT_TEST(other_memory),
};

int main(void)
{
	return UNIT_RUN(tests);
}
