// SPDX-License-Identifier: MIT
/* What an AP finds at its first instruction. Copied to a page below 1 MiB; the record
 * (struct record in sipi.c) follows the code, at PROBE_RECORD of the page. Real mode;
 * needs no stack before it has noted ESP, and halts in the end. */
#include "probe.h"

#define AT(offset) %cs:(PROBE_RECORD + (offset))

	.text
	.code16
	.globl probe, probe_end
probe:
	movl	%eax, AT(0)
	movl	%ebx, AT(4)
	movl	%ecx, AT(8)
	movl	%edx, AT(12)
	movl	%esi, AT(16)
	movl	%edi, AT(20)
	movl	%ebp, AT(24)
	movl	%esp, AT(28)
	movw	%cs, AT(32)
	movw	%ds, AT(34)
	movw	%es, AT(36)
	movw	%ss, AT(38)
	movw	%fs, AT(40)
	movw	%gs, AT(42)
	movw	$0x1000, %sp		# SS is 0: memory below the trampolines
	pushfl
	popl	%eax
	movl	%eax, AT(44)
	call	1f
1:	popw	%ax
	subw	$(1b - probe), %ax	# the IP that we began with
	movw	%ax, AT(48)
	movl	%cr0, %eax
	movl	%eax, AT(52)
	movl	%cr2, %eax
	movl	%eax, AT(56)
	movl	%cr3, %eax
	movl	%eax, AT(60)
	movl	%cr4, %eax
	movl	%eax, AT(64)
	movl	%dr6, %eax
	movl	%eax, AT(68)
	movl	%dr7, %eax
	movl	%eax, AT(72)
	movl	$0xc0000080, %ecx	# IA32_EFER
	rdmsr
	movl	%eax, AT(76)
	movl	$0x1b, %ecx		# IA32_APIC_BASE
	rdmsr
	movl	%eax, AT(80)
	sgdtl	AT(84)
	sidtl	AT(92)
	lock incl AT(100)		# been here
2:	cli
	hlt
	jmp	2b
	.globl probe_nmi
probe_nmi:
	incl	AT(104)			# woken, which nothing but an NMI may do
	iretw
probe_end:

	.section .note.GNU-stack, "", @progbits
