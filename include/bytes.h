// SPDX-License-Identifier: MIT
/* Little-endian numbers at any alignment, for tables that others wrote.
 * Pure, any context. The caller has checked that the bytes are there. */
#pragma once
#include "string.h"

static inline u16 load_u16(const void *at)
{
	u16 v;

	__builtin_memcpy(&v, at, sizeof(v));
	return v;
}

static inline u32 load_u32(const void *at)
{
	u32 v;

	__builtin_memcpy(&v, at, sizeof(v));
	return v;
}

static inline u64 load_u64(const void *at)
{
	u64 v;

	__builtin_memcpy(&v, at, sizeof(v));
	return v;
}

static inline void store_u16(void *at, u16 v)
{
	__builtin_memcpy(at, &v, sizeof(v));
}

static inline void store_u32(void *at, u32 v)
{
	__builtin_memcpy(at, &v, sizeof(v));
}

static inline void store_u64(void *at, u64 v)
{
	__builtin_memcpy(at, &v, sizeof(v));
}

/* Whether [offset, offset + length) lies within size bytes; no overflow. */
static inline bool range_within(u64 offset, u64 length, u64 size)
{
	return length <= size && offset <= size - length;
}
