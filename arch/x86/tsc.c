// SPDX-License-Identifier: MIT
/* TSC frequency, measured: CPUID leaves 0x15 and 0x16 are wrong in some
 * emulators and zero in others, so they are not asked. */
#include "tsc.h"
#include "atomic.h"
#include "cpu.h"
#include "timer.h"
#include "x86.h"

#define PM_TIMER_HZ 3579545UL
#define PM_TICKS (PM_TIMER_HZ / 50) /* 20 ms */
#define PIT_HZ 1193182UL
#define PIT_COUNT (PIT_HZ / 50)
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_CH2_MODE0 0xb0 /* channel 2, low then high byte, mode 0 */
#define PORT_B 0x61
#define PORT_B_GATE2 0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUT2 0x20
#define SYNC_ROUNDS 8
#define SYNC_GOOD_US 5         /* a round trip as short as this needs no better one */
#define SPIN_LIMIT (1UL << 28) /* a dead timer must not hang the boot */

static u64 khz;     /* [I] after tsc_calibrate() */
static u16 pm_port; /* [I] the same; 0: no PM timer */

u64 tsc_khz(void)
{
	return khz;
}

u64 tsc_now(void)
{
	return rdtsc() - this_cpu()->tsc_skew;
}

/* Cycles per PM_TICKS, 0: the timer does not count. */
static u64 cycles_by_pm_timer(u16 port)
{
	u32 first = inl(port), start;
	u64 tsc, spins = 0;

	do {
		start = inl(port);
	} while (start == first && ++spins < SPIN_LIMIT);
	tsc = rdtsc();
	while (((inl(port) - start) & PM_TIMER_MASK) < PM_TICKS && ++spins < SPIN_LIMIT)
		;
	return spins < SPIN_LIMIT ? rdtsc() - tsc : 0;
}

static u64 cycles_by_pit(void)
{
	u64 tsc, spins = 0;

	outb(PORT_B, (u8)((inb(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE2));
	outb(PIT_COMMAND, PIT_CH2_MODE0);
	outb(PIT_CHANNEL2, PIT_COUNT & 0xff);
	outb(PIT_CHANNEL2, PIT_COUNT >> 8);
	tsc = rdtsc();
	while (!(inb(PORT_B) & PORT_B_OUT2) && ++spins < SPIN_LIMIT)
		;
	return rdtsc() - tsc;
}

u32 pm_timer_now(void)
{
	return pm_port ? inl(pm_port) & PM_TIMER_MASK : 0;
}

void tsc_calibrate(u16 pm_timer_port)
{
	u64 cycles = pm_timer_port ? cycles_by_pm_timer(pm_timer_port) : 0;

	pm_port = pm_timer_port;
	khz = cycles ? cycles * PM_TIMER_HZ / PM_TICKS / 1000
		     : cycles_by_pit() * PIT_HZ / PIT_COUNT / 1000;
	if (!khz)
		khz = 1;
}

/* --- do the TSCs agree? One AP at a time with the boot CPU --- */

/* [A] The two take turns: the AP asks, the boot CPU answers with its TSC. */
static u32 sync_turn;
static u64 sync_answer;

enum { TURN_IDLE, TURN_ASKED, TURN_ANSWERED };

void tsc_sync_serve(void)
{
	/* ONLINE: pairs with the release in ask_boot_cpu(). */
	if (smp_load_acquire(&sync_turn) != TURN_ASKED)
		return;
	WRITE_ONCE(sync_answer, rdtsc());             /* ONLINE: before the turn below */
	smp_store_release(&sync_turn, TURN_ANSWERED); /* ONLINE: with ask_boot_cpu() */
}

/* The boot CPU's TSC somewhere between *before and *after of our own. */
static u64 ask_boot_cpu(u64 *before, u64 *after)
{
	*before = rdtsc();
	/* ONLINE: pairs with tsc_sync_serve(). */
	smp_store_release(&sync_turn, TURN_ASKED);
	while (smp_load_acquire(&sync_turn) != TURN_ANSWERED)
		cpu_relax();
	*after = rdtsc();
	return READ_ONCE(sync_answer); /* ONLINE: after the turn above */
}

void tsc_sync_ap(void)
{
	u64 best = UINT64_MAX, skew = 0;

	for (unsigned i = 0; i < SYNC_ROUNDS && best > khz * SYNC_GOOD_US / 1000; i++) {
		u64 before, after, theirs = ask_boot_cpu(&before, &after);

		if (after - before >= best)
			continue;
		best = after - before;
		/* Anything within the round trip may be agreement. */
		skew = theirs >= before && theirs <= after ? 0
							   : before + best / 2 - theirs;
	}
	this_cpu()->tsc_skew = skew;
}

void udelay(u64 microseconds)
{
	u64 start = rdtsc(), cycles = microseconds * khz / 1000;

	while (rdtsc() - start < cycles)
		__asm__ volatile("pause");
}
