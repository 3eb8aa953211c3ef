// SPDX-License-Identifier: MIT
/* The loop of every pCPU: serve the inbox and the timers, pick the runnable that
 * has had the least, run it, settle what became of it. Owns the run queues; no
 * locks: others reach a run queue only through its CPU's inbox. Who runs longest is
 * measured in TSC cycles divided by weight (share.c), who had the least goes first. */
#include "sched.h"
#include "arch/x86/trap.h"
#include "assert.h"
#include "atomic.h"
#include "console.h"
#include "cpu.h"
#include "errno.h"
#include "ipi.h"
#include "kernel/balance.h"
#include "kernel/idle.h"
#include "kernel/pool.h"
#include "kernel/doorbell.h"
#include "kernel/sched_inbox.h"
#include "kernel/share.h"
#include "kernel/timer_queue.h"
#include "points.h"
#include "stretch.h"
#include "timer.h"

/* The inbox is served so often before the running runnable goes on. */
#define SERVE_ROUNDS 4

static u64 slice_cycles(void)
{
	return tsc_khz() * SLICE_US / 1000;
}

/* --- inbox: the way to another CPU's run queue --- */

/* "Look at r." Whoever set its reason (awake, target, home) did so before. Any CPU. */
static void push(struct runnable *r)
{
	struct runnable *head;
	struct cpu *cpu;

	/* WAKE: pairs with the xchg in sched_serve_inbox(): either that CPU
	 * has not looked yet, and will see the reason, or we push again. */
	if (xchg(&r->in_inbox, 1))
		return;
	/* HOME: pairs with the release in give_away(); if it moves once more, the
	 * old home passes it on. */
	cpu = cpu_of((unsigned)smp_load_acquire(&r->home));
	/* INBOX: the cmpxchg publishes the link; pairs with the xchg of the taker. */
	do {
		head = READ_ONCE(cpu->inbox);
		WRITE_ONCE(r->inbox_next, head);
	} while (cmpxchg(&cpu->inbox, head, r) != head);
	/* INBOX: who found the list empty rings; later ones ride along. */
	if (!head && cpu != this_cpu())
		ipi_doorbell(cpu->id);
}

static void give_away(struct runnable *r, unsigned to)
{
	ASSERT(!r->queued && this_cpu()->current != r);
	list_remove(&r->home_node);
	share_part(this_cpu(), r);
	/* From now on: how far it is ahead of the slowest here. The new home adds its
	 * own slowest, since each CPU's time goes its own way. */
	r->vruntime -= MIN(r->vruntime, share_least(this_cpu(), r));
	r->ops->evict(r);
	/* HOME: all that this CPU did with r is before; pairs with push(). */
	smp_store_release(&r->home, (s32)to);
	push(r);
}

/* --- run queue: this CPU's own --- */

/* Who has had the least; of equals, who waits longest. */
static struct runnable *queue_first(struct cpu *cpu)
{
	struct runnable *first = NULL;

	list_for_each (node, &cpu->rq.queue) {
		struct runnable *r = container_of(node, struct runnable, queue_node);

		if (!first || share_lead(cpu, first, r) > 0)
			first = r;
	}
	return first;
}

static void queue_insert(struct cpu *cpu, struct runnable *r)
{
	share_join(cpu, r);
	list_append(&cpu->rq.queue, &r->queue_node);
	r->queued = true;
	cpu->rq.count++;
}

static void queue_remove(struct run_queue *rq, struct runnable *r)
{
	list_remove(&r->queue_node);
	r->queued = false;
	rq->count--;
}

/* The least that any here has used; it only grows. r: ran last, or runs. */
static void advance_min(struct cpu *cpu, const struct runnable *r)
{
	struct runnable *first = queue_first(cpu);
	u64 least = share_used(cpu, r);

	if (first)
		least = MIN(least, share_used(cpu, first));
	cpu->rq.min_vruntime = MAX(cpu->rq.min_vruntime, least);
}

/* What the current one has used since it was charged last is put into its account. */
static void charge(struct cpu *cpu, struct runnable *r)
{
	u64 now = tsc_now();

	share_charge(cpu, r, now - r->slice_start);
	r->slice_start = now;
}

/* r has just woken: the time since sched_poll() began to serve is its, not that of the
 * current one, which was interrupted for it. */
static void bill(struct cpu *cpu, struct runnable *r)
{
	u64 now = tsc_now();

	share_charge(cpu, r, now - cpu->current->slice_start);
	cpu->current->slice_start = now;
}

/* Does the newcomer deserve the CPU now? It does when it is owed more than a tenth
 * of a slice; less would only trade one switch for another. */
static bool should_preempt(struct cpu *cpu, struct runnable *newcomer)
{
	return share_lead(cpu, cpu->current, newcomer) > (s64)(slice_cycles() / 10);
}

/* The current one has to go; what it takes to put it away is charged to who comes. */
static void preempt(struct cpu *cpu)
{
	cpu->resched = true;
	if (cpu->rq.serving)
		cpu->rq.handover = cpu->current->slice_start;
}

