// SPDX-License-Identifier: MIT
/* 256 entry points, one a vector: void trap_entries[256][16 bytes]. Each makes a
 * struct frame (guest.h) and calls trap_dispatch(frame). All registers are preserved,
 * or become what the handler wrote into the frame. */

	.text
	.code64
	.macro ENTRY vector
	.balign 16
	.if \vector < 8 || \vector == 9 || \vector == 15 || \vector == 16 || \vector > 17
	.if \vector != 21
	pushq	$0			# the processor has pushed no error code
	.endif
	.endif
	pushq	$\vector
	jmp	trap_common
	.endm

	.balign 16
	.globl trap_entries
trap_entries:
	.set	n, 0
	.rept	256
	.altmacro
	ENTRY %n
	.noaltmacro
	.set	n, n + 1
	.endr

trap_common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %rdi
	cld
	callq	trap_dispatch
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp		# vector, error code
	iretq

	.section .note.GNU-stack, "", @progbits
