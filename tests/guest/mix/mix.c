// SPDX-License-Identifier: MIT
/* A bad neighbour of many moods: each vCPU, by its own pseudo-random choice, spins for
 * long with interrupts off, floods the others and itself with IPIs and NMIs, storms
 * exits, or naps. The words seed1 to seed99 of the command line choose the sequence.
 * Never ends. */
#include "guest.h"

#define VECTOR 0x41
#define VECTOR_TIMER 0x42
#define SEEDS 99
#define FLOOD 100
#define SPIN_MAX 400000
#define NAP_MAX 60000

static unsigned count, seed;
static u64 interrupts[CPUS_MAX];

static u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 8;
}

static void on_interrupt(struct frame *frame)
{
	interrupts[this_cpu()->index]++;
}

static void spin_closed(u64 random)
{
	cli();
	delay_tsc(random % SPIN_MAX);
	sti();
}

static void flood(u64 random)
{
	u32 low = random % 4 ? APIC_FIXED | VECTOR : APIC_NMI;

	for (unsigned i = 0; i < FLOOD; i++)
		apic_send(0, (random % 8 < 6 ? APIC_TO_OTHERS : APIC_TO_SELF) |
				     APIC_ASSERT | (random % 8 < 6 ? low : VECTOR));
}

static void storm_exits(u64 random)
{
	for (unsigned i = 0; i < FLOOD; i++) {
		if (random % 3 == 0)
			cpuid(0xd, 1); /* has subleaves: not finished on the fast path */
		else if (random % 3 == 1)
			inb(LATCH_PORT);
		else
			rdmsr(MSR_TSC_ADJUST);
	}
}

static void nap(u64 random)
{
	cli();
	apic_write(APIC_TIMER_INITIAL, (u32)(random % NAP_MAX + 1000));
	sti_hlt();
}

static void mix(unsigned index)
{
	u64 state = 0x9e3779b97f4a7c15UL * (seed * CPUS_MAX + index + 1);

	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | APIC_ONE_SHOT);
	sti();
	for (;;) {
		static void (*const moods[])(u64 random) = {spin_closed, flood,
							    storm_exits, nap};
		u64 random = next_random(&state);

		moods[random % ARRAY_SIZE(moods)](random / ARRAY_SIZE(moods));
	}
}

static unsigned chosen_seed(void)
{
	char word[] = "seed00";

	for (unsigned i = 1; i <= SEEDS; i++) {
		word[4] = (char)('0' + (i < 10 ? i : i / 10));
		word[5] = (char)(i < 10 ? '\0' : '0' + i % 10);
		if (has_option(word))
			return i;
	}
	return 0;
}

int main(void)
{
	seed = chosen_seed();
	irq_set(VECTOR, on_interrupt);
	irq_set(VECTOR_TIMER, on_interrupt);
	trap_set(VEC_NMI, on_interrupt);
	count = cpu_count();
	if (x2apic_offered())
		x2apic_enable();
	cpu_start_all(mix);
	print("mix: %u vCPUs, seed %u\n", count, seed);
	mix(0);
	return 0;
}
