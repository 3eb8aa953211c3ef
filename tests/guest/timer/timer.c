// SPDX-License-Identifier: MIT
/* The local APIC timer's modes (SDM 3A "APIC Timer"), each timed by the PM timer to 1 %:
 * one-shot, periodic, TSC-deadline, all dividers, the current count, masking, and
 * changes of mode. The frequency is what CPUID leaf 0x15 says. */
#include "guest.h"

#define VECTOR 0x60
#define LEAF_FREQUENCY 0x15
#define PER_MILLE 10
#define LONG_MS 200 /* so that what exits cost is little, also on a slow machine */
#define PM_MASK 0xffffffffu

static volatile u64 fired, fired_pm, fired_tsc;
static u64 bus_hz, tsc_hz;

static void on_timer(struct frame *frame)
{
	fired_pm = pm_timer();
	fired_tsc = rdtsc();
	fired++;
}

static u64 ms_of_pm(u64 ms)
{
	return ms * PM_TIMER_HZ / 1000;
}

static u32 pm_since(u64 start)
{
	return (pm_timer() - (u32)start) & PM_MASK;
}

static void wait_pm(u64 ticks)
{
	u64 start = pm_timer();

	while (pm_since(start) < ticks)
		pause();
}

/* What the last mode may have left waiting is out of the way first. */
static void set_mode(u32 mode, u32 divide)
{
	apic_write(APIC_LVT_TIMER, mode | APIC_MASKED | VECTOR);
	sti();
	cli();
	apic_write(APIC_LVT_TIMER, mode | VECTOR);
	apic_write(APIC_TIMER_DIVIDE, divide);
	fired = 0;
}

/* Wait until it has fired so often, but no longer than twice the time it should take.
 * Returns how long that was. */
static u64 run(u32 initial, u64 times, u64 wanted_pm)
{
	u64 start = pm_timer();

	apic_write(APIC_TIMER_INITIAL, initial);
	sti();
	while (fired < times && pm_since(start) < 2 * wanted_pm)
		pause();
	cli();
	return ((u32)fired_pm - (u32)start) & PM_MASK;
}

static void check_time(u64 got, u64 wanted, const char *name)
{
	if (!within(got, wanted, PER_MILLE))
		print("  %lu PM ticks, wanted %lu\n", got, wanted);
	check(within(got, wanted, PER_MILLE), name);
}

static u64 test_frequency(void)
{
	struct cpuid r = cpuid(LEAF_FREQUENCY, 0);
	u64 start_pm, start_tsc;

	check(r.eax && r.ebx && r.ecx, "leaf 0x15 gives the frequencies");
	if (!r.eax || !r.ebx || !r.ecx)
		return 0;
	bus_hz = r.ecx;
	tsc_hz = (u64)r.ecx * r.ebx / r.eax;
	start_pm = pm_timer();
	start_tsc = rdtsc();
	wait_pm(ms_of_pm(LONG_MS));
	start_tsc = rdtsc() - start_tsc;
	check_time(pm_since(start_pm), start_tsc * PM_TIMER_HZ / tsc_hz,
		   "the TSC runs at that frequency");
	return bus_hz;
}

static void test_one_shot(void)
{
	set_mode(APIC_ONE_SHOT, APIC_DIVIDE_BY_1);
	check_time(run((u32)(bus_hz / 1000 * LONG_MS), 1, ms_of_pm(LONG_MS)),
		   ms_of_pm(LONG_MS), "one-shot");
	sti();
	wait_pm(ms_of_pm(2 * LONG_MS));
	cli();
	check_equal(fired, 1, "it fires once");
	check_equal(apic_read(APIC_TIMER_CURRENT), 0, "its count is 0 then");
}

static void test_periodic(void)
{
	set_mode(APIC_PERIODIC, APIC_DIVIDE_BY_1);
	check_time(run((u32)(bus_hz / 1000 * LONG_MS / 20), 20, ms_of_pm(LONG_MS)),
		   ms_of_pm(LONG_MS), "periodic, twenty times");
	apic_write(APIC_TIMER_INITIAL, 0);
	fired = 0;
	sti();
	wait_pm(ms_of_pm(15));
	cli();
	check(fired <= 1, "an initial count of 0 stops it");
	check_equal(apic_read(APIC_TIMER_CURRENT), 0, "its count is 0 then");
}

