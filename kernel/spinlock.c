// SPDX-License-Identifier: MIT
/* Ticket lock: first come, first served, so that no CPU starves. */
#include "spinlock.h"
#include "assert.h"
#include "atomic.h"
#include "cpu.h"
#include "lock_check.h"

void spin_lock(struct spinlock *lock)
{
	u32 ticket;

	ASSERT(!spin_held(lock));
	lock_check_take(lock, __builtin_return_address(0));
	ticket = atomic_fetch_add(&lock->next, 1);
	/* LOCK: the acquire pairs with the release in spin_unlock(). */
	while (smp_load_acquire(&lock->owner) != ticket)
		cpu_relax();
	WRITE_ONCE(lock->holder, this_cpu()->id + 1); /* LOCK: read by spin_held() */
	this_cpu()->locks_held++;
}

void spin_unlock(struct spinlock *lock)
{
	u32 owner = READ_ONCE(lock->owner); /* LOCK: only the holder writes it */

	ASSERT(spin_held(lock));
	lock_check_give(lock);
	this_cpu()->locks_held--;
	WRITE_ONCE(lock->holder, 0); /* LOCK: read by spin_held() */
	/* LOCK: pairs with the acquire in spin_lock(). */
	smp_store_release(&lock->owner, owner + 1);
}

bool spin_seize(struct spinlock *lock)
{
	/* LOCK: as in spin_lock(). */
	u32 owner = smp_load_acquire(&lock->owner);

	/* LOCK: free is who has no next in line; the cmpxchg decides. */
	if (cmpxchg(&lock->next, owner, owner + 1) != owner)
		return false;
	WRITE_ONCE(lock->holder, this_cpu()->id + 1); /* LOCK: read by spin_held() */
	return true;
}

bool spin_held(const struct spinlock *lock)
{
	/* LOCK: this CPU's own store, or some other value; no order needed. */
	return READ_ONCE(lock->holder) == this_cpu()->id + 1;
}
