// SPDX-License-Identifier: MIT
/* The VMX-preemption timer (SDM 3C "VMX-Preemption Timer"): not for time slices, those
 * are the local APIC's, but for two cases: to end an entry at once when an NMI hit
 * after the last-chance test, and to stand in for external interrupts where they do
 * not end guest mode (selftest.c). */
#include "cpu.h"
#include "insn.h"
#include "state.h"
#include "timer.h"

#define TIMER_MAX 0xffffffffUL

static void timer_on(u64 steps)
{
	vmwrite(VMCS_PREEMPTION_TIMER, MIN(steps, TIMER_MAX));
	vmwrite(VMCS_PIN_CTLS, vmx.pin | PIN_PREEMPTION_TIMER);
	/* Saved on exit, so that it runs on over exits that the fast path finishes. */
	vmwrite(VMCS_EXIT_CTLS, vmx.exit | EXIT_SAVE_PREEMPTION_TIMER);
}

static void timer_off(void)
{
	vmwrite(VMCS_PIN_CTLS, vmx.pin);
	vmwrite(VMCS_EXIT_CTLS, vmx.exit);
}

void vmx_timer_arm(struct virt_vcpu *hv, u64 deadline)
{
	u64 now = tsc_now();

	if (deadline)
		timer_on((deadline > now ? deadline - now : 0) >> vmx.timer_shift);
	else
		timer_off();
	/* An NMI that hit before or during this wants out at once; one that hits from
	 * here on finds the timer as it is, and sets it to 0 itself. */
	if (READ_ONCE(hv->exit_at_once)) /* KICK: set by the NMI handler of this CPU */
		timer_on(0);
}

void vmx_exit_at_once(struct virt_vcpu *hv)
{
	WRITE_ONCE(hv->exit_at_once, true); /* KICK: read by vmx_timer_arm() */
	timer_on(0);
}

void vmx_timer_expired(struct virt_vcpu *hv)
{
	WRITE_ONCE(hv->exit_at_once, false); /* KICK: it has had its effect */
	timer_off();
}
