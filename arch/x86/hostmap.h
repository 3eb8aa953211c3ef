// SPDX-License-Identifier: MIT
/* The hypervisor's own address space: one identity map for all CPUs, W^X, page 0
 * and the stacks' guard pages not mapped, device pages uncached. */
#pragma once
#include "bootinfo.h"

/* Build it and switch to it. Boot CPU; the page allocator works. False: no memory. */
bool hostmap_init(const struct bootinfo *info);
/* Load it on this CPU. */
void hostmap_load(void);
u64 hostmap_cr3(void);
/* Make a device's registers reachable: 4 KiB aligned, uncached, writable, not
 * executable. Boot CPU, before the others start. Harmless if it is mapped already. */
bool hostmap_map_device(u64 base, u64 bytes);
/* Make firmware tables readable. Same rules. */
bool hostmap_map_readonly(u64 base, u64 bytes);
/* Take the page out (a guard page). Boot CPU, before the others start. */
void hostmap_guard(const void *page);
