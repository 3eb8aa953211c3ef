// SPDX-License-Identifier: MIT
/* All vCPUs do for ever, by their own pseudo-random choice, what brings a vCPU into
 * every state a kick can meet: they spin without exits, exit, get interrupts, send
 * them, halt and wake by their timer. Checks nothing itself and never ends. */
#include "guest.h"

#define VECTOR_SELF 0x40
#define VECTOR_OTHER 0x41
#define VECTOR_TIMER 0x42
#define SPINS_MAX 8192
#define AHEAD_MIN 2000 /* ticks until the timer wakes us */
#define AHEAD_MAX 16384

static unsigned count;
static bool use_deadline;
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

static void spin(u64 turns)
{
	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(turns));
}

static void arm_timer(u64 ahead)
{
	if (use_deadline)
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + ahead);
	else
		apic_write(APIC_TIMER_INITIAL, (u32)ahead);
}

static void nap(u64 ahead)
{
	cli();
	arm_timer(ahead);
	sti_hlt();
}

static void send_self(unsigned index)
{
	if (this_cpu()->x2apic)
		wrmsr(MSR_X2APIC + APIC_SELF_IPI, VECTOR_SELF);
	else
		apic_send(0, APIC_TO_SELF | VECTOR_SELF);
}

static void send_other(unsigned index, u64 random)
{
	if (count > 1)
		apic_send((u32)((index + 1 + random % (count - 1)) % count),
			  VECTOR_OTHER);
}

static void one_thing(unsigned index, u64 *state)
{
	u64 random = next_random(state);

	switch (random % 5) {
	case 0:
		spin(random / 8 % SPINS_MAX + 1000);
		break;
	case 1:
		cpuid(0, 0);
		break;
	case 2:
		send_self(index);
		break;
	case 3:
		nap(random / 8 % AHEAD_MAX + AHEAD_MIN);
		break;
	default:
		send_other(index, random / 8);
	}
}

static void storm(unsigned index)
{
	u64 state = 0x9e3779b97f4a7c15UL * (index + 1);

	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER,
		   VECTOR_TIMER | (use_deadline ? APIC_DEADLINE : APIC_ONE_SHOT));
	sti();
	for (;;)
		one_thing(index, &state);
}

int main(void)
{
	irq_set(VECTOR_SELF, on_interrupt);
	irq_set(VECTOR_OTHER, on_interrupt);
	irq_set(VECTOR_TIMER, on_interrupt);
	count = cpu_count();
	use_deadline = deadline_offered();
	if (x2apic_offered())
		x2apic_enable();
	cpu_start_all(storm);
	print("storm: %u vCPUs up\n", count);
	storm(0);
	return 0;
}
