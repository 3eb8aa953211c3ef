// SPDX-License-Identifier: MIT
/* Two VMs on one pCPU, each with its own values in every register that a program can
 * hold something in, find only those, over at least 1000 switches. The option 1 or 2
 * says which VM this is. What hardware switches by itself is looked at as well, for
 * whether it does is the hypervisor's choice. */
#include "guest.h"

#define VECTOR 0x60
#define SWITCHES_MIN 1000
#define ROUNDS_MAX 20000
#define AHEAD 400 /* ticks from arming the timer to HLT's end */
#define LATE 5000 /* ticks after which somebody else had the pCPU */
#define GENERAL_TURNS 250
#define LEAF1_XSAVE BIT(26)
#define LEAF7_ECX_PKU BIT(3)
#define CR4_PKE BIT(22)
#define XCR0_PKRU BIT(9)
#define DR6_FIXED 0xffff0ff0UL
#define DR7_FIXED 0x400UL

void vectors_set(u64 pattern, u64 xcr0);
u64 vectors_differ(u64 pattern, u64 xcr0);
u64 general_differ(u64 pattern, u64 turns);

static const struct {
	u32 msr;
	u64 factor; /* the value is that, times the VM's number */
	const char *name;
} msrs[] = {
	{0x174, 0x10, "SYSENTER_CS"},         {0x175, 0x111111000, "SYSENTER_ESP"},
	{0x176, 0x222222000, "SYSENTER_EIP"}, {0xc0000081, 0x0008001000000000, "STAR"},
	{0xc0000082, 0x333333000, "LSTAR"},   {0xc0000083, 0x444444000, "CSTAR"},
	{0xc0000084, 0x100, "FMASK"},         {0xc0000100, 0x555555000, "FS_BASE"},
	{0xc0000101, 0x666666000, "GS_BASE"}, {0xc0000102, 0x777777000, "KERNEL_GS_BASE"},
	{0xc0000103, 0x88888, "TSC_AUX"},
};

enum group { MSRS, PAT, DEBUG_REGISTERS, CR2, CR8, XCR0, VECTORS, GENERAL, PKRU, GROUPS };

static const char *const names[GROUPS] = {
	"MSRs", "PAT",  "DR0-3, DR6, DR7",          "CR2",
	"CR8",  "XCR0", "x87, XMM, YMM and beyond", "general registers",
	"PKRU",
};

static u64 me, pattern, xcr0;
static bool has_xsave, has_pku, has_tsc_aux;
static u32 wrong[GROUPS];

static void on_timer(struct frame *frame)
{
}

/* --- one group after the other --- */

static u64 pat_value(void)
{
	return me == 1 ? 0x0007040600070405UL : 0x0007040600070504UL;
}

static bool is_absent(u32 msr)
{
	return msr == 0xc0000103 && !has_tsc_aux;
}

static void set_msrs(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++) {
		if (!is_absent(msrs[i].msr))
			wrmsr(msrs[i].msr, msrs[i].factor * me);
	}
	wrmsr(MSR_PAT, pat_value());
}

static bool msrs_differ(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++) {
		if (is_absent(msrs[i].msr) || rdmsr(msrs[i].msr) == msrs[i].factor * me)
			continue;
		if (!wrong[MSRS])
			print("  %s: %lx\n", msrs[i].name, rdmsr(msrs[i].msr));
		return true;
	}
	return false;
}

/* No breakpoint is enabled; the lengths in DR7 are bits to tell the VMs apart by. */
static u64 dr7_value(void)
{
	return DR7_FIXED | 3UL << (18 + 4 * me);
}

static void set_debug(void)
{
	write_dr0(pattern);
	write_dr1(pattern + 1);
	write_dr2(pattern + 2);
	write_dr3(pattern + 3);
	write_dr6(DR6_FIXED | me);
	write_dr7(dr7_value());
}

static bool debug_differs(void)
{
	return read_dr0() != pattern || read_dr1() != pattern + 1 ||
	       read_dr2() != pattern + 2 || read_dr3() != pattern + 3 ||
	       read_dr6() != (DR6_FIXED | me) || read_dr7() != dr7_value();
}

