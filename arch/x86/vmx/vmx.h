// SPDX-License-Identifier: MIT
/* VT-x facts: field encodings, controls, exit reasons, qualifications; only what
 * is used, in the manual's groups and order (SDM 3D appendix "Field Encoding in
 * VMCS", "VMX Basic Exit Reasons"). */
#pragma once

/* --- capability MSRs (SDM 3D appendix "VMX Capability Reporting Facility") --- */
#define MSR_VMX_BASIC 0x480
#define VMX_BASIC_TRUE_CTLS (1UL << 55)
#define VMX_BASIC_MEMTYPE_SHIFT 50
#define VMX_BASIC_MEMTYPE_WB 6
#define MSR_VMX_PINBASED_CTLS 0x481
#define MSR_VMX_PROCBASED_CTLS 0x482
#define MSR_VMX_EXIT_CTLS 0x483
#define MSR_VMX_ENTRY_CTLS 0x484
#define MSR_VMX_MISC 0x485
#define VMX_MISC_STORE_LMA (1UL << 5)
#define VMX_MISC_TIMER_SHIFT 0x1fUL /* preemption timer: one step each 2^n cycles */
#define MSR_VMX_CR0_FIXED0 0x486
#define MSR_VMX_CR0_FIXED1 0x487
#define MSR_VMX_CR4_FIXED0 0x488
#define MSR_VMX_CR4_FIXED1 0x489
#define MSR_VMX_PROCBASED_CTLS2 0x48b
#define MSR_VMX_EPT_VPID_CAP 0x48c
#define EPT_CAP_WALK4 (1UL << 6)
#define EPT_CAP_UC (1UL << 8)
#define EPT_CAP_WB (1UL << 14)
#define EPT_CAP_2M (1UL << 16)
#define EPT_CAP_1G (1UL << 17)
#define EPT_CAP_INVEPT (1UL << 20)
#define EPT_CAP_INVEPT_SINGLE (1UL << 25)
#define EPT_CAP_INVEPT_ALL (1UL << 26)
#define VPID_CAP_INVVPID (1UL << 32)
#define VPID_CAP_SINGLE (1UL << 41)
#define VPID_CAP_ALL (1UL << 42)
#define MSR_VMX_TRUE_PINBASED_CTLS 0x48d
#define MSR_VMX_TRUE_PROCBASED_CTLS 0x48e
#define MSR_VMX_TRUE_EXIT_CTLS 0x48f
#define MSR_VMX_TRUE_ENTRY_CTLS 0x490

/* --- pin-based controls --- */
#define PIN_EXTERNAL_INTERRUPT (1U << 0)
#define PIN_NMI (1U << 3)
#define PIN_VIRTUAL_NMIS (1U << 5)
#define PIN_PREEMPTION_TIMER (1U << 6)
/* --- primary processor-based controls --- */
#define PROC_INTERRUPT_WINDOW (1U << 2)
#define PROC_TSC_OFFSET (1U << 3)
#define PROC_HLT (1U << 7)
#define PROC_MWAIT (1U << 10)
#define PROC_RDPMC (1U << 11)
#define PROC_CR3_LOAD (1U << 15)
#define PROC_CR3_STORE (1U << 16)
#define PROC_CR8_LOAD (1U << 19)
#define PROC_CR8_STORE (1U << 20)
#define PROC_NMI_WINDOW (1U << 22)
#define PROC_UNCONDITIONAL_IO (1U << 24)
#define PROC_IO_BITMAPS (1U << 25)
#define PROC_MSR_BITMAPS (1U << 28)
#define PROC_MONITOR (1U << 29)
#define PROC_SECONDARY (1U << 31)
/* --- secondary processor-based controls --- */
#define PROC2_EPT (1U << 1)
#define PROC2_DESCRIPTOR_TABLE (1U << 2)
#define PROC2_RDTSCP (1U << 3)
#define PROC2_VPID (1U << 5)
#define PROC2_WBINVD (1U << 6)
#define PROC2_UNRESTRICTED (1U << 7)
#define PROC2_INVPCID (1U << 12)
/* --- VM-exit controls --- */
#define EXIT_SAVE_DEBUG (1U << 2)
#define EXIT_HOST_64 (1U << 9)
#define EXIT_ACK_INTERRUPT (1U << 15)
#define EXIT_SAVE_PAT (1U << 18)
#define EXIT_LOAD_PAT (1U << 19)
#define EXIT_SAVE_EFER (1U << 20)
#define EXIT_LOAD_EFER (1U << 21)
#define EXIT_SAVE_PREEMPTION_TIMER (1U << 22)
/* --- VM-entry controls --- */
#define ENTRY_LOAD_DEBUG (1U << 2)
#define ENTRY_IA32E (1U << 9)
#define ENTRY_LOAD_PAT (1U << 14)
#define ENTRY_LOAD_EFER (1U << 15)

