// SPDX-License-Identifier: MIT
/* kernel/sched.c: no wake-up is lost, wherever it comes, and a runnable that moves is in
 * one place at a time. */
#include "sched_check.h"

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
};

int main(void)
{
	return UNIT_RUN(tests);
}
