// SPDX-License-Identifier: MIT
/* The part of the exit fast path that knows what a guest is: called by the back end
 * with the vCPU still IN guest mode. It may kick, also itself; it may not wait. */
#include "ipi.h"
#include "vcpu.h"
#include "virt.h"

bool vcpu_fastpath_wrmsr(void *owner, u32 msr, u64 value)
{
	struct vcpu *vcpu = owner;

	if (!vlapic_fast_wrmsr(vcpu, msr, value))
		return false;
	/* It may have woken a vCPU of this very pCPU, and nobody rings for that: the
	 * request makes the last-chance test fail, and the run loop takes the inbox. */
	if (ipi_pending())
		vcpu_make_request(REQ_UNBLOCK, vcpu);
	return true;
}
