// SPDX-License-Identifier: MIT
/* kernel/sched.c on several CPUs, with the real inbox, timers and pool: no wake-up is
 * lost, a runnable is in one place at a time, and each gets its share. */
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

static void on(unsigned cpu)
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

static struct work *work_of(struct runnable *r)
{
	return container_of(r, struct work, r);
}

static void load(struct runnable *r)
{
	struct work *work = work_of(r);

	CHECK(cpu_of(here)->current == r && !r->queued);
	CHECK_EQ(work->loaded, NOWHERE);
	CHECK_EQ(work->tied, here);
	work->loaded = (s32)here;
}

static enum run_result run(struct runnable *r)
{
	struct work *work = work_of(r);

	CHECK_EQ(work->loaded, here);
	CHECK_EQ(r->home, here);
	CHECK_EQ(r->wait, WAIT_AWAKE);
	CHECK(!work->dead && cpu_online(here));
	work->runs++;
	return work->body(work);
}

static void put(struct runnable *r)
{
	CHECK_EQ(work_of(r)->loaded, here);
	work_of(r)->loaded = NOWHERE;
}

static void evict(struct runnable *r)
{
	CHECK(cpu_of(here)->current != r && !r->queued);
	CHECK_EQ(work_of(r)->tied, here);
	work_of(r)->tied = NOWHERE;
}

static void arrive(struct runnable *r)
{
	CHECK_EQ(work_of(r)->tied, NOWHERE);
	work_of(r)->tied = (s32)here;
	work_of(r)->arrivals++;
}

static bool has_work(struct runnable *r)
{
	struct work *work = work_of(r);

	CHECK_EQ(r->wait, WAIT_BLOCKED);
	if (work->at_last_look)
		work->at_last_look(work);
	return work->wanted;
}

static const struct runnable_ops ops = {load, run, put, evict, arrive, has_work};

/* Serve what is wanted, then sleep. */
static enum run_result serve(struct work *work)
{
	work->wanted = 0;
	return RUN_BLOCKED;
}

/* A guest that spins until the end of time. */
static enum run_result spin(struct work *work)
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

static struct work *start(unsigned number, unsigned home, u32 weight)
{
	struct work *work = &works[number];

	*work = (struct work){.body = serve, .tied = NOWHERE, .loaded = NOWHERE};
	sched_init_runnable(&work->r, &ops, "work", ~0UL, weight);
	sched_start(&work->r, home);
	return work;
}

static bool want(struct work *work)
{
	work->wanted++;
	return sched_wake(&work->r);
}

/* The CPU's loop, until it has nothing to do. */
static void run_cpu(unsigned cpu)
{
	on(cpu);
	cpu_of(cpu)->idle = 0;
	if (!setjmp(idle))
		sched_loop();
}

static void begin(unsigned cpus)
{
	fake_cpus(cpus);
	on(0);
	tsc = 1000000;
	end_of_time = 0;
	memset(rings, 0, sizeof(rings));
	memset(programmed, 0, sizeof(programmed));
}

/* --- wake --- */

static void first_wake(void)
{
	struct work *work;

	begin(2);
	work = start(0, 0, 0);
	run_cpu(0);
	CHECK_EQ(work->arrivals, 1);
	CHECK_EQ(work->runs, 0); /* only after its first wake */
	CHECK(want(work));
	CHECK(!want(work));    /* it is awake already */
	CHECK_EQ(rings[0], 0); /* nobody rings at home */
	run_cpu(0);
	CHECK_EQ(work->runs, 1);
	CHECK_EQ(work->r.wait, WAIT_BLOCKED);
	CHECK(want(work));
	run_cpu(0);
	CHECK_EQ(work->runs, 2);
	CHECK_EQ(work->arrivals, 1);
}

