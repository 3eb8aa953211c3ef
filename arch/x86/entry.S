// SPDX-License-Identifier: MIT
/* Host exception and interrupt stubs: 256 of them, 16 bytes each, then one
 * common path that builds a struct trap_frame (trap.h) and calls
 * void trap_handle(struct trap_frame *). All registers preserved. */

	.text
	.balign 16
	.global vector_stubs
vector_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	/* The processor pushes an error code itself for these (SDM 3A, table
	 * "Protected-Mode Exceptions and Interrupts"): DF TS NP SS GP PF AC CP. */
	.if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21
	.else
	pushq $0
	.endif
	pushq $vector
	jmp trap_common
	.set vector, vector + 1
	.endr

trap_common:
	cld
	push %rax
	push %rbx
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	push %rbp
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, %rdi
	call trap_handle
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rbp
	pop %rdi
	pop %rsi
	pop %rdx
	pop %rcx
	pop %rbx
	pop %rax
	add $16, %rsp             /* vector, error */
	iretq

/* void cpu_idle_wait(void): wait for an interrupt; interrupts off again on
 * return. STI opens them only after the next instruction (SDM 2B, STI), so one
 * that was pending wakes HLT; one that hits between the two (only an NMI can) is
 * found by its RIP, and trap.c moves it past HLT. */
	.global cpu_idle_wait, idle_hlt, idle_hlt_end
cpu_idle_wait:
	sti
idle_hlt:
	hlt
idle_hlt_end:
	cli
	ret

	.section .note.GNU-stack, "", @progbits
