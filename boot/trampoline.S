// SPDX-License-Identifier: MIT
/* An AP's first instructions: real mode at a page below 1 MiB, CS = page >> 4
 * (SDM 3A "MP Initialization Protocol"), up to void ap_main(struct cpu *).
 * smp.c copies this page down and fills in the parameters at its end. The code
 * is position-independent: EBX holds the page's address.
 * The CPU takes its parameters by an exchange, so that one which wakes too late,
 * after smp.c has given it up, finds nothing and halts. */
#include "arch/x86/regs.h"

#define SEL_CODE64_TRAMP 0x18

	.section .trampoline, "ax"
	.code16
	.global trampoline
trampoline:
	cli
	cld
	xor %ebx, %ebx
	mov %cs, %bx
	mov %bx, %ds
	shl $4, %ebx

	/* Held here in a debug build: an AP that never answers (smp.c). */
1:	cmpb $0, tramp_hold - trampoline
	jne 1b

	lea tramp_gdt - trampoline(%ebx), %eax
	mov %eax, tramp_gdt_register + 2 - trampoline
	lgdtl tramp_gdt_register - trampoline
	lea start32 - trampoline(%ebx), %eax
	mov %eax, tramp_far32 - trampoline
	mov %cr0, %eax
	or $CR0_PE, %al
	mov %eax, %cr0
	ljmpl *(tramp_far32 - trampoline)

	.code32
start32:
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $(CR4_PAE | CR4_PGE), %eax
	mov %eax, %cr4
	mov tramp_cr3 - trampoline(%ebx), %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $(EFER_LME | EFER_NXE), %eax
	wrmsr
	mov $(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG), %eax
	mov %eax, %cr0
	lea start64_ap - trampoline(%ebx), %eax
	mov %eax, tramp_far64 - trampoline(%ebx)
	ljmp *tramp_far64 - trampoline(%ebx)

	.code64
start64_ap:
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	mov %ebx, %ebx
	xor %edi, %edi
	xchg %rdi, tramp_cpu - trampoline(%rbx)
	test %rdi, %rdi
	jz .Ltoo_late
	mov tramp_stack - trampoline(%rbx), %rsp
	mov tramp_entry - trampoline(%rbx), %rax
	xor %ebp, %ebp
	call *%rax
.Ltoo_late:
	hlt
	jmp .Ltoo_late

	.balign 8
tramp_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff  /* 0x08: 32-bit code */
	.quad 0x00cf93000000ffff  /* 0x10: data */
	.quad 0x00af9b000000ffff  /* 0x18: 64-bit code */
tramp_gdt_register:
	.short . - tramp_gdt - 1
	.long 0
	.balign 8
tramp_far32:
	.long 0
	.short 0x08
	.balign 8
tramp_far64:
	.long 0
	.short SEL_CODE64_TRAMP

	.balign 8
	.global tramp_cr3, tramp_cpu, tramp_stack, tramp_entry, tramp_hold
tramp_cr3:
	.quad 0
tramp_cpu:
	.quad 0
tramp_stack:
	.quad 0
tramp_entry:
	.quad 0
tramp_hold:
	.byte 0

	.section .note.GNU-stack, "", @progbits
