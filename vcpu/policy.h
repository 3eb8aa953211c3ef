// SPDX-License-Identifier: MIT
/* What a guest may see and touch of the processor: tables for CPUID and MSRs. */
#pragma once
#include "vcpu.h"

/* Fill the table of CPUID answers for this vCPU; returns the entries used. At
 * creation. */
unsigned cpuid_policy(struct vcpu *vcpu, struct virt_cpuid_entry *table, unsigned max);
/* The answer of a leaf that the fast path does not know. Owner. */
void cpuid_answer(struct vcpu *vcpu, u32 leaf, u32 subleaf, u32 out[4]);
/* IA32_APIC_BASE was written: leaf 1 tells whether there is a local APIC. Owner. */
void cpuid_apic_changed(struct vcpu *vcpu);
/* RDMSR and WRMSR. False: #GP. Owner, mode OUTSIDE. */
bool msr_read(struct vcpu *vcpu, u32 msr, u64 *value);
bool msr_write(struct vcpu *vcpu, u32 msr, u64 value);
