// SPDX-License-Identifier: MIT
/* Runnables that died, ran alone or moved: each was wrong once in kernel/sched.c. */
#include "sched_check.h"

static enum run_result die(struct work *work)
{
	work->wanted = 0;
	work->dead = true;
	return RUN_DEAD;
}

static enum run_result be_moved_and_die(struct work *work)
{
	on(1);
	CHECK_EQ(sched_migrate(&work->r, 1), 0);
	on(0);
	return die(work);
}

/* Asked to move after the last poll of its last run. */
static void moved_when_it_dies(void)
{
	struct work *work;

	begin(2);
	work = start(0, 0, 0);
	work->body = be_moved_and_die;
	want(work);
	run_cpu(0);
	run_cpu(1);
	CHECK_EQ(work->runs, 1);
	CHECK_EQ(work->arrivals, 1);
	CHECK_EQ(work->tied, NOWHERE);
}

/* Wakes number 1 when it has been alone for 1000 slices. */
static enum run_result spin_and_wake_once(struct work *work)
{
	for (;;) {
		tsc += STEP;
		if (!works[1].runs && works[1].r.wait == WAIT_BLOCKED &&
		    tsc > 1000 * SLICE) {
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

/* Who was alone on its CPU owes nothing for that time to one that comes later. */
static void no_debt_from_being_alone(void)
{
	begin(2);
	end_of_time = 1100 * SLICE;
	start(0, 0, 0)->body = spin_and_wake_once;
	start(1, 0, 0)->body = spin;
	want(&works[0]);
	run_cpu(0);
	CHECK(works[1].r.cpu_cycles > 45 * SLICE);
	CHECK(works[1].r.cpu_cycles < 55 * SLICE); /* of the 100 that they share */
}

static enum run_result move_to_1_when_late(struct work *work)
{
	enum run_result result = spin(work);

	if (tsc >= 1000 * SLICE)
		sched_migrate(&work->r, 1);
	return result;
}

/* One that has run much elsewhere is an equal among those that are new. */
static void no_debt_from_elsewhere(void)
{
	u64 before;

	begin(2);
	end_of_time = 1001 * SLICE;
	start(0, 0, 0)->body = move_to_1_when_late;
	start(1, 0, 0)->body = spin;
	start(2, 1, 0)->body = spin;
	want(&works[0]);
	want(&works[1]);
	run_cpu(0); /* both sleep at the end */
	before = works[0].r.cpu_cycles;
	works[0].body = spin;
	sched_migrate(&works[0].r, 1);
	run_cpu(0);
	on(1);
	cpu_of(0)->idle = 0;
	end_of_time = tsc + 100 * SLICE;
	want(&works[2]);
	want(&works[0]);
	run_cpu(1);
	CHECK_EQ(works[0].r.home, 1);
	CHECK(works[0].r.cpu_cycles - before > 45 * SLICE); /* of 100 */
	CHECK(works[0].r.cpu_cycles - before < 55 * SLICE);
}

static const struct unit_test tests[] = {
	UNIT_TEST(moved_when_it_dies),
	UNIT_TEST(no_debt_from_being_alone),
	UNIT_TEST(no_debt_from_elsewhere),
};

int main(void)
{
	return UNIT_RUN(tests);
}
