// SPDX-License-Identifier: MIT
/* A driver for virtio-mmio devices that can also break every rule (virtio 1.2, sections
 * 2.7 and 4.2). One set of rings for each queue of the one device in use. */
#pragma once
#include "guest.h"

#define VIRTIO_PAGE 0xfeb00000UL
#define PAGE 0x1000UL
#define FIRST_PIN 16
#define QUEUE 64 /* entries */

enum {
	REG_MAGIC = 0x00,
	REG_VERSION = 0x04,
	REG_DEVICE = 0x08,
	REG_FEATURES = 0x10,
	REG_FEATURES_SEL = 0x14,
	REG_DRIVER_FEATURES = 0x20,
	REG_DRIVER_FEATURES_SEL = 0x24,
	REG_QUEUE_SEL = 0x30,
	REG_QUEUE_MAX = 0x34,
	REG_QUEUE_SIZE = 0x38,
	REG_QUEUE_READY = 0x44,
	REG_NOTIFY = 0x50,
	REG_ISR = 0x60,
	REG_ACK = 0x64,
	REG_STATUS = 0x70,
	REG_DESC = 0x80,
	REG_AVAIL = 0x90,
	REG_USED = 0xa0,
	REG_CONFIG = 0x100,
};

#define STATUS_LIVE 15u
#define NEEDS_RESET 0x40u

#define CONSOLE 0 /* numbers of the devices, as Spur orders them */
#define NET 1
#define DISK 2

#define NEXT 1
#define WRITE 2
#define INDIRECT 4

struct descriptor {
	u64 at;
	u32 bytes;
	u16 flags, next;
};

struct rings {
	struct descriptor desc[QUEUE] __attribute__((aligned(16)));
	struct {
		volatile u16 flags, index;
		u16 ring[QUEUE];
		u16 used_event;
	} avail;
	struct {
		volatile u16 flags, index;
		struct {
			u32 head, bytes;
		} ring[QUEUE];
		u16 avail_event;
	} used __attribute__((aligned(4)));
	u16 seen; /* of the used ring */
};

extern struct rings rings[2];

u32 reg_read(unsigned device, u32 reg);
void reg_write(unsigned device, u32 reg, u32 value);
/* Reset, and set up to DRIVER_OK with VIRTIO_F_VERSION_1 alone; rings empty. */
void driver_start(unsigned device);
void driver_queue(unsigned device, unsigned queue);
void driver_desc(unsigned queue, unsigned i, const volatile void *at, u32 bytes,
		 u16 flags, u16 next);
/* Offer a chain; the notification apart. */
void driver_offer(unsigned queue, u16 head);
/* A chain came back: true, and *bytes is what was written. */
bool driver_back(unsigned queue, u32 *bytes);
