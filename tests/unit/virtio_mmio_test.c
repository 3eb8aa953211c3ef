// SPDX-License-Identifier: MIT
/* vcpu/dev/virtio_mmio.c and virtio.c: registers, negotiation, queues, interrupts and
 * reset (virtio 1.2, sections 2.1, 3.1 and 4.2.2), on a device that gives back what it
 * takes. */
#include "fake_driver.h"
#include "unit.h"
#include "vcpu/dev/virtio_mmio.h"

#define FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | BIT(5))

static struct driver d;
static struct virtio_dev *dev;
static unsigned live_calls;
static bool is_live;

static bool echo_step(struct virtio_dev *device, struct vcpu *vcpu)
{
	if (!virtio_take(device, vcpu, 1) || !virtio_give(device, vcpu, 1, 0))
		return false;
	virtio_signal(device, vcpu, 1);
	return true;
}

static void echo_live(struct virtio_dev *device, bool on)
{
	live_calls++;
	is_live = on;
}

static const struct virtio_ops echo_ops = {
	.name = "echo", .id = 42, .queues = 2, .step = echo_step, .live = echo_live};

static void start(void)
{
	struct vm *vm = fake_vm(2);

	dev = &vm->virtio.dev[1];
	vm->virtio.count = 2;
	for (u32 i = 0; i < 2; i++) {
		vm->virtio.dev[i].ops = &echo_ops;
		vm->virtio.dev[i].vm = vm;
		vm->virtio.dev[i].index = i;
		vm->virtio.dev[i].offered = FEATURES;
		vm->virtio.dev[i].config[0] = 0x11;
		vm->virtio.dev[i].config[1] = 0x22;
		vm->virtio.dev[i].config[63] = 0x33;
	}
	live_calls = 0;
	is_live = false;
	d = (struct driver){.vm = vm, .vcpu = vm->vcpus[0], .device = 1};
}

static void identity(void)
{
	start();
	CHECK_EQ(driver_read(&d, 0x000), 0x74726976);
	CHECK_EQ(driver_read(&d, 0x004), 2);
	CHECK_EQ(driver_read(&d, 0x008), 42);
	CHECK_EQ(driver_read(&d, 0x0fc), 0);
	CHECK_EQ(driver_read(&d, 0x0b0), 0xffffffff);
	CHECK_EQ(driver_read(&d, 0x0bc), 0xffffffff);
	driver_write(&d, 0x014, 0);
	CHECK_EQ(driver_read(&d, 0x010), (u32)FEATURES);
	driver_write(&d, 0x014, 1);
	CHECK_EQ(driver_read(&d, 0x010), 1);
	driver_write(&d, 0x014, 2);
	CHECK_EQ(driver_read(&d, 0x010), 0);
}

/* Widths other than four bytes, and read-only registers. */
static void odd_accesses(void)
{
	u32 page = VIRTIO_PAGE_BYTES;

	start();
	CHECK_EQ(virtio_mmio_read(d.vcpu, page, 1), 0);
	CHECK_EQ(virtio_mmio_read(d.vcpu, page, 8), 0);
	CHECK_EQ(virtio_mmio_read(d.vcpu, page + 2, 4), 0);
	CHECK_EQ(virtio_mmio_read(d.vcpu, page + 0x100, 2), 0x2211);
	CHECK_EQ(virtio_mmio_read(d.vcpu, page + 0x101, 1), 0x22);
	CHECK_EQ(virtio_mmio_read(d.vcpu, page + 0x13f, 8), 0x33);
	CHECK_EQ(virtio_mmio_read(d.vcpu, page + 0xffc, 4), 0);
	virtio_mmio_write(d.vcpu, page + 0x100, 4, 0);
	CHECK_EQ(virtio_mmio_read(d.vcpu, page + 0x100, 1), 0x11);
	for (u32 offset = 0; offset < 0x100; offset += 4)
		virtio_mmio_write(d.vcpu, page + offset, 2, 0xffff);
	CHECK_EQ(driver_read(&d, 0x70), 0);
	driver_write(&d, 0x008, 7);
	CHECK_EQ(driver_read(&d, 0x008), 42);
}

static void negotiate(u64 features)
{
	driver_write(&d, 0x70, 0);
	driver_write(&d, 0x70, 3);
	driver_write(&d, 0x24, 0);
	driver_write(&d, 0x20, (u32)features);
	driver_write(&d, 0x24, 1);
	driver_write(&d, 0x20, (u32)(features >> 32));
	driver_write(&d, 0x70, 11);
}

static void negotiation(void)
{
	start();
	negotiate(FEATURES);
	CHECK_EQ(driver_read(&d, 0x70), 11);
	driver_write(&d, 0x70, 15);
	CHECK_EQ(driver_read(&d, 0x70), 15);
	CHECK(is_live);
	/* Fixed once accepted. */
	driver_write(&d, 0x20, 0);
	CHECK_EQ(dev->accepted, FEATURES);
	/* Not the version that this device speaks; more than it offered. */
	negotiate(BIT(5));
	CHECK_EQ(driver_read(&d, 0x70), 3);
	negotiate(FEATURES | BIT(6));
	CHECK_EQ(driver_read(&d, 0x70), 3);
	driver_write(&d, 0x70, 15);
	CHECK_EQ(driver_read(&d, 0x70), 3);
	driver_write(&d, 0x70, 7);
	CHECK_EQ(driver_read(&d, 0x70), 3);
	CHECK(!is_live);
	/* Bits are not taken back one by one, and unknown ones not kept. */
	negotiate(FEATURES);
	driver_write(&d, 0x70, 1 | 0x70);
	CHECK_EQ(driver_read(&d, 0x70), 11);
	driver_write(&d, 0x70, 0x80);
	CHECK_EQ(driver_read(&d, 0x70), 11 | 0x80);
}

