// SPDX-License-Identifier: MIT
/* Names and bits of the processor's registers, in the manual's order
 * (SDM 3A "Control Registers"; SDM 4 "Model-Specific Registers"). */
#pragma once

#ifdef __ASSEMBLER__
#define R_BIT(n) (1 << (n))
#else
#include "bits.h"
#define R_BIT(n) (1UL << (n))
#endif

#define CR0_PE R_BIT(0)
#define CR0_MP R_BIT(1)
#define CR0_EM R_BIT(2)
#define CR0_TS R_BIT(3)
#define CR0_ET R_BIT(4)
#define CR0_NE R_BIT(5)
#define CR0_WP R_BIT(16)
#define CR0_AM R_BIT(18)
#define CR0_NW R_BIT(29)
#define CR0_CD R_BIT(30)
#define CR0_PG 0x80000000

#define CR4_VME R_BIT(0)
#define CR4_PVI R_BIT(1)
#define CR4_TSD R_BIT(2)
#define CR4_DE R_BIT(3)
#define CR4_PSE R_BIT(4)
#define CR4_PAE R_BIT(5)
#define CR4_MCE R_BIT(6)
#define CR4_PGE R_BIT(7)
#define CR4_PCE R_BIT(8)
#define CR4_OSFXSR R_BIT(9)
#define CR4_OSXMMEXCPT R_BIT(10)
#define CR4_UMIP R_BIT(11)
#define CR4_LA57 R_BIT(12)
#define CR4_VMXE R_BIT(13)
#define CR4_SMXE R_BIT(14)
#define CR4_FSGSBASE R_BIT(16)
#define CR4_PCIDE R_BIT(17)
#define CR4_OSXSAVE R_BIT(18)
#define CR4_SMEP R_BIT(20)
#define CR4_SMAP R_BIT(21)
#define CR4_PKE R_BIT(22)

#define RFLAGS_FIXED R_BIT(1)
#define RFLAGS_CF R_BIT(0)
#define RFLAGS_TF R_BIT(8)
#define RFLAGS_IF R_BIT(9)
#define RFLAGS_DF R_BIT(10)
#define RFLAGS_RF R_BIT(16)
#define RFLAGS_VM R_BIT(17)

#define DR6_FIXED 0xffff0ff0UL
#define DR6_BREAKPOINTS 0xfUL
#define DR6_BD R_BIT(13)
#define DR6_STATUS 0x600fUL /* B0-B3, BD, BS */
#define DR7_FIXED 0x400
#define DR7_GD R_BIT(13)

#define EFER_SCE R_BIT(0)
#define EFER_LME R_BIT(8)
#define EFER_LMA R_BIT(10)
#define EFER_NXE R_BIT(11)

#define MSR_TSC 0x10
#define MSR_APIC_BASE 0x1b
#define APIC_BASE_BSP R_BIT(8)
#define APIC_BASE_EXTD R_BIT(10)
#define APIC_BASE_EN R_BIT(11)
#define MSR_FEATURE_CONTROL 0x3a
#define FEATURE_CONTROL_LOCKED R_BIT(0)
#define FEATURE_CONTROL_VMX R_BIT(2)
#define MSR_TSC_ADJUST 0x3b
#define MSR_SPEC_CTRL 0x48
#define MSR_BIOS_SIGN_ID 0x8b
#define MSR_MTRRCAP 0xfe
#define MSR_ARCH_CAPABILITIES 0x10a
#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_MCG_CAP 0x179
#define MSR_MCG_STATUS 0x17a
#define MSR_MISC_ENABLE 0x1a0
#define MSR_DEBUGCTL 0x1d9
#define MSR_PAT 0x277
#define MSR_MTRR_DEF_TYPE 0x2ff
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC_BASE 0x800
#define MSR_XSS 0xda0
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_FMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX 0xc0000103

/* Exception vectors, SDM 3A "Exception and Interrupt Vectors". */
#define VEC_DE 0
#define VEC_DB 1
#define VEC_NMI 2
#define VEC_BP 3
#define VEC_UD 6
#define VEC_NM 7
#define VEC_DF 8
#define VEC_TS 10
#define VEC_NP 11
#define VEC_SS 12
#define VEC_GP 13
#define VEC_PF 14
#define VEC_AC 17
#define VEC_MC 18

/* Selectors of our own GDT (desc.c). */
#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_TSS 0x18
