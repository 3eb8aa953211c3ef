// SPDX-License-Identifier: MIT
/* How this machine is switched off, restarted, or, in an emulator, left. */
#pragma once
#include "acpi.h"

/* Remember what the firmware's tables say. Boot CPU. */
void power_init(const struct acpi_info *acpi);
/* Each returns if it has no effect. */
void power_off(void);
void power_reboot(void);
/* The emulators' own exits: Bochs's port 0x8900, QEMU's isa-debug-exit at 0xf4. */
void power_exit_port(bool failed);
