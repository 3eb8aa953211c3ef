// SPDX-License-Identifier: MIT
/* Probe the processor once (SDM 2A, CPUID). */
#include "cpuid.h"
#include "bits.h"
#include "regs.h"
#include "string.h"
#include "x86.h"

#define LEAF_EXT 0x80000000
#define DEFAULT_PHYSICAL_BITS 36
#define FXSAVE_BYTES 512

static struct cpu_features features;

const struct cpu_features *cpu_features(void)
{
	return &features;
}

static void probe_names(void)
{
	struct cpuid_regs r = cpuid(0, 0);

	features.max_leaf = r.eax;
	memcpy(features.vendor, &r.ebx, 4);
	memcpy(features.vendor + 4, &r.edx, 4);
	memcpy(features.vendor + 8, &r.ecx, 4);
	features.max_ext_leaf = cpuid(LEAF_EXT, 0).eax;
	for (u32 i = 0; i < 3 && features.max_ext_leaf >= LEAF_EXT + 4; i++) {
		r = cpuid(LEAF_EXT + 2 + i, 0);
		memcpy(features.brand + i * sizeof(r), &r, sizeof(r));
	}
}

static void probe_basic(void)
{
	struct cpuid_regs r = cpuid(1, 0);

	features.signature = r.eax;
	features.vmx = r.ecx & BIT(5);
	features.pcid = r.ecx & BIT(17);
	features.x2apic = r.ecx & BIT(21);
	features.tsc_deadline = r.ecx & BIT(24);
	features.xsave = r.ecx & BIT(26);
	features.hypervisor = r.ecx & BIT(31);
	if (features.max_leaf >= 6)
		features.arat = cpuid(6, 0).eax & BIT(2);
	if (features.max_leaf >= 7) {
		r = cpuid(7, 0);
		features.fsgsbase = r.ebx & BIT(0);
		features.smep = r.ebx & BIT(7);
		features.pku = r.ecx & BIT(3);
	}
}

static void probe_xsave(void)
{
	struct cpuid_regs r;

	features.xsave_bytes = FXSAVE_BYTES;
	if (!features.xsave || features.max_leaf < 0xd)
		return;
	r = cpuid(0xd, 0);
	features.xcr0_supported = (u64)r.edx << 32 | r.eax;
	features.xsave_bytes = r.ecx;
	features.xsaves = cpuid(0xd, 1).eax & BIT(3);
}

static void probe_extended(void)
{
	struct cpuid_regs r;

	features.physical_bits = DEFAULT_PHYSICAL_BITS;
	if (features.max_ext_leaf >= LEAF_EXT + 1) {
		r = cpuid(LEAF_EXT + 1, 0);
		features.page1gb = r.edx & BIT(26);
		features.rdtscp = r.edx & BIT(27);
	}
	if (features.max_ext_leaf >= LEAF_EXT + 7)
		features.invariant_tsc = cpuid(LEAF_EXT + 7, 0).edx & BIT(8);
	if (features.max_ext_leaf >= LEAF_EXT + 8)
		features.physical_bits = (u8)cpuid(LEAF_EXT + 8, 0).eax;
}

/* x87, SSE, AVX, AVX-512, PKRU. Others hide behind features that are not offered. */
#define XCR0_SWITCHED 0x2e7UL

u64 cpu_xcr0_offered(void)
{
	return features.xcr0_supported & XCR0_SWITCHED;
}

void cpuid_init(void)
{
	probe_names();
	probe_basic();
	probe_xsave();
	probe_extended();
}
