// SPDX-License-Identifier: MIT
/* MSRs are denied unless the policy lets them through: what could reach the host is #GP,
 * what is the guest's own keeps its value, what the processor would refuse (reserved
 * bits, addresses not canonical) is refused, and the TSC moves with TSC_ADJUST. */
#include "guest.h"

#define NOT_CANONICAL 0x0000900000000000UL
#define CANONICAL 0xffff912345678000UL
#define PAT_RESET 0x0007040600070406UL
#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_NXE BIT(11)
#define MSR_DEBUGCTL 0x1d9
#define MSR_TSC_AUX 0xc0000103
#define NEAR 20000 /* ticks that a few exits may take */
#define FAR 1000000000000UL

static const struct {
	u32 msr;
	const char *name;
} denied[] = {
	{0x3a, "FEATURE_CONTROL"},
	{0x48, "SPEC_CTRL"},
	{0x49, "PRED_CMD"},
	{0x79, "BIOS_UPDT_TRIG (microcode)"},
	{0x9b, "SMM_MONITOR_CTL"},
	{0x9e, "SMBASE"},
	{0xc1, "PMC0"},
	{0xe2, "PKG_CST_CONFIG_CONTROL"},
	{0x10a, "ARCH_CAPABILITIES"},
	{0x10b, "FLUSH_CMD"},
	{0x186, "PERFEVTSEL0"},
	{0x199, "PERF_CTL"},
	{0x19a, "CLOCK_MODULATION"},
	{0x1ad, "TURBO_RATIO_LIMIT"},
	{0x1b0, "ENERGY_PERF_BIAS"},
	{0x1fc, "POWER_CTL"},
	{0x200, "MTRR_PHYSBASE0"},
	{0x2ff, "MTRR_DEF_TYPE"},
	{0x345, "PERF_CAPABILITIES"},
	{0x38f, "PERF_GLOBAL_CTRL"},
	{0x480, "VMX_BASIC"},
	{0x48b, "VMX_PROCBASED_CTLS2"},
	{0x491, "VMX_VMFUNC"},
	{0x560, "RTIT_OUTPUT_BASE"},
	{0x570, "RTIT_CTL"},
	{0x600, "DS_AREA"},
	{0x606, "RAPL_POWER_UNIT"},
	{0x610, "PKG_POWER_LIMIT"},
	{0x770, "PM_ENABLE (HWP)"},
	{0x774, "HWP_REQUEST"},
	{0xc80, "DEBUG_INTERFACE"},
	{0xc90, "L3_MASK"},
	{0xda0, "XSS"},
	{0x2000, "one between the bitmaps"},
	{0x40000000, "the hypervisor's range"},
	{0xc0002000, "one above the bitmaps"},
	{0xffffffff, "the last one"},
};

static const struct {
	u32 msr;
	u64 value;
	const char *name;
} kept[] = {
	{0x174, 0x10, "SYSENTER_CS"},
	{0x175, CANONICAL + 1, "SYSENTER_ESP"},
	{0x176, CANONICAL + 2, "SYSENTER_EIP"},
	{0x277, 0x0007040600070405UL, "PAT"},
	{0xc0000081, 0x0023001000000000UL, "STAR"},
	{0xc0000082, CANONICAL + 3, "LSTAR"},
	{0xc0000083, CANONICAL + 4, "CSTAR"},
	{0xc0000084, 0x47700, "FMASK"},
	{0xc0000100, CANONICAL + 5, "FS_BASE"},
	{0xc0000101, CANONICAL + 6, "GS_BASE"},
	{0xc0000102, CANONICAL + 7, "KERNEL_GS_BASE"},
};

static const struct {
	u32 msr;
	const char *name;
} addresses[] = {
	{0x175, "SYSENTER_ESP"},        {0x176, "SYSENTER_EIP"}, {0xc0000082, "LSTAR"},
	{0xc0000083, "CSTAR"},          {0xc0000100, "FS_BASE"}, {0xc0000101, "GS_BASE"},
	{0xc0000102, "KERNEL_GS_BASE"},
};

static bool refused(u32 msr, u64 value)
{
	return !try_wrmsr(msr, value) && fault_vector() == VEC_GP &&
	       this_cpu()->fault.error == 0;
}

static void test_denied(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(denied); i++) {
		u64 value;
		bool read = try_rdmsr(denied[i].msr, &value);
		bool written = try_wrmsr(denied[i].msr, 0);

		if (read || written)
			print("  %s%s\n", read ? "read " : "", written ? "written" : "");
		check(!read && !written, denied[i].name);
	}
}

