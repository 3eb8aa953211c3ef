// SPDX-License-Identifier: MIT
/* kernel/sched.c: each gets its share of a CPU, by weight; one that sleeps is served soon
 * and does not save up; one that is alone is not disturbed. */
#include "sched_check.h"

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

/* Four of one group, one of another with twice the weight, one that stands alone. */
static void groups(void)
{
	static struct sched_group many, one;
	u64 total = 600 * SLICE, sum = 0;

	begin(1);
	end_of_time = tsc + total;
	many = (struct sched_group){.weight = 100};
	one = (struct sched_group){.weight = 200};
	for (unsigned i = 0; i < 6; i++) {
		start(i, 0, 100)->body = spin;
		works[i].r.group = i < 4 ? &many : i == 4 ? &one : NULL;
		want(&works[i]);
	}
	run_cpu(0);
	for (unsigned i = 0; i < 4; i++) {
		sum += share(&works[i], total);
		CHECK(share(&works[i], total) * 10 >= 62 * 9); /* each a quarter of it */
		CHECK(share(&works[i], total) * 10 <= 62 * 11);
	}
	CHECK(sum * 20 >= 250 * 19 && sum * 20 <= 250 * 21);
	CHECK(share(&works[4], total) * 20 >= 500 * 19);
	CHECK(share(&works[5], total) * 20 >= 250 * 19);
	CHECK_EQ(many.ready + one.ready, 0);
}

/* Of four here one goes to a CPU that has two; with three and two all stay. */
static void balance(void)
{
	unsigned moved = 0;

	begin(2);
	end_of_time = tsc + 100 * SLICE;
	for (unsigned i = 0; i < 4; i++) {
		start(i, 0, 100)->body = spin;
		want(&works[i]);
	}
	cpu_of(1)->load = 2; /* as it would say itself; here it does not run */
	run_cpu(0);
	for (unsigned i = 0; i < 4; i++)
		moved += works[i].r.home == 1;
	CHECK_EQ(moved, 1);
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

static const struct unit_test tests[] = {
	UNIT_TEST(weights),
	UNIT_TEST(groups),
	UNIT_TEST(balance),
	UNIT_TEST(tickless_when_alone),
	UNIT_TEST(sleepers_and_spinners),
	UNIT_TEST(late_comers),
};

int main(void)
{
	return UNIT_RUN(tests);
}
