// SPDX-License-Identifier: MIT
/* Interrupts, sent and received in every way: IPIs to somebody and to nobody, INIT and
 * SIPI, the IOAPIC and its lines, the timer, HLT. */
#include "fuzz.h"

#define IOAPIC_SELECT 0
#define IOAPIC_WINDOW 0x10
#define IOAPIC_PINS 24
#define AHEAD_MAX 20000

static void send(u64 icr)
{
	u64 base = rdmsr(MSR_APIC_BASE);
	volatile u32 *page = (volatile u32 *)APIC_PAGE;

	if (base & APIC_BASE_EXTD) {
		wrmsr(MSR_X2APIC + APIC_ICR, icr);
		return;
	}
	page[APIC_ICR_HIGH * 4] = (u32)(icr >> 32) << 24;
	page[APIC_ICR * 4] = (u32)icr;
}

/* Whom an INIT has stopped is started again, nearly always where it can go on. */
static void init_and_sipi(struct fuzz_cpu *f)
{
	u64 dest = random_below(f, FUZZ_CPUS_MAX) << 32;
	u64 all = random_once_in(f, 4) ? APIC_TO_OTHERS : 0;
	u64 page = TRAMPOLINE_GPA >> 12;

	if (dest >> 32 == f->index && !all && !random_may_die(f))
		return;
	send(dest | all | APIC_ASSERT | APIC_INIT);
	if (random_may_die(f))
		page = random_below(f, 256);
	for (u64 n = 1 + random_below(f, 3); n; n--)
		send(dest | all | APIC_ASSERT | APIC_SIPI | page);
}

void ipi_run(struct fuzz_cpu *f)
{
	if (random_once_in(f, 8)) {
		init_and_sipi(f);
		return;
	}
	/* Random writes of the ICR elsewhere put vCPUs to sleep, too. */
	if (random_once_in(f, 2))
		send(APIC_TO_OTHERS | APIC_ASSERT | APIC_SIPI | TRAMPOLINE_GPA >> 12);
	send(random_icr(f));
	if (random_once_in(f, 2))
		sti();
}

static void ioapic_write(u32 reg, u32 value)
{
	*(volatile u32 *)(IOAPIC_GPA + IOAPIC_SELECT) = reg;
	*(volatile u32 *)(IOAPIC_GPA + IOAPIC_WINDOW) = value;
}

static void timer_set(struct fuzz_cpu *f)
{
	static const u32 modes[] = {APIC_ONE_SHOT, APIC_PERIODIC, APIC_DEADLINE};
	u32 vector = 16 + (u32)random_below(f, 240);

	apic_write(APIC_LVT_TIMER, modes[random_below(f, 3)] | vector);
	apic_write(APIC_TIMER_DIVIDE, (u32)random_below(f, 16));
	apic_write(APIC_TIMER_INITIAL, (u32)random_below(f, AHEAD_MAX));
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + random_below(f, AHEAD_MAX));
}

/* A usual state of the local APIC, in one of its modes. */
static void apic_again(struct fuzz_cpu *f)
{
	wrmsr(MSR_APIC_BASE, APIC_PAGE);
	wrmsr(MSR_APIC_BASE, APIC_PAGE | APIC_BASE_EN);
	this_cpu()->x2apic = random_once_in(f, 2);
	if (this_cpu()->x2apic)
		wrmsr(MSR_APIC_BASE, APIC_PAGE | APIC_BASE_EN | APIC_BASE_EXTD);
	apic_write(APIC_SVR, APIC_SVR_ENABLE | 0xff);
	apic_write(APIC_TPR, 0);
}

void device_run(struct fuzz_cpu *f)
{
	unsigned pin = (unsigned)random_below(f, IOAPIC_PINS);

	switch (random_below(f, 5)) {
	case 0:
		ioapic_write((u32)random_below(f, 0x48), (u32)random_value(f));
		break;
	case 1:
		ioapic_write(0x11 + 2 * pin, (u32)random_below(f, 4) << 24);
		ioapic_write(0x10 + 2 * pin, (u32)random_next(f) & 0xafff);
		outb((u16)(LINES_PORT + pin), 1);
		break;
	case 2:
		outb((u16)(LINES_PORT + pin), (u8)random_below(f, 2));
		break;
	case 3:
		timer_set(f);
		break;
	default:
		apic_again(f);
	}
	sti();
}

void nap_run(struct fuzz_cpu *f)
{
	apic_again(f);
	timer_set(f);
	apic_write(APIC_LVT_TIMER, APIC_ONE_SHOT | 0x80);
	apic_write(APIC_TIMER_INITIAL, 1000 + (u32)random_below(f, AHEAD_MAX));
	sti_hlt();
}
