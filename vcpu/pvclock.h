// SPDX-License-Identifier: MIT
/* The paravirtual clock that Linux knows as kvmclock (Linux,
 * Documentation/virt/kvm/x86/msr.rst): a record in guest memory from which a guest
 * computes nanoseconds out of its TSC. */
#pragma once
#include "types.h"

struct vcpu;

/* MSRs 0x4b564d01 and 0x12: where this vCPU's time record is, bit 0: enabled. Writes
 * the record. False, #GP: not in RAM, or not aligned. Home, mode OUTSIDE. */
bool pvclock_write_system_time(struct vcpu *vcpu, u64 value);
/* MSRs 0x4b564d00 and 0x11: write the time of day at system time 0 to this
 * guest-physical address, once. False: #GP. Home, mode OUTSIDE. */
bool pvclock_write_wall_clock(struct vcpu *vcpu, u64 value);
/* The vCPU's tsc_offset has changed: write the record again, if there is one. */
void pvclock_update(struct vcpu *vcpu);

/* Factors that turn TSC cycles at khz (not 0) into nanoseconds:
 * ns = (cycles << shift) * mul >> 32, a negative shift being one to the right. Pure. */
void pvclock_scale(u64 khz, u32 *mul, int8_t *shift);
