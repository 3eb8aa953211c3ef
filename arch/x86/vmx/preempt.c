// SPDX-License-Identifier: MIT
/* The VMX-preemption timer (SDM 3C "VMX-Preemption Timer"): not for time slices, those are
 * the local APIC's, but for two cases: to end an entry at once when an NMI hit after the
 * last-chance test, and to stand in for external interrupts where they do not end
 * guest mode (selftest.c). */
#include "arch/x86/x86.h"
#include "cpu.h"
#include "insn.h"
#include "state.h"

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

void vmx_timer_arm(u64 deadline)
{
	u64 now = rdtsc();

	/* An entry that must exit at once keeps its 0. */
	if (vmread(VMCS_PIN_CTLS) & PIN_PREEMPTION_TIMER &&
	    !vmread(VMCS_PREEMPTION_TIMER))
		return;
	if (deadline)
		timer_on((deadline > now ? deadline - now : 0) >> vmx.timer_shift);
	else
		timer_off();
}

void vmx_exit_at_once(void)
{
	timer_on(0);
}

void vmx_timer_expired(void)
{
	timer_off();
}