static void wake_from_elsewhere(void)
{
	struct work *a, *b;

	begin(2);
	a = start(0, 0, 0);
	b = start(1, 0, 0);
	run_cpu(0);
	on(1);
	CHECK(want(a));
	CHECK_EQ(rings[0], 1);
	CHECK(want(b)); /* rides along */
	CHECK_EQ(rings[0], 1);
	run_cpu(1); /* not theirs */
	cpu_of(1)->idle = 0;
	CHECK_EQ(a->runs + b->runs, 0);
	run_cpu(0);
	CHECK(a->runs == 1 && b->runs == 1);
	on(1);
	CHECK(want(a));
	CHECK_EQ(rings[0], 2);
	run_cpu(0);
	CHECK_EQ(a->runs, 2);
}

static enum run_result serve_then_want_again(struct work *work)
{
	unsigned home = here;

	serve(work);
	if (work->runs == 1) {
		on(1);
		CHECK(!want(work)); /* it is awake: its home will look */
		on(home);
	}
	return RUN_BLOCKED;
}

static void wake_before_it_blocks(void)
{
	struct work *work;

	begin(2);
	work = start(0, 0, 0);
	work->body = serve_then_want_again;
	want(work);
	run_cpu(0);
	CHECK_EQ(work->runs, 2);
	CHECK_EQ(work->wanted, 0);
	CHECK_EQ(rings[0], 0);
}

/* Between the word BLOCKED and the second look: the waker is faster. */
static void want_it(struct work *work)
{
	unsigned home = here;

	work->at_last_look = NULL;
	on(1);
	CHECK(want(work));
	on(home);
}

/* The same, but the home has not seen the reason yet. */
static void wake_only(struct work *work)
{
	want_it(work);
	work->wanted = 0;
}

static void wake_while_it_blocks(void)
{
	void (*const wakers[])(struct work *) = {want_it, wake_only};

	for (unsigned i = 0; i < 2; i++) {
		struct work *work;

		begin(2);
		work = start(0, 0, 0);
		work->at_last_look = wakers[i];
		want(work);
		run_cpu(0);
		CHECK_EQ(work->runs, 2); /* once for each wake, not more */
		CHECK_EQ(work->r.wait, WAIT_BLOCKED);
		CHECK_EQ(cpu_of(0)->rq.count, 0);
	}
}

/* --- moving --- */

static void pushed_to_the_wrong_cpu(void)
{
	struct work *work;

	begin(3);
	work = start(0, 2, 0);
	run_cpu(2);
	on(0);
	/* As if a waker had read its home long ago, when it was CPU 1. */
	work->wanted = 1;
	work->r.wait = WAIT_AWAKE;
	work->r.in_inbox = 1;
	cpu_of(1)->inbox = &work->r;
	rings[2] = 0;
	run_cpu(1); /* passes it on */
	CHECK_EQ(work->runs, 0);
	CHECK_EQ(rings[2], 1);
	run_cpu(2);
	CHECK_EQ(work->runs, 1);
	CHECK_EQ(work->arrivals, 1);
}

static void migrate_blocked(void)
{
	struct work *work;

	begin(3);
	work = start(0, 0, 0);
	run_cpu(0);
	on(1);
	CHECK_EQ(sched_migrate(&work->r, 2), 0);
	CHECK_EQ(work->r.home, 0); /* when its home gets to it */
	CHECK(want(work));         /* on the way */
	CHECK_EQ(rings[0], 1);
	run_cpu(0);
	CHECK(work->runs == 0 && work->r.home == 2 && work->tied == NOWHERE);
	CHECK_EQ(rings[2], 1);
	run_cpu(2);
	CHECK(work->runs == 1 && work->tied == 2);
	CHECK(list_empty(&cpu_of(0)->rq.homed));
	/* To where it is: nothing happens. */
	CHECK_EQ(sched_migrate(&work->r, 2), 0);
	run_cpu(2);
	CHECK_EQ(work->arrivals, 2);
	CHECK_EQ(work->r.target, SCHED_NO_CPU);
}

