// SPDX-License-Identifier: MIT
/* In the place of arch/x86/x86.h, for tests whose processor is made up: the test says
 * what CPUID answers. Found first with -iquote host. */
#pragma once
#include "types.h"

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

struct cpuid_regs cpuid(u32 leaf, u32 subleaf);

static inline u64 rdtsc(void)
{
	return __builtin_ia32_rdtsc();
}
