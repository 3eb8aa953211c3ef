// SPDX-License-Identifier: MIT
/* The IOAPIC: lines of devices become messages to local APICs. Owns vm->ioapic.
 * Called by the devices, by MMIO, and by a local APIC's EOI, under device_lock.
 * Polarity is ignored: devices here say "asserted". A masked edge is lost, as the
 * data sheet has it. */
#include "bits.h"
#include "vcpu/vm.h"

#define OFFSET_SELECT 0x00
#define OFFSET_WINDOW 0x10

#define REG_ID 0x00
#define REG_VERSION 0x01
#define REG_ARBITRATION 0x02
#define REG_TABLE 0x10 /* two registers for each pin */

#define ID_MASK 0x0f000000u
#define VERSION (0x11u | (IOAPIC_PINS - 1) << 16)

#define ENTRY_VECTOR MASK(7, 0)
#define ENTRY_MODE_SHIFT 8
#define ENTRY_MODE MASK(10, 8)
#define ENTRY_LOGICAL BIT(11)
#define ENTRY_BUSY BIT(12)
#define ENTRY_REMOTE_IRR BIT(14)
#define ENTRY_LEVEL BIT(15)
#define ENTRY_MASKED BIT(16)
#define ENTRY_READ_ONLY (ENTRY_BUSY | ENTRY_REMOTE_IRR)
#define ENTRY_RESERVED MASK(55, 17)
#define ENTRY_DEST_SHIFT 56

void ioapic_reset(struct ioapic *ioapic)
{
	ioapic->select = 0;
	ioapic->id = 0;
	for (unsigned i = 0; i < IOAPIC_PINS; i++)
		ioapic->entry[i] = ENTRY_MASKED;
}

/* Send the pin's message. True if a local APIC took it. */
static bool send(struct vm *vm, u64 entry)
{
	u32 dest = (u32)(entry >> ENTRY_DEST_SHIFT);
	struct apic_message message = {
		.dest = dest == APIC_DEST_ALL_XAPIC ? APIC_DEST_ALL : dest,
		.logical = entry & ENTRY_LOGICAL,
		.level = entry & ENTRY_LEVEL,
		.mode = (entry & ENTRY_MODE) >> ENTRY_MODE_SHIFT,
		.vector = (u8)(entry & ENTRY_VECTOR),
	};

	/* The mode of a SIPI is reserved in an IOAPIC. */
	if (message.mode == APIC_MODE_SIPI)
		return false;
	return vlapic_deliver(vm, &message) != 0;
}

/* A level pin sends while it is asserted, until a local APIC has taken it, and
 * then not before that one's EOI. */
static void serve_level(struct vm *vm, unsigned pin)
{
	u64 *entry = &vm->ioapic.entry[pin];

	if (!(vm->ioapic.lines & BIT(pin)) || !(*entry & ENTRY_LEVEL) ||
	    *entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR))
		return;
	if (send(vm, *entry))
		*entry |= ENTRY_REMOTE_IRR;
}

void ioapic_set_line(struct vm *vm, unsigned pin, bool level)
{
	struct ioapic *ioapic = &vm->ioapic;
	bool rises;

	if (pin >= IOAPIC_PINS)
		return;
	pic_set_line(vm, pin, level);
	rises = level && !(ioapic->lines & BIT(pin));
	if (level)
		ioapic->lines |= (u32)BIT(pin);
	else
		ioapic->lines &= ~(u32)BIT(pin);
	if (ioapic->entry[pin] & ENTRY_LEVEL)
		serve_level(vm, pin);
	else if (rises && !(ioapic->entry[pin] & ENTRY_MASKED))
		send(vm, ioapic->entry[pin]);
}

void ioapic_eoi(struct vm *vm, u8 vector)
{
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		u64 *entry = &vm->ioapic.entry[pin];

		if ((*entry & ENTRY_VECTOR) != vector || !(*entry & ENTRY_REMOTE_IRR))
			continue;
		*entry &= ~ENTRY_REMOTE_IRR;
		serve_level(vm, pin);
	}
}

/* --- registers --- */

static u32 register_read(const struct ioapic *ioapic)
{
	unsigned pin = (ioapic->select - REG_TABLE) / 2;

	switch (ioapic->select) {
	case REG_ID:
	case REG_ARBITRATION:
		return ioapic->id;
	case REG_VERSION:
		return VERSION;
	}
	if (ioapic->select < REG_TABLE || pin >= IOAPIC_PINS)
		return 0;
	return (u32)(ioapic->entry[pin] >> (ioapic->select & 1) * 32);
}

static void entry_write(struct vm *vm, unsigned pin, bool high, u32 value)
{
	u64 old = vm->ioapic.entry[pin];
	u64 half = high ? MASK(63, 32) : MASK(31, 0);
	u64 wanted = (old & ~half) | (high ? (u64)value << 32 : value);

	wanted = (wanted & ~(ENTRY_RESERVED | ENTRY_READ_ONLY)) | (old & ENTRY_READ_ONLY);
	/* Guests turn a pin to edge and back to clear Remote IRR. */
	if (!(wanted & ENTRY_LEVEL))
		wanted &= ~ENTRY_REMOTE_IRR;
	vm->ioapic.entry[pin] = wanted;
	serve_level(vm, pin);
}

static void register_write(struct vm *vm, u32 value)
{
	struct ioapic *ioapic = &vm->ioapic;
	unsigned pin = (ioapic->select - REG_TABLE) / 2;

	if (ioapic->select == REG_ID)
		ioapic->id = value & ID_MASK;
	else if (ioapic->select >= REG_TABLE && pin < IOAPIC_PINS)
		entry_write(vm, pin, ioapic->select & 1, value);
}

u32 ioapic_read(struct vm *vm, u32 offset)
{
	if (offset == OFFSET_SELECT)
		return vm->ioapic.select;
	return offset == OFFSET_WINDOW ? register_read(&vm->ioapic) : 0;
}

void ioapic_write(struct vm *vm, u32 offset, u32 value)
{
	if (offset == OFFSET_SELECT)
		vm->ioapic.select = value & ENTRY_VECTOR;
	else if (offset == OFFSET_WINDOW)
		register_write(vm, value);
}