static void where_it_may_not_go(void)
{
	struct work *work;

	begin(3);
	work = start(0, 0, 0);
	work->r.affinity = BIT(0) | BIT(1);
	run_cpu(0);
	CHECK_EQ(sched_migrate(&work->r, 2), (u64)-EINVAL);
	cpu_set_online(cpu_of(1), false);
	CHECK_EQ(sched_migrate(&work->r, 1), (u64)-EINVAL);
	CHECK_EQ(sched_migrate(&work->r, 3), (u64)-EINVAL);
	cpu_set_online(cpu_of(1), true);
	CHECK_EQ(sched_migrate(&work->r, 1), 0);
	cpu_set_online(cpu_of(1), false); /* too late: it stays */
	run_cpu(0);
	CHECK_EQ(work->r.home, 0);
}

/* Somebody moves another one while this one runs. */
static enum run_result move_the_others(struct work *work)
{
	CHECK(works[1].r.queued);
	on(1);
	CHECK_EQ(sched_migrate(&works[1].r, 2), 0); /* in the queue */
	CHECK_EQ(sched_migrate(&work->r, 3), 0);    /* this one */
	on(0);
	CHECK(sched_poll());
	CHECK(!works[1].r.queued && works[1].r.home == 2);
	CHECK_EQ(work->r.home, 0); /* not while it is current */
	work->body = serve;
	return RUN_AGAIN;
}

static void migrate_queued_and_running(void)
{
	begin(4);
	start(0, 0, 0)->body = move_the_others;
	start(1, 0, 0);
	run_cpu(0);
	cpu_of(0)->idle = 0;
	want(&works[1]);
	want(&works[0]); /* the last one is looked at first */
	run_cpu(0);
	CHECK_EQ(works[0].r.home, 3);
	run_cpu(2);
	run_cpu(3);
	CHECK(works[0].runs == 2 && works[0].tied == 3);
	CHECK(works[1].runs == 1 && works[1].tied == 2);
	CHECK_EQ(cpu_of(0)->rq.count, 0);
}

/* Asked to move after its last poll, or before it, one goes to sleep. */
static enum run_result be_moved_and_sleep(struct work *work)
{
	on(1);
	CHECK_EQ(sched_migrate(&work->r, 1), 0);
	on(0);
	return serve(work);
}

static enum run_result be_moved_poll_and_sleep(struct work *work)
{
	be_moved_and_sleep(work);
	CHECK(sched_poll());
	return RUN_BLOCKED;
}

static void migrate_one_that_blocks(void)
{
	static enum run_result (*const bodies[])(struct work *) = {
		be_moved_and_sleep,
		be_moved_poll_and_sleep,
	};

	for (unsigned i = 0; i < 2; i++) {
		struct work *work;

		begin(2);
		work = start(0, 0, 0);
		work->body = bodies[i];
		want(work);
		run_cpu(0);
		CHECK(work->r.home == 1 && work->r.wait == WAIT_BLOCKED);
		work->body = serve;
		run_cpu(1);
		CHECK(work->runs == 1 && work->tied == 1);
		on(0);
		CHECK(want(work));
		run_cpu(1);
		CHECK_EQ(work->runs, 2);
	}
}

static enum run_result die(struct work *work)
{
	work->wanted = 0;
	work->dead = true;
	return RUN_DEAD;
}

static void dead_ones_stay_dead(void)
{
	struct work *work;

	begin(2);
	work = start(0, 0, 0);
	work->body = die;
	want(work);
	run_cpu(0);
	CHECK(work->runs == 1 && work->tied == NOWHERE);
	CHECK(list_empty(&cpu_of(0)->rq.homed));
	CHECK(!want(work));
	run_cpu(0);
	CHECK_EQ(work->runs, 1);
}

