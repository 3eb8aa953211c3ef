// SPDX-License-Identifier: MIT
/* IPIs between vCPUs arrive once, at those meant and at no other (SDM 3A "Issuing
 * Interprocessor Interrupts", "Determining IPI Destination"): fixed, NMI and lowest
 * priority; to one, self, all, all but self, physical and logical, flat and cluster; by
 * the xAPIC page, then in x2APIC mode. */
#include "guest.h"

#define VECTOR 0x50
#define ILLEGAL 0x0f
#define PATIENCE 4000000UL
#define SETTLE 20000
#define FLAT 0xffffffffu
#define CLUSTER 0x0fffffffu
#define TO_ALL_XAPIC 0xffu
#define TO_ALL_X2APIC 0xffffffffu
#define ESR_SEND_ILLEGAL BIT(5)
#define NOBODY_ID 0x77

static unsigned count;
static u64 everybody;                /* a bit a CPU */
static volatile u64 fixed[CPUS_MAX]; /* how many arrived, at each */
static volatile u64 nmis[CPUS_MAX];
static u32 phase, arrived;

static void on_fixed(struct frame *frame)
{
	fixed[this_cpu()->index]++;
}

static void on_nmi(struct frame *frame)
{
	nmis[this_cpu()->index]++;
}

/* --- the others: wait for interrupts, and follow into x2APIC mode --- */

static void report(void)
{
	__atomic_fetch_add(&arrived, 1, __ATOMIC_RELEASE);
}

static void other(unsigned index)
{
	apic_write(APIC_DFR, FLAT);
	apic_write(APIC_LDR, (u32)BIT(24 + index));
	report();
	sti();
	while (__atomic_load_n(&phase, __ATOMIC_ACQUIRE) == 0)
		pause();
	apic_write(APIC_DFR, CLUSTER);
	apic_write(APIC_LDR, (u32)(1 << 28 | BIT(24 + index)));
	report();
	while (__atomic_load_n(&phase, __ATOMIC_ACQUIRE) == 1)
		pause();
	x2apic_enable();
	report();
	for (;;)
		sti_hlt();
}

static void wait_others(void)
{
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) != count - 1)
		pause();
	arrived = 0;
}

static void next_phase(void)
{
	__atomic_fetch_add(&phase, 1, __ATOMIC_RELEASE);
	wait_others();
}

/* --- one send and its judgement --- */

static bool all_came(const volatile u64 *counts, u64 set)
{
	for (unsigned i = 0; i < count; i++) {
		if (set & BIT(i) && !counts[i])
			return false;
	}
	return true;
}

static bool exactly(const volatile u64 *counts, u64 set)
{
	for (unsigned i = 0; i < count; i++) {
		if (counts[i] != (set >> i & 1))
			return false;
	}
	return true;
}

static void tell(const char *name)
{
	for (unsigned i = 0; i < count; i++)
		print("  cpu %u: %lu fixed, %lu NMI\n", i, fixed[i], nmis[i]);
	check(false, name);
}

static void clear(void)
{
	for (unsigned i = 0; i < count; i++)
		fixed[i] = nmis[i] = 0;
}

static void expect(u32 dest, u32 low, u64 set, const char *name)
{
	bool is_nmi = (low & 0x700) == APIC_NMI;
	u64 start;

	clear();
	sti();
	start = rdtsc();
	apic_send(dest, low);
	while (!all_came(is_nmi ? nmis : fixed, set) && rdtsc() - start < PATIENCE)
		pause();
	delay_tsc(SETTLE);
	cli();
	if (exactly(fixed, is_nmi ? 0 : set) && exactly(nmis, is_nmi ? set : 0))
		check(true, name);
	else
		tell(name);
}

/* --- what both modes can do --- */

static void test_one_by_one(void)
{
	for (unsigned i = 0; i < count; i++)
		expect(i, APIC_FIXED | VECTOR, BIT(i), "fixed, to one by its ID");
	for (unsigned i = 1; i < count; i++)
		expect(i, APIC_NMI, BIT(i), "NMI, to one by its ID");
}

static void test_shorthands(void)
{
	u64 others = everybody & ~1UL;

	expect(0, APIC_TO_SELF | VECTOR, 1, "fixed, to self");
	expect(0, APIC_TO_ALL | VECTOR, everybody, "fixed, to all");
	expect(0, APIC_TO_OTHERS | VECTOR, others, "fixed, to all but self");
	expect(0, APIC_TO_OTHERS | APIC_NMI, others, "NMI, to all but self");
}

static void test_broadcast(u32 to_all)
{
	expect(to_all, VECTOR, everybody, "fixed, to the ID of all");
	expect(to_all, APIC_LOGICAL | VECTOR, everybody,
	       "fixed, to the logical ID of all");
	expect(NOBODY_ID, VECTOR, 0, "fixed, to an ID that nobody has");
}

static void test_lowest(u32 dest)
{
	u64 total = 0, start;

	clear();
	sti();
	start = rdtsc();
	apic_send(dest, APIC_LOGICAL | 0x100 | VECTOR);
	while (rdtsc() - start < 4 * SETTLE)
		pause();
	cli();
	for (unsigned i = 0; i < count; i++)
		total += fixed[i];
	check_equal(total, 1, "lowest priority, to all: one takes it");
}

