// SPDX-License-Identifier: MIT
/* How a guest turns its machine off and resets it, and the PM timer: the
 * registers of hardware-reduced ACPI (ACPI 6.4, "Sleep Control and Status
 * Registers"), and the older reset ports. */
#pragma once
#include "types.h"

struct vcpu;
struct vm;

#define PM_SLEEP_CONTROL 0x600
#define PM_SLEEP_STATUS 0x601
#define PM_RESET 0x602
#define PM_RESET_VALUE 0x42
#define PM_TIMER 0x608       /* 32 bits */
#define PM_TIMER_HZ 3579545
#define PM_SLEEP_TYPE_S5 5   /* what _S5_ in the DSDT says */

#define PM_END_BYTES 48

/* [L] vm->device_lock */
struct pm {
	char end[PM_END_BYTES]; /* [L] not empty: the VM is to end, for this reason */
	bool reset;             /* [L] ... or to begin anew */
};

/* Port handlers for pio.c's table; device_lock held. */
u32 pm_read(struct vcpu *vcpu, u16 port, unsigned bytes);
void pm_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value);
/* The reset bits of ports 0x64, 0x92, 0xcf9. */
void pm_reset_ports_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value);
/* Ask that the VM end once device_lock is free again. The first reason stays. */
void pm_end(struct vm *vm, const char *why);
/* The same for a reset of the machine. */
void pm_reset(struct vm *vm);
