// SPDX-License-Identifier: MIT
/* A VM whose vCPUs all sleep for ever has ended: found by the last one to fall asleep.
 * docs/ordering.md, "VMEND". */
#include "atomic.h"
#include "vcpu/run.h"
#include "vcpu/vm.h"

/* Nothing will ever wake it: it sleeps with interrupts off, or waits for a SIPI, and
 * nothing is on its way. Its owner clears hopeless before it takes an event, so the
 * event is looked at first. */
static bool is_hopeless(struct vcpu *vcpu)
{
	/* VMEND: events, then hopeless; pairs with serve_init_sipi(), is_runnable(). */
	if (READ_ONCE(vcpu->events) || READ_ONCE(vcpu->nmi_pending))
		return false;
	smp_rmb(); /* VMEND: as above */
	return READ_ONCE(vcpu->hopeless);
}

/* A VM whose vCPUs are all so has ended. */
static bool vm_sleeps_for_ever(struct vm *vm)
{
	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		if (!is_hopeless(vm->vcpus[i]))
			return false;
	}
	return true;
}

void vcpu_now_hopeless(struct vcpu *vcpu)
{
	WRITE_ONCE(vcpu->hopeless, 1); /* VMEND: read by the last one to sleep */
	smp_mb(); /* VMEND: of two that go to sleep at once, one sees the other */
	if (vm_sleeps_for_ever(vcpu->vm))
		vm_end(vcpu->vm, "all vCPUs are halted with interrupts off");
}
