// SPDX-License-Identifier: MIT
/* The kick, decision by decision: what each mode of the target leads to, whom the IPI
 * goes to, what WAIT waits for; and Spur's founding story: the target moves to another
 * pCPU just before the compare-exchange, so a cpu that was read before it is the wrong
 * one. */
#include "vcpu/kick.h"
#include "fake_cpu.h"
#include "ipi.h"
#include "string.h"
#include "unit.h"
#include "vcpu/entry_gate.h"
#include "vcpu/vm.h"

#define CPUS 4
#define VCPUS 3

/* [what the code under test asked of those below it] */
static u64 kicked, waited_for;
static unsigned kicks, waits;
static bool asleep;               /* sched_wake() wakes */
static void (*steps)(void);       /* another CPU, before the next compare-exchange */
static struct vcpu *own;          /* vcpu_current() */
static struct vcpu vcpus[VCPUS];
static struct vm vm;

void ipi_kick(unsigned cpu)
{
	kicked |= BIT(cpu);
	kicks++;
}

void ipi_kick_mask(u64 mask)
{
	kicked |= mask;
}

void ipi_kick_and_wait(u64 mask)
{
	waited_for |= mask;
	waits++;
}

bool sched_wake(struct runnable *r)
{
	bool was = asleep;

	asleep = false;
	return was;
}

struct vcpu *vcpu_current(void)
{
	return own;
}

void other_cpu_steps_in(void)
{
	void (*step)(void) = steps;

	steps = NULL;
	if (step)
		step();
}

static void begin(void)
{
	fake_cpus(CPUS);
	memset(vcpus, 0, sizeof(vcpus));
	memset(&vm, 0, sizeof(vm));
	kicked = waited_for = kicks = waits = 0;
	asleep = false;
	steps = NULL;
	own = NULL;
	vm.vcpu_count = VCPUS;
	for (unsigned i = 0; i < VCPUS; i++) {
		vm.vcpus[i] = &vcpus[i];
		vcpus[i].index = i;
		vcpus[i].gate.cpu = (s32)i + 1;
	}
}

static void put_in(struct vcpu *vcpu, u32 mode)
{
	vcpu->gate.mode = mode;
}

/* --- one vCPU --- */

static void in_guest_gets_the_ipi(void)
{
	u64 before;

	begin();
	before = kick_count(REQ_NR_EVENT, KICK_SENT);
	put_in(&vcpus[0], IN_GUEST_MODE);
	vcpu_request(REQ_EVENT, &vcpus[0]);
	CHECK_EQ(kicked, BIT(1));
	CHECK_EQ(kicks, 1);
	CHECK_EQ(vcpus[0].gate.mode, EXITING_GUEST_MODE);
	CHECK(vcpu_test_request(REQ_EVENT, &vcpus[0]));
	CHECK_EQ(kick_count(REQ_NR_EVENT, KICK_SENT), before + 1);
}

static void others_get_none(void)
{
	static const u32 modes[] = {OUTSIDE_GUEST_MODE, EXITING_GUEST_MODE,
				    READING_SHADOW_PAGE_TABLES};

	for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
		begin();
		put_in(&vcpus[0], modes[i]);
		vcpu_request(REQ_EVENT, &vcpus[0]);
		CHECK_EQ(kicks, 0);
		CHECK_EQ(vcpus[0].gate.mode, modes[i]);
		CHECK(vcpu_test_request(REQ_EVENT, &vcpus[0]));
	}
}

static void woken_needs_no_ipi(void)
{
	begin();
	asleep = true;
	vcpu_kick(&vcpus[0]);
	CHECK(!asleep);
	CHECK_EQ(kicks, 0);
	begin();
	asleep = true;
	put_in(&vcpus[0], IN_GUEST_MODE); /* cannot be, but shows what is asked */
	vcpu_request(REQ_TLB_FLUSH & ~REQ_WAIT, &vcpus[0]);
	CHECK(asleep); /* NO_WAKEUP */
	CHECK_EQ(kicks, 1);
}

/* From the fast path: the mark alone ends the loop. */
static void to_itself(void)
{
	begin();
	fake_cpu_switch(1);
	put_in(&vcpus[0], IN_GUEST_MODE);
	vcpu_kick(&vcpus[0]);
	CHECK_EQ(kicks, 0);
	CHECK_EQ(vcpus[0].gate.mode, EXITING_GUEST_MODE);
	CHECK(gate_last_chance(&vcpus[0].gate));
}

static void to_an_offline_cpu(void)
{
	begin();
	put_in(&vcpus[0], IN_GUEST_MODE);
	cpu_set_online(cpu_of(1), false);
	vcpu_kick(&vcpus[0]);
	CHECK_EQ(kicks, 0);
	begin();
	put_in(&vcpus[0], IN_GUEST_MODE);
	vcpus[0].gate.cpu = GATE_CPU_NONE;
	vcpu_kick(&vcpus[0]);
	CHECK_EQ(kicks, 0);
}

