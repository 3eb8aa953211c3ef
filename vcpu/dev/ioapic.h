// SPDX-License-Identifier: MIT
/* The IOAPIC a guest sees: 24 pins, version 0x11 (82093AA data sheet, "IOAPIC
 * Registers"). All calls: any CPU, root mode, the VM's device_lock held. */
#pragma once
#include "types.h"

struct vm;

#define IOAPIC_PAGE 0xfec00000UL
#define IOAPIC_PAGE_BYTES 0x1000UL
#define IOAPIC_PINS 24

/* [L] vm->device_lock */
struct ioapic {
	u32 select;             /* [L] IOREGSEL */
	u32 id;                 /* [L] as the guest wrote it; means nothing */
	u32 lines;              /* [L] bit n: pin n is asserted by its device */
	u64 entry[IOAPIC_PINS]; /* [L] redirection table */
};

/* All pins masked; lines keep what the devices drive. */
void ioapic_reset(struct ioapic *ioapic);
/* A device drives its pin. level: asserted, whatever the polarity bit says. */
void ioapic_set_line(struct vm *vm, unsigned pin, bool level);
/* A local APIC ended a level interrupt with this vector. */
void ioapic_eoi(struct vm *vm, u8 vector);
/* The register page; offset within it. Other offsets than IOREGSEL and IOWIN
 * read as 0 and are not written. */
u32 ioapic_read(struct vm *vm, u32 offset);
void ioapic_write(struct vm *vm, u32 offset, u32 value);