/* --- 16-bit fields --- */
#define VMCS_VPID 0x0000
#define VMCS_GUEST_ES_SELECTOR 0x0800 /* then CS SS DS FS GS LDTR TR, step 2 */
#define VMCS_HOST_ES_SELECTOR 0x0c00
#define VMCS_HOST_CS_SELECTOR 0x0c02
#define VMCS_HOST_SS_SELECTOR 0x0c04
#define VMCS_HOST_DS_SELECTOR 0x0c06
#define VMCS_HOST_FS_SELECTOR 0x0c08
#define VMCS_HOST_GS_SELECTOR 0x0c0a
#define VMCS_HOST_TR_SELECTOR 0x0c0c
/* --- 64-bit fields --- */
#define VMCS_IO_BITMAP_A 0x2000
#define VMCS_IO_BITMAP_B 0x2002
#define VMCS_MSR_BITMAP 0x2004
#define VMCS_TSC_OFFSET 0x2010
#define VMCS_EPT_POINTER 0x201a
#define VMCS_GUEST_PHYSICAL 0x2400
#define VMCS_LINK_POINTER 0x2800
#define VMCS_GUEST_DEBUGCTL 0x2802
#define VMCS_GUEST_PAT 0x2804
#define VMCS_GUEST_EFER 0x2806
#define VMCS_GUEST_PDPTE0 0x280a /* then 1 to 3, step 2 */
#define VMCS_HOST_PAT 0x2c00
#define VMCS_HOST_EFER 0x2c02
/* --- 32-bit fields --- */
#define VMCS_PIN_CTLS 0x4000
#define VMCS_PROC_CTLS 0x4002
#define VMCS_EXCEPTION_BITMAP 0x4004
#define VMCS_PF_ERROR_MASK 0x4006
#define VMCS_PF_ERROR_MATCH 0x4008
#define VMCS_CR3_TARGET_COUNT 0x400a
#define VMCS_EXIT_CTLS 0x400c
#define VMCS_EXIT_MSR_STORE_COUNT 0x400e
#define VMCS_EXIT_MSR_LOAD_COUNT 0x4010
#define VMCS_ENTRY_CTLS 0x4012
#define VMCS_ENTRY_MSR_LOAD_COUNT 0x4014
#define VMCS_ENTRY_INTR_INFO 0x4016
#define VMCS_ENTRY_EXCEPTION_ERROR 0x4018
#define VMCS_ENTRY_INSN_LENGTH 0x401a
#define VMCS_PROC_CTLS2 0x401e
#define VMCS_INSN_ERROR 0x4400
#define VMCS_EXIT_REASON 0x4402
#define VMCS_EXIT_INTR_INFO 0x4404
#define VMCS_EXIT_INTR_ERROR 0x4406
#define VMCS_VECTORING_INFO 0x4408
#define VMCS_VECTORING_ERROR 0x440a
#define VMCS_EXIT_INSN_LENGTH 0x440c
#define VMCS_EXIT_INSN_INFO 0x440e
#define VMCS_GUEST_ES_LIMIT 0x4800 /* then as the selectors, step 2 */
#define VMCS_GUEST_GDTR_LIMIT 0x4810
#define VMCS_GUEST_IDTR_LIMIT 0x4812
#define VMCS_GUEST_ES_ACCESS 0x4814
#define VMCS_GUEST_INTERRUPTIBILITY 0x4824
#define VMCS_GUEST_ACTIVITY 0x4826
#define VMCS_GUEST_SYSENTER_CS 0x482a
#define VMCS_PREEMPTION_TIMER 0x482e
#define VMCS_HOST_SYSENTER_CS 0x4c00
/* --- natural-width fields --- */
#define VMCS_CR0_MASK 0x6000
#define VMCS_CR4_MASK 0x6002
#define VMCS_CR0_SHADOW 0x6004
#define VMCS_CR4_SHADOW 0x6006
#define VMCS_EXIT_QUALIFICATION 0x6400
#define VMCS_GUEST_LINEAR 0x640a
#define VMCS_GUEST_CR0 0x6800
#define VMCS_GUEST_CR3 0x6802
#define VMCS_GUEST_CR4 0x6804
#define VMCS_GUEST_ES_BASE 0x6806
#define VMCS_GUEST_GDTR_BASE 0x6816
#define VMCS_GUEST_IDTR_BASE 0x6818
#define VMCS_GUEST_DR7 0x681a
#define VMCS_GUEST_RSP 0x681c
#define VMCS_GUEST_RIP 0x681e
#define VMCS_GUEST_RFLAGS 0x6820
#define VMCS_GUEST_PENDING_DEBUG 0x6822
#define VMCS_GUEST_SYSENTER_ESP 0x6824
#define VMCS_GUEST_SYSENTER_EIP 0x6826
#define VMCS_HOST_CR0 0x6c00
#define VMCS_HOST_CR3 0x6c02
#define VMCS_HOST_CR4 0x6c04
#define VMCS_HOST_FS_BASE 0x6c06
#define VMCS_HOST_GS_BASE 0x6c08
#define VMCS_HOST_TR_BASE 0x6c0a
#define VMCS_HOST_GDTR_BASE 0x6c0c
#define VMCS_HOST_IDTR_BASE 0x6c0e
#define VMCS_HOST_SYSENTER_ESP 0x6c10
#define VMCS_HOST_SYSENTER_EIP 0x6c12
#define VMCS_HOST_RSP 0x6c14
#define VMCS_HOST_RIP 0x6c16

