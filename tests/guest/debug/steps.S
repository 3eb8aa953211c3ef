// SPDX-License-Identifier: MIT
/* Instruction sequences whose boundaries debug.c knows by name. The trap of a POPFQ
 * that sets TF comes after the next instruction. */

	.macro LABEL name
	.globl \name
\name:
	.endm



	.text
	LABEL breakpoint
	nop
	LABEL breakpoint_here
	nop
	retq

/* TF on, and a trap held back by MOV SS, when INT1 comes. */
	LABEL step_icebp
	movl	%ss, %eax
	pushq	$0
	pushfq
	popq	%rcx
	movq	%rcx, (%rsp)
	orq	$0x100, %rcx
	pushq	%rcx
	popfq
	movl	%eax, %ss
	.byte	0xf1
	LABEL icebp_1
	.byte	0xf1
	LABEL icebp_2
	nop
	LABEL icebp_3
	popfq
	LABEL icebp_4
	retq

/* The same, when MOV to a debug register comes with DR7.GD on. */
	LABEL step_general_detect
	xorl	%edx, %edx
	movl	%ss, %eax
	pushfq
	pushfq
	popq	%rcx
	orq	$0x100, %rcx
	movl	$0x2400, %esi
	movq	%rsi, %dr7
	pushq	%rcx
	popfq
	movl	%eax, %ss
	LABEL detect_here
	movq	%rdx, %dr6
	LABEL detect_1
	nop
	LABEL detect_2
	popfq
	LABEL detect_3
	retq

/* Nothing will wake it but its own trap. */
	LABEL step_hlt
	pushfq
	pushfq
	popq	%rcx
	orq	$0x100, %rcx
	pushq	%rcx
	popfq
	sti
	LABEL hlt_here
	hlt
	LABEL hlt_1
	nop
	LABEL hlt_2
	popfq
	LABEL hlt_3
	retq

	.section .note.GNU-stack, "", @progbits
