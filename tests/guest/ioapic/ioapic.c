// SPDX-License-Identifier: MIT
/* The IOAPIC (82093AA data sheet): an edge is one interrupt, a level one for each EOI
 * while it lasts, with Remote IRR in between; masks, vectors, destinations, and the
 * registers. Ports 0x2000+n drive pin n. Once with the local APIC as xAPIC, once as
 * x2APIC. */
#include "guest.h"

#define IOAPIC 0xfec00000UL
#define REG_ID 0
#define REG_VERSION 1
#define REG_TABLE 0x10
#define PINS 24
#define PIN 10
#define OTHER_PIN 11
#define VECTOR 0x71
#define OTHER_VECTOR 0x81
#define LEVEL BIT(15)
#define MASKED BIT(16)
#define REMOTE_IRR BIT(14)
#define LOGICAL BIT(11)
#define NMI (4UL << 8)
#define NOBODY 5UL

static volatile u32 interrupts, others, nmis;
static volatile bool release, irr_seen;

static u32 ioapic_read(u32 reg)
{
	*(volatile u32 *)IOAPIC = reg;
	return *(volatile u32 *)(IOAPIC + 0x10);
}

static void ioapic_write(u32 reg, u32 value)
{
	*(volatile u32 *)IOAPIC = reg;
	*(volatile u32 *)(IOAPIC + 0x10) = value;
}

static void set_entry(unsigned pin, u64 low, u64 dest)
{
	ioapic_write(REG_TABLE + 2 * pin, (u32)MASKED);
	ioapic_write(REG_TABLE + 2 * pin + 1, (u32)(dest << 24));
	ioapic_write(REG_TABLE + 2 * pin, (u32)low);
}

static void drive(unsigned pin, bool level)
{
	outb((u16)(LINES_PORT + pin), level);
}

static void on_interrupt(struct frame *frame)
{
	interrupts++;
	irr_seen = ioapic_read(REG_TABLE + 2 * PIN) & REMOTE_IRR;
	if (release || interrupts == 5)
		drive(PIN, false);
}

static void on_other(struct frame *frame)
{
	others++;
}

static void on_nmi(struct frame *frame)
{
	nmis++;
}

static u32 count(void)
{
	u32 seen;

	sti();
	delay_tsc(3000);
	cli();
	seen = interrupts;
	interrupts = 0;
	return seen;
}

static void test_registers(void)
{
	check_equal(ioapic_read(REG_VERSION), 0x11 | (PINS - 1) << 16,
		    "version, 24 pins");
	ioapic_write(REG_ID, 0x0f000000);
	check_equal(ioapic_read(REG_ID), 0x0f000000, "the ID keeps its value");
	ioapic_write(REG_ID, 0);
	set_entry(PIN, MASKED | LEVEL | VECTOR, 0x12);
	check_equal(ioapic_read(REG_TABLE + 2 * PIN), MASKED | LEVEL | VECTOR,
		    "an entry's low half");
	check_equal(ioapic_read(REG_TABLE + 2 * PIN + 1), 0x12000000,
		    "and its high half");
	ioapic_write(REG_TABLE + 2 * PIN, (u32)(MASKED | REMOTE_IRR | BIT(12)));
	check_equal(ioapic_read(REG_TABLE + 2 * PIN), MASKED,
		    "status bits are read-only");
}

static void test_edge(void)
{
	release = false;
	set_entry(PIN, VECTOR, 0);
	drive(PIN, true);
	check_equal(count(), 1, "an edge is one interrupt");
	drive(PIN, true);
	check_equal(count(), 0, "asserted again without falling, none");
	drive(PIN, false);
	check_equal(count(), 0, "a falling edge is none");
	drive(PIN, true);
	drive(PIN, false);
	check_equal(count(), 1, "the next rising edge is one, also a short one");
	set_entry(PIN, MASKED | VECTOR, 0);
	drive(PIN, true);
	set_entry(PIN, VECTOR, 0);
	check_equal(count(), 0, "an edge while masked is lost");
	drive(PIN, false);
}

static void test_level(void)
{
	set_entry(PIN, LEVEL | VECTOR, 0);
	release = true;
	drive(PIN, true);
	check(ioapic_read(REG_TABLE + 2 * PIN) & REMOTE_IRR, "Remote IRR while it waits");
	check_equal(count(), 1, "a level is one interrupt if the handler ends it");
	check(irr_seen, "Remote IRR in the handler");
	check(!(ioapic_read(REG_TABLE + 2 * PIN) & REMOTE_IRR),
	      "no Remote IRR after the EOI");
	check(!(apic_read(APIC_IRR + VECTOR / 32) & BIT(VECTOR % 32)), "nothing is left");
	release = false;
	drive(PIN, true);
	check_equal(count(), 5, "one for each EOI as long as it lasts");
	set_entry(PIN, MASKED | LEVEL | VECTOR, 0);
	drive(PIN, true);
	check_equal(count(), 0, "masked, none");
	release = true;
	ioapic_write(REG_TABLE + 2 * PIN, LEVEL | VECTOR);
	check_equal(count(), 1, "unmasked, a level is not lost");
	drive(PIN, true);
	check(apic_read(APIC_TMR + VECTOR / 32) & BIT(VECTOR % 32), "the TMR says level");
	count();
}

static void test_destinations(void)
{
	release = true;
	set_entry(PIN, VECTOR, NOBODY);
	drive(PIN, true);
	check_equal(count(), 0, "for an ID that nobody has");
	drive(PIN, false);
	set_entry(PIN, VECTOR, 0xff);
	drive(PIN, true);
	check_equal(count(), 1, "for all");
	set_entry(PIN, LOGICAL | VECTOR, 1);
	drive(PIN, true);
	check_equal(count(), 1, "logical");
	set_entry(PIN, NMI, 0);
	drive(PIN, true);
	drive(PIN, false);
	delay_tsc(3000);
	check_equal(nmis, 1, "as NMI");
	nmis = 0;
}

static void test_two(void)
{
	release = true;
	set_entry(PIN, LEVEL | VECTOR, 0);
	set_entry(OTHER_PIN, OTHER_VECTOR, 0);
	drive(PIN, true);
	drive(OTHER_PIN, true);
	check(count() == 1 && others == 1, "two pins, two vectors");
	drive(OTHER_PIN, false);
	others = 0;
}

static void test_all(void)
{
	test_edge();
	test_level();
	test_destinations();
	test_two();
}

int main(void)
{
	irq_set(VECTOR, on_interrupt);
	irq_set(OTHER_VECTOR, on_other);
	trap_set(VEC_NMI, on_nmi);
	apic_write(APIC_DFR, 0xffffffff);
	apic_write(APIC_LDR, (u32)BIT(24));
	test_registers();
	print("ioapic: xAPIC\n");
	test_all();
	if (!x2apic_offered())
		return 0;
	print("ioapic: x2APIC\n");
	x2apic_enable();
	test_all();
	return 0;
}
