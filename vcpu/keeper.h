// SPDX-License-Identifier: MIT
/* A VM's keeper: the runnable that makes it, waits for its end, gives everything back,
 * and makes it anew. It outlives the VM; there is one for each number. */
#pragma once
#include "sched.h"
#include "types.h"
#include "vmdesc.h"

/* Begin with a VM of this number. Boot CPU, all CPUs online; once for each number. */
void keeper_start(unsigned id, const struct vm_desc *desc);
/* The last vCPU of its VM is gone. Any CPU. */
void keeper_wake(unsigned id);
/* Make a VM that has ended once more. -EBUSY: it has not ended; -EINVAL: there is no such
 * number. Any CPU. */
int keeper_start_again(unsigned id);
/* What its vCPUs share a pCPU's time by. It outlives them. */
struct sched_group *keeper_group(unsigned id);
/* What this number's VM is called and was made from, or NULL. */
const struct vm_desc *keeper_desc(unsigned id);
/* How often it was built, and how often of these after a reset; hints. */
u64 keeper_starts(unsigned id);
u64 keeper_resets(unsigned id);
/* It has ended, and all that it had is given back; a hint. */
bool keeper_at_rest(unsigned id);
