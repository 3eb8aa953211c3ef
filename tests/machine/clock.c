// SPDX-License-Identifier: MIT
/* The real machine's PM timer for a guest to compare its clocks with: 2000 times a second
 * CPU 0 looks whether the first VM asks in its latch ports, and answers there
 * (tests/linux/guest/clock.c). The VM's vCPUs should be on other pCPUs. */
#include "arch/x86/tsc.h"
#include "bits.h"
#include "harness.h"
#include "timer.h"

#define QUESTION 3 /* byte of the latch: a number; with ANSWERED the answer is below */
#define ANSWERED 0x80
#define LOOKS_PER_SECOND 2000
#define UNITS_PER_SECOND 10000
#define QUESTIONS_MIN 8

static struct timer timer;
static u32 last;      /* PM timer at the last look */
static u64 elapsed;   /* PM timer ticks since the start */
static unsigned answered;

static void answer(struct vm *vm)
{
	u8 *latch = vm->testdev.latch;
	u64 units = elapsed * UNITS_PER_SECOND / PM_TIMER_HZ;

	spin_lock(&vm->device_lock);
	if (latch[QUESTION] && !(latch[QUESTION] & ANSWERED)) {
		for (unsigned i = 0; i < QUESTION; i++)
			latch[i] = (u8)(units >> i * 8);
		latch[QUESTION] |= ANSWERED;
		answered++;
	}
	spin_unlock(&vm->device_lock);
}

static void on_end(bool failed)
{
	test_result("clock", !failed && answered >= QUESTIONS_MIN, "%u times asked",
		    answered);
	test_finish();
}

static void look(struct timer *t)
{
	struct vm *vm = test_vm(0);
	u32 now = pm_timer_now();

	elapsed += (now - last) & PM_TIMER_MASK;
	last = now;
	vms_set_end(on_end);
	if (vm)
		answer(vm);
	timer_set(t, tsc_now() + tsc_khz() * 1000 / LOOKS_PER_SECOND);
}

static void start(u64 seed)
{
	last = pm_timer_now();
	timer_init(&timer, look);
	timer_set(&timer, tsc_now());
}

const struct machine_test clock_test = {"clock", start, true};
