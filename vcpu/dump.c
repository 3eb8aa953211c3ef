// SPDX-License-Identifier: MIT
/* What a panic says about the vCPUs. The other CPUs are stopped; still only marked
 * reads, and no pointer is followed that a half-built VM may not have. */
#include "atomic.h"
#include "printk.h"
#include "vcpu/kick.h"
#include "vcpu/vm_table.h"

static const char *const mode_names[] = {
	[OUTSIDE_GUEST_MODE] = "outside",
	[IN_GUEST_MODE] = "in guest",
	[EXITING_GUEST_MODE] = "exiting",
	[READING_SHADOW_PAGE_TABLES] = "reading",
};

static const char *const activity_names[] = {
	[VCPU_RUNNABLE] = "runnable",
	[VCPU_HALTED] = "halted",
	[VCPU_WAIT_FOR_SIPI] = "waits for SIPI",
	[VCPU_ENDED] = "ended",
};

static void dump_vcpu(const struct vcpu *vcpu)
{
	u64 requests = READ_ONCE(vcpu->gate.requests); /* STATS: all hints */

	printk("%s: %s, %s, cpu %d, home %d%s%s, requests", vcpu->name,
	       mode_names[READ_ONCE(vcpu->gate.mode)], activity_names[vcpu->activity],
	       READ_ONCE(vcpu->gate.cpu), READ_ONCE(vcpu->run.home),
	       vcpu->run.queued ? ", queued" : "",
	       READ_ONCE(vcpu->run.wait) == WAIT_BLOCKED ? ", blocked" : "");
	for (; requests; requests &= requests - 1)
		printk(" %s", request_names[bit_lowest(requests)]);
	printk("%s; %lu entries, last exit %u\n", vcpu->gate.requests ? "" : " none",
	       READ_ONCE(vcpu->stats.entries), vcpu->exit.raw);
}

void vms_dump(void)
{
	for (unsigned id = 0; id < MAX_VMS; id++) {
		const struct vm *vm = vm_at(id);

		for (unsigned i = 0; vm && i < vm->vcpu_count; i++)
			dump_vcpu(vm->vcpus[i]);
	}
}