/* An idle CPU takes what another one cannot run at once, if it may go there. */
static void idle_cpus_help(void)
{
	unsigned moved = 0;

	begin(3);
	for (unsigned i = 0; i < 4; i++)
		start(i, 0, 0);
	works[1].r.affinity = BIT(0);
	works[2].r.affinity = BIT(0) | BIT(2);
	run_cpu(1);
	run_cpu(2);
	for (unsigned i = 0; i < 4; i++)
		want(&works[i]);
	run_cpu(0);
	for (unsigned i = 0; i < 4; i++) {
		CHECK_EQ(works[i].runs, works[i].r.home == 0);
		moved += works[i].r.home != 0;
	}
	CHECK_EQ(moved, 2); /* all but the first one and the one that may not */
	CHECK_EQ(works[1].r.home, 0);
	CHECK_EQ(works[2].r.home, 2);
	run_cpu(1);
	run_cpu(2);
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(works[i].runs, 1);
}

static enum run_result again(struct work *work)
{
	work->body = serve;
	return RUN_AGAIN;
}

/* One that is alone has no reason to go elsewhere. */
static void alone_it_stays(void)
{
	begin(2);
	start(0, 0, 0)->body = again;
	run_cpu(1);
	on(0);
	want(&works[0]);
	run_cpu(0);
	CHECK_EQ(works[0].runs, 2);
	CHECK_EQ(works[0].arrivals, 1);
}

/* --- shares --- */

static u64 share(const struct work *work, u64 of)
{
	return work->r.cpu_cycles * 1000 / of;
}

static void weights(void)
{
	static const u32 weight[] = {100, 300, 50, 50};
	u64 total = 400 * SLICE;

	begin(1);
	end_of_time = tsc + total;
	for (unsigned i = 0; i < ARRAY_SIZE(weight); i++) {
		start(i, 0, weight[i])->body = spin;
		want(&works[i]);
	}
	run_cpu(0);
	for (unsigned i = 0; i < ARRAY_SIZE(weight); i++) {
		u64 fair = weight[i] * 1000 / 500;

		CHECK(share(&works[i], total) * 20 >= fair * 19); /* within 5 % */
		CHECK(share(&works[i], total) * 20 <= fair * 21);
	}
	CHECK_EQ(cpu_of(0)->rq.slice_end, 0); /* nothing to wait for any more */
	CHECK_EQ(programmed[0], 0);
}

static void tickless_when_alone(void)
{
	begin(2);
	end_of_time = tsc + 100 * SLICE;
	start(0, 0, 0)->body = spin;
	run_cpu(1); /* idle: no reason to go there */
	on(0);
	want(&works[0]);
	run_cpu(0);
	CHECK_EQ(works[0].runs, 1);
	CHECK_EQ(works[0].r.home, 0);
	CHECK_EQ(programmed[0], 0);
}

/* Runs for a tenth of a slice, then sleeps. */
static enum run_result nap(struct work *work)
{
	tsc += SLICE / 10;
	return serve(work);
}

/* Another CPU wakes number 1 while number 0 spins. */
static enum run_result spin_and_wake(struct work *work)
{
	for (;;) {
		tsc += STEP;
		if (works[1].r.wait == WAIT_BLOCKED) {
			on(1);
			want(&works[1]);
			on(0);
		}
		irq_window();
		if (sched_poll())
			return RUN_AGAIN;
		if (tsc >= end_of_time)
			return serve(work);
	}
}

/* One that sleeps often is served soon, and does not get more than its half. */
static void sleepers_and_spinners(void)
{
	u64 total = 200 * SLICE;

	begin(2);
	end_of_time = tsc + total;
	start(0, 0, 0)->body = spin_and_wake;
	start(1, 0, 0)->body = nap;
	want(&works[0]);
	run_cpu(0);
	CHECK(share(&works[0], total) >= 475);
	CHECK(works[1].runs >= 800); /* of 1000, if it got all of its half */
}

/* A spinner that wakes number 2, and starts number 3, when 200 slices are over. */
static enum run_result spin_and_wake_late(struct work *work)
{
	enum run_result result = spin(work);

	if (tsc >= 200 * SLICE && works[2].r.wait == WAIT_BLOCKED && !works[2].runs) {
		start(3, 0, 0)->body = spin;
		want(&works[2]);
		want(&works[3]);
	}
	return result;
}

