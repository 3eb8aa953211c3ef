// SPDX-License-Identifier: MIT
/* Reports wait here until a CPU that holds no lock comes by: the one that finds a race
 * may hold the console's. The log's lines begin with "RACE:". */
#include "debug/race/race.h"
#include "atomic.h"
#include "bits.h"
#include "kernel/symbols.h"
#include "printk.h"

#define REPORTS_MAX 64

struct report {
	struct race_side watched, other;
	bool known; /* other is */
};

static struct report reports[REPORTS_MAX]; /* [L] */
static u32 count;                          /* [L] also read as a hint */
static u32 printed;                        /* [L] */
static u32 busy;                           /* [A] the lock; not of the kind watched */

static void lock(void)
{
	while (xchg(&busy, 1))
		cpu_relax();
}

static void unlock(void)
{
	smp_store_release(&busy, 0); /* RACE: pairs with the xchg in lock() */
}

static bool same_places(const struct report *r, u64 a, u64 b)
{
	u64 x = r->watched.callers[0], y = r->other.callers[0];

	return (x == a && y == b) || (x == b && y == a);
}

void race_report(const struct race_side *watched, const struct race_side *other)
{
	static const struct race_side unknown;
	const struct race_side *second = other ? other : &unknown;

	lock();
	for (u32 i = 0; i < count; i++) {
		if (same_places(&reports[i], watched->callers[0], second->callers[0]))
			goto out;
	}
	if (count < REPORTS_MAX) {
		reports[count] = (struct report){*watched, *second, other};
		WRITE_ONCE(count, count + 1); /* RACE: read as a hint in race_print() */
	}
out:
	unlock();
}

static void print_side(const struct race_side *side)
{
	static const char *const kinds[] = {"plain read", "plain write", "marked read",
					    "marked write"};
	u64 offset;

	printk("RACE:   cpu%u: %s, %lu bytes at %lx\n", side->cpu, kinds[side->kind],
	       side->bytes, side->address);
	for (unsigned i = 0; i < RACE_DEPTH && side->callers[i]; i++) {
		const char *name = symbol_at(side->callers[i], &offset);

		printk("RACE:     %016lx %s+0x%lx\n", side->callers[i], name, offset);
	}
}

static void print_report(const struct report *r)
{
	printk("RACE: two CPUs at once, and one of them writes:\n");
	print_side(&r->watched);
	if (r->known)
		print_side(&r->other);
	else
		printk("RACE:   and one that came before the watch, or is not watched (a "
		       "guest, a device)\n");
}

void race_print(void)
{
	if (READ_ONCE(printed) == READ_ONCE(count)) /* RACE: hints */
		return;
	lock();
	for (; printed < count; printed++)
		print_report(&reports[printed]);
	unlock();
}
