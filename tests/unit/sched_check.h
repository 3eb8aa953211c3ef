// SPDX-License-Identifier: MIT
/* What the tests of kernel/sched.c share: one program plays several CPUs in turn, with
 * the real inbox, timers and pool, and runnables that watch how they are treated. */
#pragma once
#include "sched.h"
#include "arch/x86/trap.h"
#include "errno.h"
#include "fake_cpu.h"
#include "ipi.h"
#include "kernel/idle.h"
#include "kernel/sched_inbox.h"
#include "kernel/timer_queue.h"
#include "string.h"
#include "timer.h"
#include "unit.h"
#include <setjmp.h>

#define CPUS 4
#define WORKS 12
#define KHZ 2000000UL
#define SLICE (KHZ * SLICE_US / 1000)
#define STEP (SLICE / 50) /* of guest time between two polls */
#define NOWHERE (-1)

/* A runnable that finds out when it is not treated as it should be. */
struct work {
	struct runnable r;
	enum run_result (*body)(struct work *work); /* one run */
	u32 wanted;       /* reasons to run that nobody has served yet */
	s32 tied, loaded; /* the CPU where its state is, where it is current */
	bool dead;
	unsigned runs, arrivals;
	void (*at_last_look)(struct work *work); /* while its home looks for work */
};

static struct work works[WORKS];
static unsigned here; /* the CPU that the program is on */
static unsigned rings[CPUS];
static u64 tsc, end_of_time;
static u64 programmed[CPUS];
static jmp_buf idle;

static inline void on(unsigned cpu)
{
	here = cpu;
	fake_cpu_switch(cpu);
}

/* --- stand-ins --- */

u64 tsc_now(void)
{
	return tsc;
}

u64 tsc_khz(void)
{
	return KHZ;
}

void lapic_timer_set(u64 deadline)
{
	programmed[here] = deadline;
}

void irq_window(void)
{
	if (programmed[here] && programmed[here] <= tsc) {
		programmed[here] = 0;
		timer_interrupt();
	}
}

void lapic_send_ipi(u32 apic_id, u8 vector)
{
	for (unsigned i = 0; i < CPUS; i++)
		rings[i] += cpu_of(i)->apic_id == apic_id && vector == VECTOR_DOORBELL;
}

void lapic_send_nmi(u32 apic_id)
{
	CHECK(false);
}

bool virt_kick_by_nmi(void)
{
	return false;
}

const char *virt_enable(void)
{
	return NULL;
}

void virt_disable(void)
{
}

void console_poll(void)
{
}

void panic_silent_cpu(unsigned cpu, const char *what)
{
	panic("cpu%u is silent", cpu);
}

void cpu_idle(struct cpu *cpu)
{
	if (ipi_pending())
		return;
	cpu->idle = 1;
	longjmp(idle, 1);
}

/* --- works --- */

static inline struct work *work_of(struct runnable *r)
{
	return container_of(r, struct work, r);
}

static inline void load(struct runnable *r)
{
	struct work *work = work_of(r);

	CHECK(cpu_of(here)->current == r && !r->queued);
	CHECK_EQ(work->loaded, NOWHERE);
	CHECK_EQ(work->tied, here);
	work->loaded = (s32)here;
}

static inline enum run_result run(struct runnable *r)
{
	struct work *work = work_of(r);

	CHECK_EQ(work->loaded, here);
	CHECK_EQ(r->home, here);
	CHECK_EQ(r->wait, WAIT_AWAKE);
	CHECK(!work->dead && cpu_online(here));
	work->runs++;
	return work->body(work);
}

static inline void put(struct runnable *r)
{
	CHECK_EQ(work_of(r)->loaded, here);
	work_of(r)->loaded = NOWHERE;
}

static inline void evict(struct runnable *r)
{
	CHECK(cpu_of(here)->current != r && !r->queued);
	CHECK_EQ(work_of(r)->tied, here);
	work_of(r)->tied = NOWHERE;
}

static inline void arrive(struct runnable *r)
{
	CHECK_EQ(work_of(r)->tied, NOWHERE);
	work_of(r)->tied = (s32)here;
	work_of(r)->arrivals++;
}

static inline bool has_work(struct runnable *r)
{
	struct work *work = work_of(r);

	CHECK_EQ(r->wait, WAIT_BLOCKED);
	if (work->at_last_look)
		work->at_last_look(work);
	return work->wanted;
}

static const struct runnable_ops ops = {
	.load = load,
	.run = run,
	.put = put,
	.evict = evict,
	.arrive = arrive,
	.has_work = has_work,
};

/* Serve what is wanted, then sleep. */
static inline enum run_result serve(struct work *work)
{
	work->wanted = 0;
	return RUN_BLOCKED;
}

/* A guest that spins until the end of time. */
static inline enum run_result spin(struct work *work)
{
	u64 start = tsc;

	for (;;) {
		tsc += STEP;
		irq_window();
		if (sched_poll())
			break;
		if (tsc >= end_of_time)
			return serve(work);
	}
	/* A slice is as long as it should be, when the others are always there. */
	CHECK(tsc - start <= SLICE + STEP || cpu_of(here)->rq.slice_end == 0);
	return RUN_AGAIN;
}

static inline struct work *start(unsigned number, unsigned home, u32 weight)
{
	struct work *work = &works[number];

	*work = (struct work){.body = serve, .tied = NOWHERE, .loaded = NOWHERE};
	sched_init_runnable(&work->r, &ops, "work", ~0UL, weight);
	sched_start(&work->r, home);
	return work;
}

static inline bool want(struct work *work)
{
	work->wanted++;
	return sched_wake(&work->r);
}

/* The CPU's loop, until it has nothing to do. */
static inline void run_cpu(unsigned cpu)
{
	on(cpu);
	cpu_of(cpu)->idle = 0;
	if (!setjmp(idle))
		sched_loop();
}

static inline void begin(unsigned cpus)
{
	fake_cpus(cpus);
	on(0);
	tsc = 1000000;
	end_of_time = 0;
	memset(rings, 0, sizeof(rings));
	memset(programmed, 0, sizeof(programmed));
}
