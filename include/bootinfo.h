// SPDX-License-Identifier: MIT
/* What the loader told us, in our words. Only boot/multiboot2.c knows the
 * loader's format. Everything here was bounds-checked; nothing was believed. */
#pragma once
#include "config.h"
#include "types.h"

struct mem_range {
	hpa_t base;
	u64 bytes;
};

struct boot_module {
	hpa_t base;
	u64 bytes;
	char cmdline[CMDLINE_MAX]; /* the GRUB line after "module2 FILE" */
};

/* [I] filled once at boot by the boot CPU, then constant. */
struct bootinfo {
	char cmdline[CMDLINE_MAX];              /* of spur.elf itself */
	char loader[64];                        /* "GRUB 2.06-13+deb12u1" */
	struct mem_range usable[MAX_MEM_RANGES]; /* RAM the loader says is free */
	unsigned usable_count;
	unsigned usable_dropped;                /* ranges that did not fit the array */
	struct boot_module modules[MAX_MODULES];
	unsigned module_count;
	unsigned module_dropped;
	u8 rsdp[36];                            /* copy of the ACPI root pointer */
	unsigned rsdp_bytes; /* 0: no ACPI tag; 20: revision 0; 36: 2 and up */
};
