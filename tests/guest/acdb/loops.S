// SPDX-License-Identifier: MIT
/* void ac_loop(void): does not come back, keeps no register. It leaves long mode and goes
 * to CPL 3 with a stack that is not aligned and alignment checks on; the gate of #AC
 * leads to CPL 3 code on that same stack. So the delivery of #AC pushes onto it, which
 * is an #AC, and so on. (In long mode the processor aligns the stack itself.) */
#include "layout.h"

#define SEL_USER_CODE (0x20 | 3)
#define SEL_USER_DATA (0x28 | 3)
#define CR0_AM_BIT 18
#define CR0_PG_BIT 31
#define MSR_EFER 0xc0000080
#define EFER_LME_BIT 8
#define EFLAGS_AC 0x40002		/* and the bit that is always 1 */
#define VECTOR_AC 17
#define GATE_BYTES 8

	.text
	.code64
	.globl ac_loop
ac_loop:
	cli
	movq	user_segments, %rax
	movq	%rax, gdt + 0x20
	movq	user_segments + 8, %rax
	movq	%rax, gdt + 0x28
	pushq	$SEL_CODE32
	pushq	$1f
	lretq
	.code32
1:	movl	%cr0, %eax
	btrl	$CR0_PG_BIT, %eax
	btsl	$CR0_AM_BIT, %eax
	movl	%eax, %cr0
	movl	$MSR_EFER, %ecx
	rdmsr
	btrl	$EFER_LME_BIT, %eax
	wrmsr
	movl	$SEL_DATA, %eax
	movl	%eax, %ss
	movl	$user_stack, %esp
	movl	$user, %eax		# the gate's two halves of the offset
	movw	%ax, ac_gate
	shrl	$16, %eax
	movw	%ax, ac_gate + 6
	lidt	idt32_pointer
	pushl	$SEL_USER_DATA
	pushl	$user_stack - 65	# not aligned
	pushl	$EFLAGS_AC
	pushl	$SEL_USER_CODE
	pushl	$user
	iretl
user:	pushl	%eax			# the first #AC
	jmp	user

	.data
	.balign 8
user_segments:
	.quad	0x00cffb000000ffff	# 32-bit code, DPL 3
	.quad	0x00cff3000000ffff	# data, DPL 3
idt32:
	.fill	VECTOR_AC * GATE_BYTES, 1, 0
ac_gate:
	.word	0, SEL_USER_CODE
	.byte	0, 0xee			# 32-bit interrupt gate, DPL 3
	.word	0
idt32_pointer:
	.word	(VECTOR_AC + 1) * GATE_BYTES - 1
	.long	idt32

	.bss
	.balign 16
	.skip	4096
user_stack:

	.section .note.GNU-stack, "", @progbits
