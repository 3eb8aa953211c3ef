// SPDX-License-Identifier: MIT
/* The board's interrupt controllers: the 8259s off, the IOAPICs (82093AA
 * datasheet, "IOAPIC Registers") masked but for what is routed. */
#include "bits.h"
#include "hostmap.h"
#include "serial.h"
#include "x86.h"

#define PIC1_COMMAND 0x20
#define PIC1_DATA 0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA 0xa1
#define ICW1_INIT_ICW4 0x11
#define ICW4_8086 0x01
#define PIC1_VECTOR 0x20
#define PIC2_VECTOR 0x28
#define PIC_CASCADE_LINE 0x04
#define PIC_CASCADE_ID 0x02
#define PIC_ALL 0xff

#define IOAPIC_SELECT 0x00
#define IOAPIC_WINDOW 0x10
#define IOAPIC_REG_VERSION 0x01
#define IOAPIC_REG_ENTRY(pin) (0x10 + 2 * (pin))
#define ENTRY_MASKED BIT(16)
#define ENTRY_LEVEL BIT(15)
#define ENTRY_NMI (4UL << 8)
#define ENTRY_ACTIVE_LOW BIT(13)

void pic_disable(void)
{
	outb(PIC1_COMMAND, ICW1_INIT_ICW4);
	outb(PIC2_COMMAND, ICW1_INIT_ICW4);
	outb(PIC1_DATA, PIC1_VECTOR);
	outb(PIC2_DATA, PIC2_VECTOR);
	outb(PIC1_DATA, PIC_CASCADE_LINE);
	outb(PIC2_DATA, PIC_CASCADE_ID);
	outb(PIC1_DATA, ICW4_8086);
	outb(PIC2_DATA, ICW4_8086);
	outb(PIC1_DATA, PIC_ALL);
	outb(PIC2_DATA, PIC_ALL);
}

static u32 ioapic_read(u64 base, u32 reg)
{
	mmio_write32(base + IOAPIC_SELECT, reg);
	return mmio_read32(base + IOAPIC_WINDOW);
}

static void ioapic_write(u64 base, u32 reg, u32 value)
{
	mmio_write32(base + IOAPIC_SELECT, reg);
	mmio_write32(base + IOAPIC_WINDOW, value);
}

static unsigned pin_count(u64 base)
{
	return (ioapic_read(base, IOAPIC_REG_VERSION) >> 16 & 0xff) + 1;
}

void ioapic_mask_all(const struct acpi_info *acpi)
{
	for (unsigned i = 0; i < acpi->ioapic_count; i++) {
		u64 base = acpi->ioapics[i].base;

		if (!hostmap_map_device(base, PAGE_SIZE))
			continue;
		for (unsigned pin = 0; pin < pin_count(base); pin++)
			ioapic_write(base, IOAPIC_REG_ENTRY(pin), ENTRY_MASKED);
	}
}

static bool route_gsi(const struct acpi_info *acpi, u32 gsi, u32 apic_id, u32 low)
{
	for (unsigned i = 0; i < acpi->ioapic_count; i++) {
		u64 base = acpi->ioapics[i].base;
		u32 pin = gsi - acpi->ioapics[i].gsi_base;

		if (gsi < acpi->ioapics[i].gsi_base || pin >= pin_count(base))
			continue;
		ioapic_write(base, IOAPIC_REG_ENTRY(pin) + 1, apic_id << 24);
		ioapic_write(base, IOAPIC_REG_ENTRY(pin), low);
		return true;
	}
	return false;
}

/* ISA interrupts are edge-triggered, active high, and have the GSI of their own
 * number, unless an override says otherwise (ACPI "Interrupt Source Override"). */
bool ioapic_route_isa(const struct acpi_info *acpi, unsigned isa_irq, u32 apic_id,
		      u8 vector, bool by_nmi)
{
	u32 gsi = isa_irq, low = by_nmi ? ENTRY_NMI : vector;

	for (unsigned i = 0; i < acpi->override_count; i++) {
		const struct acpi_override *o = &acpi->overrides[i];

		if (o->source != isa_irq)
			continue;
		gsi = o->gsi;
		low |= (o->active_low ? ENTRY_ACTIVE_LOW : 0) |
		       (o->level ? ENTRY_LEVEL : 0);
	}
	return route_gsi(acpi, gsi, apic_id, low);
}
