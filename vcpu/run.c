// SPDX-License-Identifier: MIT
/* The run loop: serve what others asked, choose what to inject, pass the gate, enter,
 * handle the exit; until the pCPU is wanted for something else or the vCPU has
 * nothing to do. The whole life of an exit that the fast path does not finish. */
#include "vcpu/run.h"
#include "arch/x86/trap.h"
#include "atomic.h"
#include "stretch.h"
#include "vcpu/entry_gate.h"
#include "vcpu/vm.h"
#include "vcpu/vm_table.h"

/* Could it wake from HLT now? An NMI always can, an interrupt only if HLT was
 * executed with interrupts on. */
static bool halt_is_over(struct vcpu *vcpu)
{
	/* KICK: payload; looked at after the request. Not while one is handled. */
	if (READ_ONCE(vcpu->nmi_pending) && !vcpu->halted_in_nmi)
		return true;
	return vcpu->halted_with_if && (vlapic_has_work(vcpu) || pic_has_work(vcpu));
}

static bool init_or_sipi(struct vcpu *vcpu)
{
	return READ_ONCE(vcpu->events); /* KICK: payload; looked at after the request */
}

/* Requests that end a block. The others only matter before guest code runs. */
#define WAKING_REQUESTS                                                                  \
	(BIT(REQ_NR_VM_DEAD) | BIT(REQ_NR_UNBLOCK) | BIT(REQ_NR_NMI) |                   \
	 BIT(REQ_NR_EVENT) | BIT(REQ_NR_DEVICE) | BIT(REQ_NR_TEST))

bool vcpu_should_run(struct vcpu *vcpu)
{
	/* WAKE: after the fence in settle_blocked(); pairs with vcpu_make_request(). */
	u64 requests = READ_ONCE(vcpu->gate.requests);

	if (requests & BIT(REQ_NR_VM_DEAD))
		return true;
	if (requests & BIT(REQ_NR_PAUSE))
		return false;
	if (vcpu->activity == VCPU_RUNNABLE || requests & WAKING_REQUESTS)
		return true;
	return init_or_sipi(vcpu) ||
	       (vcpu->activity == VCPU_HALTED && halt_is_over(vcpu));
}

/* Is it out of HLT or wait-for-SIPI? */
static bool is_runnable(struct vcpu *vcpu)
{
	if (vcpu->activity == VCPU_HALTED && halt_is_over(vcpu)) {
		vcpu->activity = VCPU_RUNNABLE;
		vcpu->check_events = true;
		WRITE_ONCE(vcpu->hopeless, 0); /* VMEND: read by the last one to sleep */
	}
	return vcpu->activity == VCPU_RUNNABLE;
}

static void finish_exit(struct vcpu *vcpu)
{
	vcpu->stats.exits[vcpu->exit.reason]++;
	/* The acknowledged vector is dispatched exactly once, with the mode OUTSIDE:
	 * an acknowledgement to a waiting kicker may follow from it. */
	if (vcpu->exit.reason == VIRT_EXIT_INTERRUPT)
		irq_dispatch(vcpu->exit.vector);
	else
		vcpu_handle_exit(vcpu);
}

enum run_result vcpu_run(struct runnable *r)
{
	struct vcpu *vcpu = vcpu_of(r);
	enum run_result result;

	for (;;) {
		if (sched_poll())
			return RUN_AGAIN;
		/* KICK: a hint; the gate looks again after its fence. */
		if (READ_ONCE(vcpu->gate.requests)) {
			if (!vcpu_serve_requests(vcpu, &result))
				return result;
			/* Requests that come faster than they are served keep it from the
			 * guest, and so from the exit for the slice's timer. */
			irq_window();
			continue; /* what was served may have pushed to our inbox */
		}
		if (!is_runnable(vcpu))
			return RUN_BLOCKED;
		if (vcpu->check_events)
			vcpu_prepare_events(vcpu);
		if (!gate_enter(vcpu))
			continue;
		WRITE_ONCE(vcpu->stats.entries,
			   vcpu->stats.entries + 1); /* STATS: hint */
		stretch_end();
		virt_vcpu_run(vcpu->hv, &vcpu->exit);
		stretch_begin();
		gate_leave(vcpu);
		finish_exit(vcpu);
	}
}
