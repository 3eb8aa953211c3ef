// SPDX-License-Identifier: MIT
/* Inbox, acknowledgement and kick IPIs. A CPU's inbox has three parts: a sequence
 * number that waiting senders raise and the CPU acknowledges, a list of calls, and
 * a list of runnables (sched.c). */
#include "ipi.h"
#include "arch/x86/lapic.h"
#include "arch/x86/trap.h"
#include "assert.h"
#include "atomic.h"
#include "cpu.h"
#include "errno.h"
#include "kernel/doorbell.h"
#include "kernel/panic.h"
#include "kernel/sched_inbox.h"
#include "points.h"
#include "timer.h"
#include "virt.h"

struct ipi_call {
	struct ipi_call *next; /* [A] */
	void (*fn)(void *);    /* [I] */
	void *arg;             /* [I] */
	u32 done;              /* [A] */
};

static void send(unsigned cpu, u8 vector)
{
	u32 apic_id = cpu_of(cpu)->apic_id;

	lapic_send_ipi(apic_id, vector);
	if (virt_kick_by_nmi())
		lapic_send_nmi(apic_id);
}

void ipi_kick(unsigned cpu)
{
	send(cpu, VECTOR_KICK);
}

void ipi_kick_mask(u64 mask)
{
	for (mask &= ~BIT(this_cpu()->id); mask; mask &= mask - 1)
		ipi_kick(bit_lowest(mask));
}

void ipi_doorbell(unsigned cpu)
{
	send(cpu, VECTOR_DOORBELL);
}

u64 wait_deadline(void)
{
	return tsc_now() + tsc_khz() * WAIT_LIMIT_US / 1000;
}

/* Serve the others while waiting for one of them; see kick-protocol D1. */
static void wait_step(unsigned waited_for, u64 deadline, const char *what)
{
	irq_window();
	ipi_serve();
	schedule_point();
	cpu_relax();
	if (tsc_now() > deadline)
		panic_silent_cpu(waited_for, what);
}

void ipi_kick_and_wait(u64 mask)
{
	u64 ticket[MAX_CPUS], deadline = wait_deadline();

	ASSERT(!this_cpu()->locks_held);
	mask &= ~BIT(this_cpu()->id);
	/* ACK: the ticket is raised before the IPI is sent (the fence in
	 * lapic_send_ipi), so the handler that takes the IPI sees it. */
	for (u64 m = mask; m; m &= m - 1)
		ticket[bit_lowest(m)] =
			atomic_fetch_add(&cpu_of(bit_lowest(m))->inbox_seq, 1) + 1;
	schedule_point();
	ipi_kick_mask(mask);
	for (u64 m = mask; m; m &= m - 1) {
		unsigned id = bit_lowest(m);

		/* ACK: pairs with the release in ipi_serve(): what that CPU did
		 * before is visible now. */
		while (smp_load_acquire(&cpu_of(id)->ack_seq) < ticket[id])
			wait_step(id, deadline, "kick");
	}
}

int ipi_call(unsigned id, void (*fn)(void *), void *arg)
{
	struct ipi_call call = {.fn = fn, .arg = arg};
	struct cpu *cpu = cpu_of(id);
	struct ipi_call *head;
	u64 deadline = wait_deadline();

	if (id == this_cpu()->id) {
		fn(arg);
		return 0;
	}
	if (!cpu_online(id))
		return -EBUSY;
	ASSERT(!this_cpu()->locks_held);
	/* INBOX: the cmpxchg publishes the call; pairs with the xchg in serve_calls(). */
	do {
		head = READ_ONCE(cpu->calls);
		call.next = head;
	} while (cmpxchg(&cpu->calls, head, &call) != head);
	ipi_doorbell(id);
	/* INBOX: pairs with the release in serve_calls(). */
	while (!smp_load_acquire(&call.done))
		wait_step(id, deadline, "call");
	return 0;
}

static void serve_calls(struct cpu *cpu)
{
	/* INBOX: pairs with the cmpxchg in ipi_call(). */
	struct ipi_call *call = READ_ONCE(cpu->calls) ? xchg(&cpu->calls, NULL) : NULL;

	while (call) {
		struct ipi_call *next = call->next;

		call->fn(call->arg);
		/* INBOX: the caller's frame is gone once it sees this. */
		smp_store_release(&call->done, 1);
		call = next;
	}
}

bool ipi_pending(void)
{
	struct cpu *cpu = this_cpu();

	/* ACK, INBOX: only a hint; what is missed here comes with an IPI. */
	return READ_ONCE(cpu->inbox) || READ_ONCE(cpu->calls) ||
	       READ_ONCE(cpu->inbox_seq) != READ_ONCE(cpu->ack_seq);
}

void ipi_acknowledge(void)
{
	struct cpu *cpu = this_cpu();
	/* ACK: pairs with the fetch-add in ipi_kick_and_wait(). */
	u64 seq = smp_load_acquire(&cpu->inbox_seq);

	schedule_point();
	/* ACK: whatever this CPU's vCPU did before it went OUTSIDE is before this. */
	if (READ_ONCE(cpu->ack_seq) != seq)
		smp_store_release(&cpu->ack_seq, seq);
}

void ipi_serve(void)
{
	ipi_acknowledge();
	serve_calls(this_cpu());
	sched_serve_inbox();
}
