// SPDX-License-Identifier: MIT
/* What VT-x offers here and what Spur uses of it: one table of controls, negotiated
 * once. Pure, over a struct of MSR values, so that every refusal can be tested. */
#pragma once
#include "types.h"

/* The capability MSRs as read. */
struct vmx_msrs {
	bool cpuid_vmx; /* CPUID.1:ECX.VMX */
	u64 feature_control;
	u64 basic, misc;
	u64 pin, proc, proc2, exit, entry; /* the TRUE ones where they exist */
	u64 cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	u64 ept_vpid;
};

/* [I] after virt_probe(). */
struct vmx_caps {
	u32 revision;
	u32 pin, proc, proc2, exit, entry; /* control words to use */
	u64 cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	bool ept_1g, ept_2m, invept_single, invvpid_single;
	bool rdtscp, invpcid, wbinvd_exiting;
	bool preemption_timer; /* there is one, and its value is saved on exit */
	unsigned timer_shift;  /* it steps each 2^n TSC cycles */
};

/* Fill caps. NULL: fine; else what is missing, by name. */
const char *vmx_negotiate(const struct vmx_msrs *msrs, struct vmx_caps *caps);
