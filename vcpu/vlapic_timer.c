// SPDX-License-Identifier: MIT
/* The local APIC's timer: one-shot, periodic, TSC-deadline (SDM 3A, "APIC
 * Timer"). Home only; stands on vcpu->lapic_timer, a timer of the home pCPU.
 *
 * Our choice: the bus clock that feeds the divider is the guest's TSC, so a
 * count of n lasts n * divisor cycles of RDTSC. Hence CPUID leaf 0x15 may name
 * the TSC frequency as the crystal's, and no guest need calibrate anything. */
#include "vcpu/vlapic_regs.h"
#include "vcpu/vm.h"

#define DIVIDE_MASK 0xbu
/* The shortest period of a periodic timer; a shorter one loses ticks, as
 * hardware does when the vector is still in IRR. */
#define PERIOD_MIN_US 100

static u32 timer_mode(const struct vlapic *lapic)
{
	return lapic->reg[APIC_LVT_TIMER] & APIC_LVT_TIMER_MODE;
}

/* Bits 3, 1, 0 are one number: divide by 2, 4, ... 128, and 1 for the last. */
static unsigned divide_shift(const struct vlapic *lapic)
{
	u32 divide = lapic->reg[APIC_TIMER_DIVIDE];

	return (((divide & 3) | (divide & 8) >> 1) + 1) & 7;
}

static u64 period_cycles(const struct vlapic *lapic)
{
	return (u64)lapic->reg[APIC_TIMER_INITIAL] << divide_shift(lapic);
}

static void fire(struct vcpu *vcpu)
{
	u32 lvt = vcpu->lapic.reg[APIC_LVT_TIMER];

	if (!(lvt & APIC_LVT_MASKED))
		vlapic_set_irr(vcpu, (u8)lvt, false);
}

/* A guest may set its TSC so that it wraps; 0 means stopped. */
static u64 not_zero(u64 deadline)
{
	return deadline ? deadline : 1;
}

/* The next tick of the grid that is at least the shortest period away: late or
 * too fast, ticks are lost, but the grid stays. One division, no loop. */
static void advance_period(struct vlapic *lapic, u64 now)
{
	u64 period = period_cycles(lapic);
	u64 behind = now - lapic->deadline + PERIOD_MIN_US * tsc_khz() / 1000;

	if (period == 0)
		lapic->deadline = 0;
	else
		lapic->deadline = not_zero(lapic->deadline +
					   (behind + period - 1) / period * period);
}

/* It is time. */
static void expire(struct vcpu *vcpu, u64 now)
{
	struct vlapic *lapic = &vcpu->lapic;

	if (timer_mode(lapic) == APIC_LVT_PERIODIC)
		advance_period(lapic, now);
	else
		lapic->deadline = 0;
	fire(vcpu);
}

/* A TSC deadline is compared as a number; a count is at most 2^39 cycles away,
 * so there the sign of the difference holds across a wrap of the guest's TSC. */
static bool is_due(const struct vlapic *lapic, u64 now)
{
	if (lapic->deadline == 0)
		return false;
	if (timer_mode(lapic) & APIC_LVT_DEADLINE)
		return lapic->deadline <= now;
	return (s64)(now - lapic->deadline) >= 0;
}

/* Fire what is due, and set the host's timer for what is not. The host deadline
 * is in the future and does not wrap, or the host's timer queue would spin. */
static void arm(struct vcpu *vcpu)
{
	struct vlapic *lapic = &vcpu->lapic;
	u64 now = vcpu_guest_tsc(vcpu);
	u64 host_now = now - vcpu->tsc_offset;

	if (is_due(lapic, now))
		expire(vcpu, now);
	if (lapic->deadline)
		timer_set(&vcpu->lapic_timer,
			  host_now + MIN(lapic->deadline - now, ~host_now));
	else
		timer_cancel(&vcpu->lapic_timer);
}

static void timer_expired(struct timer *timer)
{
	arm(container_of(timer, struct vcpu, lapic_timer));
}

void vlapic_timer_init(struct vcpu *vcpu)
{
	timer_init(&vcpu->lapic_timer, timer_expired);
}

