// SPDX-License-Identifier: MIT
/* EOIs without an exit, by KVM's protocol (Linux, Documentation/virt/kvm/x86/msr.rst,
 * MSR_KVM_EOI_EN): a word of guest memory says that an EOI is due and may be given by
 * clearing it. All by the vCPU's owner, mode OUTSIDE. */
#pragma once
#include "types.h"

struct vcpu;

/* The MSR: bit 0 enables, the rest is the address of the word. False: #GP. */
bool pv_eoi_write(struct vcpu *vcpu, u64 value);
/* An interrupt was just accepted: may its EOI be given by the word? Then offer it. */
void pv_eoi_offer(struct vcpu *vcpu);
/* What has become of the offer? Before anyone looks at what the local APIC serves. Taken:
 * that was the EOI. Not taken: it is withdrawn, and the guest will write the register. */
void pv_eoi_settle(struct vcpu *vcpu);
/* As after power-up: off. */
void pv_eoi_reset(struct vcpu *vcpu);
