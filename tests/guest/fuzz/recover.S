// SPDX-License-Identifier: MIT
/* The ways back from whatever an operation did. fuzz_try() leaves a checkpoint; every
 * exception in long mode, on a stack of its own, comes back there, and so does every
 * exception in protected and in real mode, by way of to_long_mode. The low end of
 * each interrupt stack, a page, holds the address of the vCPU's struct fuzz_cpu. */
#include "fuzz.h"
#include "layout.h"

#define CR0_GOOD 0x80000031		/* PG, NE, ET, PE */
#define CR4_GOOD 0x620			/* PAE, OSFXSR, OSXMMEXCPT */
#define CR0_PE 1
#define CR0_PG_BIT 31
#define CR0_PE_PG 0x80000001
#define CR4_PAE 0x20
#define CR4_PSE 0x10
#define EFER_LME 0x100
#define MSR_EFER 0xc0000080
#define MSR_APIC_BASE 0x1b
#define MSR_X2APIC_EOI 0x80b
#define APIC_BASE_EXTD 0x400
#define APIC_BASE_EN 0x800
#define APIC_PAGE_EOI 0xfee000b0
#define RFLAGS_FIXED 2
#define RPL3 3

	.text
	.code64

/* u64 fuzz_try(struct fuzz_cpu *f (RDI), void (*fn)(struct fuzz_cpu *f) (RSI)) */
	.globl fuzz_try
fuzz_try:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rdi, %rbx
	movq	%rsp, FC_RSP(%rbx)
	movq	$1, FC_ACTIVE(%rbx)
	callq	*%rsi
	movl	$256, %eax
	jmp	leave_try

/* RBX: f, EAX: the vector; all else is lost. */
recover:
	cld
	movl	$boot_pml4, %ecx
	movq	%rcx, %cr3
	movl	$CR0_GOOD, %ecx
	movq	%rcx, %cr0
	movl	$CR4_GOOD, %ecx
	movq	%rcx, %cr4
	xorl	%ecx, %ecx
	movq	%rcx, %dr7
	lgdt	gdt_pointer
	lidt	fuzz_idt_pointer
	movl	$SEL_DATA, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	movl	%ecx, %ss
	movl	%ecx, %fs
	movl	%ecx, %gs
	movq	FC_RSP(%rbx), %rsp
	/* By IRET, since NMIs may be blocked. */
	movq	%rsp, %rdx
	pushq	%rcx
	pushq	%rdx
	pushq	$RFLAGS_FIXED
	pushq	$SEL_CODE64
	pushq	$leave_try
	iretq
leave_try:
	pushq	$RFLAGS_FIXED		# DF and others
	popfq
	movq	$0, FC_ACTIVE(%rbx)
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret

/* 32 entries of 16 bytes. */
	.balign 16
	.globl fuzz_exceptions
fuzz_exceptions:
	.set	vector, 0
	.rept	32
	.balign 16
	movl	$vector, %eax
	jmp	on_exception
	.set	vector, vector + 1
	.endr
on_exception:
	movq	%rsp, %rbx
	andq	$-IST_BYTES, %rbx
	movq	(%rbx), %rbx
	cmpq	$0, FC_ACTIVE(%rbx)
	jne	recover
	/* Not in an operation: a mistake of this guest's own. */
	movl	%eax, %edi
	jmp	fuzz_lost

/* One NMI is nothing; the second in one and the same operation frees us from it. */
	.globl fuzz_nmi
fuzz_nmi:
	pushq	%rbx
	pushq	%rax
	movq	%rsp, %rbx
	andq	$-IST_BYTES, %rbx
	movq	(%rbx), %rbx
	incq	FC_NMIS(%rbx)
	movq	FC_OPS(%rbx), %rax
	cmpq	%rax, FC_NMI_OPS(%rbx)
	movq	%rax, FC_NMI_OPS(%rbx)
	jne	1f
	movl	$2, %eax
	cmpq	$0, FC_ACTIVE(%rbx)
	jne	recover
1:	popq	%rax
	popq	%rbx
	iretq

/* A line that stays up would interrupt for ever: enough is enough. */
	.globl fuzz_irq
fuzz_irq:
	pushq	%rbx
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	movq	%rsp, %rbx
	andq	$-IST_BYTES, %rbx
	movq	(%rbx), %rbx
	incq	FC_IRQS(%rbx)
	movl	$MSR_APIC_BASE, %ecx
	rdmsr
	testl	$APIC_BASE_EN, %eax
	jz	2f
	testl	$APIC_BASE_EXTD, %eax
	jz	1f
	movl	$MSR_X2APIC_EOI, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	jmp	2f
