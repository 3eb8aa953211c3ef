// SPDX-License-Identifier: MIT
/* HLT ends with an interrupt, an NMI or INIT (SDM 2A, HLT): by timer, by another CPU's
 * IPI, by NMI also with interrupts off; at once if the interrupt waits already; and not
 * by an interrupt while they are off. */
#include "guest.h"

#define VECTOR 0x40
#define SOON 5000 /* ticks */
#define ROUNDS 50

enum command { NOTHING, SEND_FIXED, SEND_NMI, SEND_FIXED_THEN_NMI };

static u32 command; /* for the other CPU; it sets NOTHING when done */
static volatile u32 interrupts, nmis;

static void on_interrupt(struct frame *frame)
{
	interrupts++;
}

static void on_nmi(struct frame *frame)
{
	nmis++;
}

static void do_command(u32 what)
{
	delay_tsc(SOON);
	if (what != SEND_NMI)
		apic_send(0, APIC_FIXED | VECTOR);
	if (what == SEND_FIXED_THEN_NMI)
		delay_tsc(4 * SOON);
	if (what != SEND_FIXED)
		apic_send(0, APIC_NMI);
}

static void helper(unsigned index)
{
	sti();
	for (;;) {
		u32 what = __atomic_load_n(&command, __ATOMIC_ACQUIRE);

		if (what == NOTHING) {
			pause();
			continue;
		}
		__atomic_store_n(&command, NOTHING, __ATOMIC_RELEASE);
		do_command(what);
	}
}

static void ask(u32 what)
{
	__atomic_store_n(&command, what, __ATOMIC_RELEASE);
}

static void test_timer(void)
{
	u64 early = 0, before = interrupts;

	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_ONE_SHOT);
	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 start = rdtsc();

		apic_write(APIC_TIMER_INITIAL, SOON);
		sti_hlt();
		cli();
		early += rdtsc() - start < SOON;
	}
	check_equal(interrupts - before, ROUNDS, "the timer ends HLT");
	check_equal(early, 0, "never before its time");
}

static void test_waiting(void)
{
	u64 before = interrupts, ticks;

	apic_send(0, APIC_TO_SELF | VECTOR);
	ticks = rdtsc();
	sti_hlt();
	cli();
	ticks = rdtsc() - ticks;
	check_equal(interrupts - before, 1, "an interrupt that waits is taken");
	check(ticks < 2 * SOON, "and HLT ends at once");
}

static void test_ipi(void)
{
	u64 before = interrupts;

	for (unsigned i = 0; i < ROUNDS; i++) {
		ask(SEND_FIXED);
		sti_hlt();
		cli();
	}
	check_equal(interrupts - before, ROUNDS, "another CPU's IPI ends HLT");
}

static void test_nmi(void)
{
	u64 before = nmis;

	for (unsigned i = 0; i < ROUNDS; i++) {
		ask(SEND_NMI);
		hlt();
	}
	check_equal(nmis - before, ROUNDS, "an NMI ends HLT with interrupts off");
}

static void test_off(void)
{
	u64 interrupts_before = interrupts, nmis_before = nmis, ticks = rdtsc();

	ask(SEND_FIXED_THEN_NMI);
	hlt();
	ticks = rdtsc() - ticks;
	check(ticks > 4 * SOON, "an interrupt does not end HLT while they are off");
	check_equal(nmis - nmis_before, 1, "the NMI after it does");
	check_equal(interrupts - interrupts_before, 0, "and the interrupt still waits");
	sti();
	cli();
	check_equal(interrupts - interrupts_before, 1, "until they are on");
}

int main(void)
{
	irq_set(VECTOR, on_interrupt);
	trap_set(VEC_NMI, on_nmi);
	cpu_start_all(helper);
	test_timer();
	test_waiting();
	test_ipi();
	test_nmi();
	test_off();
	return 0;
}
