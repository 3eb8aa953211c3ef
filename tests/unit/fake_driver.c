// SPDX-License-Identifier: MIT
/* The driver of fake_driver.h. */
#include "fake_driver.h"
#include "bytes.h"
#include "unit.h"
#include "vcpu/dev/virtio_mmio.h"

#define STEPS_MAX 100000

u32 driver_read(const struct driver *d, u32 offset)
{
	return (u32)virtio_mmio_read(d->vcpu, d->device * VIRTIO_PAGE_BYTES + offset, 4);
}

void driver_write(const struct driver *d, u32 offset, u32 value)
{
	virtio_mmio_write(d->vcpu, d->device * VIRTIO_PAGE_BYTES + offset, 4, value);
}

u64 driver_desc_at(unsigned queue)
{
	return queue * 0x800ul;
}

u64 driver_avail_at(unsigned queue)
{
	return queue * 0x800ul + 0x200;
}

u64 driver_used_at(unsigned queue)
{
	return queue * 0x800ul + 0x400;
}

static void set_up_queue(struct driver *d, unsigned queue)
{
	driver_write(d, 0x30, queue);
	if (!driver_read(d, 0x34))
		return;
	driver_write(d, 0x38, FAKE_QUEUE);
	driver_write(d, 0x80, (u32)driver_desc_at(queue));
	driver_write(d, 0x84, 0);
	driver_write(d, 0x90, (u32)driver_avail_at(queue));
	driver_write(d, 0x94, 0);
	driver_write(d, 0xa0, (u32)driver_used_at(queue));
	driver_write(d, 0xa4, 0);
	driver_write(d, 0x44, 1);
	d->avail[queue] = 0;
}

void driver_start(struct driver *d, struct vm *vm, u32 device, u64 features)
{
	d->vm = vm;
	d->vcpu = vm->vcpus[0];
	d->device = device;
	driver_write(d, 0x70, 0);
	driver_write(d, 0x70, 3);
	for (u32 half = 0; half < 2; half++) {
		driver_write(d, 0x24, half);
		driver_write(d, 0x20, (u32)(features >> half * 32));
	}
	driver_write(d, 0x70, 11);
	memset(fake.ram, 0, FAKE_BUFFERS);
	set_up_queue(d, 0);
	set_up_queue(d, 1);
	driver_write(d, 0x70, 15);
	driver_serve(d);
}

void driver_desc(unsigned queue, unsigned i, u64 gpa, u32 bytes, u16 flags, u16 next)
{
	u8 *at = fake.ram + driver_desc_at(queue) + i * 16;

	store_u64(at, gpa);
	store_u32(at + 8, bytes);
	store_u16(at + 12, flags);
	store_u16(at + 14, next);
}

void driver_offer(struct driver *d, unsigned queue, u16 head)
{
	u8 *avail = fake.ram + driver_avail_at(queue);

	store_u16(avail + 4 + d->avail[queue]++ % FAKE_QUEUE * 2, head);
	store_u16(avail + 2, d->avail[queue]);
}

unsigned driver_serve(struct driver *d)
{
	unsigned steps = 0;

	for (; d->vcpu->gate.requests & BIT(REQ_NR_DEVICE) && steps < STEPS_MAX;
	     steps++) {
		d->vcpu->gate.requests &= ~BIT(REQ_NR_DEVICE);
		virtio_serve(d->vcpu);
	}
	CHECK(steps < STEPS_MAX);
	CHECK_EQ(fake.lock_errors, 0);
	return steps;
}

void driver_notify(struct driver *d, unsigned queue)
{
	driver_write(d, 0x50, queue);
	driver_serve(d);
}

u16 driver_used(unsigned queue)
{
	return load_u16(fake.ram + driver_used_at(queue) + 2);
}

u32 driver_used_head(unsigned queue, u16 n)
{
	return load_u32(fake.ram + driver_used_at(queue) + 4 + n % FAKE_QUEUE * 8);
}

u32 driver_used_bytes(unsigned queue, u16 n)
{
	return load_u32(fake.ram + driver_used_at(queue) + 4 + n % FAKE_QUEUE * 8 + 4);
}

bool driver_line(const struct driver *d)
{
	return d->vm->ioapic.lines & BIT(VIRTIO_FIRST_PIN + d->device);
}