static void enqueue(struct cpu *cpu, struct runnable *r)
{
	s32 idle = cpu->current || cpu->rq.count ? balance_find_idle(cpu, r)
						 : SCHED_NO_CPU;

	if (idle != SCHED_NO_CPU) {
		give_away(r, (unsigned)idle);
		return;
	}
	/* One that has run alone has not told its time yet. */
	if (cpu->current) {
		if (!cpu->rq.serving)
			charge(cpu, cpu->current);
		advance_min(cpu, cpu->current);
	}
	share_forget(cpu, r, slice_cycles());
	queue_insert(cpu, r);
	balance_tell(cpu);
	if (!cpu->current)
		return;
	if (cpu->rq.serving)
		bill(cpu, r);
	if (should_preempt(cpu, r))
		preempt(cpu);
	else if (!cpu->rq.slice_end)
		cpu->rq.slice_end = tsc_now() + slice_cycles();
	timer_program();
}

/* Where r should go because this CPU cannot keep it, or SCHED_NO_CPU. */
static s32 must_leave_to(struct cpu *cpu, struct runnable *r)
{
	s32 target = xchg(&r->target, SCHED_NO_CPU); /* HOME: set by sched_migrate() */
	u64 allowed = READ_ONCE(r->affinity) & cpu_online_mask();

	if (target != SCHED_NO_CPU && target != (s32)cpu->id &&
	    cpu_online((unsigned)target))
		return target;
	if (cpu_online(cpu->id) || !allowed)
		return SCHED_NO_CPU;
	return (s32)bit_lowest(allowed);
}

/* It is dead. INBOX: the mark stays set for ever, so that nobody pushes it again. If it
 * was set already, some inbox holds it, and look_at() comes here once more. */
static void bury(struct runnable *r)
{
	if (r->ops->ended && !xchg(&r->in_inbox, 1))
		r->ops->ended(r);
}

/* Somebody pushed r here: find out why. */
static void look_at(struct cpu *cpu, struct runnable *r)
{
	s32 to;

	if (r->dead) { /* asked of it before its end was known */
		bury(r);
		return;
	}
	if (list_empty(&r->home_node)) {
		list_append(&cpu->rq.homed, &r->home_node);
		r->vruntime += share_least(cpu, r); /* see give_away() */
		r->ops->arrive(r);
	}
	if (r == cpu->current) {
		cpu->resched = true; /* settle() looks for a target */
		return;
	}
	to = must_leave_to(cpu, r);
	if (to != SCHED_NO_CPU) {
		if (r->queued)
			queue_remove(&cpu->rq, r);
		give_away(r, (unsigned)to);
		return;
	}
	/* WAKE: pairs with the cmpxchg in sched_wake(). */
	if (!r->queued && smp_load_acquire(&r->wait) == WAIT_AWAKE)
		enqueue(cpu, r);
}

void sched_serve_inbox(void)
{
	struct cpu *cpu = this_cpu();
	struct runnable *r;

	if (!READ_ONCE(cpu->inbox)) /* INBOX: only a hint, the xchg decides */
		return;
	/* INBOX: pairs with the cmpxchg in push(). */
	r = xchg(&cpu->inbox, NULL);
	while (r) {
		struct runnable *next = READ_ONCE(r->inbox_next); /* INBOX: as the xchg */

		/* WAKE: cleared before the reasons are read; pairs with push(). */
		xchg(&r->in_inbox, 0);
		schedule_point();
		if (READ_ONCE(r->home) ==
		    (s32)cpu->id) /* HOME: only the home changes it */
			look_at(cpu, r);
		else
			push(r);
		/* A full inbox takes long: who waits for an answer gets it in between. */
		ipi_acknowledge();
		stretch_poll();
		r = next;
	}
}

/* --- what others may ask --- */

void sched_init_runnable(struct runnable *r, const struct runnable_ops *ops,
			 const char *name, u64 affinity, u32 weight)
{
	r->ops = ops;
	r->name = name;
	r->weight = weight ? weight : SCHED_WEIGHT_NORMAL;
	r->affinity = affinity;
	r->target = SCHED_NO_CPU;
	r->home = SCHED_NO_CPU;
	r->wait = WAIT_BLOCKED;
	list_init(&r->queue_node);
	list_init(&r->home_node);
}

void sched_start(struct runnable *r, unsigned cpu)
{
	smp_store_release(&r->home, (s32)cpu); /* HOME: pairs with push() */
	push(r);
}

bool sched_wake(struct runnable *r)
{
	/* WAKE: the reason to wake was stored before this fence; pairs with the fence
	 * in settle_blocked(). One of the two sees the other's store. */
	smp_mb();
	if (READ_ONCE(r->wait) != WAIT_BLOCKED) /* WAKE: the cmpxchg decides */
		return false;
	if (cmpxchg(&r->wait, WAIT_BLOCKED, WAIT_AWAKE) != WAIT_BLOCKED)
		return false;
	push(r);
	return true;
}