/* Who slept, or was not there, has no claim on the time that it did not use. */
static void late_comers(void)
{
	begin(1);
	end_of_time = 300 * SLICE;
	start(0, 0, 0)->body = spin_and_wake_late;
	start(1, 0, 0)->body = spin;
	start(2, 0, 0)->body = spin;
	want(&works[0]);
	want(&works[1]);
	run_cpu(0);
	for (unsigned i = 2; i < 4; i++)
		CHECK(share(&works[i], 100 * SLICE) >= 230 &&
		      share(&works[i], 100 * SLICE) <= 270);
}

/* --- leaving --- */

static void leave(unsigned cpu)
{
	cpu_of(cpu)->wanted = CPU_WANT_OFFLINE;
	run_cpu(cpu);
}

static enum run_result spin_until_wanted(struct work *work)
{
	cpu_of(here)->wanted = CPU_WANT_OFFLINE;
	CHECK(sched_poll());
	work->body = serve;
	return RUN_AGAIN;
}

/* One current, one queued, one asleep: all go. */
static void evacuation(void)
{
	begin(3);
	start(0, 1, 0)->body = spin_until_wanted;
	start(1, 1, 0);
	start(2, 1, 0);
	works[1].r.affinity = BIT(1) | BIT(2);
	want(&works[0]);
	want(&works[1]);
	run_cpu(1);
	CHECK_EQ(cpu_of(1)->wanted, CPU_AS_IT_IS);
	CHECK(!cpu_online(1) && list_empty(&cpu_of(1)->rq.homed));
	CHECK_EQ(cpu_of(1)->rq.count, 0);
	CHECK(works[0].r.home == 0 && works[1].r.home == 2 && works[2].r.home == 0);
	run_cpu(0);
	run_cpu(2);
	CHECK(works[0].runs == 2 && works[1].runs == 1 && works[2].runs == 0);
	on(2);
	want(&works[2]);
	run_cpu(0);
	CHECK_EQ(works[2].runs, 1);
	/* One that arrives when it is offline is sent on. */
	start(3, 1, 0);
	want(&works[3]);
	run_cpu(1);
	CHECK(works[3].runs == 0 && works[3].r.home == 0);
	run_cpu(0);
	CHECK_EQ(works[3].runs, 1);
	/* And back. */
	cpu_of(1)->wanted = CPU_WANT_ONLINE;
	run_cpu(1);
	CHECK(cpu_online(1));
	CHECK_EQ(sched_migrate(&works[3].r, 1), 0);
	run_cpu(0);
	want(&works[3]);
	run_cpu(1);
	CHECK_EQ(works[3].runs, 2);
}

static void one_that_may_run_nowhere_else(void)
{
	begin(2);
	start(0, 1, 0)->r.affinity = BIT(1);
	run_cpu(1);
	leave(1);
	CHECK_EQ(cpu_of(1)->wanted, CPU_REFUSED);
	CHECK(cpu_online(1));
	cpu_of(1)->wanted = CPU_AS_IT_IS;
	want(&works[0]);
	run_cpu(1);
	CHECK_EQ(works[0].runs, 1);
	/* One that comes too late for that waits there. */
	works[0].r.affinity = ~0UL;
	leave(1);
	start(1, 1, 0)->r.affinity = BIT(1);
	want(&works[1]);
	run_cpu(1);
	CHECK_EQ(works[1].runs, 0);
	cpu_of(1)->wanted = CPU_WANT_ONLINE;
	run_cpu(1);
	CHECK_EQ(works[1].runs, 1);
}

/* --- at random --- */

static u64 seed;

/* What some CPU does in between, for its own reasons. */
static void meddle(void)
{
	struct work *work = &works[unit_random(&seed) % WORKS];
	unsigned home = here;

	if (unit_random(&seed) % 3)
		return;
	on((unsigned)(unit_random(&seed) % CPUS));
	if (unit_random(&seed) & 1)
		want(work);
	else
		sched_migrate(&work->r, (unsigned)(unit_random(&seed) % CPUS));
	on(home);
}

