// SPDX-License-Identifier: MIT
/* virtio devices (virtio 1.1 "Virtio Over MMIO") with queues full of nonsense: loops,
 * chains that end nowhere, lengths and addresses out of memory, rings that wrap. */
#include "fuzz.h"

#define QUEUES SCRATCH_DATA
#define QUEUE_MAX 16
#define DESC_BYTES 16
#define STATUS_RIGHT 15 /* acknowledge, driver, driver OK, features OK */

enum {
	R_DRIVER_FEATURES = 0x20,
	R_DRIVER_FEATURES_SEL = 0x24,
	R_QUEUE_SEL = 0x30,
	R_QUEUE_NUM = 0x38,
	R_QUEUE_READY = 0x44,
	R_QUEUE_NOTIFY = 0x50,
	R_INTERRUPT_ACK = 0x64,
	R_STATUS = 0x70,
	R_QUEUE_DESC = 0x80,
	R_QUEUE_DRIVER = 0x90,
	R_QUEUE_DEVICE = 0xa0
};

static void reg_write(u64 page, u32 reg, u32 value)
{
	*(volatile u32 *)(page + reg) = value;
}

static u64 queue_address(struct fuzz_cpu *f)
{
	if (random_once_in(f, 8))
		return random_value(f);
	return QUEUES + random_below(f, 4) * 0x400 + random_below(f, 2) * 0x200;
}

static void set_address(struct fuzz_cpu *f, u64 page, u32 reg)
{
	u64 at = queue_address(f);

	reg_write(page, reg, (u32)at);
	reg_write(page, reg + 4, (u32)(at >> 32));
}

/* Descriptors and rings are the same memory, so what is one is sometimes the other. */
static void fill_queue(struct fuzz_cpu *f)
{
	u64 *desc = (u64 *)queue_address(f);
	u16 *ring = (u16 *)queue_address(f);

	if ((u64)desc - QUEUES < SCRATCH_BYTES / 4) {
		for (u64 i = 0; i < QUEUE_MAX * DESC_BYTES / 8; i += 2) {
			desc[i] = random_once_in(f, 4) ? random_value(f)
						       : queue_address(f);
			desc[i + 1] = random_below(f, 64) | random_below(f, 8) << 32 |
				      random_below(f, QUEUE_MAX + 1) << 48;
		}
	}
	if ((u64)ring - QUEUES >= SCRATCH_BYTES / 4)
		return;
	ring[1] = (u16)(ring[1] + random_below(f, random_once_in(f, 8) ? 65536 : 4));
	for (u64 i = 0; i < QUEUE_MAX; i++)
		ring[2 + i] = (u16)random_below(f, QUEUE_MAX + 1);
}

static void set_up(struct fuzz_cpu *f, u64 page)
{
	reg_write(page, R_STATUS, 0);
	reg_write(page, R_STATUS, 3);
	reg_write(page, R_DRIVER_FEATURES_SEL, 1);
	reg_write(page, R_DRIVER_FEATURES, 1);
	reg_write(page, R_STATUS, 11);
	for (u32 queue = 0; queue < 2; queue++) {
		reg_write(page, R_QUEUE_SEL, queue);
		reg_write(page, R_QUEUE_NUM, 1U << random_below(f, 5));
		set_address(f, page, R_QUEUE_DESC);
		set_address(f, page, R_QUEUE_DRIVER);
		set_address(f, page, R_QUEUE_DEVICE);
		reg_write(page, R_QUEUE_READY, 1);
	}
	reg_write(page, R_STATUS, STATUS_RIGHT);
}

void virtio_run(struct fuzz_cpu *f)
{
	u64 page;

	if (!random_virtio_devices())
		return;
	page = VIRTIO_GPA + random_below(f, random_virtio_devices()) * PAGE_BYTES;
	if (random_once_in(f, 4))
		set_up(f, page);
	for (u64 n = random_below(f, 4); n; n--) {
		fill_queue(f);
		reg_write(page, R_QUEUE_NOTIFY, (u32)random_below(f, 3));
		reg_write(page, R_INTERRUPT_ACK, 3);
	}
	if (random_once_in(f, 4))
		reg_write(page, (u32)random_below(f, 0x110) & ~3U, (u32)random_value(f));
}
