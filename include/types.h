// SPDX-License-Identifier: MIT
/* Integer types and the two address spaces.
 * A guest-physical and a host-physical address are different types, so that
 * mixing them up does not compile. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

/* Guest-physical address: what a guest believes is physical. Never trusted. */
typedef struct {
	u64 v;
} gpa_t;

/* Host-physical address: a real one. The hypervisor is identity-mapped, so
 * hpa_to_ptr() and ptr_to_hpa() are casts, but the call says what is meant. */
typedef struct {
	u64 v;
} hpa_t;

static inline gpa_t gpa(u64 v)
{
	return (gpa_t){v};
}

static inline hpa_t hpa(u64 v)
{
	return (hpa_t){v};
}

static inline void *hpa_to_ptr(hpa_t addr)
{
	return (void *)(uintptr_t)addr.v;
}

static inline hpa_t ptr_to_hpa(const void *ptr)
{
	return (hpa_t){(u64)(uintptr_t)ptr};
}