static void queues(void)
{
	start();
	negotiate(FEATURES);
	driver_write(&d, 0x30, 2);
	CHECK_EQ(driver_read(&d, 0x34), 0);
	driver_write(&d, 0x44, 1);
	CHECK_EQ(driver_read(&d, 0x44), 0);
	driver_write(&d, 0x30, 0xffffffff);
	CHECK_EQ(driver_read(&d, 0x34), 0);
	driver_write(&d, 0x30, 1);
	CHECK_EQ(driver_read(&d, 0x34), VIRTQ_SIZE_MAX);
	driver_write(&d, 0x38, 16);
	driver_write(&d, 0x80, 0x12345670);
	driver_write(&d, 0x84, 0x9abc);
	driver_write(&d, 0x44, 1);
	CHECK_EQ(driver_read(&d, 0x44), 1);
	CHECK_EQ(dev->queues[1].desc, 0x9abc12345670);
	driver_write(&d, 0x80, 0);
	driver_write(&d, 0x38, 4);
	CHECK_EQ(dev->queues[1].desc, 0x9abc12345670);
	CHECK_EQ(dev->queues[1].size, 16);
	driver_write(&d, 0x44, 0);
	CHECK_EQ(driver_read(&d, 0x44), 0);
	driver_write(&d, 0x38, 3);
	driver_write(&d, 0x44, 1);
	CHECK_EQ(driver_read(&d, 0x44), 0);
	CHECK_EQ(driver_read(&d, 0x70), 11 | 0x40);
	CHECK_EQ(driver_read(&d, 0x60), 2);
}

static void offer(void)
{
	driver_desc(1, 0, FAKE_BUFFERS, 4, 0, 0);
	driver_offer(&d, 1, 0);
}

static void work_and_interrupt(void)
{
	start();
	driver_start(&d, d.vm, 1, VIRTIO_F_VERSION_1);
	offer();
	driver_notify(&d, 7); /* no such queue */
	CHECK_EQ(driver_used(1), 0);
	offer();
	driver_notify(&d, 1);
	CHECK_EQ(driver_used(1), 2);
	CHECK_EQ(driver_read(&d, 0x60), 1);
	CHECK(driver_line(&d));
	driver_write(&d, 0x64, 2);
	CHECK(driver_line(&d));
	driver_write(&d, 0x64, 1);
	CHECK(!driver_line(&d));
	CHECK_EQ(driver_read(&d, 0x60), 0);
}

static void breaks_and_resets(void)
{
	start();
	driver_start(&d, d.vm, 1, VIRTIO_F_VERSION_1);
	driver_offer(&d, 1, 99);
	driver_notify(&d, 1);
	CHECK_EQ(driver_read(&d, 0x70), 15 | 0x40);
	CHECK_EQ(driver_read(&d, 0x60), 2);
	CHECK(driver_line(&d));
	CHECK_HAS(unit_log(), "beyond the table");
	CHECK_EQ(driver_used(1), 0);
	/* Nothing happens any more, until a reset. */
	offer();
	driver_notify(&d, 1);
	CHECK_EQ(driver_used(1), 0);
	driver_write(&d, 0x70, 0);
	CHECK_EQ(driver_read(&d, 0x70), 0);
	CHECK_EQ(driver_read(&d, 0x60), 0);
	CHECK(!driver_line(&d));
	CHECK(!is_live);
	CHECK_EQ(live_calls, 2);
	driver_start(&d, d.vm, 1, VIRTIO_F_VERSION_1);
	offer();
	driver_notify(&d, 1);
	CHECK_EQ(driver_used(1), 1);
}

/* A reset while work is marked, and notifications before DRIVER_OK. */
static void work_without_a_driver(void)
{
	start();
	driver_start(&d, d.vm, 1, VIRTIO_F_VERSION_1);
	offer();
	driver_write(&d, 0x50, 1);
	driver_write(&d, 0x70, 0);
	driver_serve(&d);
	CHECK_EQ(driver_used(1), 0);
	negotiate(FEATURES);
	driver_notify(&d, 1);
	CHECK_EQ(driver_used(1), 0);
}

/* Two devices with work: one step each, in turn. */
static void in_turn(void)
{
	start();
	driver_start(&d, d.vm, 1, VIRTIO_F_VERSION_1);
	virtio_post(d.vm, 0);
	virtio_post(d.vm, 1);
	CHECK_EQ(fake.counts[0].kicks, 2);
	CHECK_EQ(driver_serve(&d), 2);
	CHECK_EQ(d.vm->virtio.work, 0);
	CHECK_EQ(fake.order_errors, 0);
}

static const struct unit_test tests[] = {
	UNIT_TEST(identity),
	UNIT_TEST(odd_accesses),
	UNIT_TEST(negotiation),
	UNIT_TEST(queues),
	UNIT_TEST(work_and_interrupt),
	UNIT_TEST(breaks_and_resets),
	UNIT_TEST(work_without_a_driver),
	UNIT_TEST(in_turn),
};

int main(void)
{
	return UNIT_RUN(tests);
}
