// SPDX-License-Identifier: MIT
/* kernel/timer.c: timers fire once, in the order of their deadlines, never early; and the
 * hardware is programmed for the first of them, only when that changes. */
#include "timer.h"
#include "fake_cpu.h"
#include "kernel/timer_queue.h"
#include "string.h"
#include "unit.h"
#include <setjmp.h>

#define TIMERS 8
#define FIRED_MAX 64

static struct timer timers[TIMERS];
static unsigned fired[FIRED_MAX]; /* numbers, in order */
static unsigned fired_count;
static void (*on_expiry)(struct timer *timer); /* besides being noted */
static struct cpu *cpu;
static u64 tsc;
static u64 programmed;    /* what the hardware was told last */
static unsigned programs; /* how often */

/* --- stand-ins --- */

u64 tsc_now(void)
{
	return tsc;
}

void lapic_timer_set(u64 deadline)
{
	programmed = deadline;
	programs++;
}

static jmp_buf catch;

void panic(const char *fmt, ...)
{
	longjmp(catch, 1);
}

/* --- the tests' own --- */

static void expire(struct timer *timer)
{
	CHECK(!timer_is_set(timer));
	CHECK(fired_count < FIRED_MAX);
	fired[fired_count++ % FIRED_MAX] = (unsigned)(timer - timers);
	if (on_expiry)
		on_expiry(timer);
}

static void begin(void)
{
	fake_cpus(2);
	cpu = fake_cpu_switch(0);
	tsc = 1000;
	programmed = 0;
	programs = 0;
	fired_count = 0;
	on_expiry = NULL;
	for (unsigned i = 0; i < TIMERS; i++)
		timer_init(&timers[i], expire);
}

static void serve_at(u64 when)
{
	tsc = when;
	timer_serve();
}

/* What has fired since the last call, as decimal digits in order, plus 1 for each. */
static u64 take_fired(void)
{
	u64 digits = 0;

	for (unsigned i = 0; i < fired_count; i++)
		digits = digits * 10 + fired[i] + 1;
	fired_count = 0;
	return digits;
}

static void in_order(void)
{
	begin();
	timer_set(&timers[0], 1300);
	timer_set(&timers[1], 1100);
	timer_set(&timers[2], 1200);
	timer_set(&timers[3], 1400);
	serve_at(1099);
	CHECK_EQ(take_fired(), 0);
	serve_at(1100); /* at its deadline, not after it */
	CHECK_EQ(take_fired(), 2);
	CHECK(!timer_is_set(&timers[1]) && timer_is_set(&timers[0]));
	serve_at(1350);
	CHECK_EQ(take_fired(), 31);
	serve_at(1350);
	CHECK_EQ(take_fired(), 0);
	serve_at(9999);
	CHECK_EQ(take_fired(), 4);
	CHECK(list_empty(&cpu->timers));
}

static void same_deadline(void)
{
	begin();
	timer_set(&timers[2], 1100);
	timer_set(&timers[0], 1100);
	timer_set(&timers[3], 1050);
	timer_set(&timers[1], 1100);
	serve_at(1100);
	CHECK_EQ(take_fired(), 4312); /* among equals, who came first */
}

static void in_the_past(void)
{
	begin();
	timer_set(&timers[0], 500);
	timer_set(&timers[1], 0);
	CHECK_EQ(programmed, 1);   /* at once; 0 would be never */
	CHECK_EQ(take_fired(), 0); /* not before it is served */
	timer_serve();
	CHECK_EQ(take_fired(), 21);
	CHECK_EQ(programmed, 0);
}

static void cancelled(void)
{
	begin();
	timer_cancel(&timers[0]); /* was not set */
	for (unsigned i = 0; i < 4; i++)
		timer_set(&timers[i], 1100 + i);
	timer_cancel(&timers[0]);
	timer_cancel(&timers[2]);
	timer_cancel(&timers[2]);
	CHECK(!timer_is_set(&timers[2]) && timer_is_set(&timers[3]));
	serve_at(2000);
	CHECK_EQ(take_fired(), 24);
}

