// SPDX-License-Identifier: MIT
/* The real local APIC: mode, EOI, IPIs, one-shot timer. Register numbers are
 * offsets in the page; an x2APIC MSR is 0x800 + offset / 16 (SDM 3A, table
 * "Local APIC Register Address Map Supported by x2APIC"). */
#include "lapic.h"
#include "cpu.h"
#include "cpuid.h"
#include "ipi_fault.h"
#include "regs.h"
#include "timer.h"
#include "trap.h"
#include "x86.h"

#define APIC_ID 0x20
#define APIC_TPR 0x80
#define APIC_EOI 0xb0
#define APIC_SVR 0xf0
#define SVR_ENABLE BIT(8)
#define APIC_ESR 0x280
#define APIC_ICR_LOW 0x300
#define APIC_ICR_HIGH 0x310
#define ICR_FIXED 0x000
#define ICR_NMI 0x400
#define ICR_INIT 0x500
#define ICR_SIPI 0x600
#define ICR_PENDING BIT(12)
#define ICR_ASSERT BIT(14)
#define ICR_LEVEL BIT(15)
#define ICR_SELF (1UL << 18)
#define ICR_ALL_BUT_SELF (3UL << 18)
#define ICR_SHORTHAND (3UL << 18)
#define ICR_TRIES 1000000UL /* a dead APIC must not hold us for ever */
#define APIC_LVT_TIMER 0x320
#define LVT_MASKED BIT(16)
#define LVT_TSC_DEADLINE (2UL << 17)
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define LVT_NMI 0x400
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3e0
#define DIVIDE_BY_1 0xb
#define TIMER_MAX 0xffffffffUL
#define CALIBRATE_US 10000

/* [I] chosen at boot. */
static bool x2apic, tsc_deadline;
static u64 apic_base;
static u64 timer_khz; /* of the counter, when there is no deadline mode */

static u32 apic_read(u32 reg)
{
	if (x2apic)
		return (u32)rdmsr(MSR_X2APIC_BASE + reg / 16);
	return mmio_read32(apic_base + reg);
}

static void apic_write(u32 reg, u32 value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC_BASE + reg / 16, value);
	else
		mmio_write32(apic_base + reg, value);
}

void lapic_init(u64 base)
{
	apic_base = base;
	x2apic = cpu_features()->x2apic;
	tsc_deadline = cpu_features()->tsc_deadline;
}

void lapic_enable(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) | APIC_BASE_EN;

	wrmsr(MSR_APIC_BASE, base);
	if (x2apic)
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_EXTD);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_ERROR, VECTOR_ERROR);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (tsc_deadline ? LVT_TSC_DEADLINE : 0));
	if (!tsc_deadline)
		apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
}

bool lapic_is_x2apic(void)
{
	return x2apic;
}

u32 lapic_id(void)
{
	return x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

void lapic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

/* In xAPIC mode the ICR takes a second command only after the first has left. */
static void xapic_send(u32 apic_id, u32 command)
{
	for (u64 i = 0; i < ICR_TRIES; i++) {
		if (!(mmio_read32(apic_base + APIC_ICR_LOW) & ICR_PENDING))
			break;
		__asm__ volatile("pause");
	}
	/* A shorthand names no destination; an NMI handler that uses one must not disturb
	 * the two writes that it may have interrupted. */
	if (!(command & ICR_SHORTHAND))
		mmio_write32(apic_base + APIC_ICR_HIGH, apic_id << 24);
	mmio_write32(apic_base + APIC_ICR_LOW, command);
}

static void send(u32 apic_id, u32 command)
{
	if (!x2apic) {
		xapic_send(apic_id, command);
		return;
	}
	/* WRMSR to the ICR neither waits for earlier stores nor is waited for by
	 * later loads; MFENCE;LFENCE makes the stores visible first. */
	mfence();
	lfence();
	wrmsr(MSR_X2APIC_BASE + APIC_ICR_LOW / 16, (u64)apic_id << 32 | command);
}

void lapic_send_ipi(u32 apic_id, u8 vector)
{
	if (ipi_fault(apic_id, vector))
		return;
	send(apic_id, ICR_FIXED | ICR_ASSERT | vector);
}

void lapic_send_self(u8 vector)
{
	send(0, ICR_FIXED | ICR_ASSERT | ICR_SELF | vector);
}

void lapic_send_nmi_others(void)
{
	send(0, ICR_NMI | ICR_ASSERT | ICR_ALL_BUT_SELF);
}

void lapic_send_nmi(u32 apic_id)
{
	if (ipi_fault(apic_id, IPI_FAULT_NMI))
		return;
	send(apic_id, ICR_NMI | ICR_ASSERT);
}

void lapic_send_init(u32 apic_id)
{
	send(apic_id, ICR_INIT | ICR_ASSERT | ICR_LEVEL);
}

void lapic_send_sipi(u32 apic_id, u8 page)
{
	send(apic_id, ICR_SIPI | ICR_ASSERT | page);
}

void lapic_timer_calibrate(void)
{
	u64 start, elapsed, wait = tsc_khz() * CALIBRATE_US / 1000;

	if (tsc_deadline)
		return;
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_TIMER_INITIAL, TIMER_MAX);
	start = rdtsc();
	while (rdtsc() - start < wait)
		__asm__ volatile("pause");
	elapsed = TIMER_MAX - apic_read(APIC_TIMER_CURRENT);
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	timer_khz = MAX(elapsed * 1000 / CALIBRATE_US, 1);
}

static u64 cycles_to_count(u64 cycles)
{
	/* Longer than the counter's range: it fires early, and the timer queue sets
	 * it again. The bound also keeps the multiplication from overflowing. */
	if (cycles >= TIMER_MAX)
		return TIMER_MAX;
	return MIN(MAX(cycles * timer_khz / tsc_khz(), 1), TIMER_MAX);
}

void lapic_timer_set(u64 deadline)
{
	u64 now;

	if (deadline)
		deadline += this_cpu()->tsc_skew; /* to this CPU's own TSC */

	if (tsc_deadline) {
		wrmsr(MSR_TSC_DEADLINE, deadline);
		return;
	}
	now = rdtsc();
	if (!deadline)
		apic_write(APIC_TIMER_INITIAL, 0);
	else
		apic_write(APIC_TIMER_INITIAL,
			   (u32)cycles_to_count(deadline > now ? deadline - now : 0));
}

const char *lapic_describe(void)
{
	if (x2apic)
		return tsc_deadline ? "x2APIC, TSC-deadline timer"
				    : "x2APIC, one-shot timer";
	return tsc_deadline ? "xAPIC, TSC-deadline timer" : "xAPIC, one-shot timer";
}
