// SPDX-License-Identifier: MIT
/* Ticket lock. Root mode runs with interrupts off, so a holder is never
 * interrupted but by NMI and machine check, whose handlers take no lock.
 *
 * Lock order, outermost first (each may be taken with those left of it held):
 *   vm->mmu_lock -> a virtio device -> the switches' table, a port ->
 *   vm->device_lock -> page allocator, a guest's console -> console
 * Never wait for another CPU (kick with WAIT) with a lock held that an
 * inbox handler takes. */
#pragma once
#include "types.h"

struct spinlock {
	u32 next;   /* [A] ticket for the next comer */
	u32 owner;  /* [A] ticket that holds the lock */
	u32 holder; /* [A] CPU number + 1 of the holder, 0: free; for the panic dump */
};

void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
/* Take it if it is free, without waiting; true: taken. For a panic alone: it is not
 * counted as held, is not given back, and its users are stopped
 * (console_break_lock()). */
bool spin_seize(struct spinlock *lock);
/* Does this CPU hold it? For assertions. */
bool spin_held(const struct spinlock *lock);
