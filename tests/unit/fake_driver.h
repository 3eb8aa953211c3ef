// SPDX-License-Identifier: MIT
/* A virtio driver over fake_vcpu's memory: it negotiates, fills rings, notifies, and
 * lets the device work. Queue n of the driver has its table and rings at n * 0x800, with
 * FAKE_QUEUE entries; buffers begin at FAKE_BUFFERS. */
#pragma once
#include "fake_vcpu.h"

#define FAKE_QUEUE 8
#define FAKE_BUFFERS 0x1000ul
#define FAKE_NEXT 1
#define FAKE_WRITE 2
#define FAKE_INDIRECT 4

struct driver {
	struct vm *vm;
	struct vcpu *vcpu;
	u32 device;
	u16 avail[2]; /* free-running, of each queue */
};

u32 driver_read(const struct driver *d, u32 offset);
void driver_write(const struct driver *d, u32 offset, u32 value);
/* Up to DRIVER_OK with these features; the device's queues set up. */
void driver_start(struct driver *d, struct vm *vm, u32 device, u64 features);
/* Where the parts of a queue are in fake.ram. */
u64 driver_desc_at(unsigned queue);
u64 driver_avail_at(unsigned queue);
u64 driver_used_at(unsigned queue);
void driver_desc(unsigned queue, unsigned i, u64 gpa, u32 bytes, u16 flags, u16 next);
/* Offer the chain that begins there; no notification. */
void driver_offer(struct driver *d, unsigned queue, u16 head);
/* Notify, and let the device work to its end. */
void driver_notify(struct driver *d, unsigned queue);
/* Serve what is pending until nothing is; returns the steps it took. */
unsigned driver_serve(struct driver *d);
/* How many chains came back, and what the n-th entry says. */
u16 driver_used(unsigned queue);
u32 driver_used_head(unsigned queue, u16 n);
u32 driver_used_bytes(unsigned queue, u16 n);
/* The interrupt line's state. */
bool driver_line(const struct driver *d);
