// SPDX-License-Identifier: MIT
/* Ports that exist for test programs (those of QEMU that kvm-unit-tests use):
 * fw_cfg with a few keys, exit, a byte latch, interrupt lines by hand. */
#pragma once
#include "bits.h"
#include "types.h"

struct vcpu;

#define TESTDEV_LATCH 0xe0        /* 0xe0-0xe3 */
#define TESTDEV_LATCH_BYTES 4
#define TESTDEV_EXIT 0xf4
#define TESTDEV_FW_SELECT 0x510
#define TESTDEV_FW_DATA 0x511
#define TESTDEV_LINES 0x2000      /* + pin */
#define TESTDEV_SHUTDOWN 0x8900
#define TESTDEV_RAM 0xff000000UL  /* device memory that remembers */
#define TESTDEV_RAM_BYTES KIB(64)

/* [L] vm->device_lock */
struct testdev {
	u16 fw_key;    /* [L] selected item, and the next byte of it */
	u32 fw_at;
	u32 shutdown_at; /* [L] letters of "Shutdown" seen in a row */
	u8 latch[TESTDEV_LATCH_BYTES]; /* [L] */
	u8 *ram; /* [L] TESTDEV_RAM_BYTES, from the first access on */
};

/* Give back its memory: the VM has ended. */
void testdev_free(struct testdev *dev);
/* Device handlers for mmio.c; take device_lock. Without memory for it, or beyond its
 * end, it reads as all ones. */
u64 testdev_ram_read(struct vcpu *vcpu, u32 offset, unsigned bytes);
void testdev_ram_write(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 value);

/* Port handlers for pio.c's table; device_lock held. */
u32 testdev_latch_read(struct vcpu *vcpu, u16 port, unsigned bytes);
void testdev_latch_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value);
u32 testdev_fw_read(struct vcpu *vcpu, u16 port, unsigned bytes);
void testdev_fw_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value);
void testdev_exit_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value);
void testdev_lines_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value);
void testdev_shutdown_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value);
