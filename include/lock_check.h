// SPDX-License-Identifier: MIT
/* Are locks always taken in the same order? The product does not ask; the debug builds
 * have another header of this name (debug/lock). */
#pragma once
#include "types.h"

struct spinlock;

/* This CPU is about to take the lock, from there. */
static inline void lock_check_take(const struct spinlock *lock, void *from)
{
	(void)lock;
	(void)from;
}
/* It gives the lock back. */
static inline void lock_check_give(const struct spinlock *lock)
{
	(void)lock;
}
/* Memory that may have held locks is free, and may hold others. */
static inline void lock_check_forget(const void *memory, u64 bytes)
{
	(void)memory;
	(void)bytes;
}
