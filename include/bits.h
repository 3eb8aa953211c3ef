// SPDX-License-Identifier: MIT
/* Bits, alignment, and the few macros every file wants. */
#pragma once
#include "types.h"

#define BIT(n) (1UL << (n))
/* Bits hi..lo, both included. */
#define MASK(hi, lo) ((~0UL >> (63 - (hi))) & (~0UL << (lo)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a) (((x) + ((a) - 1)) & ~((u64)(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((u64)(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((u64)(a) - 1)) == 0)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#define KIB(n) ((u64)(n) << 10)
#define MIB(n) ((u64)(n) << 20)
#define GIB(n) ((u64)(n) << 30)

/* Index of the lowest set bit; x must not be 0. */
static inline unsigned bit_lowest(u64 x)
{
	return (unsigned)__builtin_ctzll(x);
}

/* Index of the highest set bit; x must not be 0. */
static inline unsigned bit_highest(u64 x)
{
	return 63u - (unsigned)__builtin_clzll(x);
}

/* How many bits are set. */
static inline unsigned bit_count(u64 x)
{
	unsigned count = 0;

	for (; x; x &= x - 1)
		count++;
	return count;
}
