// SPDX-License-Identifier: MIT
/* Step the guest over an instruction that we have done for it. Inline, for the fast path:
 * two VMREADs and a VMWRITE are all that a plain instruction costs. */
#pragma once
#include "arch/x86/regs.h"
#include "insn.h"
#include "virt.h"

static inline bool vmx_is_64bit(void)
{
	return vmread(VMCS_GUEST_EFER) & EFER_LMA &&
	       vmread(VMCS_GUEST_ES_ACCESS + 2 * SEG_CS) & VIRT_SEG_LONG;
}

/* The current VMCS; length: of the instruction, as the exit reported it. */
static inline void vmx_skip(u32 length)
{
	u64 old = vmread(VMCS_GUEST_RIP), rip = old + length;
	u64 shadow = vmread(VMCS_GUEST_INTERRUPTIBILITY);

	/* Only a wrap out of the low 4 GiB needs to know the mode. */
	if (__builtin_expect((old ^ rip) >> 32, 0) && !vmx_is_64bit())
		rip = (u32)rip;
	vmwrite(VMCS_GUEST_RIP, rip);
	if (__builtin_expect(shadow & (SHADOW_STI | SHADOW_MOV_SS), 0))
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY,
			shadow & ~(u64)(SHADOW_STI | SHADOW_MOV_SS));
	/* A single-stepped instruction traps after it, also when we ran it. */
	if (__builtin_expect(vmread(VMCS_GUEST_RFLAGS) & RFLAGS_TF, 0))
		vmwrite(VMCS_GUEST_PENDING_DEBUG,
			vmread(VMCS_GUEST_PENDING_DEBUG) | PENDING_DEBUG_BS);
}