static void meddle_at_last_look(struct work *work)
{
	meddle();
}

static enum run_result run_and_be_meddled_with(struct work *work)
{
	tsc += unit_random(&seed) % SLICE;
	meddle();
	irq_window();
	if (sched_poll() || unit_random(&seed) % 4 == 0)
		return RUN_AGAIN;
	work->wanted = 0;
	meddle();
	return RUN_BLOCKED;
}

static void change_pool(unsigned cpu)
{
	bool online = cpu_online(cpu);

	/* The boot CPU stays; so there is always a place to go. */
	if (cpu && unit_random(&seed) % 8 == 0)
		cpu_of(cpu)->wanted = online ? CPU_WANT_OFFLINE : CPU_WANT_ONLINE;
}

static void check_at_rest(void)
{
	for (unsigned i = 0; i < WORKS; i++) {
		struct runnable *r = &works[i].r;

		CHECK_EQ(works[i].wanted, 0); /* no wake-up was lost */
		CHECK_EQ(r->wait, WAIT_BLOCKED);
		CHECK(!r->queued && !r->in_inbox && works[i].loaded == NOWHERE);
		CHECK_EQ(works[i].tied, r->home);
		CHECK(cpu_online((unsigned)r->home) && r->affinity & BIT(r->home));
	}
}

static void all_come_to_rest(void)
{
	bool busy = true;

	for (unsigned i = 0; i < WORKS; i++) {
		works[i].body = serve;
		works[i].at_last_look = NULL;
	}
	while (busy) {
		busy = false;
		for (unsigned cpu = 0; cpu < CPUS; cpu++)
			run_cpu(cpu);
		for (unsigned cpu = 0; cpu < CPUS; cpu++)
			busy |= cpu_of(cpu)->inbox != NULL;
	}
	check_at_rest();
}

static void random_interleavings(void)
{
	seed = 17;
	begin(CPUS);
	for (unsigned i = 0; i < WORKS; i++) {
		start(i, i % CPUS, 50 + i * 20);
		/* All may go to the boot CPU, so that the others can leave. */
		works[i].r.affinity = i % 3 ? ~0UL : BIT(0) | BIT(i % CPUS);
	}
	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < WORKS; i++) {
			works[i].body = run_and_be_meddled_with;
			works[i].at_last_look = meddle_at_last_look;
		}
		for (unsigned n = 0; n < 30; n++) {
			unsigned cpu = (unsigned)(unit_random(&seed) % CPUS);

			meddle();
			change_pool(cpu);
			run_cpu(cpu);
		}
		all_come_to_rest();
	}
	for (unsigned i = 0; i < WORKS; i++) {
		CHECK(works[i].runs > 100);
		CHECK(works[i].arrivals > (i ? 50 : 0)); /* number 0 may not move */
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(first_wake),
	UNIT_TEST(wake_from_elsewhere),
	UNIT_TEST(wake_before_it_blocks),
	UNIT_TEST(wake_while_it_blocks),
	UNIT_TEST(pushed_to_the_wrong_cpu),
	UNIT_TEST(migrate_blocked),
	UNIT_TEST(where_it_may_not_go),
	UNIT_TEST(migrate_queued_and_running),
	UNIT_TEST(migrate_one_that_blocks),
	UNIT_TEST(dead_ones_stay_dead),
	UNIT_TEST(idle_cpus_help),
	UNIT_TEST(alone_it_stays),
	UNIT_TEST(weights),
	UNIT_TEST(tickless_when_alone),
	UNIT_TEST(sleepers_and_spinners),
	UNIT_TEST(late_comers),
	UNIT_TEST(evacuation),
	UNIT_TEST(one_that_may_run_nowhere_else),
	UNIT_TEST(random_interleavings),
};

int main(void)
{
	return UNIT_RUN(tests);
}
