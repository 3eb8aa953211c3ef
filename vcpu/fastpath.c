// SPDX-License-Identifier: MIT
/* The part of the exit fast path that knows what a guest is: called by the back end
 * with the vCPU still IN guest mode. It may kick, also itself; it may not wait. */
#include "vcpu.h"
#include "virt.h"

bool vcpu_fastpath_wrmsr(void *owner, u32 msr, u64 value)
{
	return vlapic_fast_wrmsr(owner, msr, value);
}
