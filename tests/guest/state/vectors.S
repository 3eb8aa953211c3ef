// SPDX-License-Identifier: MIT
/* void vectors_set(u64 pattern, u64 xcr0): every register of the XCR0 components gets
 * something made of the pattern and its number.
 * u64 vectors_differ(u64 pattern, u64 xcr0): 0 if they all still have it; changes none.
 *
 * All registers but RBX, RBP and R12 to R15 may change. */

#define XCR0_AVX_BIT 2
#define XCR0_AVX512_BIT 7

/* Memory operands: pieces of the pattern at spread, 64 bytes. */
	.text
	.code64
spread:					# fill area with RDI, RDI + 1, ...
	leaq	area(%rip), %rax
	movl	$8, %ecx
1:	movq	%rdi, (%rax)
	addq	$0x0101, %rdi
	addq	$8, %rax
	decl	%ecx
	jnz	1b
	ret

	.macro EACH16 what
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\what	\n
	.endr
	.endm

/* Register n holds the area, rotated by n bytes. */
	.macro SET_XMM n
	movups	area + \n(%rip), %xmm\n
	.endm
	.macro SET_YMM n
	vmovups	area + \n(%rip), %ymm\n
	.endm
	.macro SET_ZMM n
	vmovups	area + \n(%rip), %zmm\n
	.endm
	.macro SET_HIGH n
	vmovups	area + 16 + \n(%rip), %zmm1\n
	.endm

	.globl vectors_set
vectors_set:
	call	spread
	fninit
	fildll	area(%rip)
	fildll	area + 8(%rip)
	btl	$XCR0_AVX512_BIT, %esi
	jc	.Lset_512
	btl	$XCR0_AVX_BIT, %esi
	jc	.Lset_256
	EACH16	SET_XMM
	ret
.Lset_256:
	EACH16	SET_YMM
	ret
.Lset_512:
	EACH16	SET_ZMM
	.irp	n, 6, 7, 8, 9		# zmm16 to zmm19
	SET_HIGH \n
	.endr
	movq	area(%rip), %rax
	kmovq	%rax, %k1
	notq	%rax
	kmovq	%rax, %k7
	ret

/* Compare through memory, so that no register changes. */
	.macro CHECK move, reg, bytes, from
	\move	\reg, seen(%rip)
	leaq	seen(%rip), %rdi
	leaq	area + \from(%rip), %rsi
	movl	$\bytes, %ecx
	repe cmpsb
	jne	.Ldiffer
	.endm
	.macro CHECK_XMM n
	CHECK	movups, %xmm\n, 16, \n
	.endm
	.macro CHECK_YMM n
	CHECK	vmovups, %ymm\n, 32, \n
	.endm
	.macro CHECK_ZMM n
	CHECK	vmovups, %zmm\n, 64, \n
	.endm
	.macro CHECK_HIGH n
	CHECK	vmovups, %zmm1\n, 64, 16 + \n
	.endm

	.globl vectors_differ
vectors_differ:
	movq	%rsi, %r8
	call	spread
	fld	%st(0)			# the top one, and leave it
	fistpll	seen(%rip)
	movq	seen(%rip), %rax
	cmpq	area + 8(%rip), %rax
	jne	.Ldiffer
	btl	$XCR0_AVX512_BIT, %r8d
	jc	.Lcheck_512
	btl	$XCR0_AVX_BIT, %r8d
	jc	.Lcheck_256
	EACH16	CHECK_XMM
	jmp	.Lsame
.Lcheck_256:
	EACH16	CHECK_YMM
	jmp	.Lsame
.Lcheck_512:
	EACH16	CHECK_ZMM
	.irp	n, 6, 7, 8, 9		# zmm16 to zmm19
	CHECK_HIGH \n
	.endr
	kmovq	%k1, %rax
	cmpq	area(%rip), %rax
	jne	.Ldiffer
	kmovq	%k7, %rax
	notq	%rax
	cmpq	area(%rip), %rax
	jne	.Ldiffer
.Lsame:
	xorl	%eax, %eax
	ret
.Ldiffer:
	movl	$1, %eax
	ret

/* u64 general_differ(u64 pattern, u64 turns): holds RDI in the registers that nothing
 * else needs for so many turns of a loop; 0 if it is still in each after every turn. */
	.globl general_differ
general_differ:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	.irp	reg, rax, rbx, rcx, rdx, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	movq	%rdi, %\reg
	.endr
1:	.irp	reg, rax, rbx, rcx, rdx, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	cmpq	%rdi, %\reg
	jne	2f
	.endr
	decq	%rsi
	jnz	1b
2:	movq	%rsi, %rax		# 0: all turns done
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.bss
	.balign 64
area:	.skip	128
seen:	.skip	64

	.section .note.GNU-stack, "", @progbits