static void set_again(void)
{
	begin();
	timer_set(&timers[0], 1100);
	timer_set(&timers[1], 1200);
	timer_set(&timers[0], 1300); /* later than the other now */
	CHECK_EQ(programmed, 1200);
	serve_at(1250);
	CHECK_EQ(take_fired(), 2);
	timer_set(&timers[1], 1400);
	timer_set(&timers[1], 1260);
	serve_at(1500);
	CHECK_EQ(take_fired(), 21); /* once each */
}

/* --- callbacks --- */

static void again_in_100(struct timer *timer)
{
	timer_set(timer, timer->deadline + 100);
}

static void periodic(void)
{
	begin();
	on_expiry = again_in_100;
	timer_set(&timers[0], 1100);
	serve_at(1150);
	CHECK_EQ(take_fired(), 1);
	CHECK(timer_is_set(&timers[0]));
	CHECK_EQ(programmed, 1200);
	serve_at(1499); /* what is overdue by then comes too */
	CHECK_EQ(take_fired(), 111);
	CHECK_EQ(programmed, 1500);
}

static void meddle(struct timer *timer)
{
	if (timer != &timers[0])
		return;
	timer_cancel(&timers[1]);    /* due, too, but behind this one */
	timer_set(&timers[2], 1000); /* was not set: overdue */
	timer_set(&timers[3], 5000); /* was due */
}

static void callbacks_that_meddle(void)
{
	begin();
	on_expiry = meddle;
	timer_set(&timers[0], 1100);
	timer_set(&timers[1], 1101);
	timer_set(&timers[3], 1102);
	timer_set(&timers[4], 1103);
	serve_at(1200);
	CHECK_EQ(take_fired(), 135);
	CHECK_EQ(programmed, 5000);
}

/* --- the hardware --- */

static void programmed_when_it_changes(void)
{
	begin();
	timer_serve();
	CHECK_EQ(programs, 0); /* never was anything, still is nothing */
	timer_set(&timers[0], 2000);
	CHECK_EQ(programmed, 2000);
	timer_set(&timers[1], 3000); /* not the first */
	timer_set(&timers[2], 2000); /* no sooner */
	timer_program();
	CHECK_EQ(programs, 1);
	timer_set(&timers[3], 1500);
	CHECK_EQ(programmed, 1500);
	CHECK_EQ(programs, 2);
	/* Too early, for whatever reason: the deadline is as it was. */
	serve_at(1400);
	CHECK_EQ(programs, 2);
	/* After it has fired the hardware waits for nothing. */
	timer_interrupt();
	CHECK(cpu->timer_due);
	serve_at(1500);
	CHECK(!cpu->timer_due);
	CHECK_EQ(programmed, 2000);
	CHECK_EQ(programs, 3);
	/* An interrupt that came early: program the same deadline once more. */
	timer_interrupt();
	serve_at(1600);
	CHECK_EQ(programs, 4);
	CHECK_EQ(programmed, 2000);
	timer_cancel(&timers[0]);
	timer_cancel(&timers[1]);
	timer_cancel(&timers[2]);
	timer_serve();
	CHECK_EQ(programmed, 0);
	CHECK_EQ(programs, 5);
}

static void poke(void)
{
	begin();
	timer_set(&timers[0], 2000);
	timer_poke();
	CHECK(cpu->timer_due);
	timer_serve();
	CHECK(!cpu->timer_due);
	CHECK_EQ(programs, 1);
}