/* --- interruption information, of entry, exit and vectoring alike --- */
#define INTR_VECTOR_MASK 0xffU
#define INTR_TYPE_MASK (7U << 8)
#define INTR_TYPE_EXTERNAL (0U << 8)
#define INTR_TYPE_NMI (2U << 8)
#define INTR_TYPE_HARD_EXCEPTION (3U << 8)
#define INTR_TYPE_SOFT_INTERRUPT (4U << 8)
#define INTR_TYPE_PRIV_SOFT_EXCEPTION (5U << 8)
#define INTR_TYPE_SOFT_EXCEPTION (6U << 8)
#define INTR_HAS_ERROR (1U << 11)
#define INTR_NMI_UNBLOCKED_BY_IRET (1U << 12)
#define INTR_VALID (1U << 31)

/* --- guest interruptibility state --- */
#define SHADOW_STI (1U << 0)
#define SHADOW_MOV_SS (1U << 1)
#define BLOCKED_BY_NMI (1U << 3)

/* --- pending debug exceptions --- */
#define PENDING_DEBUG_BS (1UL << 14)
#define PENDING_DEBUG_TRAPS (PENDING_DEBUG_BS | 1UL << 12) /* a step, a breakpoint */

/* --- exit reasons --- */
#define REASON_EXCEPTION_NMI 0
#define REASON_EXTERNAL_INTERRUPT 1
#define REASON_TRIPLE_FAULT 2
#define REASON_INIT 3
#define REASON_INTERRUPT_WINDOW 7
#define REASON_NMI_WINDOW 8
#define REASON_TASK_SWITCH 9
#define REASON_CPUID 10
#define REASON_HLT 12
#define REASON_INVD 13
#define REASON_RDPMC 15
#define REASON_VMCALL 18
#define REASON_VMCLEAR 19 /* 19..27: the VMX instructions */
#define REASON_VMXON 27
#define REASON_CR_ACCESS 28
#define REASON_DR_ACCESS 29
#define REASON_IO 30
#define REASON_RDMSR 31
#define REASON_WRMSR 32
#define REASON_BAD_GUEST_STATE 33
#define REASON_BAD_MSR_LOAD 34
#define REASON_MWAIT 36
#define REASON_MONITOR 39
#define REASON_PAUSE 40
#define REASON_MACHINE_CHECK 41
#define REASON_EPT_VIOLATION 48
#define REASON_EPT_MISCONFIG 49
#define REASON_PREEMPTION_TIMER 52
#define REASON_INVEPT 50
#define REASON_INVVPID 53
#define REASON_WBINVD 54
#define REASON_XSETBV 55
#define REASON_COUNT 70
#define REASON_BASIC_MASK 0xffffU
#define REASON_ENTRY_FAILED (1U << 31)

/* --- exit qualifications --- */
#define EPT_QUAL_WRITE (1UL << 1)
#define EPT_QUAL_FETCH (1UL << 2)
#define EPT_QUAL_GVA_VALID (1UL << 7)
#define EPT_QUAL_NOT_WALK (1UL << 8)
#define EPT_QUAL_NMI_UNBLOCKED (1UL << 12)
#define IO_QUAL_SIZE_MASK 7UL
#define IO_QUAL_IN (1UL << 3)
#define IO_QUAL_STRING (1UL << 4)
#define IO_QUAL_REP (1UL << 5)
#define IO_QUAL_PORT_SHIFT 16
#define CR_QUAL_NUMBER 0xfUL
#define CR_QUAL_TYPE_SHIFT 4
#define CR_QUAL_REG_SHIFT 8
#define CR_QUAL_LMSW_SHIFT 16

#define INSN_INFO_ADDRESS_SHIFT 7 /* address size: 0 16 bits, 1 32, 2 64 */

/* --- EPT entries and pointer (SDM 3C "EPT Translation Mechanism") --- */
#define EPT_READ (1UL << 0)
#define EPT_WRITE (1UL << 1)
#define EPT_EXEC (1UL << 2)
#define EPT_RWX (EPT_READ | EPT_WRITE | EPT_EXEC)
#define EPT_MEMTYPE_WB (6UL << 3)
#define EPT_IGNORE_PAT (1UL << 6)
#define EPT_LARGE (1UL << 7)
#define EPTP_WB 6UL
#define EPTP_WALK4 (3UL << 3)

/* --- INVEPT, INVVPID types --- */
#define INVEPT_SINGLE 1
#define INVEPT_ALL 2
#define INVVPID_SINGLE 1
#define INVVPID_ALL 2
