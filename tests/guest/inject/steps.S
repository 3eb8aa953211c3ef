// SPDX-License-Identifier: MIT
/* Instruction sequences whose every boundary inject.c knows by name. All keep the
 * registers that C expects to keep. */

	.macro LABEL name
	.globl \name
\name:
	.endm

	.text
/* void step_exits(void): with TF on, instructions that exit. RFLAGS.TF is set by the
 * first POPFQ, and the trap comes after the instruction behind it. */
	LABEL step_exits
	pushq	%rbx
	pushfq
	orq	$0x100, (%rsp)
	xorl	%eax, %eax
	xorl	%ecx, %ecx
	movl	$0xe0, %edx
	popfq
	cpuid
	LABEL after_cpuid
	movl	$0xe0, %edx
	LABEL after_mov
	inb	%dx, %al
	LABEL after_in
	outb	%al, %dx
	LABEL after_out
	movl	$0x1b, %ecx
	LABEL after_mov2
	rdmsr
	LABEL after_rdmsr
	movl	$0x4242, %eax
	LABEL after_mov3
	vmcall
	LABEL after_vmcall
	movq	%cr8, %rax
	LABEL after_read_cr8
	movq	%rax, %cr8
	LABEL after_write_cr8
	clts
	LABEL after_clts
	wbinvd
	LABEL after_wbinvd
	pushfq
	LABEL after_pushfq
	andq	$~0x100, (%rsp)
	LABEL after_andq
	popfq
	LABEL after_popfq
	popq	%rbx
	retq

/* void step_mov_ss(void): MOV SS holds the trap back over the next instruction. */
	LABEL step_mov_ss
	pushq	%rbx
	xorl	%eax, %eax
	movl	%ss, %ebx
	pushfq
	orq	$0x100, (%rsp)
	popfq
	movl	%ebx, %ss		# no trap after it
	cpuid
	LABEL after_ss_cpuid
	pushfq
	LABEL after_ss_pushfq
	andq	$~0x100, (%rsp)
	LABEL after_ss_andq
	popfq
	LABEL after_ss_popfq
	popq	%rbx
	retq

/* void shadow_nop(void), shadow_cpuid, shadow_cli: an interrupt waits; when is it taken
 * after STI? */
	LABEL shadow_nop
	sti
	nop
	LABEL after_sti_nop
	nop
	cli
	retq

	LABEL shadow_cpuid
	pushq	%rbx
	xorl	%eax, %eax
	sti
	cpuid
	LABEL after_sti_cpuid
	nop
	cli
	popq	%rbx
	retq

	LABEL shadow_cli
	sti
	cli
	nop
	retq

/* void soft_int(void): INT through a gate whose page is not present at first. */
	LABEL soft_int
	int	$0x70
	LABEL after_int
	retq

/* void icebp(void): INT1, a trap that the hypervisor may intercept. */
	LABEL icebp
	.byte	0xf1
	LABEL after_icebp
	retq

	.section .note.GNU-stack, "", @progbits
