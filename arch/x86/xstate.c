// SPDX-License-Identifier: MIT
/* XSAVEC, tried once: Bochs 2.7 stores the components behind SSE in another place than
 * where its XRSTOR looks for them (SDM 1 "Compacted Form of the XSAVE Area": the first
 * follows the header). A kernel that uses it gives its processes wrong vector
 * registers back, so guests are not told of it there. */
#include "arch/x86/xstate.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/x86.h"
#include "bits.h"
#include "config.h"
#include "string.h"

#define LEAF_XSTATE 0xd
#define XSAVEC_BIT BIT(1) /* of subleaf 1, EAX */
#define AVX 2             /* the component's number */
#define MXCSR_AT 24
#define MXCSR_RESET 0x1f80U
#define BITMAP_AT 512
#define EXTENDED_AT 576
#define PATTERN 0x5a17c0de0badf00dUL

static u8 area[PAGE_SIZE] __attribute__((aligned(64)));
static bool works; /* [I] after xstate_probe() */

static void clear_area(void)
{
	u32 mxcsr = MXCSR_RESET;

	memset(area, 0, sizeof(area));
	memcpy(area + MXCSR_AT, &mxcsr, sizeof(mxcsr));
}

/* A pattern into the upper half of YMM0, and where XSAVEC stores it. */
static bool stores_first_component_first(void)
{
	u64 bitmap = BIT(AVX), pattern = PATTERN, stored;

	clear_area();
	memcpy(area + BITMAP_AT, &bitmap, sizeof(bitmap));
	memcpy(area + cpuid(LEAF_XSTATE, AVX).ebx, &pattern, sizeof(pattern));
	xrstor(area, BIT(AVX));
	clear_area();
	xsavec(area, BIT(AVX));
	memcpy(&stored, area + EXTENDED_AT, sizeof(stored));
	clear_area();
	xrstor(area, BIT(AVX)); /* as after a reset */
	return stored == PATTERN;
}

void xstate_probe(void)
{
	if (!cpu_features()->xsave || cpu_features()->max_leaf < LEAF_XSTATE ||
	    !(cpuid(LEAF_XSTATE, 1).eax & XSAVEC_BIT) || !(cpu_xcr0_offered() & BIT(AVX)))
		return;
	xsetbv(0, cpu_xcr0_offered());
	works = stores_first_component_first();
}

bool xstate_xsavec(void)
{
	return works;
}
