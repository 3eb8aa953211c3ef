// SPDX-License-Identifier: MIT
/* Takes what it can of a pCPU, in the way that the command line names; for ever. The
 * other vCPUs do the same, or, where it sends interrupts, sleep until one comes. Its
 * neighbour must have its share all the same (tests/machine/victim.c). */
#include "guest.h"

#define VECTOR 0x40
#define NOBODY 0x3e /* an APIC ID that no vCPU has */
#define TIMER_CYCLES 2000
#define SHORT_SPIN 2000

static void nothing(struct frame *frame)
{
}

/* --- without an exit --- */

static void spin(void)
{
	for (;;)
		;
}

/* --- exits --- */

static void cpuids(void)
{
	for (;;)
		cpuid(0xd, 1); /* has subleaves: not finished on the fast path */
}

static void ports(void)
{
	for (;;)
		inb(LATCH_PORT);
}

static void mmio(void)
{
	for (;;)
		apic_read(APIC_VERSION);
}

static void msrs(void)
{
	for (;;)
		rdmsr(MSR_TSC_ADJUST);
}

static void output(void)
{
	for (;;)
		print("hostile: noise\n");
}

static void no_memory(void)
{
	u64 *entry = page_entry((void *)0x200000);

	for (;;) {
		*entry ^= PAGE_WRITE;
		invlpg((void *)0x200000);
		write_cr3(read_cr3());
		write_cr4(read_cr4() ^ BIT(7)); /* PGE: all translations go */
	}
}

/* --- interrupts --- */

static void sleep_on(void)
{
	for (;;)
		sti_hlt();
}

static void to_others(void)
{
	for (;;)
		apic_send(0, APIC_FIXED | APIC_ASSERT | APIC_TO_OTHERS | VECTOR);
}

static void to_self(void)
{
	sti();
	for (;;)
		apic_send(0, APIC_FIXED | APIC_ASSERT | APIC_TO_SELF | VECTOR);
}

static void to_nobody(void)
{
	for (;;)
		apic_send(NOBODY, APIC_FIXED | APIC_ASSERT | VECTOR);
}

static void nmis(void)
{
	for (;;)
		apic_send(0, APIC_NMI | APIC_ASSERT | APIC_TO_OTHERS);
}

/* Each wakes the next and sleeps: always some vCPU that has just slept. */
static void relay(void)
{
	unsigned next = (this_cpu()->index + 1) % cpu_count();

	for (;;) {
		for (volatile unsigned i = 0; i < SHORT_SPIN; i++)
			;
		apic_send(next, APIC_FIXED | APIC_ASSERT | VECTOR);
		sti_hlt();
		cli();
	}
}

static void timer_storm(void)
{
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, APIC_ONE_SHOT | VECTOR);
	for (;;) {
		apic_write(APIC_TIMER_INITIAL, TIMER_CYCLES);
		sti_hlt();
		cli();
	}
}

/* --- life and death --- */

static void resets(void)
{
	outb(0x602, 0x42);
}

/* As long as a slice, then a reset: each life begins as a newcomer. */
static void late_resets(void)
{
	delay_tsc(40000);
	resets();
}

static const struct way {
	const char *name;
	void (*run)(void);
	void (*others)(void);
} ways[] = {
	{"spin", spin, spin},
	{"cpuid", cpuids, cpuids},
	{"port", ports, ports},
	{"mmio", mmio, mmio},
	{"msr", msrs, msrs},
	{"output", output, output},
	{"tables", no_memory, spin},
	{"others", to_others, sleep_on},
	{"self", to_self, to_self},
	{"nobody", to_nobody, to_nobody},
	{"nmi", nmis, sleep_on},
	{"relay", relay, relay},
	{"timer", timer_storm, timer_storm},
	{"reset", resets, spin},
	{"late-reset", late_resets, spin},
};

static const struct way *chosen;

static void prepare(void)
{
	apic_write(APIC_SVR, APIC_SVR_ENABLE | 0xff);
}

static void on_other_cpu(unsigned index)
{
	prepare();
	chosen->others();
}

int main(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		if (has_option(ways[i].name))
			chosen = &ways[i];
	}
	if (!chosen)
		return 3;
	irq_set(VECTOR, nothing);
	trap_set(VEC_NMI, nothing);
	prepare();
	cpu_start_all(on_other_cpu);
	chosen->run();
	return 3;
}
