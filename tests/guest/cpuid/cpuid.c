// SPDX-License-Identifier: MIT
/* What CPUID promises a guest: nothing that it cannot have, KVM's signature and clock,
 * true frequencies, IDs that are the local APIC's, OSXSAVE and the XSAVE size as
 * CR4 and XCR0 are now (SDM 2A, CPUID). "bare": with kvm=off and x2apic=off. */
#include "guest.h"

#define ECX_MONITOR BIT(3)
#define ECX_VMX BIT(5)
#define ECX_SMX BIT(6)
#define ECX_EIST BIT(7)
#define ECX_PDCM BIT(15)
#define ECX_X2APIC BIT(21)
#define ECX_DEADLINE BIT(24)
#define ECX_XSAVE BIT(26)
#define ECX_OSXSAVE BIT(27)
#define ECX_AVX BIT(28)
#define ECX_HYPERVISOR BIT(31)
#define EDX_MTRR BIT(12)
#define EDX_MCA BIT(14)
#define EDX_DS BIT(21)
#define EBX_TSC_ADJUST BIT(1)
#define EBX_SGX BIT(2)
#define EBX_RTM BIT(11)
#define EBX_MPX BIT(14)
#define EBX_PT BIT(25)
#define KVM_CLOCKS (BIT(0) | BIT(3) | BIT(24))
#define KVM_NOP_IO_DELAY BIT(1)
#define KVM_PV_EOI BIT(6)
#define LEAF_KVM 0x40000000
#define LEAF_SPUR 0x40000100
#define LEAF_XSAVE 0xd
#define XSAVE_BYTES_X87_SSE 576
#define XSAVE_BYTES_AVX 832

static bool says(const struct cpuid *r, const char *text)
{
	return !__builtin_memcmp(&r->ebx, text, 4) &&
	       !__builtin_memcmp(&r->ecx, text + 4, 4) &&
	       !__builtin_memcmp(&r->edx, text + 8, 4);
}

static void test_hidden(void)
{
	struct cpuid r = cpuid(1, 0);

	check(!(r.ecx & ECX_VMX), "no VMX");
	check(!(r.ecx & ECX_SMX), "no SMX");
	check(!(r.ecx & ECX_MONITOR), "no MONITOR");
	check(!(r.ecx & (ECX_EIST | ECX_PDCM)), "no power and performance MSRs");
	check(!(r.edx & (EDX_MTRR | EDX_MCA | EDX_DS)),
	      "no MTRRs, machine check, debug store");
	check(r.ecx & ECX_HYPERVISOR, "the hypervisor bit");
	r = cpuid(5, 0);
	check(!(r.eax | r.ebx | r.ecx | r.edx), "the MONITOR leaf is empty");
	r = cpuid(7, 0);
	check(!(r.ebx & (EBX_SGX | EBX_RTM | EBX_MPX | EBX_PT)), "no SGX, TSX, MPX, PT");
	check(r.ebx & EBX_TSC_ADJUST, "TSC_ADJUST");
	check(!(cpuid(0xa, 0).eax & 0xff), "no performance counters");
}

/* Instructions that CPUID denies are undefined. */
static void test_undefined(void)
{
	fault_clear();
	__asm__ volatile(GUARDED("monitor") : : "a"(0), "c"(0), "d"(0));
	check_equal(fault_vector(), VEC_UD, "MONITOR is undefined");
	fault_clear();
	__asm__ volatile(GUARDED("mwait") : : "a"(0), "c"(0));
	check_equal(fault_vector(), VEC_UD, "MWAIT is undefined");
	fault_clear();
	__asm__ volatile(GUARDED("vmptrst (%0)") : : "r"(TRAMPOLINE_GPA) : "memory");
	check_equal(fault_vector(), VEC_UD, "VMPTRST is undefined");
	fault_clear();
	__asm__ volatile(GUARDED("vmxoff"));
	check_equal(fault_vector(), VEC_UD, "VMXOFF is undefined");
}