static void slice_end(void)
{
	begin();
	cpu->rq.slice_end = 1500;
	timer_program();
	CHECK_EQ(programmed, 1500);
	timer_set(&timers[0], 1200);
	CHECK_EQ(programmed, 1200);
	serve_at(1200);
	CHECK_EQ(programmed, 1500);
	CHECK(!cpu->resched);
	serve_at(1499);
	CHECK(!cpu->resched && cpu->rq.slice_end == 1500);
	timer_set(&timers[1], 1800);
	serve_at(1500);
	CHECK(cpu->resched && !cpu->rq.slice_end);
	CHECK_EQ(programmed, 1800);
	CHECK_EQ(take_fired(), 1);
	/* Alone on its CPU: no slice. */
	cpu->resched = false;
	serve_at(1900);
	CHECK(!cpu->resched);
	CHECK_EQ(programmed, 0);
}

/* --- each CPU its own --- */

static bool cancel_panics(struct timer *timer)
{
	if (setjmp(catch))
		return true;
	timer_cancel(timer);
	return false;
}

static void two_cpus(void)
{
	begin();
	timer_set(&timers[0], 1100);
	fake_cpu_switch(1);
	timer_set(&timers[1], 1100);
	CHECK_EQ(timers[0].cpu, 0);
	CHECK_EQ(timers[1].cpu, 1);
	serve_at(1200);
	CHECK_EQ(take_fired(), 2);
	CHECK(cancel_panics(&timers[0])); /* only where it was set */
	fake_cpu_switch(0);
	CHECK(!cancel_panics(&timers[1]));
	timer_serve();
	CHECK_EQ(take_fired(), 1);
}

/* --- against a plain list --- */

static u64 wanted[TIMERS]; /* 0: not set */
static u64 set_when[TIMERS];

static int first_wanted(u64 until)
{
	int first = -1;

	for (int i = 0; i < TIMERS; i++) {
		if (!wanted[i] || wanted[i] > until)
			continue;
		if (first < 0 || wanted[i] < wanted[first] ||
		    (wanted[i] == wanted[first] && set_when[i] < set_when[first]))
			first = i;
	}
	return first;
}

static void check_served(void)
{
	for (unsigned n = 0; n < fired_count; n++) {
		int expected = first_wanted(tsc);

		if (!CHECK_EQ(fired[n], expected))
			return;
		wanted[expected] = 0;
	}
	CHECK_EQ(first_wanted(tsc), -1);
	fired_count = 0;
}

static void random_operations(void)
{
	u64 seed = 3, sets = 0;

	begin();
	memset(wanted, 0, sizeof(wanted));
	for (unsigned step = 0; step < 50000; step++) {
		u64 n = unit_random(&seed) % TIMERS, what = unit_random(&seed) % 10;
		int first;

		if (what < 5) {
			wanted[n] = tsc - 5 + unit_random(&seed) % 50;
			set_when[n] = sets++;
			timer_set(&timers[n], wanted[n]);
		} else if (what < 7) {
			wanted[n] = 0;
			timer_cancel(&timers[n]);
		} else {
			serve_at(tsc + unit_random(&seed) % 20);
			check_served();
		}
		first = first_wanted(UINT64_MAX);
		CHECK_EQ(timer_is_set(&timers[n]), wanted[n] != 0);
		/* A cancelled one may leave an interrupt behind, too early. */
		if (what >= 5 && what < 7)
			CHECK(first < 0 || (programmed && programmed <= wanted[first]));
		else
			CHECK_EQ(programmed, first < 0 ? 0 : wanted[first]);
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(in_order),
	UNIT_TEST(same_deadline),
	UNIT_TEST(in_the_past),
	UNIT_TEST(cancelled),
	UNIT_TEST(set_again),
	UNIT_TEST(periodic),
	UNIT_TEST(callbacks_that_meddle),
	UNIT_TEST(programmed_when_it_changes),
	UNIT_TEST(poke),
	UNIT_TEST(slice_end),
	UNIT_TEST(two_cpus),
	UNIT_TEST(random_operations),
};

int main(void)
{
	return UNIT_RUN(tests);
}
