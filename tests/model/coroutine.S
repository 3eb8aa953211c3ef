// SPDX-License-Identifier: MIT
/* void coroutine_switch(void **save, void *load): push what the ABI says a function must
 * keep, leave the stack pointer in *save, go on where the other stack left off. */
	.globl coroutine_switch
	.type coroutine_switch, @function
coroutine_switch:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, (%rdi)
	mov %rsi, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
	.size coroutine_switch, . - coroutine_switch
	.section .note.GNU-stack, "", @progbits
