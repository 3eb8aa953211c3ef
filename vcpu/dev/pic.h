// SPDX-License-Identifier: MIT
/* The pair of 8259A interrupt controllers of a PC (Intel data sheet 231468), for VMs
 * with pic=on. It starts as a BIOS leaves it: vectors 8 and 0x70, nothing masked. Its
 * output is LINT0 of vCPU 0, which is set to ExtINT then. */
#pragma once
#include "types.h"

struct vcpu;
struct vm;

#define PIC_MASTER 0x20 /* and 0x21 */
#define PIC_SLAVE 0xa0  /* and 0xa1 */
#define PIC_ELCR 0x4d0  /* and 0x4d1: which lines are levels */
#define PIC_LINES 16

/* [L] vm->device_lock */
struct pic_chip {
	u8 irr, imr, isr; /* [L] requests, masked ones, those in service */
	u8 lines, level;  /* [L] asserted ones, those that are levels */
	u8 base;          /* [L] vector of its first line */
	u8 lowest;        /* [L] the line with the lowest priority */
	u8 step;          /* [L] the ICW that is awaited, 0: none */
	bool single, needs_icw4, auto_eoi, rotates, special_mask; /* [L] */
	bool read_isr, poll;                                      /* [L] */
};

struct pic {
	bool present;            /* [I] */
	struct pic_chip chip[2]; /* [L] */
	u32 output;              /* [A] an interrupt waits; set under device_lock */
};

/* Before the VM runs. */
void pic_init(struct pic *pic);
/* A line of the ISA bus; without effect if there is no PIC. device_lock held. */
void pic_set_line(struct vm *vm, unsigned line, bool level);
/* Is there an interrupt that this vCPU would take? Owner. */
bool pic_has_work(const struct vcpu *vcpu);
/* The processor's acknowledgement: its vector. Takes device_lock. Owner, OUTSIDE. */
u8 pic_acknowledge(struct vm *vm);
/* Port handlers for pio.c; device_lock held. */
u32 pic_read(struct vcpu *vcpu, u16 port, unsigned bytes);
void pic_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value);
