// SPDX-License-Identifier: MIT
/* The smallest guest: three instructions of 32-bit code, the third ends the VM. It
 * uses nothing of the library but the multiboot header's place. */
	.section .multiboot, "a"
	.balign 4
	.long	0x1badb002, 0, -0x1badb002

	.text
	.code32
	.globl start32
start32:
	xorl	%eax, %eax
	movw	$0xf4, %dx		# the debug exit port: ends with code EAX
	outl	%eax, %dx
	jmp	start32

	.section .note.GNU-stack, "", @progbits