void vlapic_timer_stop(struct vcpu *vcpu)
{
	vcpu->lapic.deadline = 0;
	timer_cancel(&vcpu->lapic_timer);
}

static void start_count(struct vcpu *vcpu, u64 cycles)
{
	vcpu->lapic.deadline = cycles ? not_zero(vcpu_guest_tsc(vcpu) + cycles) : 0;
	arm(vcpu);
}

/* --- registers --- */

void vlapic_timer_set_lvt(struct vcpu *vcpu, u32 lvt)
{
	struct vlapic *lapic = &vcpu->lapic;
	u32 old = timer_mode(lapic);

	WRITE_ONCE(lapic->reg[APIC_LVT_TIMER], lvt);
	/* A count goes on from one-shot to periodic and back; to and from
	 * TSC-deadline mode the timer is disarmed. */
	if (old != timer_mode(lapic) && ((old | timer_mode(lapic)) & APIC_LVT_DEADLINE))
		vlapic_timer_stop(vcpu);
}

void vlapic_timer_set_initial(struct vcpu *vcpu, u32 count)
{
	struct vlapic *lapic = &vcpu->lapic;

	if (timer_mode(lapic) & APIC_LVT_DEADLINE)
		return;
	WRITE_ONCE(lapic->reg[APIC_TIMER_INITIAL], count);
	start_count(vcpu, period_cycles(lapic));
}

static u64 cycles_left(struct vcpu *vcpu)
{
	struct vlapic *lapic = &vcpu->lapic;
	u64 now = vcpu_guest_tsc(vcpu);
	u64 period = period_cycles(lapic);

	if (lapic->deadline == 0 || timer_mode(lapic) & APIC_LVT_DEADLINE)
		return 0;
	if (!is_due(lapic, now))
		return lapic->deadline - now;
	/* Due, and not fired yet. */
	if (timer_mode(lapic) != APIC_LVT_PERIODIC || period == 0)
		return 0;
	return period - (now - lapic->deadline) % period;
}

u32 vlapic_timer_current(struct vcpu *vcpu)
{
	struct vlapic *lapic = &vcpu->lapic;
	u64 divisor = BIT(divide_shift(lapic));
	u64 count = (cycles_left(vcpu) + divisor - 1) / divisor;
	u64 initial = lapic->reg[APIC_TIMER_INITIAL];

	/* Ticks that were too fast for us are left out: what is left may be more
	 * than one period. */
	return (u32)(initial && count > initial ? count % initial : count);
}

void vlapic_timer_set_divide(struct vcpu *vcpu, u32 divide)
{
	struct vlapic *lapic = &vcpu->lapic;
	u64 count = vlapic_timer_current(vcpu);

	WRITE_ONCE(lapic->reg[APIC_TIMER_DIVIDE], divide & DIVIDE_MASK);
	if (lapic->deadline && !(timer_mode(lapic) & APIC_LVT_DEADLINE))
		start_count(vcpu, count << divide_shift(lapic));
}

u64 vlapic_timer_deadline(const struct vcpu *vcpu)
{
	if (timer_mode(&vcpu->lapic) != APIC_LVT_DEADLINE)
		return 0;
	return vcpu->lapic.deadline;
}

void vlapic_timer_set_deadline(struct vcpu *vcpu, u64 deadline)
{
	if (timer_mode(&vcpu->lapic) != APIC_LVT_DEADLINE)
		return;
	vcpu->lapic.deadline = deadline;
	arm(vcpu);
}

/* --- where the vCPU is, and what its TSC says --- */

void vlapic_timer_evict(struct vcpu *vcpu)
{
	timer_cancel(&vcpu->lapic_timer);
}

void vlapic_timer_arrive(struct vcpu *vcpu)
{
	arm(vcpu);
}

void vlapic_tsc_moved(struct vcpu *vcpu, u64 delta)
{
	struct vlapic *lapic = &vcpu->lapic;

	if (lapic->deadline && !(timer_mode(lapic) & APIC_LVT_DEADLINE))
		lapic->deadline = not_zero(lapic->deadline + delta);
	arm(vcpu);
}
