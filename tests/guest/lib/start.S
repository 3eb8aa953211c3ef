// SPDX-License-Identifier: MIT
/* Where a guest begins: void start32(void), by the multiboot1 loader in 32-bit
 * protected mode without paging; and trampoline, by SIPI in real mode, on APs. Both
 * end in long mode with the first 4 GiB mapped to themselves, on a stack chosen
 * by the APIC ID, in guest_start() or ap_start(). Nothing is preserved. */
#include "layout.h"

#define MULTIBOOT1_MAGIC 0x1badb002
#define CR0_PE 1
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT1_MAGIC, 0, -MULTIBOOT1_MAGIC

	.text
	.code32
	.globl start32
start32:
	cli
	movl	%ebx, multiboot_info
	lgdt	gdt_pointer
	ljmp	$SEL_CODE32, $1f
1:	movl	$guest_start, %ebp	# where it goes on in long mode
	jmp	to_long_mode

/* Both kinds of CPU: 32-bit code, the own GDT, EBP = what to call. */
ap32:
	movl	$ap_start, %ebp
to_long_mode:
	movw	$SEL_DATA, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	%ax, %fs
	movw	%ax, %gs
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$boot_pml4, %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$(CR0_PE | CR0_PG), %eax
	movl	%eax, %cr0
	ljmp	$SEL_CODE64, $start64

	.code64
start64:
	movl	$1, %eax		# CPUID.1: EBX[31:24] is the initial APIC ID
	cpuid
	shrl	$24, %ebx
	movl	%ebx, %edi		# first argument: the index
	incl	%ebx
	imull	$STACK_BYTES, %ebx
	leaq	stacks(%rbx), %rsp
	movl	%ebp, %eax
	xorl	%ebp, %ebp
	callq	*%rax
2:	cli				# neither comes back
	hlt
	jmp	2b

/* Copied to TRAMPOLINE_GPA. CS is its segment, IP 0. */
	.code16
	.globl trampoline, trampoline_end
trampoline:
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	gdt_pointer_low - trampoline
	movl	%cr0, %eax
	orl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	$SEL_CODE32, $ap32
	.balign 8
gdt_pointer_low:
	.word	gdt_end - gdt - 1
	.long	gdt
trampoline_end:

	.data
	.balign 16
	.globl gdt
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	# 32-bit code
	.quad	0x00af9b000000ffff	# 64-bit code
	.quad	0x00cf93000000ffff	# data
	.fill	12, 8, 0		# for tests that want more
gdt_end:
	.globl gdt_pointer
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	gdt

	.globl multiboot_info
multiboot_info:
	.long	0

/* 4 GiB in 2 MiB pages, all present, writable. */
	.balign 4096
	.globl boot_pml4, boot_pd
boot_pml4:
	.quad	boot_pdpt + 3
	.fill	511, 8, 0
boot_pdpt:
	.quad	boot_pd + 3, boot_pd + 0x1003, boot_pd + 0x2003, boot_pd + 0x3003
	.fill	508, 8, 0
boot_pd:
	.set	page, 0
	.rept	4 * 512
	.quad	page + 0x83
	.set	page, page + 0x200000
	.endr

	.bss
	.balign STACK_BYTES
	.globl stacks
stacks:
	.skip	CPUS_MAX * STACK_BYTES

	.section .note.GNU-stack, "", @progbits
