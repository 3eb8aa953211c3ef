// SPDX-License-Identifier: MIT
/* The loop of every pCPU: serve the inbox and the timers, pick the runnable that
 * has had the least, run it, settle what became of it. Owns the run queues; no
 * locks: others reach a run queue only through its CPU's inbox. Who runs longest is
 * measured in TSC cycles divided by weight (vruntime), the smallest goes first. */
#include "sched.h"
#include "arch/x86/trap.h"
#include "assert.h"
#include "atomic.h"
#include "console.h"
#include "cpu.h"
#include "errno.h"
#include "ipi.h"
#include "kernel/idle.h"
#include "kernel/pool.h"
#include "kernel/doorbell.h"
#include "kernel/sched_inbox.h"
#include "kernel/timer_queue.h"
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
	struct run_queue *rq = &this_cpu()->rq;

	ASSERT(!r->queued && this_cpu()->current != r);
	list_remove(&r->home_node);
	/* From now on: how far it is ahead of the slowest here. The new home adds its
	 * own slowest, since each CPU's time goes its own way. */
	r->vruntime -= MIN(r->vruntime, rq->min_vruntime);
	r->ops->evict(r);
	/* HOME: all that this CPU did with r is before; pairs with push(). */
	smp_store_release(&r->home, (s32)to);
	push(r);
}

/* --- run queue: this CPU's own --- */

static struct runnable *queue_first(struct run_queue *rq)
{
	return list_empty(&rq->queue)
		       ? NULL
		       : container_of(rq->queue.next, struct runnable, queue_node);
}

static void queue_insert(struct run_queue *rq, struct runnable *r)
{
	struct list *at = &rq->queue;

	list_for_each (node, &rq->queue) {
		if (container_of(node, struct runnable, queue_node)->vruntime >
		    r->vruntime) {
			at = node;
			break;
		}
	}
	list_insert_before(at, &r->queue_node);
	r->queued = true;
	rq->count++;
}

static void queue_remove(struct run_queue *rq, struct runnable *r)
{
	list_remove(&r->queue_node);
	r->queued = false;
	rq->count--;
}

/* An idle CPU that may take r, or SCHED_NO_CPU. A hint: two may choose the same. */
static s32 find_idle(const struct runnable *r)
{
	u64 mask = READ_ONCE(r->affinity) & cpu_online_mask() & ~BIT(this_cpu()->id);

	for (; mask; mask &= mask - 1) {
		if (READ_ONCE(cpu_of(bit_lowest(mask))->idle)) /* IDLE: hint, no pair */
			return (s32)bit_lowest(mask);
	}
	return SCHED_NO_CPU;
}

/* Time used since r became current, by its weight. */
static u64 used_now(const struct runnable *r)
{
	return (tsc_now() - r->slice_start) * SCHED_WEIGHT_NORMAL / r->weight;
}

/* The least that any here has used; it only grows. running: of the one that runs. */
static void advance_min(struct run_queue *rq, u64 running)
{
	struct runnable *first = queue_first(rq);
	u64 least = first ? MIN(first->vruntime, running) : running;

	rq->min_vruntime = MAX(rq->min_vruntime, least);
}

/* Does the newcomer deserve the CPU now? It does when it is owed more than a tenth
 * of a slice; less would only trade one switch for another. */
static bool should_preempt(struct cpu *cpu, struct runnable *newcomer)
{
	struct runnable *current = cpu->current;

	return newcomer->vruntime + slice_cycles() / 10 <
	       current->vruntime + used_now(current);
}

static void enqueue(struct cpu *cpu, struct runnable *r)
{
	s32 idle = cpu->current || cpu->rq.count ? find_idle(r) : SCHED_NO_CPU;
	u64 credit;

	if (idle != SCHED_NO_CPU) {
		give_away(r, (unsigned)idle);
		return;
	}
	/* One that has run alone has not told its time yet. */
	if (cpu->current)
		advance_min(&cpu->rq, cpu->current->vruntime + used_now(cpu->current));
	/* Who slept has no claim on the time it did not use, but for one slice, so that
	 * it answers what has woken it soon. */
	credit = MIN(cpu->rq.min_vruntime, slice_cycles());
	r->vruntime = MAX(r->vruntime, cpu->rq.min_vruntime - credit);
	queue_insert(&cpu->rq, r);
	if (!cpu->current)
		return;
	if (should_preempt(cpu, r))
		cpu->resched = true;
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
		r->vruntime += cpu->rq.min_vruntime; /* see give_away() */
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

bool sched_poll(void)
{
	struct cpu *cpu = this_cpu();

	stretch_poll();
	/* A timer may wake a runnable of this very CPU: the inbox after the timers. */
	if (cpu->timer_due)
		timer_serve();
	/* Again: what is served may push to this very inbox, and nobody rings then. */
	for (unsigned i = 0; i < SERVE_ROUNDS && ipi_pending(); i++)
		ipi_serve();
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

static void charge(struct runnable *r)
{
	u64 used = tsc_now() - r->slice_start;

	WRITE_ONCE(r->cpu_cycles, r->cpu_cycles + used); /* STATS: read as a hint */
	r->vruntime += used * SCHED_WEIGHT_NORMAL / r->weight;
}

static void settle_awake(struct cpu *cpu, struct runnable *r)
{
	s32 to = must_leave_to(cpu, r);

	if (to == SCHED_NO_CPU && cpu->rq.count)
		to = find_idle(r);
	if (to != SCHED_NO_CPU)
		give_away(r, (unsigned)to);
	else
		queue_insert(&cpu->rq, r);
}

/* The sleeper's half of the wake-up: say BLOCKED, then look once more. */
static void settle_blocked(struct cpu *cpu, struct runnable *r)
{
	WRITE_ONCE(r->wait, WAIT_BLOCKED); /* WAKE: read by sched_wake() */
	/* WAKE: pairs with the fence in sched_wake(). */
	smp_mb();
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
static void retire(struct runnable *r)
{
	r->dead = true;
	list_remove(&r->home_node);
	r->ops->evict(r);
	bury(r);
}

static void settle(struct cpu *cpu, struct runnable *r, enum run_result result)
{
	charge(r);
	advance_min(&cpu->rq, r->vruntime);
	if (result == RUN_AGAIN)
		settle_awake(cpu, r);
	else if (result == RUN_BLOCKED)
		settle_blocked(cpu, r);
	else
		retire(r);
}

static void run_one(struct cpu *cpu, struct runnable *r)
{
	enum run_result result;

	queue_remove(&cpu->rq, r);
	cpu->current = r;
	cpu->resched = false;
	r->slice_start = tsc_now();
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
		r = queue_first(&cpu->rq);
		if (r && cpu->online)
			run_one(cpu, r);
		else
			cpu_idle(cpu);
	}
}