static void test_kept(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++) {
		u64 before = rdmsr(kept[i].msr), value = 0;
		bool written = try_wrmsr(kept[i].msr, kept[i].value);

		try_rdmsr(kept[i].msr, &value);
		wrmsr(kept[i].msr, before);
		check(written && value == kept[i].value, kept[i].name);
	}
	if (cpuid(0x80000001, 0).edx & BIT(27))
		check(try_wrmsr(MSR_TSC_AUX, 77) && rdmsr(MSR_TSC_AUX) == 77, "TSC_AUX");
}

static void test_refused(void)
{
	u64 pat = rdmsr(MSR_PAT), efer = rdmsr(MSR_EFER), base = rdmsr(MSR_APIC_BASE);

	for (unsigned i = 0; i < ARRAY_SIZE(addresses); i++) {
		print("msr: %s\n", addresses[i].name);
		check(refused(addresses[i].msr, NOT_CANONICAL),
		      "not canonical is refused");
	}
	check_equal(pat, PAT_RESET, "PAT at reset");
	check(refused(MSR_PAT, 2), "a reserved memory type in PAT");
	check(refused(MSR_EFER, efer | BIT(1)), "a reserved bit of EFER");
	check(refused(MSR_EFER, efer & ~EFER_LME), "EFER.LME with paging on");
	check(refused(MSR_APIC_BASE, base | BIT(1)), "a reserved bit of APIC_BASE");
	check(refused(MSR_APIC_BASE, (base | APIC_BASE_EXTD) & ~APIC_BASE_EN),
	      "x2APIC mode without the APIC");
	check(try_wrmsr(MSR_EFER, efer | EFER_SCE | EFER_NXE), "EFER takes SCE and NXE");
	check_equal(rdmsr(MSR_EFER), efer | EFER_SCE | EFER_NXE, "and keeps them");
	wrmsr(MSR_EFER, efer);
}

/* Either #GP, or a register that stays 0: never the host's. */
static void test_debugctl(void)
{
	u64 value = 0;

	try_wrmsr(MSR_DEBUGCTL, 1);
	try_rdmsr(MSR_DEBUGCTL, &value);
	check_equal(value, 0, "DEBUGCTL does not take LBR");
}

/* What is measured comes first, since printing takes long. */
static void test_tsc(void)
{
	u64 at_first = rdmsr(MSR_TSC_ADJUST), before, moved, set, adjust, again;

	before = rdtsc();
	wrmsr(MSR_TSC_ADJUST, FAR);
	moved = rdtsc();
	wrmsr(MSR_TSC, 5000);
	set = rdtsc();
	adjust = rdmsr(MSR_TSC_ADJUST);
	wrmsr(MSR_TSC_ADJUST, 0);
	again = rdtsc();
	check_equal(at_first, 0, "TSC_ADJUST is 0 at first");
	check(moved - before - FAR < NEAR, "a write of TSC_ADJUST moves the TSC");
	check(set - 5000 < NEAR, "a write of the TSC sets it");
	check(FAR + 5000 - moved - adjust + NEAR < 2 * NEAR,
	      "and moves TSC_ADJUST by as much");
	check(again - before < NEAR, "TSC_ADJUST 0 is the time as it was");
	again = rdmsr(MSR_TSC);
	check(rdtsc() - again < NEAR, "RDMSR of the TSC is RDTSC");
}

static void test_x2apic_states(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (!x2apic_offered())
		return;
	check(refused(MSR_X2APIC + APIC_ID, 0), "no x2APIC registers in xAPIC mode");
	wrmsr(MSR_APIC_BASE, base | APIC_BASE_EXTD);
	check(refused(MSR_APIC_BASE, base), "from x2APIC mode straight back");
	wrmsr(MSR_APIC_BASE, base & ~APIC_BASE_EN);
	check(refused(MSR_APIC_BASE, base | APIC_BASE_EXTD),
	      "from off straight to x2APIC mode");
	wrmsr(MSR_APIC_BASE, base);
	check_equal(rdmsr(MSR_APIC_BASE), base, "through off it goes back");
}

int main(void)
{
	test_denied();
	test_kept();
	test_refused();
	test_debugctl();
	test_tsc();
	test_x2apic_states();
	return 0;
}
