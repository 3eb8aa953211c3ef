// SPDX-License-Identifier: MIT
/* Into the guest and out of it: the only place where both register sets exist.
 *
 * bool vmx_enter(struct virt_vcpu *hv (RDI), u64 launched (RSI))
 *   Returns false after an exit that the fast path did not finish, true on VMfail.
 *   The stack at HOST_RSP:  0 hv   8 r15   r14   r13   r12   rbx   rbp   return
 *
 * An exit saves only what C may clobber, and RBX (CPUID writes it), then asks the
 * fast path. Only an exit that leaves for the run loop saves the other five. */
#include "arch/x86/vmx/state.h"
#include "arch/x86/vmx/vmx.h"

	.text
	.balign 16
	.global vmx_enter
vmx_enter:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdi
	/* The call depth is nearly always the same, so HOST_RSP is as well. */
	cmp %rsp, HV_HOST_RSP(%rdi)
	je .Lrsp_is_set
	mov %rsp, HV_HOST_RSP(%rdi)
	mov $VMCS_HOST_RSP, %eax
	vmwrite %rsp, %rax
	jna .Lfailed
.Lrsp_is_set:
	mov HV_RBP(%rdi), %rbp
	mov HV_R12(%rdi), %r12
	mov HV_R13(%rdi), %r13
	mov HV_R14(%rdi), %r14
	mov HV_R15(%rdi), %r15
	test %rsi, %rsi           /* MOV leaves the flags alone */
	mov HV_RAX(%rdi), %rax
	mov HV_RCX(%rdi), %rcx
	mov HV_RDX(%rdi), %rdx
	mov HV_RBX(%rdi), %rbx
	mov HV_RSI(%rdi), %rsi
	mov HV_R8(%rdi), %r8
	mov HV_R9(%rdi), %r9
	mov HV_R10(%rdi), %r10
	mov HV_R11(%rdi), %r11
	mov HV_RDI(%rdi), %rdi
	jz .Llaunch
	vmresume
	jmp .Lfailed
.Llaunch:
	vmlaunch
.Lfailed:
	mov $1, %eax
	jmp .Lleave

	.balign 16
	.global vmx_exit
vmx_exit:
	push %rdi
	mov 8(%rsp), %rdi
	mov %rax, HV_RAX(%rdi)
	mov %rcx, HV_RCX(%rdi)
	mov %rdx, HV_RDX(%rdi)
	mov %rbx, HV_RBX(%rdi)
	mov %rsi, HV_RSI(%rdi)
	mov %r8, HV_R8(%rdi)
	mov %r9, HV_R9(%rdi)
	mov %r10, HV_R10(%rdi)
	mov %r11, HV_R11(%rdi)
	pop HV_RDI(%rdi)
	call vmx_fast_exit
	mov (%rsp), %rdi
	test %al, %al
	jz .Lslow
	mov HV_RAX(%rdi), %rax
	mov HV_RCX(%rdi), %rcx
	mov HV_RDX(%rdi), %rdx
	mov HV_RBX(%rdi), %rbx
	mov HV_RSI(%rdi), %rsi
	mov HV_R8(%rdi), %r8
	mov HV_R9(%rdi), %r9
	mov HV_R10(%rdi), %r10
	mov HV_R11(%rdi), %r11
	mov HV_RDI(%rdi), %rdi
	vmresume
	jmp .Lfailed
.Lslow:
	mov %rbp, HV_RBP(%rdi)
	mov %r12, HV_R12(%rdi)
	mov %r13, HV_R13(%rdi)
	mov %r14, HV_R14(%rdi)
	mov %r15, HV_R15(%rdi)
	xor %eax, %eax
.Lleave:
	pop %rdi
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret

	.section .note.GNU-stack, "", @progbits
