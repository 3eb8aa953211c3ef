// SPDX-License-Identifier: MIT
/* u64 NAME(void), one for each operation: the TSC's distance over it. Between the two
 * RDTSC lies what the operation needs in registers, and the operation; in NAME_empty
 * the same without the operation. RBX is kept, the other call-clobbered registers not.
 *
 * The self-IPI's second RDTSC is the first instruction of its handler. */
#include "ops.h"

	.macro BEGIN name
	.balign 64
	.globl \name
\name:
	pushq	%rbx
	rdtsc
	shlq	$32, %rdx
	orq	%rax, %rdx
	movq	%rdx, %r8
	.endm

	.macro END
	rdtsc
	shlq	$32, %rdx
	leaq	(%rdx, %rax), %rax
	subq	%r8, %rax
	popq	%rbx
	retq
	.endm

/* An operation of one instruction with values in EAX, ECX and EDX. */
	.macro OPERATION name, a, c, d, insn:vararg
	BEGIN \name
	movl	\a, %eax
	movl	\c, %ecx
	movl	\d, %edx
	\insn
	END
	BEGIN \name\()_empty
	movl	\a, %eax
	movl	\c, %ecx
	movl	\d, %edx
	END
	.endm

	.text
	OPERATION op_cpuid, $0, $0, $0, cpuid
	OPERATION op_vmcall, $VMCALL_UNKNOWN, $0, $0, vmcall
	OPERATION op_rdmsr_apic_base, $0, $MSR_NUMBER_APIC_BASE, $0, rdmsr
	OPERATION op_rdmsr_x2apic_id, $0, $MSR_NUMBER_X2APIC_ID, $0, rdmsr
	OPERATION op_wrmsr_deadline, $-1, $MSR_NUMBER_DEADLINE, $DEADLINE_HIGH, wrmsr
	OPERATION op_wrmsr_tpr, $0, $MSR_NUMBER_TPR, $0, wrmsr
	OPERATION op_in_lsr, $0, $0, $PORT_LSR, inb %dx, %al
	OPERATION op_out_latch, $0, $0, $PORT_LATCH, outb %al, %dx

/* Interrupts are on; the interrupt comes right after WRMSR. */
	BEGIN op_self_ipi
	xorl	%r9d, %r9d
	movl	$SELF_VECTOR, %eax
	movl	$MSR_NUMBER_SELF_IPI, %ecx
	xorl	%edx, %edx
	wrmsr
1:	testq	%r9, %r9		# set by the handler
	jz	1b
	movq	%r9, %rax
	subq	%r8, %rax
	popq	%rbx
	retq
	BEGIN op_self_ipi_empty
	xorl	%r9d, %r9d
	movl	$SELF_VECTOR, %eax
	movl	$MSR_NUMBER_SELF_IPI, %ecx
	xorl	%edx, %edx
	END

	.globl self_handler
self_handler:
	rdtsc
	shlq	$32, %rdx
	leaq	(%rdx, %rax), %r9
	movl	$MSR_NUMBER_EOI, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	iretq

	.section .note.GNU-stack, "", @progbits
