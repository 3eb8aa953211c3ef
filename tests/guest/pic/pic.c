// SPDX-License-Identifier: MIT
/* The 8259s interrupt through LINT0: held back by STI and by RFLAGS.IF, out of HLT, with
 * their own EOI, beside the local APIC's interrupts (data sheet 231468; SDM 3A "Local
 * Vector Table"). Lines are pulsed by port. */
#include "guest.h"

#define MASTER 0x20
#define SLAVE 0xa0
#define BASE_MASTER 0x40
#define BASE_SLAVE 0x48
#define APIC_VECTOR 0x60
#define EOI 0x20

static volatile unsigned master_count, slave_count, apic_count;

static void on_master(struct frame *frame)
{
	master_count++;
	outb(MASTER, EOI);
}

static void on_slave(struct frame *frame)
{
	slave_count++;
	outb(SLAVE, EOI);
	outb(MASTER, EOI);
}

static void on_apic(struct frame *frame)
{
	apic_count++;
}

static void initialize(unsigned port, u8 base, u8 cascade)
{
	outb(port, 0x11);
	outb(port + 1, base);
	outb(port + 1, cascade);
	outb(port + 1, 1);
	outb(port + 1, 0);
}

static void pulse(unsigned line)
{
	outb(LINES_PORT + line, 1);
	outb(LINES_PORT + line, 0);
}

int main(void)
{
	trap_set(BASE_MASTER + 5, on_master);
	trap_set(BASE_SLAVE + 3, on_slave);
	irq_set(APIC_VECTOR, on_apic);
	initialize(MASTER, BASE_MASTER, 4);
	initialize(SLAVE, BASE_SLAVE, 2);
	pulse(5);
	check_equal(master_count, 0, "RFLAGS.IF holds it back");
	__asm__ volatile("sti; nop; nop; cli");
	check_equal(master_count, 1, "and then it comes");
	pulse(11);
	__asm__ volatile("sti; hlt; cli");
	check_equal(slave_count, 1, "one of the slave's, out of HLT");
	outb(MASTER + 1, 0x20);
	pulse(5);
	__asm__ volatile("sti; nop; nop; cli");
	check_equal(master_count, 1, "none while it is masked");
	outb(MASTER + 1, 0);
	__asm__ volatile("sti; nop; nop; cli");
	check_equal(master_count, 2, "but after that");
	apic_write(APIC_LVT_LINT0, APIC_MASKED | 0x700);
	pulse(5);
	apic_send(0, APIC_TO_SELF | APIC_VECTOR);
	__asm__ volatile("sti; nop; nop; cli");
	check(apic_count == 1 && master_count == 2, "LINT0 masked: the APIC's only");
	apic_write(APIC_LVT_LINT0, 0x700);
	apic_send(0, APIC_TO_SELF | APIC_VECTOR);
	__asm__ volatile("sti; nop; nop; nop; nop; cli");
	check(apic_count == 2 && master_count == 3, "unmasked: both, in turn");
	check_equal(apic_read(APIC_ISR + (BASE_MASTER + 5) / 32), 0,
		    "an 8259's interrupt is not in service at the APIC");
	return 0;
}