static u32 rdpkru(void)
{
	u32 value;

	__asm__ volatile(".byte 0x0f, 0x01, 0xee" : "=a"(value) : "c"(0) : "edx");
	return value;
}

static void set_pkru(u32 value)
{
	__asm__ volatile(".byte 0x0f, 0x01, 0xef" : : "a"(value), "c"(0), "d"(0));
}

/* VM 2 has AVX on half of the time only: its registers must outlive that. */
static void choose_xcr0(u64 round)
{
	if (!has_xsave || me != 2)
		return;
	try_xsetbv(0, round / 64 % 2 ? 3 : xcr0);
}

static u64 xcr0_now(u64 round)
{
	return me == 2 && round / 64 % 2 ? 3 : xcr0;
}

static void set_all(void)
{
	set_msrs();
	set_debug();
	write_cr2(pattern + 8);
	write_cr8(me);
	if (has_pku)
		set_pkru((u32)me * 0x5554);
	vectors_set(pattern, has_xsave ? xcr0 : 3);
}

static void look(u64 round)
{
	wrong[MSRS] += msrs_differ();
	wrong[PAT] += rdmsr(MSR_PAT) != pat_value();
	wrong[DEBUG_REGISTERS] += debug_differs();
	wrong[CR2] += read_cr2() != pattern + 8;
	wrong[CR8] += read_cr8() != me;
	if (has_xsave)
		wrong[XCR0] += xgetbv(0) != xcr0_now(round);
	if (has_pku)
		wrong[PKRU] += rdpkru() != (u32)me * 0x5554;
	wrong[VECTORS] += vectors_differ(pattern, has_xsave ? xcr0_now(round) : 3) != 0;
	wrong[GENERAL] += general_differ(pattern, GENERAL_TURNS) != 0;
}

/* --- the rounds --- */

/* Returns whether the other VM had the pCPU meanwhile. */
static bool nap(void)
{
	u64 start = rdtsc();

	apic_write(APIC_TIMER_INITIAL, AHEAD);
	sti_hlt();
	cli();
	return rdtsc() - start > AHEAD + LATE;
}

/* The same in a loop without exits, which takes `least` if nobody comes between. */
static bool spin(void)
{
	static u64 least = ~0UL;
	u64 ticks = rdtsc();

	wrong[GENERAL] += general_differ(pattern, GENERAL_TURNS) != 0;
	ticks = rdtsc() - ticks;
	least = ticks < least ? ticks : least;
	return ticks > least + LATE;
}

static bool step(u64 round)
{
	bool away = nap();

	look(round);
	away |= spin();
	choose_xcr0(round + 1);
	return away;
}

/* The other VM needs us as long as we need it: go on for as many rounds again. */
static void run(void)
{
	u64 switches = 0, round = 0, end;

	while (switches < SWITCHES_MIN && round < ROUNDS_MAX)
		switches += step(round++);
	for (end = 2 * round; round < end; round++)
		switches += step(round);
	print("state: %lu switches in %lu rounds\n", switches, round);
	check(switches >= SWITCHES_MIN, "at least 1000 switches");
}

static void find_features(void)
{
	has_xsave = cpuid(1, 0).ecx & LEAF1_XSAVE;
	has_pku = cpuid(7, 0).ecx & LEAF7_ECX_PKU;
	has_tsc_aux = cpuid(0x80000001, 0).edx & BIT(27);
	write_cr0((read_cr0() & ~CR0_EM) | CR0_MP);
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT |
		  (has_xsave ? CR4_OSXSAVE : 0) | (has_pku ? CR4_PKE : 0));
	if (!has_xsave)
		return;
	xcr0 = cpuid(0xd, 0).eax;
	try_xsetbv(0, xcr0);
	print("state: XCR0 %lx\n", xcr0);
}

int main(void)
{
	me = has_option("2") ? 2 : 1;
	pattern = me * 0x1122334455667788UL;
	irq_set(VECTOR, on_timer);
	x2apic_enable();
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_ONE_SHOT);
	find_features();
	set_all();
	run();
	for (unsigned i = 0; i < GROUPS; i++)
		check_equal(wrong[i], 0, names[i]);
	return 0;
}
