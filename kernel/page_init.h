// SPDX-License-Identifier: MIT
/* Set-up of the page allocator; its use is in include/page.h. */
#pragma once
#include "bootinfo.h"

/* A part of memory that is not free although the loader's map says usable. */
struct reserved_range {
	u64 base, end;
};

/* Take all usable memory in [from, to) but the reserved ranges. May be called
 * again for memory that was out of reach the first time. Returns the free pages
 * so far. Boot CPU; [from, to) is mapped. */
u64 page_init(const struct bootinfo *info, const struct reserved_range *reserved,
	      unsigned reserved_count, u64 from, u64 to);
