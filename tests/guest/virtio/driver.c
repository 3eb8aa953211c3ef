// SPDX-License-Identifier: MIT
/* The driver of driver.h. */
#include "driver.h"

struct rings rings[2];

u32 reg_read(unsigned device, u32 reg)
{
	return *(volatile u32 *)(VIRTIO_PAGE + device * PAGE + reg);
}

void reg_write(unsigned device, u32 reg, u32 value)
{
	*(volatile u32 *)(VIRTIO_PAGE + device * PAGE + reg) = value;
}

static void write_address(unsigned device, u32 reg, const volatile void *at)
{
	reg_write(device, reg, (u32)(u64)at);
	reg_write(device, reg + 4, (u32)((u64)at >> 32));
}

void driver_queue(unsigned device, unsigned queue)
{
	struct rings *r = &rings[queue];

	memset(r, 0, sizeof(*r));
	reg_write(device, REG_QUEUE_SEL, queue);
	if (!reg_read(device, REG_QUEUE_MAX))
		return;
	reg_write(device, REG_QUEUE_SIZE, QUEUE);
	write_address(device, REG_DESC, r->desc);
	write_address(device, REG_AVAIL, &r->avail);
	write_address(device, REG_USED, &r->used);
	reg_write(device, REG_QUEUE_READY, 1);
}

void driver_start(unsigned device)
{
	reg_write(device, REG_STATUS, 0);
	reg_write(device, REG_STATUS, 3);
	reg_write(device, REG_DRIVER_FEATURES_SEL, 0);
	reg_write(device, REG_DRIVER_FEATURES, 0);
	reg_write(device, REG_DRIVER_FEATURES_SEL, 1);
	reg_write(device, REG_DRIVER_FEATURES, 1);
	reg_write(device, REG_STATUS, 11);
	driver_queue(device, 0);
	driver_queue(device, 1);
	reg_write(device, REG_STATUS, STATUS_LIVE);
}

void driver_desc(unsigned queue, unsigned i, const volatile void *at, u32 bytes,
		 u16 flags, u16 next)
{
	rings[queue].desc[i] = (struct descriptor){(u64)at, bytes, flags, next};
}

void driver_offer(unsigned queue, u16 head)
{
	struct rings *r = &rings[queue];

	r->avail.ring[r->avail.index % QUEUE] = head;
	__asm__ volatile("" ::: "memory");
	r->avail.index++;
}

bool driver_back(unsigned queue, u32 *bytes)
{
	struct rings *r = &rings[queue];

	if (r->seen == r->used.index)
		return false;
	*bytes = r->used.ring[r->seen++ % QUEUE].bytes;
	return true;
}
