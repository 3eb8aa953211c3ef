// SPDX-License-Identifier: MIT
/* The checking twin of include/lock_check.h: the order of any two locks is learned when
 * it is first seen, and a CPU that takes them the other way round is a panic, even if
 * nobody was in its way this time. A lock is also only taken with interrupts off. */
#pragma once
#include "types.h"

struct spinlock;

void lock_check_take(const struct spinlock *lock, void *from);
void lock_check_give(const struct spinlock *lock);
void lock_check_forget(const void *memory, u64 bytes);
