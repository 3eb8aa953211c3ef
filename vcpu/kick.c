// SPDX-License-Identifier: MIT
/* Kick: make a vCPU leave guest mode soon, or wake it. Mode first, by an atomic that
 * returns the old value; only if that says IN, the cpu, once; then the IPI. The
 * rules and why: docs/ordering.md, "KICK". Owns the move IN -> EXITING. No lock, no
 * wait, no privileged instruction. */
#include "vcpu/kick.h"
#include "assert.h"
#include "atomic.h"
#include "cpu.h"
#include "ipi.h"
#include "points.h"
#include "sched.h"
#include "vcpu.h"
#include "vcpu/vm.h"

#define NO_REQUEST REQ_NR_COUNT

/* [O] written by its pCPU only, read as a hint. */
struct kick_counters {
	u64 count[REQ_NR_COUNT + 1][KICK_DECISIONS];
} __attribute__((aligned(64)));
static struct kick_counters counters[MAX_CPUS];

static void note(unsigned number, enum kick_decision decision)
{
	u64 *count = &counters[this_cpu()->id].count[number][decision];

	WRITE_ONCE(*count, *count + 1); /* STATS: read as a hint by kick_count() */
}

u64 kick_count(unsigned number, enum kick_decision decision)
{
	u64 sum = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		sum += READ_ONCE(counters[cpu].count[number][decision]); /* STATS: hint */
	return sum;
}

/* T2: if it is IN, it is EXITING now, and this CPU has the duty to send the IPI.
 * Returns the mode that was found. KICK: fully ordered also when it fails, so that
 * the load of cpu and everything later stays behind it, and the request in front. */
static u32 vcpu_exiting_guest_mode(struct vcpu *vcpu)
{
	return cmpxchg(&vcpu->gate.mode, IN_GUEST_MODE, EXITING_GUEST_MODE);
}

/* Where to send the IPI, read once. GATE_CPU_NONE: nowhere. cpu == me is not dead code:
 * the fast path sends guest IPIs with the own vCPU IN, and may send one to it. */
static s32 ipi_target(struct vcpu *vcpu, enum kick_decision *decision)
{
	/* KICK: after the cmpxchg, so it is the pCPU of that residency or a later one;
	 * pairs with the release of IN in gate_enter(). */
	s32 cpu = READ_ONCE(vcpu->gate.cpu);

	if (cpu == (s32)this_cpu()->id)
		*decision = KICK_SELF;
	else if (cpu == GATE_CPU_NONE || !cpu_online((unsigned)cpu))
		*decision = KICK_GONE;
	else
		return cpu;
	return GATE_CPU_NONE;
}

static enum kick_decision decision_for(u32 mode)
{
	switch (mode) {
	case IN_GUEST_MODE:
		return KICK_SENT;
	case EXITING_GUEST_MODE:
		return KICK_CLAIMED;
	case READING_SHADOW_PAGE_TABLES:
		return KICK_READING;
	default:
		return KICK_OUTSIDE;
	}
}

/* The decision for one vCPU: the pCPU that needs an IPI, or none.
 * With WAIT every mode but OUTSIDE needs the IPI: EXITING says that somebody will
 * send one, not that it is out; READING ends only when interrupts are served. */
static s32 target_of(struct vcpu *vcpu, unsigned req)
{
	unsigned number = req & REQ_NUMBER_MASK;
	enum kick_decision decision;
	s32 cpu = GATE_CPU_NONE;

	if (!(req & REQ_NO_ACTION))
		vcpu_make_request(req, vcpu);
	if (!(req & REQ_NO_WAKEUP) && sched_wake(&vcpu->run)) {
		note(number, KICK_WOKE);
		return GATE_CPU_NONE;
	}
	schedule_point();
	decision = decision_for(vcpu_exiting_guest_mode(vcpu));
	schedule_point();
	if (decision == KICK_SENT || (req & REQ_WAIT && decision != KICK_OUTSIDE)) {
		enum kick_decision unused = decision;

		cpu = ipi_target(vcpu, decision == KICK_SENT ? &decision : &unused);
	}
	note(number, decision);
	return cpu;
}

void vcpu_request(unsigned req, struct vcpu *vcpu)
{
	s32 cpu = target_of(vcpu, req & ~REQ_WAIT);

	if (cpu != GATE_CPU_NONE)
		ipi_kick((unsigned)cpu);
}

void vcpu_kick(struct vcpu *vcpu)
{
	vcpu_request(NO_REQUEST | REQ_NO_ACTION, vcpu);
}

/* KICK: waiting with the own vCPU IN or READING could never be acknowledged (a
 * cycle of two such waits is a deadlock), so it is a bug. */
static void assert_may_wait(void)
{
	struct vcpu *own = vcpu_current();

	ASSERT(!own ||
	       READ_ONCE(own->gate.mode) == OUTSIDE_GUEST_MODE); /* KICK: own store */
}

bool vm_request_mask(struct vm *vm, unsigned req, u64 vcpu_mask)
{
	u64 cpus = 0;

	if (req & REQ_WAIT)
		assert_may_wait();
	for (; vcpu_mask; vcpu_mask &= vcpu_mask - 1) {
		s32 cpu = target_of(vm->vcpus[bit_lowest(vcpu_mask)], req);

		if (cpu != GATE_CPU_NONE)
			cpus |= BIT(cpu);
	}
	if (req & REQ_WAIT)
		ipi_kick_and_wait(cpus);
	else
		ipi_kick_mask(cpus);
	return cpus;
}

static u64 all_vcpus(const struct vm *vm)
{
	return vm->vcpu_count ? MASK(vm->vcpu_count - 1, 0) : 0;
}

bool vm_request_all(struct vm *vm, unsigned req)
{
	return vm_request_mask(vm, req, all_vcpus(vm));
}

bool vm_request_all_but(struct vm *vm, unsigned req, struct vcpu *except)
{
	return vm_request_mask(vm, req, all_vcpus(vm) & ~BIT(except->index));
}
