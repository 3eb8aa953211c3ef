// SPDX-License-Identifier: MIT
/* The map of a guest's I/O ports: one table, walked under device_lock. What is not a
 * device of its own is answered here, with the values that end guests' probe loops
 * soonest. */
#include "vcpu/pio.h"
#include "bits.h"
#include "vcpu/vm.h"

#define PORT61_OUT2 0x20u /* counter 2 has run out: nobody waits for a PIT */
#define PORT92_A20 0x02u

typedef u32 (*pio_read_fn)(struct vcpu *vcpu, u16 port, unsigned bytes);
typedef void (*pio_write_fn)(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value);

/* --- devices with byte registers --- */

static u32 uart_port_read(struct vcpu *vcpu, u16 port, unsigned bytes)
{
	return (PIO_ONES & ~0xffu) | uart_read(vcpu->vm, port - UART_PORT);
}

static void uart_port_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
	uart_write(vcpu->vm, port - UART_PORT, (u8)value);
}

static u32 rtc_port_read(struct vcpu *vcpu, u16 port, unsigned bytes)
{
	if (port == RTC_PORT)
		return PIO_ONES;
	return (PIO_ONES & ~0xffu) | rtc_read(&vcpu->vm->rtc);
}

static void rtc_port_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
	if (port == RTC_PORT)
		rtc_select(&vcpu->vm->rtc, (u8)value);
	else
		rtc_write(&vcpu->vm->rtc, (u8)value);
}

/* --- answers --- */

static u32 ones_read(struct vcpu *vcpu, u16 port, unsigned bytes)
{
	return PIO_ONES;
}

static void nothing_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
}

static u32 legacy_read(struct vcpu *vcpu, u16 port, unsigned bytes)
{
	switch (port) {
	case PIO_PORT61:
		return PORT61_OUT2;
	case PIO_PORT92:
		return PORT92_A20;
	default: /* a PIT that does not count; an i8042 with nothing to say */
		return 0;
	}
}

/* --- the map --- */

static const struct pio_range {
	u16 first, last;
	const char *name;
	pio_read_fn read;
	pio_write_fn write;
} pio_map[] = {
	{UART_PORT, UART_PORT + UART_PORTS - 1, "UART", uart_port_read, uart_port_write},
	{PM_SLEEP_CONTROL, PM_TIMER + 3, "ACPI", pm_read, pm_write},
	{PIC_MASTER, PIC_MASTER + 1, "PIC", pic_read, pic_write},
	{PIC_SLAVE, PIC_SLAVE + 1, "PIC", pic_read, pic_write},
	{PIC_ELCR, PIC_ELCR + 1, "PIC", pic_read, pic_write},
	{RTC_PORT, RTC_PORT + 1, "RTC", rtc_port_read, rtc_port_write},
	{PIO_PIT_COUNTER2, PIO_PIT_COUNTER2, "PIT", legacy_read, nothing_write},
	{PIO_PORT61, PIO_PORT61, "system control B", legacy_read, nothing_write},
	{PIO_I8042_COMMAND, PIO_I8042_COMMAND, "i8042", legacy_read,
	 pm_reset_ports_write},
	{0x80, 0x80, "delay", ones_read, nothing_write},
	{PIO_PORT92, PIO_PORT92, "system control A", legacy_read, pm_reset_ports_write},
	{PIO_PCI, PIO_PCI + 7, "PCI", ones_read, pm_reset_ports_write},
	{TESTDEV_LATCH, TESTDEV_LATCH + TESTDEV_LATCH_BYTES - 1, "latch",
	 testdev_latch_read, testdev_latch_write},
	{TESTDEV_EXIT, TESTDEV_EXIT, "debug exit", ones_read, testdev_exit_write},
	{TESTDEV_FW_SELECT, TESTDEV_FW_DATA, "fw_cfg", testdev_fw_read, testdev_fw_write},
	{TESTDEV_LINES, TESTDEV_LINES + IOAPIC_PINS - 1, "IOAPIC lines", ones_read,
	 testdev_lines_write},
	{TESTDEV_SHUTDOWN, TESTDEV_SHUTDOWN, "shutdown", ones_read,
	 testdev_shutdown_write},
};

static const struct pio_range *pio_find(struct vm *vm, u16 port)
{
	for (unsigned i = 0; i < ARRAY_SIZE(pio_map); i++) {
		if (port >= pio_map[i].first && port <= pio_map[i].last)
			return &pio_map[i];
	}
	vm->unknown_pio++;
	vm->unknown_pio_last = port;
	return NULL;
}

u32 pio_read(struct vcpu *vcpu, u16 port, unsigned bytes)
{
	const struct pio_range *range;
	u32 value = PIO_ONES;

	spin_lock(&vcpu->vm->device_lock);
	range = pio_find(vcpu->vm, port);
	if (range)
		value = range->read(vcpu, port, bytes);
	spin_unlock(&vcpu->vm->device_lock);
	return value & (u32)MASK(bytes * 8 - 1, 0);
}

void pio_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
	struct vm *vm = vcpu->vm;
	const struct pio_range *range;
	bool ends, resets;

	value &= (u32)MASK(bytes * 8 - 1, 0);
	spin_lock(&vm->device_lock);
	range = pio_find(vm, port);
	if (range)
		range->write(vcpu, port, bytes, value);
	ends = vm->pm.end[0];
	resets = vm->pm.reset;
	spin_unlock(&vm->device_lock);
	/* Once set it stays, so it may be read without the lock. */
	if (resets)
		vm_reset(vm, vm->pm.end);
	else if (ends)
		vm_end(vm, vm->pm.end);
}
