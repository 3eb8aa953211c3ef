// SPDX-License-Identifier: MIT
/* Which lock was held when which other was taken, and by whom. */
#include "debug/lock/lock_check.h"
#include "assert.h"
#include "atomic.h"
#include "bits.h"
#include "config.h"
#include "cpu.h"
#include "kernel/symbols.h"

#define HELD_MAX 8
#define PAIRS_MAX 256
#define RFLAGS_IF BIT(9)

struct held {
	const struct spinlock *lock;
	void *from;
};

/* second was taken with first held. */
struct pair {
	struct held first, second;
};

static struct held held[MAX_CPUS][HELD_MAX]; /* [O] */
static unsigned depth[MAX_CPUS];             /* [O] */
static struct pair pairs[PAIRS_MAX];         /* [L] */
static unsigned count;                       /* [L] */
static u32 busy;                             /* [A] the lock of these two */
static u32 off;                              /* [A] something was reported */

static void lock_pairs(void)
{
	while (xchg(&busy, 1))
		cpu_relax();
}

static void unlock_pairs(void)
{
	smp_store_release(&busy, 0); /* LOCK: pairs with the xchg in lock_pairs() */
}

static bool interrupts_on(void)
{
	u64 flags;

	__asm__ volatile("pushfq; pop %0" : "=r"(flags));
	return flags & RFLAGS_IF;
}

static const char *name_of(void *from)
{
	u64 offset;

	return symbol_at((u64)(uintptr_t)from, &offset);
}

static struct pair *find(const struct spinlock *first, const struct spinlock *second)
{
	for (unsigned i = 0; i < count; i++) {
		if (pairs[i].first.lock == first && pairs[i].second.lock == second)
			return &pairs[i];
	}
	return NULL;
}

/* NULL, or how the two were taken the other way round. */
static const struct pair *learn(struct held first, struct held second)
{
	const struct pair *other = find(second.lock, first.lock);

	if (!other && !find(first.lock, second.lock) && count < PAIRS_MAX)
		pairs[count++] = (struct pair){first, second};
	return other;
}

static void check_order(struct held first, struct held second)
{
	const struct pair *other;

	lock_pairs();
	other = learn(first, second);
	unlock_pairs();
	if (!other)
		return;
	WRITE_ONCE(off, 1); /* LOCK: the dump takes locks, too */
	panic("locks in two orders: %s(), with that of %s() held; but once %s(), with "
	      "that of %s() held",
	      name_of(second.from), name_of(first.from), name_of(other->second.from),
	      name_of(other->first.from));
}

void lock_check_take(const struct spinlock *lock, void *from)
{
	unsigned id = this_cpu()->id, n = depth[id];
	struct held now = {lock, from};

	if (READ_ONCE(off)) /* LOCK: a flag that only rises */
		return;
	if (interrupts_on()) {
		WRITE_ONCE(off, 1); /* LOCK: as above */
		panic("%s() takes a lock with interrupts on", name_of(from));
	}
	for (unsigned i = 0; i < n; i++) {
		if (held[id][i].lock != lock)
			check_order(held[id][i], now);
	}
	if (n < HELD_MAX) {
		held[id][n] = now;
		depth[id] = n + 1;
	}
}

/* Most come last, first out; not all must. */
void lock_check_give(const struct spinlock *lock)
{
	unsigned id = this_cpu()->id, n = depth[id];

	for (unsigned i = n; i--;) {
		if (held[id][i].lock != lock)
			continue;
		for (depth[id] = n - 1; i < n - 1; i++)
			held[id][i] = held[id][i + 1];
		return;
	}
}

static bool lies_in(const struct spinlock *lock, const void *memory, u64 bytes)
{
	return (u64)(uintptr_t)lock - (u64)(uintptr_t)memory < bytes;
}

void lock_check_forget(const void *memory, u64 bytes)
{
	lock_pairs();
	for (unsigned i = 0; i < count;) {
		if (lies_in(pairs[i].first.lock, memory, bytes) ||
		    lies_in(pairs[i].second.lock, memory, bytes))
			pairs[i] = pairs[--count];
		else
			i++;
	}
	unlock_pairs();
}
