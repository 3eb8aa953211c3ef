// SPDX-License-Identifier: MIT
/* The per-CPU blocks and who is online. */
#include "cpu.h"
#include "arch/x86/x86.h"
#include "assert.h"
#include "atomic.h"
#include "string.h"

static struct cpu cpus[MAX_CPUS];
static unsigned count;  /* [I] after smp_start() */
static u64 online_mask; /* [A] */

/* Boot CPU: stacks of the others, a guard page below each (hostmap_guard). */
static u8 stacks[MAX_CPUS][PAGE_SIZE + STACK_SIZE] __attribute__((aligned(4096)));

struct cpu *cpu_of(unsigned id)
{
	ASSERT(id < MAX_CPUS);
	return &cpus[id];
}

unsigned cpu_count(void)
{
	return count;
}

bool cpu_online(unsigned id)
{
	/* ONLINE: pairs with the release in cpu_set_online(). */
	return id < MAX_CPUS && smp_load_acquire(&cpus[id].online);
}

u64 cpu_online_mask(void)
{
	return READ_ONCE(online_mask); /* ONLINE: a hint; cpu_online() decides */
}

/* Another for each CPU and boot. Not secret, only not to be met by chance; its lowest
 * byte, which a string that runs over meets first, is 0. */
static u64 new_canary(void)
{
	return (rdtsc() + count) * 0x9e3779b97f4a7c15UL << 8;
}

struct cpu *cpu_add(u32 apic_id)
{
	struct cpu *cpu = &cpus[count];

	if (count == MAX_CPUS)
		return NULL;
	memset(cpu, 0, sizeof(*cpu));
	cpu->self = cpu;
	cpu->id = count++;
	cpu->apic_id = apic_id;
	cpu->stack_canary = new_canary();
	cpu->stack_top = stacks[cpu->id] + sizeof(stacks[0]);
	list_init(&cpu->rq.queue);
	list_init(&cpu->rq.homed);
	list_init(&cpu->timers);
	return cpu;
}

void cpu_remove_last(void)
{
	count--;
}

const void *cpu_stack_guard(unsigned id)
{
	return stacks[id];
}

void cpu_set_online(struct cpu *cpu, bool online)
{
	if (online)
		atomic_fetch_or(&online_mask, BIT(cpu->id));
	else
		atomic_fetch_and(&online_mask, ~BIT(cpu->id));
	/* ONLINE: whoever sees the flag sees the block as it was set up. */
	smp_store_release(&cpu->online, online);
}
