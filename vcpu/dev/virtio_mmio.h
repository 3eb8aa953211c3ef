// SPDX-License-Identifier: MIT
/* The registers of virtio devices in memory (virtio 1.2, section 4.2.2). */
#pragma once
#include "types.h"

struct vcpu;

/* An access to the register pages of the VM's devices; offset from the first one's
 * start. What is reserved, read-only or of a wrong width reads as 0 and is not written.
 * Owner of vcpu, mode OUTSIDE, no lock held. */
u64 virtio_mmio_read(struct vcpu *vcpu, u32 offset, unsigned bytes);
void virtio_mmio_write(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 value);
