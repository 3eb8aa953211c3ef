// SPDX-License-Identifier: MIT
/* Shares of a pCPU. A group (a VM) has one account on each pCPU, into which all its
 * members there are charged, so many vCPUs get no more than one; the group's weight is
 * divided among the pCPUs by how many of its ready members each has. Within a group the
 * members take turns by what each has used itself. */
#include "kernel/share.h"
#include "atomic.h"
#include "bits.h"

static struct sched_account *account_of(const struct cpu *cpu, const struct runnable *r)
{
	return &r->group->account[cpu->id];
}

u64 share_used(const struct cpu *cpu, const struct runnable *r)
{
	return r->group ? account_of(cpu, r)->vruntime : r->vruntime;
}

s64 share_lead(const struct cpu *cpu, const struct runnable *a, const struct runnable *b)
{
	if (a->group && a->group == b->group)
		return (s64)(a->vruntime - b->vruntime);
	return (s64)(share_used(cpu, a) - share_used(cpu, b));
}

/* The part of the group's weight that is used here: members here of members anywhere. */
static u64 scale(const struct cpu *cpu, const struct runnable *r, u64 cycles)
{
	u64 here = account_of(cpu, r)->ready;
	u64 all = READ_ONCE(r->group->ready); /* STATS: others may come and go */

	return cycles * SCHED_WEIGHT_NORMAL / r->group->weight * all / here;
}

void share_charge(struct cpu *cpu, struct runnable *r, u64 cycles)
{
	WRITE_ONCE(r->cpu_cycles, r->cpu_cycles + cycles); /* STATS: read as a hint */
	r->vruntime += cycles * SCHED_WEIGHT_NORMAL / r->weight;
	if (r->group)
		account_of(cpu, r)->vruntime += scale(cpu, r, cycles);
}

void share_chosen(struct cpu *cpu, const struct runnable *r)
{
	struct sched_account *account;

	if (!r->group)
		return;
	account = account_of(cpu, r);
	account->least = MAX(account->least, r->vruntime);
}

void share_join(struct cpu *cpu, struct runnable *r)
{
	if (!r->group || r->counted)
		return;
	r->counted = true;
	account_of(cpu, r)->ready++;
	atomic_fetch_add(&r->group->ready, 1); /* STATS: see scale() */
}

void share_part(struct cpu *cpu, struct runnable *r)
{
	if (!r->counted)
		return;
	r->counted = false;
	account_of(cpu, r)->ready--;
	atomic_fetch_add(&r->group->ready, -1u); /* STATS: see scale() */
}

static u64 at_most_behind(u64 used, u64 least, u64 cycles)
{
	return MAX(used, least - MIN(least, cycles));
}

void share_forget(struct cpu *cpu, struct runnable *r, u64 cycles)
{
	struct sched_account *account;

	r->vruntime = at_most_behind(r->vruntime, share_least(cpu, r), cycles);
	if (!r->group)
		return;
	account = account_of(cpu, r);
	/* As long as some member is ready here, the group is not asleep. */
	if (!account->ready)
		account->vruntime = at_most_behind(account->vruntime,
						   cpu->rq.min_vruntime, cycles);
}

u64 share_least(const struct cpu *cpu, const struct runnable *r)
{
	return r->group ? account_of(cpu, r)->least : cpu->rq.min_vruntime;
}