/* --- mode first, then cpu --- */

/* The target, seen OUTSIDE on pCPU 1, is moved to pCPU 3 and enters there. */
static void moves_and_enters(void)
{
	WRITE_ONCE(vcpus[0].gate.cpu, 3);
	CHECK(gate_enter(&vcpus[0]));
}

static void cpu_is_read_after_the_mode(void)
{
	begin();
	steps = moves_and_enters;
	vcpu_kick(&vcpus[0]);
	CHECK_EQ(kicked, BIT(3));
	CHECK_EQ(vcpus[0].gate.mode, EXITING_GUEST_MODE);
}

static void also_in_the_many_form(void)
{
	begin();
	steps = moves_and_enters;
	vm_request_mask(&vm, REQ_OUTSIDE, BIT(0));
	CHECK_EQ(waited_for, BIT(3));
}

/* --- many, and WAIT --- */

static void wait_takes_every_mode_but_outside(void)
{
	begin();
	put_in(&vcpus[0], IN_GUEST_MODE);
	put_in(&vcpus[1], EXITING_GUEST_MODE); /* somebody will send: not "it is out" */
	put_in(&vcpus[2], READING_SHADOW_PAGE_TABLES);
	CHECK(vm_request_all(&vm, REQ_TLB_FLUSH));
	CHECK_EQ(waited_for, BIT(1) | BIT(2) | BIT(3));
	CHECK_EQ(waits, 1);
	begin();
	CHECK(!vm_request_all(&vm, REQ_TLB_FLUSH));
	CHECK_EQ(waited_for, 0);
}

static void without_wait_only_in_guest(void)
{
	begin();
	put_in(&vcpus[0], IN_GUEST_MODE);
	put_in(&vcpus[1], EXITING_GUEST_MODE);
	put_in(&vcpus[2], READING_SHADOW_PAGE_TABLES);
	vm_request_all(&vm, REQ_EVENT);
	CHECK_EQ(kicked, BIT(1));
	CHECK_EQ(waits, 0);
}

static void all_but_one(void)
{
	begin();
	for (unsigned i = 0; i < VCPUS; i++)
		put_in(&vcpus[i], IN_GUEST_MODE);
	vm_request_all_but(&vm, REQ_EVENT, &vcpus[1]);
	CHECK_EQ(kicked, BIT(1) | BIT(3));
	CHECK(!vcpu_test_request(REQ_EVENT, &vcpus[1]));
}

static void no_action_sets_no_bit(void)
{
	begin();
	put_in(&vcpus[0], IN_GUEST_MODE);
	vm_request_mask(&vm, REQ_OUTSIDE, BIT(0));
	CHECK_EQ(vcpus[0].gate.requests, 0);
	CHECK_EQ(waited_for, BIT(1));
}

/* --- the gate and the requests --- */

static void gate_aborts_on_a_request(void)
{
	begin();
	vcpu_make_request(REQ_EVENT, &vcpus[0]);
	CHECK(!gate_enter(&vcpus[0]));
	CHECK_EQ(vcpus[0].gate.mode, OUTSIDE_GUEST_MODE);
	CHECK(vcpu_check_request(REQ_EVENT, &vcpus[0]));
	CHECK(!vcpu_check_request(REQ_EVENT, &vcpus[0]));
	CHECK(gate_enter(&vcpus[0]));
	CHECK_EQ(vcpus[0].gate.mode, IN_GUEST_MODE);
	CHECK(!gate_last_chance(&vcpus[0].gate));
	gate_leave(&vcpus[0]);
	CHECK_EQ(vcpus[0].gate.mode, OUTSIDE_GUEST_MODE);
}

static void reading_is_a_mode(void)
{
	begin();
	gate_begin_reading(&vcpus[0]);
	CHECK_EQ(vcpus[0].gate.mode, READING_SHADOW_PAGE_TABLES);
	gate_end_reading(&vcpus[0]);
	CHECK_EQ(vcpus[0].gate.mode, OUTSIDE_GUEST_MODE);
}

static const struct unit_test tests[] = {
	UNIT_TEST(in_guest_gets_the_ipi),
	UNIT_TEST(others_get_none),
	UNIT_TEST(woken_needs_no_ipi),
	UNIT_TEST(to_itself),
	UNIT_TEST(to_an_offline_cpu),
	UNIT_TEST(cpu_is_read_after_the_mode),
	UNIT_TEST(also_in_the_many_form),
	UNIT_TEST(wait_takes_every_mode_but_outside),
	UNIT_TEST(without_wait_only_in_guest),
	UNIT_TEST(all_but_one),
	UNIT_TEST(no_action_sets_no_bit),
	UNIT_TEST(gate_aborts_on_a_request),
	UNIT_TEST(reading_is_a_mode),
};

int main(void)
{
	return UNIT_RUN(tests);
}
