// SPDX-License-Identifier: MIT
/* What the operations operate on. */
#pragma once

#define VMCALL_UNKNOWN 0x4242
#define MSR_NUMBER_APIC_BASE 0x1b
#define MSR_NUMBER_DEADLINE 0x6e0
#define MSR_NUMBER_X2APIC_ID 0x802
#define MSR_NUMBER_TPR 0x808
#define MSR_NUMBER_EOI 0x80b
#define MSR_NUMBER_SELF_IPI 0x83f
#define DEADLINE_HIGH 0x7fffffff /* never comes */
#define PORT_LSR 0x3fd
#define PORT_LATCH 0xe0
#define SELF_VECTOR 0x60
