// SPDX-License-Identifier: MIT
/* The main counter of a high-precision event timer ("IA-PC HPET Specification" 1.0a),
 * at its usual place. It has no timers that interrupt, and no ACPI table names it: it
 * is for guests that look there anyway. */
#pragma once
#include "types.h"

struct vm;

#define HPET_PAGE 0xfed00000UL
#define HPET_PAGE_BYTES 0x400UL

/* [L] vm->device_lock */
struct hpet {
	u64 config; /* [L] bit 0: it counts */
	u64 count;  /* [L] the counter when it last stopped, started or was set */
	u64 since;  /* [L] host TSC of that moment */
};

/* Registers by their offset in the page; 4 or 8 bytes, others are not defined (2.3.1).
 * device_lock held. */
u64 hpet_read(struct hpet *hpet, u32 offset, unsigned bytes);
void hpet_write(struct hpet *hpet, u32 offset, unsigned bytes, u64 value);