1:	movl	$APIC_PAGE_EOI, %edx
	movl	$0, (%rdx)
2:	movl	$RECOVERED_IRQS, %eax
	testq	$(IRQS_MAX - 1), FC_IRQS(%rbx)
	jnz	3f
	cmpq	$0, FC_ACTIVE(%rbx)
	jne	recover
3:	popq	%rdx
	popq	%rcx
	popq	%rax
	popq	%rbx
	iretq

/* --- into the modes: code in RDI, stack in RSI; protected: page directory in RDX --- */

	.globl fuzz_jump
fuzz_jump:
	movq	%rsi, %rsp
	jmpq	*%rdi

	.globl fuzz_jump_user
fuzz_jump_user:
	pushq	$SEL_USER_DATA
	pushq	%rsi
	pushq	$RFLAGS_FIXED
	pushq	$SEL_USER_CODE64
	pushq	%rdi
	iretq

	.globl fuzz_jump_compat
fuzz_jump_compat:
	movq	%rsi, %rsp
	pushq	$SEL_CODE32
	pushq	%rdi
	lretq

	.globl fuzz_jump_protected
fuzz_jump_protected:
	movq	%rsi, %rsp
	pushq	$SEL_CODE32
	pushq	$1f
	lretq
	.code32
1:	lidt	fuzz_idt32_pointer
	call	leave_long_mode
	testl	%edx, %edx		# no paging
	jz	2f
	movl	%edx, %cr3
	movl	$CR4_PSE, %eax
	movl	%eax, %cr4
	movl	%cr0, %eax
	btsl	$CR0_PG_BIT, %eax
	movl	%eax, %cr0
2:	jmp	*%edi

	.code64
	.globl fuzz_jump_real
fuzz_jump_real:
	movq	%rsi, %rsp
	pushq	$SEL_CODE32
	pushq	$1f
	lretq
	.code32
1:	lidt	fuzz_ivt_pointer
	call	leave_long_mode
	movl	%edi, %esi
	shrl	$4, %esi
	movw	%si, real_far + 2
	movw	$SEL_DATA16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	ljmp	$SEL_CODE16, $(REAL_RETURN + real_entry - real_return)

leave_long_mode:
	movl	%cr0, %eax
	btrl	$CR0_PG_BIT, %eax
	movl	%eax, %cr0
	movl	$MSR_EFER, %ecx
	pushl	%edx
	rdmsr
	andl	$~EFER_LME, %eax
	wrmsr
	popl	%edx
	ret

/* Copied to REAL_RETURN: the gate of all real-mode vectors, and the way in. */
	.code16
	.globl real_return, real_return_end
real_return:
	cli
	movl	%cr0, %eax
	andl	$~CR0_PE_PG, %eax	/* PG off first: a random CR0 may have it */
	orl	$CR0_PE, %eax
	xorw	%cx, %cx
	movw	%cx, %ds
	lgdtl	%cs:(gdt_pointer_copy - real_return)
	movl	%eax, %cr0
	ljmpl	$SEL_CODE32, $recover32
	.globl real_entry
real_entry:
	movl	%cr0, %eax
	andl	$~CR0_PE, %eax
	movl	%eax, %cr0
	ljmp	$(REAL_RETURN >> 4), $(1f - real_return)
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7ff0, %sp
	ljmp	*%cs:(real_far_copy - real_return)
	.balign 4
	.globl real_far_copy, gdt_pointer_copy
real_far_copy:
	.word	0, 0
gdt_pointer_copy:
	.word	0
	.long	0
real_return_end:

/* From protected mode without paging, any stack, any registers. */
	.code32
	.globl recover32
recover32:
	cli
	movw	$SEL_DATA, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	%cr0, %eax
	btrl	$CR0_PG_BIT, %eax
	movl	%eax, %cr0
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$boot_pml4, %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	$CR0_GOOD, %eax
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$SEL_CODE64, $1f
	.code64
1:	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	andl	$(FUZZ_CPUS_MAX - 1), %ebx
	imull	$FUZZ_CPU_BYTES, %ebx
	addl	$FUZZ_CPUS_GPA, %ebx
	movl	$RECOVERED_LOW, %eax
	jmp	recover

	.data
	.balign 8
	.globl real_far
real_far = REAL_RETURN + real_far_copy - real_return
	.globl fuzz_idt_pointer, fuzz_idt32_pointer
fuzz_idt_pointer:
	.word	256 * 16 - 1
	.quad	idt
fuzz_idt32_pointer:
	.word	256 * 8 - 1
	.long	fuzz_idt32
fuzz_ivt_pointer:
	.word	256 * 4 - 1
	.long	0

	.section .note.GNU-stack, "", @progbits
