// SPDX-License-Identifier: MIT
/* kernel/sched.c with kernel/pool.c: a CPU that leaves sends all that it has elsewhere;
 * and at random, with all that other CPUs may do in between, nothing is lost. */
#include "sched_check.h"

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
	UNIT_TEST(evacuation),
	UNIT_TEST(one_that_may_run_nowhere_else),
	UNIT_TEST(random_interleavings),
};

int main(void)
{
	return UNIT_RUN(tests);
}