int sched_migrate(struct runnable *r, unsigned cpu)
{
	if (!cpu_online(cpu) || !(READ_ONCE(r->affinity) & BIT(cpu))) /* HOME: hint */
		return -EINVAL;
	xchg(&r->target, (s32)cpu); /* HOME: pairs with the xchg in must_leave_to() */
	push(r);
	return 0;
}

static void serve(struct cpu *cpu)
{
	if (cpu->current) {
		charge(cpu, cpu->current);
		cpu->rq.serving = true;
	}
	/* A timer may wake a runnable of this very CPU: the inbox after the timers. */
	if (cpu->timer_due)
		timer_serve();
	/* Again: what is served may push to this very inbox, and nobody rings then. */
	for (unsigned i = 0; i < SERVE_ROUNDS && ipi_pending(); i++)
		ipi_serve();
	cpu->rq.serving = false;
}

bool sched_poll(void)
{
	struct cpu *cpu = this_cpu();

	stretch_poll();
	if (cpu->timer_due || ipi_pending())
		serve(cpu);
	console_poll();
	/* POOL: pairs with ask(). What is left in the inbox is for the loop. */
	return cpu->resched || READ_ONCE(cpu->wanted) || ipi_pending();
}

/* --- leaving the pool and coming back --- */

bool sched_can_leave(struct cpu *cpu)
{
	list_for_each (node, &cpu->rq.homed) {
		struct runnable *r = container_of(node, struct runnable, home_node);

		/* HOME: a hint for others, but this CPU is r's home. */
		if (!(READ_ONCE(r->affinity) & cpu_online_mask() & ~BIT(cpu->id)))
			return false;
	}
	return true;
}

void sched_leave(struct cpu *cpu)
{
	list_for_each_safe (node, next, &cpu->rq.homed) {
		struct runnable *r = container_of(node, struct runnable, home_node);
		s32 to = must_leave_to(cpu, r);

		if (r->queued)
			queue_remove(&cpu->rq, r);
		give_away(r, (unsigned)to);
	}
}

/* --- the loop --- */

static void settle_awake(struct cpu *cpu, struct runnable *r)
{
	s32 to = must_leave_to(cpu, r);

	if (to == SCHED_NO_CPU && cpu->rq.count)
		to = balance_find_idle(cpu, r);
	if (to == SCHED_NO_CPU && cpu->rq.count)
		to = balance_find_lighter(cpu, r);
	if (to != SCHED_NO_CPU)
		give_away(r, (unsigned)to);
	else
		queue_insert(cpu, r);
}

/* The sleeper's half of the wake-up: say BLOCKED, then look once more. */
static void settle_blocked(struct cpu *cpu, struct runnable *r)
{
	share_part(cpu, r);
	WRITE_ONCE(r->wait, WAIT_BLOCKED); /* WAKE: read by sched_wake() */
	/* WAKE: pairs with the fence in sched_wake(). */
	smp_mb();
	schedule_point();
	if (r->ops->has_work(r)) {
		/* A waker that was faster has pushed it: then the inbox brings it. */
		if (cmpxchg(&r->wait, WAIT_BLOCKED, WAIT_AWAKE) == WAIT_BLOCKED)
			settle_awake(cpu, r);
		return;
	}
	if (READ_ONCE(r->target) != SCHED_NO_CPU) /* HOME: asked while it ran */
		push(r);
}

/* It will never run again: nothing of it stays on this pCPU. */
static void retire(struct cpu *cpu, struct runnable *r)
{
	r->dead = true;
	share_part(cpu, r);
	list_remove(&r->home_node);
	r->ops->evict(r);
	bury(r);
}

static void settle(struct cpu *cpu, struct runnable *r, enum run_result result)
{
	if (!cpu->rq.handover)
		charge(cpu, r);
	advance_min(cpu, r);
	if (result == RUN_AGAIN)
		settle_awake(cpu, r);
	else if (result == RUN_BLOCKED)
		settle_blocked(cpu, r);
	else
		retire(cpu, r);
}

static void run_one(struct cpu *cpu, struct runnable *r)
{
	enum run_result result;

	queue_remove(&cpu->rq, r);
	cpu->current = r;
	balance_tell(cpu);
	cpu->resched = false;
	r->slice_start = cpu->rq.handover ? cpu->rq.handover : tsc_now();
	cpu->rq.handover = 0;
	share_chosen(cpu, r);
	cpu->rq.slice_end = cpu->rq.count ? r->slice_start + slice_cycles() : 0;
	timer_program();
	r->ops->load(r);
	result = r->ops->run(r);
	r->ops->put(r);
	cpu->current = NULL;
	cpu->rq.slice_end = 0;
	settle(cpu, r, result);
}

void sched_loop(void)
{
	struct cpu *cpu = this_cpu();

	for (;;) {
		struct runnable *r;

		irq_window();
		timer_serve();
		sched_poll();
		if (READ_ONCE(cpu->wanted)) /* POOL: pairs with ask() */
			pool_serve(cpu);
		r = queue_first(cpu);
		if (r && cpu->online)
			run_one(cpu, r);
		else
			cpu_idle(cpu);
	}
}