static void test_error(void)
{
	apic_write(APIC_ESR, 0);
	apic_write(APIC_ESR, 0);
	expect(0, APIC_TO_SELF | ILLEGAL, 0, "an illegal vector is not sent");
	apic_write(APIC_ESR, 0);
	check(apic_read(APIC_ESR) & ESR_SEND_ILLEGAL, "and the ESR says so");
	apic_write(APIC_ESR, 0);
	apic_write(APIC_ESR, 0);
	check_equal(apic_read(APIC_ESR), 0, "until it is written twice");
}

static void test_both(u32 to_all)
{
	test_one_by_one();
	test_shorthands();
	test_broadcast(to_all);
	test_error();
}

/* Two at once to the same vector are one in the IRR, one more in the ISR. */
static void test_merge(void)
{
	clear();
	cli();
	for (unsigned i = 0; i < 5; i++)
		apic_send(0, APIC_TO_SELF | VECTOR);
	check(apic_read(APIC_IRR + VECTOR / 32) & BIT(VECTOR % 32), "the IRR shows it");
	sti();
	cli();
	check_equal(fixed[0], 1, "five at once with interrupts off are one");
	check_equal(apic_read(APIC_ISR + VECTOR / 32), 0,
		    "the ISR is empty after the EOI");
}

/* --- xAPIC --- */

static void test_flat(void)
{
	for (u32 set = 1; set < BIT(count) && set < 16; set++)
		expect(set, APIC_LOGICAL | VECTOR, set, "fixed, logical, flat model");
	expect(0x80, APIC_LOGICAL | VECTOR, count > 7 ? 0x80 : 0,
	       "fixed, logical, to a bit that nobody has");
	test_lowest((u32)everybody);
}

static void test_cluster(void)
{
	for (u32 set = 1; set < BIT(count) && set < 16; set++)
		expect(0x10 | set, APIC_LOGICAL | VECTOR, set,
		       "fixed, logical, cluster model");
	expect(0x21, APIC_LOGICAL | VECTOR, 0, "fixed, logical, to another cluster");
}

static void test_xapic(void)
{
	apic_write(APIC_DFR, FLAT);
	apic_write(APIC_LDR, (u32)BIT(24));
	check_equal(apic_read(APIC_ID) >> 24, 0, "the ID register");
	check_equal(apic_read(APIC_LDR), BIT(24), "the LDR keeps its value");
	test_both(TO_ALL_XAPIC);
	test_merge();
	test_flat();
	next_phase();
	apic_write(APIC_DFR, CLUSTER);
	apic_write(APIC_LDR, 1 << 28 | BIT(24));
	test_cluster();
}

/* --- x2APIC --- */

static bool faults(u32 reg, u64 value)
{
	return !try_wrmsr(MSR_X2APIC + reg, value) && fault_vector() == VEC_GP;
}

static void test_registers(void)
{
	u64 value;

	check_equal(rdmsr(MSR_X2APIC + APIC_ID), 0, "the ID register");
	check_equal(rdmsr(MSR_X2APIC + APIC_LDR), 1, "the LDR: cluster 0, member 0");
	check(faults(APIC_ID, 1), "the ID cannot be written");
	check(faults(APIC_LDR, 1), "nor the LDR");
	check(faults(APIC_EOI, 1), "an EOI of other than 0 faults");
	check(faults(APIC_ICR, BIT(13)), "a reserved bit of the ICR faults");
	check(faults(APIC_SELF_IPI, 0x100), "a reserved bit of SELF IPI faults");
	check(faults(APIC_TPR, 0x100), "a reserved bit of the TPR faults");
	check(!try_rdmsr(MSR_X2APIC + APIC_DFR, &value), "there is no DFR");
	check(!try_rdmsr(MSR_X2APIC + APIC_ICR_HIGH, &value),
	      "nor a second ICR register");
	check(!try_rdmsr(MSR_X2APIC + APIC_EOI, &value), "EOI cannot be read");
	wrmsr(MSR_X2APIC + APIC_ICR, (u64)NOBODY_ID << 32 | VECTOR);
	check_equal(rdmsr(MSR_X2APIC + APIC_ICR), (u64)NOBODY_ID << 32 | VECTOR,
		    "the ICR reads as written");
}

static void test_self_msr(void)
{
	clear();
	sti();
	wrmsr(MSR_X2APIC + APIC_SELF_IPI, VECTOR);
	delay_tsc(SETTLE);
	cli();
	check(exactly(fixed, 1), "the SELF IPI register");
}

static void test_x2apic(void)
{
	next_phase();
	x2apic_enable();
	test_registers();
	test_both(TO_ALL_X2APIC);
	test_merge();
	test_self_msr();
	for (u32 set = 1; set < BIT(count) && set < 16; set++)
		expect(set, APIC_LOGICAL | VECTOR, set, "fixed, logical, x2APIC cluster");
	expect(1 << 16 | 1, APIC_LOGICAL | VECTOR, 0,
	       "fixed, logical, to another cluster");
	test_lowest((u32)everybody);
}

int main(void)
{
	count = cpu_count();
	everybody = BIT(count) - 1;
	irq_set(VECTOR, on_fixed);
	trap_set(VEC_NMI, on_nmi);
	cpu_start_all(other);
	wait_others();
	print("ipi: %u CPUs, xAPIC\n", count);
	test_xapic();
	if (!x2apic_offered())
		return 0;
	print("ipi: x2APIC\n");
	test_x2apic();
	return 0;
}
