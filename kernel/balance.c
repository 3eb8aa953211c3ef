// SPDX-License-Identifier: MIT
/* Where a runnable should rather run: on an idle CPU, or on one that has at least two
 * fewer to run than this one. Each CPU says how many it has, a hint, and gives away only
 * what it has just run, by the step that every migration takes; so there is no lock, and
 * nobody takes anything from another. Two CPUs that differ by one stay as they are. */
#include "kernel/balance.h"
#include "atomic.h"
#include "bits.h"

void balance_tell(struct cpu *cpu)
{
	u32 load = cpu->rq.count + (cpu->current != NULL);

	if (load != cpu->load)
		WRITE_ONCE(cpu->load, load); /* IDLE: hint, no pair */
}

static u64 elsewhere(const struct cpu *cpu, const struct runnable *r)
{
	return READ_ONCE(r->affinity) & cpu_online_mask() &
	       ~BIT(cpu->id); /* HOME: hint */
}

s32 balance_find_idle(const struct cpu *cpu, const struct runnable *r)
{
	u64 mask = elsewhere(cpu, r);

	for (; mask; mask &= mask - 1) {
		if (READ_ONCE(cpu_of(bit_lowest(mask))->idle)) /* IDLE: hint, no pair */
			return (s32)bit_lowest(mask);
	}
	return SCHED_NO_CPU;
}

s32 balance_find_lighter(const struct cpu *cpu, const struct runnable *r)
{
	u32 mine = cpu->rq.count + 1, least = mine - 1; /* r is not in the queue now */
	s32 best = SCHED_NO_CPU;

	for (u64 mask = elsewhere(cpu, r); mask; mask &= mask - 1) {
		u32 load = READ_ONCE(cpu_of(bit_lowest(mask))->load); /* IDLE: hint */

		/* One with none is idle, or about to be, and is found there. */
		if (load && load < least) {
			least = load;
			best = (s32)bit_lowest(mask);
		}
	}
	return best;
}
