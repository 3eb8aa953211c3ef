// SPDX-License-Identifier: MIT
/* A pCPU leaves the pool: it marks itself offline, sends its runnables away, leaves VMX
 * operation and parks in its loop, where it still acknowledges kicks that were on
 * their way and passes on what is pushed to it. One CPU at a time changes. */
#include "kernel/pool.h"
#include "arch/x86/trap.h"
#include "assert.h"
#include "atomic.h"
#include "cpu.h"
#include "errno.h"
#include "ipi.h"
#include "kernel/doorbell.h"
#include "kernel/panic.h"
#include "kernel/sched_inbox.h"
#include "timer.h"
#include "virt.h"

#define BOOT_CPU 0

static u32 changing; /* [A] some CPU's place is being changed */

static u32 go_offline(struct cpu *cpu)
{
	if (!cpu->online)
		return CPU_AS_IT_IS;
	if (!sched_can_leave(cpu))
		return CPU_REFUSED;
	cpu_set_online(cpu, false);
	sched_leave(cpu);
	virt_disable();
	return CPU_AS_IT_IS;
}

static u32 go_online(struct cpu *cpu)
{
	const char *why = cpu->online ? NULL : virt_enable();

	if (why)
		panic("cpu%u: %s", cpu->id, why);
	cpu_set_online(cpu, true);
	return CPU_AS_IT_IS;
}

void pool_serve(struct cpu *cpu)
{
	/* POOL: pairs with the release in ask(). */
	u32 wanted = smp_load_acquire(&cpu->wanted);

	if (wanted != CPU_WANT_OFFLINE && wanted != CPU_WANT_ONLINE)
		return;
	/* POOL: the answer; pairs with the acquire in ask(). */
	smp_store_release(&cpu->wanted,
			  wanted == CPU_WANT_OFFLINE ? go_offline(cpu) : go_online(cpu));
}

static int ask(unsigned id, u32 wanted)
{
	struct cpu *cpu = cpu_of(id);
	u64 deadline = wait_deadline();
	u32 answer;

	if (cmpxchg(&changing, 0, 1)) /* POOL: taken by one CPU at a time */
		return -EBUSY;
	smp_store_release(&cpu->wanted, wanted); /* POOL: pairs with pool_serve() */
	ipi_doorbell(id);
	/* POOL: pairs with the release in pool_serve(). */
	while ((answer = smp_load_acquire(&cpu->wanted)) == wanted) {
		irq_window();
		ipi_serve();
		cpu_relax();
		if (tsc_now() > deadline)
			panic_silent_cpu(id, "change of its place in the pool");
	}
	WRITE_ONCE(cpu->wanted, CPU_AS_IT_IS); /* POOL: a refusal has been read */
	smp_store_release(&changing, 0);       /* POOL: pairs with the cmpxchg above */
	return answer == CPU_REFUSED ? -EBUSY : 0;
}

int pool_offline(unsigned id)
{
	if (id == BOOT_CPU || id == this_cpu()->id || id >= cpu_count())
		return -EINVAL;
	return ask(id, CPU_WANT_OFFLINE);
}

int pool_online(unsigned id)
{
	if (id >= cpu_count())
		return -EINVAL;
	return id == this_cpu()->id ? 0 : ask(id, CPU_WANT_ONLINE);
}
