// SPDX-License-Identifier: MIT
/* Power off, reboot, leave the emulator (ACPI "Sleep Control", "Reset Register"). */
#include "power.h"
#include "tsc.h"
#include "x86.h"

#define PM1_SLP_EN 0x2000
#define PM1_SLP_TYP_SHIFT 10
#define KBC_COMMAND 0x64
#define KBC_PULSE_RESET 0xfe
#define BOCHS_SHUTDOWN_PORT 0x8900
#define QEMU_DEBUG_EXIT_PORT 0xf4
#define QEMU_EXIT_PASSED 0x10
#define QEMU_EXIT_FAILED 0x11
#define ACPI_SPACE_IO 1
#define SETTLE_US 20000 /* the UART sends its last FIFO; the board reacts */

static struct acpi_info info;

void power_init(const struct acpi_info *acpi)
{
	info = *acpi;
}

void power_off(void)
{
	u16 a = (u16)(info.s5_slp_typa << PM1_SLP_TYP_SHIFT | PM1_SLP_EN);
	u16 b = (u16)(info.s5_slp_typb << PM1_SLP_TYP_SHIFT | PM1_SLP_EN);

	udelay(SETTLE_US);
	if (!info.has_s5 || !info.pm1a_control_port)
		return;
	/* Firmware that starts in legacy mode must be told (ACPI "SMI_CMD"). */
	if (info.smi_command_port && info.acpi_enable) {
		outb(info.smi_command_port, info.acpi_enable);
		udelay(SETTLE_US);
	}
	outw(info.pm1a_control_port, a);
	if (info.pm1b_control_port)
		outw(info.pm1b_control_port, b);
	udelay(SETTLE_US);
}

void power_reboot(void)
{
	struct table_register no_idt = {0, 0};

	udelay(SETTLE_US);
	if (info.reset_supported && info.reset_space == ACPI_SPACE_IO)
		outb((u16)info.reset_address, info.reset_value);
	udelay(SETTLE_US);
	outb(KBC_COMMAND, KBC_PULSE_RESET);
	udelay(SETTLE_US);
	lidt(&no_idt); /* the next exception is a triple fault */
	__asm__ volatile("ud2");
}

void power_exit_port(bool failed)
{
	udelay(SETTLE_US);
	for (const char *c = "Shutdown"; *c; c++)
		outb(BOCHS_SHUTDOWN_PORT, (u8)*c);
	outl(QEMU_DEBUG_EXIT_PORT, failed ? QEMU_EXIT_FAILED : QEMU_EXIT_PASSED);
}