static void test_kvm(bool bare)
{
	struct cpuid r = cpuid(LEAF_KVM, 0);
	bool kvm = says(&r, "KVMKVMKVM\0\0\0");

	check_equal(kvm, !bare, bare ? "not KVM's signature" : "KVM's signature");
	r = cpuid(LEAF_KVM + 1, 0);
	if (bare)
		check_equal(r.eax, 0, "no paravirtual features");
	else
		check_equal(r.eax, KVM_CLOCKS | KVM_NOP_IO_DELAY | KVM_PV_EOI,
			    "kvmclock, stable, no I/O delay, PV EOI, and no more");
	r = cpuid(LEAF_SPUR, 0);
	check(says(&r, "SpurSpurSpur"), "Spur's own leaf");
	check_equal((cpuid(1, 0).ecx & ECX_X2APIC) != 0, !bare, "x2APIC as configured");
	check(cpuid(1, 0).ecx & ECX_DEADLINE, "TSC-deadline timer");
}

static void test_frequency(void)
{
	struct cpuid r = cpuid(0x15, 0);
	u64 tsc = rdtsc(), pm = pm_timer(), hz;

	check(r.eax && r.ebx && r.ecx, "leaf 0x15 is filled");
	if (!r.eax)
		return;
	hz = (u64)r.ecx * r.ebx / r.eax;
	delay_tsc(200000);
	tsc = rdtsc() - tsc;
	pm = (u32)(pm_timer() - (u32)pm);
	check(within(tsc * PM_TIMER_HZ / pm, hz, 10), "and is the TSC's true frequency");
	check(within(cpuid(0x16, 0).eax, hz / 1000000, 10), "leaf 0x16 agrees");
	check(cpuid(0x80000007, 0).edx & BIT(8), "the TSC is invariant");
}

static void test_xsave(void)
{
	u32 offered;

	check(!(cpuid(1, 0).ecx & ECX_OSXSAVE), "OSXSAVE is off as CR4 has it");
	if (!(cpuid(1, 0).ecx & ECX_XSAVE))
		return;
	write_cr4(read_cr4() | CR4_OSXSAVE);
	check(cpuid(1, 0).ecx & ECX_OSXSAVE, "OSXSAVE follows CR4, on");
	offered = cpuid(LEAF_XSAVE, 0).eax;
	check_equal(cpuid(LEAF_XSAVE, 0).ebx, XSAVE_BYTES_X87_SSE, "XSAVE size of x87");
	check(try_xsetbv(0, 3), "XCR0 takes SSE");
	check_equal(cpuid(LEAF_XSAVE, 0).ebx, XSAVE_BYTES_X87_SSE, "XSAVE size with SSE");
	if (offered & 4) {
		check(try_xsetbv(0, 7), "XCR0 takes AVX");
		check_equal(cpuid(LEAF_XSAVE, 0).ebx, XSAVE_BYTES_AVX,
			    "XSAVE size with AVX");
	}
	check(cpuid(LEAF_XSAVE, 0).ecx >= cpuid(LEAF_XSAVE, 0).ebx, "the largest size");
	check_equal(((cpuid(1, 0).ecx & ECX_AVX) != 0), ((offered & 4) != 0),
		    "AVX if XCR0 can have it");
	try_xsetbv(0, offered);
	check_equal(cpuid(LEAF_XSAVE, 0).ebx, cpuid(LEAF_XSAVE, 0).ecx,
		    "all on is the largest size");
	check(!(cpuid(LEAF_XSAVE, 1).eax & BIT(3)), "no XSAVES");
	write_cr4(read_cr4() & ~CR4_OSXSAVE);
	check(!(cpuid(1, 0).ecx & ECX_OSXSAVE), "OSXSAVE follows CR4, off");
}

static void test_ids(unsigned index)
{
	check_equal(cpuid(1, 0).ebx >> 24, index, "the initial APIC ID");
	check_equal(cpuid(0xb, 0).edx, index, "the x2APIC ID");
	check_equal(apic_read(APIC_ID) >> 24, index, "the APIC's own");
	check_equal(cpuid(1, 0).ebx >> 16 & 0xff, cpu_count(), "the number of CPUs");
}

static u32 done;

static void other(unsigned index)
{
	test_ids(index);
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);
}

int main(void)
{
	bool bare = has_option("bare");

	test_hidden();
	test_undefined();
	test_kvm(bare);
	test_frequency();
	test_xsave();
	test_ids(0);
	cpu_start_all(other);
	while (cpu_count() > 1 && !__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		pause();
	return 0;
}
