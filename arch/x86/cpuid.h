// SPDX-License-Identifier: MIT
/* What this processor has, probed once on the boot CPU; the others are taken to be
 * like it. */
#pragma once
#include "types.h"

struct cpu_features {
	char vendor[13];
	char brand[49];
	u32 max_leaf, max_ext_leaf;
	u32 signature; /* leaf 1 EAX */
	bool vmx, x2apic, tsc_deadline, xsave, pcid, page1gb, invariant_tsc, rdtscp;
	bool fsgsbase, smep, arat, xsaves, pku, hypervisor;
	u64 xcr0_supported; /* leaf 0xd */
	u32 xsave_bytes;    /* area for all of xcr0_supported */
	u8 physical_bits;
};

/* XSAVE components that a guest may use: those whose state is switched. */
u64 cpu_xcr0_offered(void);
/* Boot CPU, first of all. */
void cpuid_init(void);
/* [I] after cpuid_init(). */
const struct cpu_features *cpu_features(void);
