// SPDX-License-Identifier: MIT
/* Power-off, reset, PM timer. Owns vm->pm, under device_lock; called by port I/O.
 * Only notes the VM's end: pio_write() carries it out without the lock. */
#include "bits.h"
#include "string.h"
#include "timer.h"
#include "vcpu/pio.h"
#include "vcpu/vm.h"

#define SLEEP_ENABLE BIT(5)

#define I8042_PULSE_RESET 0xfe
#define PORT92_RESET BIT(0)
#define CF9_RESET BIT(2)

void pm_end(struct vm *vm, const char *why)
{
	if (!vm->pm.end[0])
		string_copy(vm->pm.end, why, sizeof(vm->pm.end));
}

void pm_reset(struct vm *vm)
{
	if (!vm->pm.end[0])
		vm->pm.reset = true;
	pm_end(vm, "reset");
}

/* The host's TSC, scaled; whole seconds apart, so that nothing overflows. */
static u32 timer_now(void)
{
	u64 hz = tsc_khz() * 1000;
	u64 now = tsc_now();

	return (u32)(now / hz * PM_TIMER_HZ + now % hz * PM_TIMER_HZ / hz);
}

u32 pm_read(struct vcpu *vcpu, u16 port, unsigned bytes)
{
	if (port == PM_TIMER)
		return timer_now();
	return port == PM_SLEEP_STATUS || port == PM_SLEEP_CONTROL ? 0 : PIO_ONES;
}

void pm_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
	/* S5 is the only sleep there is, so the type need not be looked at. */
	if (port == PM_SLEEP_CONTROL && value & SLEEP_ENABLE)
		pm_end(vcpu->vm, "power-off");
	if (port == PM_RESET && (u8)value == PM_RESET_VALUE)
		pm_reset(vcpu->vm);
}

void pm_reset_ports_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
	bool reset = false;

	/* A wider access is something else: 0xcf8 is PCI's address register. */
	if (bytes != 1)
		return;
	if (port == PIO_I8042_COMMAND)
		reset = value == I8042_PULSE_RESET;
	else if (port == PIO_PORT92)
		reset = value & PORT92_RESET;
	else if (port == PIO_RESET_CONTROL)
		reset = value & CF9_RESET;
	if (reset)
		pm_reset(vcpu->vm);
}
