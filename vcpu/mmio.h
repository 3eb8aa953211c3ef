// SPDX-License-Identifier: MIT
/* Device registers in guest-physical memory. */
#pragma once
#include "types.h"

struct vcpu;

/* The guest touched gpa, where there is no memory, with the instruction at insn
 * (insn_bytes of it may be read). Do what the instruction does, and step over it.
 * False: no device is there, or the instruction is not known; nothing was done.
 * Home of the vCPU, mode OUTSIDE, no lock held. */
bool mmio_emulate(struct vcpu *vcpu, gpa_t gpa, const u8 *insn, unsigned insn_bytes);
