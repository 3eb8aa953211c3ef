// SPDX-License-Identifier: MIT
/* What the loader says, from its words into ours. */
#pragma once
#include "multiboot.h"

#ifndef __ASSEMBLER__
#include "bootinfo.h"

/* Read the boot information at info, of which info_max_bytes may be read, into
 * *out; all of *out is set. Returns 0 or -EINVAL, when nothing of it can be
 * used. *why is then the reason; on success it is NULL, or the first thing that
 * was left out. Pure; boot CPU, once. */
int multiboot2_parse(const void *info, u64 info_max_bytes, struct bootinfo *out,
		     const char **why);
#endif
