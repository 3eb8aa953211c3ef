// SPDX-License-Identifier: MIT
/* Per-CPU queue of deadlines, sorted, over the one local APIC timer. The slice
 * of the running runnable is one more deadline (sched.c). */
#include "timer.h"
#include "arch/x86/lapic.h"
#include "assert.h"
#include "cpu.h"
#include "kernel/timer_queue.h"

#define NOT_SET (-1)

void timer_init(struct timer *timer, void (*expired)(struct timer *))
{
	list_init(&timer->node);
	timer->expired = expired;
	timer->cpu = NOT_SET;
}

static struct timer *first_timer(struct cpu *cpu)
{
	return list_empty(&cpu->timers)
		       ? NULL
		       : container_of(cpu->timers.next, struct timer, node);
}

void timer_program(void)
{
	struct cpu *cpu = this_cpu();
	struct timer *first = first_timer(cpu);
	u64 deadline = first ? MAX(first->deadline, 1) : 0;
	u64 slice = cpu->rq.slice_end;

	if (slice && (!deadline || slice < deadline))
		deadline = slice;
	if (deadline == cpu->timer_programmed)
		return;
	cpu->timer_programmed = deadline;
	lapic_timer_set(deadline);
}

void timer_set(struct timer *timer, u64 deadline)
{
	struct cpu *cpu = this_cpu();
	struct list *at = &cpu->timers;

	timer_cancel(timer);
	timer->deadline = deadline;
	timer->cpu = (s32)cpu->id;
	list_for_each (node, &cpu->timers) {
		at = node;
		if (container_of(node, struct timer, node)->deadline > deadline)
			break;
		at = node->next;
	}
	list_insert_before(at, &timer->node);
	timer_program();
}

void timer_cancel(struct timer *timer)
{
	if (timer->cpu == NOT_SET)
		return;
	ASSERT(timer->cpu == (s32)this_cpu()->id);
	list_remove(&timer->node);
	timer->cpu = NOT_SET;
}

void timer_interrupt(void)
{
	struct cpu *cpu = this_cpu();

	cpu->timer_due = true;
	cpu->timer_programmed = 0;
}

void timer_poke(void)
{
	this_cpu()->timer_due = true;
}

void timer_serve(void)
{
	struct cpu *cpu = this_cpu();
	struct timer *timer;
	u64 now = tsc_now();

	cpu->timer_due = false;
	while ((timer = first_timer(cpu)) && timer->deadline <= now) {
		timer_cancel(timer);
		timer->expired(timer);
	}
	if (cpu->rq.slice_end && cpu->rq.slice_end <= now) {
		cpu->rq.slice_end = 0;
		cpu->resched = true;
	}
	timer_program();
}
