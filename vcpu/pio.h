// SPDX-License-Identifier: MIT
/* Port I/O of a guest. Home of the vCPU, mode OUTSIDE, no lock held; take the VM's
 * device_lock. bytes is 1, 2 or 4. Ports where nothing is read as all ones, and are
 * counted in vm->unknown_pio. A write may have ended the VM on return. */
#pragma once
#include "types.h"

struct vcpu;

#define PIO_ONES 0xffffffffu /* what an empty bus reads as */

#define PIO_PIT_COUNTER2 0x42
#define PIO_PORT61 0x61
#define PIO_I8042_COMMAND 0x64
#define PIO_PORT92 0x92
#define PIO_PCI 0xcf8 /* 0xcf8-0xcff: there is no PCI */
#define PIO_RESET_CONTROL 0xcf9

/* The value in the low bytes, the others 0. */
u32 pio_read(struct vcpu *vcpu, u16 port, unsigned bytes);
void pio_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value);
