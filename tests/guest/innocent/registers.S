// SPDX-License-Identifier: MIT
/* u64 registers_differ(u64 pattern (RDI), u64 turns (RSI)): holds values made from the
 * pattern in all general registers but RSP, over so many turns of a loop; returns how
 * many were found changed. */

	.text
	.code64
	.globl registers_differ
registers_differ:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	movq	%rsi, %rcx
	leaq	1(%rdi), %rax
	leaq	2(%rdi), %rbx
	leaq	3(%rdi), %rdx
	leaq	4(%rdi), %rbp
	leaq	5(%rdi), %rsi
	leaq	6(%rdi), %r8
	leaq	7(%rdi), %r9
	leaq	8(%rdi), %r10
	leaq	9(%rdi), %r11
	leaq	10(%rdi), %r12
	leaq	11(%rdi), %r13
	leaq	12(%rdi), %r14
	leaq	13(%rdi), %r15
1:	decq	%rcx
	jnz	1b
	.macro	SAME register, offset
	subq	(%rsp), \register
	cmpq	$\offset, \register
	je	2f
	incq	%rcx
2:
	.endm
	SAME	%rdi, 0
	SAME	%rax, 1
	SAME	%rbx, 2
	SAME	%rdx, 3
	SAME	%rbp, 4
	SAME	%rsi, 5
	SAME	%r8, 6
	SAME	%r9, 7
	SAME	%r10, 8
	SAME	%r11, 9
	SAME	%r12, 10
	SAME	%r13, 11
	SAME	%r14, 12
	SAME	%r15, 13
	movq	%rcx, %rax
	popq	%rdi
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
