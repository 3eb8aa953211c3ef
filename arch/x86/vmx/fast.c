// SPDX-License-Identifier: MIT
/* The exit fast path: exits that are finished with the vCPU still IN guest mode,
 * called straight from enter.S. RBX, RAX, RCX, RDX, RSI, RDI and R8 to R11 of the
 * guest are in hv->regs; the others are in the processor. No waits, no prints. */
#include "arch/x86/regs.h"
#include "insn.h"
#include "skip.h"
#include "state.h"

#define CPUID_HYPERVISOR 0x40000000U
#define CPUID_EXTENDED 0x80000000U
#define LEAF_FEATURES 1
#define FEATURES_OSXSAVE BIT(27)

static const struct virt_cpuid_entry *lookup(const struct vmx_cpuid_index *index,
					     u32 leaf)
{
	if (leaf < VMX_CPUID_BASIC)
		return index->basic[leaf];
	if (leaf - CPUID_EXTENDED < VMX_CPUID_RANGE)
		return index->extended[leaf - CPUID_EXTENDED];
	if (leaf - CPUID_HYPERVISOR < VMX_CPUID_RANGE)
		return index->hypervisor[leaf - CPUID_HYPERVISOR];
	return NULL;
}

static inline bool fast_cpuid(struct virt_vcpu *hv)
{
	u32 leaf = (u32)hv->regs[REG_RAX];
	const struct virt_cpuid_entry *e = lookup(&hv->cpuid, leaf);

	if (!e)
		return false;
	hv->regs[REG_RAX] = e->eax;
	hv->regs[REG_RBX] = e->ebx;
	hv->regs[REG_RCX] = e->ecx;
	hv->regs[REG_RDX] = e->edx;
	if (leaf == LEAF_FEATURES && vmread(VMCS_GUEST_CR4) & CR4_OSXSAVE)
		hv->regs[REG_RCX] |= FEATURES_OSXSAVE;
	return true;
}

/* No hypercall is offered yet, so each is unknown: the answer of KVM's ABI. */
static inline bool fast_hypercall(struct virt_vcpu *hv)
{
	hv->regs[REG_RAX] = (u64)VIRT_HYPERCALL_UNKNOWN;
	return true;
}

static bool fast_wrmsr(struct virt_vcpu *hv)
{
	u64 value = hv->regs[REG_RDX] << 32 | (u32)hv->regs[REG_RAX];

	return vcpu_fastpath_wrmsr(hv->owner, (u32)hv->regs[REG_RCX], value);
}

/* Done: over the instruction, and back in if nothing waits outside. */
static inline bool finish(struct virt_vcpu *hv, enum virt_exit_reason reason)
{
	hv->fast_exits[reason]++;
	vmx_skip((u32)vmread(VMCS_EXIT_INSN_LENGTH));
	if (__builtin_expect(!gate_last_chance(hv->gate), 1))
		return true;
	hv->finished = true;
	return false;
}

bool vmx_fast_exit(struct virt_vcpu *hv)
{
	u32 reason = (u32)vmread(VMCS_EXIT_REASON);

	if (reason == REASON_CPUID)
		return fast_cpuid(hv) && finish(hv, VIRT_EXIT_CPUID);
	if (reason == REASON_WRMSR)
		return fast_wrmsr(hv) && finish(hv, VIRT_EXIT_WRMSR);
	if (reason == REASON_VMCALL)
		return fast_hypercall(hv) && finish(hv, VIRT_EXIT_HYPERCALL);
	return false;
}

u64 virt_fast_exits(const struct virt_vcpu *hv, enum virt_exit_reason reason)
{
	return READ_ONCE(hv->fast_exits[reason]); /* STATS: a hint */
}

static const struct virt_cpuid_entry **index_slot(struct vmx_cpuid_index *index, u32 leaf)
{
	if (leaf < VMX_CPUID_BASIC)
		return &index->basic[leaf];
	if (leaf - CPUID_EXTENDED < VMX_CPUID_RANGE)
		return &index->extended[leaf - CPUID_EXTENDED];
	if (leaf - CPUID_HYPERVISOR < VMX_CPUID_RANGE)
		return &index->hypervisor[leaf - CPUID_HYPERVISOR];
	return NULL;
}

void virt_vcpu_set_cpuid(struct virt_vcpu *hv, const struct virt_cpuid_entry *table,
			 unsigned count)
{
	hv->cpuid = (struct vmx_cpuid_index){0};
	for (unsigned i = 0; i < count; i++) {
		const struct virt_cpuid_entry **slot = index_slot(&hv->cpuid,
								  table[i].leaf);

		if (slot && !table[i].by_subleaf)
			*slot = &table[i];
	}
}