/* Bits 3, 1, 0 of the divide register: 2, 4, 8, 16, 32, 64, 128, 1. */
static void test_dividers(void)
{
	static const u32 divide[] = {0xb, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa};

	for (unsigned shift = 0; shift < ARRAY_SIZE(divide); shift++) {
		u32 initial = (u32)(bus_hz / 1000 * LONG_MS) >> shift;

		set_mode(APIC_ONE_SHOT, divide[shift]);
		print("timer: divide by %u\n", 1 << shift);
		check_time(run(initial, 1, ms_of_pm(LONG_MS)), ms_of_pm(LONG_MS),
			   "one-shot, divided");
	}
}

static void test_current(void)
{
	u64 start;
	u32 before, after;

	apic_write(APIC_LVT_TIMER, APIC_ONE_SHOT | APIC_MASKED | VECTOR);
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	fired = 0;
	apic_write(APIC_TIMER_INITIAL, (u32)bus_hz);
	before = apic_read(APIC_TIMER_CURRENT);
	start = pm_timer();
	wait_pm(ms_of_pm(LONG_MS));
	after = apic_read(APIC_TIMER_CURRENT);
	check_time(pm_since(start), (u64)(before - after) * PM_TIMER_HZ / bus_hz,
		   "the current count goes down");
	check_equal(apic_read(APIC_TIMER_INITIAL), bus_hz, "the initial count stays");
	apic_write(APIC_TIMER_INITIAL, (u32)(bus_hz / 1000));
	sti();
	wait_pm(ms_of_pm(5));
	cli();
	check_equal(fired, 0, "masked, it does not fire");
	check_equal(apic_read(APIC_TIMER_CURRENT), 0, "but counts down");
	apic_write(APIC_LVT_TIMER, VECTOR);
	sti();
	cli();
	check_equal(fired, 0, "nor later, when it is unmasked");
}

/* One-shot to periodic while it counts: it fires, and goes on. */
static void test_change(void)
{
	u64 start = pm_timer();

	set_mode(APIC_ONE_SHOT, APIC_DIVIDE_BY_1);
	apic_write(APIC_TIMER_INITIAL, (u32)(bus_hz / 100));
	apic_write(APIC_LVT_TIMER, APIC_PERIODIC | VECTOR);
	sti();
	while (fired < 3 && pm_since(start) < ms_of_pm(60))
		pause();
	cli();
	check_equal(fired, 3, "a count goes on from one-shot to periodic");
	apic_write(APIC_TIMER_INITIAL, 0);
}

static void test_deadline(void)
{
	u64 deadline;

	set_mode(APIC_DEADLINE, APIC_DIVIDE_BY_1);
	deadline = rdtsc() + tsc_hz / 1000 * LONG_MS;
	wrmsr(MSR_TSC_DEADLINE, deadline);
	check_equal(rdmsr(MSR_TSC_DEADLINE), deadline, "the deadline reads as written");
	sti();
	while (!fired && rdtsc() < deadline + tsc_hz / 25)
		pause();
	cli();
	check_equal(fired, 1, "TSC-deadline: it fires");
	check(fired_tsc >= deadline, "not before the deadline");
	check(fired_tsc - deadline < tsc_hz / 1000 * LONG_MS / 100,
	      "and within 1 % after it");
	check_equal(rdmsr(MSR_TSC_DEADLINE), 0, "then the deadline is 0");
}

static void test_deadline_odd(void)
{
	fired = 0;
	wrmsr(MSR_TSC_DEADLINE, rdtsc() - 1);
	sti();
	delay_tsc(tsc_hz / 1000);
	check_equal(fired, 1, "a deadline in the past fires at once");
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_hz / 200);
	wrmsr(MSR_TSC_DEADLINE, 0);
	delay_tsc(tsc_hz / 100);
	check_equal(fired, 1, "a deadline of 0 disarms");
	apic_write(APIC_TIMER_INITIAL, 1000);
	check_equal(apic_read(APIC_TIMER_CURRENT), 0, "there is no count in this mode");
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_hz / 200);
	apic_write(APIC_LVT_TIMER, APIC_ONE_SHOT | VECTOR);
	delay_tsc(tsc_hz / 100);
	check_equal(fired, 1, "a change of mode disarms");
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_hz / 200);
	check_equal(rdmsr(MSR_TSC_DEADLINE), 0, "out of this mode it is not taken");
	cli();
}

int main(void)
{
	irq_set(VECTOR, on_timer);
	if (x2apic_offered())
		x2apic_enable();
	if (!test_frequency())
		return 0;
	test_one_shot();
	test_periodic();
	test_dividers();
	test_current();
	test_change();
	check(deadline_offered(), "TSC-deadline mode is offered");
	if (deadline_offered()) {
		test_deadline();
		test_deadline_odd();
	}
	return 0;
}
