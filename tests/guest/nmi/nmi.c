// SPDX-License-Identifier: MIT
/* NMIs: taken with interrupts off, one at a time, the next one after IRET, and no more
 * than one kept (SDM 3A "Handling Multiple NMIs"); exits in the handler change nothing
 * of that; any IRET ends the blocking, also one from an exception in the handler. */
#include "guest.h"

#define VECTOR 0x50

static volatile u32 runs, deepest, depth;
static void (*volatile inside)(void); /* what the first run of the handler does */

static void send_nmi(void)
{
	apic_send(0, APIC_NMI);
}

static void on_nmi(struct frame *frame)
{
	void (*what)(void) = inside;

	inside = NULL;
	runs++;
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (what)
		what();
	depth--;
}

static void test(void (*what)(void), u32 wanted_runs, u32 wanted_depth, const char *name)
{
	inside = what;
	runs = deepest = 0;
	send_nmi();
	delay_tsc(5000);
	if (deepest != wanted_depth)
		print("  nested %u deep instead of %u\n", deepest, wanted_depth);
	check_equal(runs, wanted_runs, name);
	check(deepest == wanted_depth, "nested as deep as it should");
}

static void send_one(void)
{
	send_nmi();
	delay_tsc(2000);
}

static void send_three(void)
{
	send_nmi();
	send_nmi();
	send_nmi();
	delay_tsc(2000);
}

static void send_and_exit(void)
{
	send_nmi();
	for (unsigned i = 0; i < 20; i++) {
		cpuid(0, 0);
		inb(LATCH_PORT);
		rdmsr(MSR_APIC_BASE);
	}
}

/* An IRET to the next instruction. */
static void send_and_iret(void)
{
	send_nmi();
	__asm__ volatile("movq %%rsp, %%rax\n"
			 "pushq %0\n"
			 "pushq %%rax\n"
			 "pushfq\n"
			 "pushq %1\n"
			 "pushq $1f\n"
			 "iretq\n"
			 "1:"
			 :
			 : "i"(SEL_DATA), "i"(SEL_CODE64)
			 : "rax", "memory");
	delay_tsc(2000);
}

static void send_and_fault(void)
{
	u64 value;

	send_nmi();
	try_rdmsr(0x480, &value);
	delay_tsc(2000);
}

static void on_interrupt(struct frame *frame)
{
	send_nmi();
	delay_tsc(2000);
}

int main(void)
{
	trap_set(VEC_NMI, on_nmi);
	irq_set(VECTOR, on_interrupt);
	test(NULL, 1, 1, "an NMI with interrupts off");
	test(send_one, 2, 1, "one in the handler comes after it");
	test(send_three, 2, 1, "of three in the handler one is kept");
	test(send_and_exit, 2, 1, "exits in the handler do not end the blocking");
	test(send_and_iret, 2, 2, "IRET ends it, in the middle of the handler");
	test(send_and_fault, 2, 2, "and the IRET of an exception does");
	runs = 0;
	apic_send(0, APIC_TO_SELF | VECTOR);
	sti();
	cli();
	check_equal(runs, 1, "an interrupt handler does not hold it back");
	for (unsigned i = runs = 0; i < 100; i++)
		send_nmi();
	check_equal(runs, 100, "a hundred, one after the other");
	return 0;
}
