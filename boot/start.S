// SPDX-License-Identifier: MIT
/* From GRUB to C: void boot_main(u64 magic, u64 info), in long mode.
 * On entry (Multiboot2 3.3 "I386 machine state"): 32-bit protected mode, paging
 * off, interrupts off, EAX = magic, EBX = physical address of the information.
 * Refusals are written to COM1 and the text screen, then the CPU halts. */
#include "boot/multiboot2.h"
#include "arch/x86/regs.h"

#define CPUID_EXT_MAX 0x80000000
#define CPUID_EXT_FEATURES 0x80000001
#define CPUID_LM (1 << 29)
#define CPUID_NX (1 << 20)
#define PTE_TABLE 3           /* present, writable */
#define PTE_LARGE 0x83        /* present, writable, 2 MiB page */
#define BOOT_MAP_GIB 4
#define COM1 0x3f8
#define COM_LSR 5
#define COM_LCR 3
#define LCR_8N1 3
#define LSR_THRE 0x20
#define VGA_TEXT 0xb8000
#define VGA_WHITE 0x0f

	.section .boot.header, "a"
	.balign 8
header:
	.long MULTIBOOT2_HEADER_MAGIC
	.long MULTIBOOT2_ARCH_I386
	.long header_end - header
	.long -(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_ARCH_I386 + (header_end - header))
	.balign 8
	.short 0, 0               /* end tag */
	.long 8
header_end:

	.section .boot.text, "ax"
	.code32
	.global start
start:
	cli
	cld
	mov $boot_stack_top, %esp
	mov %eax, %ebp            /* magic */
	mov %ebx, %edi            /* information; CPUID overwrites EBX */

	mov $msg_multiboot, %esi
	cmp $MULTIBOOT2_LOADER_MAGIC, %ebp
	jne refuse

	mov $msg_long_mode, %esi
	mov $CPUID_EXT_MAX, %eax
	cpuid
	cmp $CPUID_EXT_FEATURES, %eax
	jb refuse
	mov $CPUID_EXT_FEATURES, %eax
	cpuid
	test $CPUID_LM, %edx
	jz refuse
	mov $msg_nx, %esi
	test $CPUID_NX, %edx
	jz refuse

	/* Identity map of the first 4 GiB with 2 MiB pages, until hostmap.c
	 * builds the real tables. */
	mov $boot_pdpt + PTE_TABLE, %eax
	mov %eax, boot_pml4
	mov $boot_pd + PTE_TABLE, %eax
	xor %ecx, %ecx
1:	mov %eax, boot_pdpt(, %ecx, 8)
	add $4096, %eax
	inc %ecx
	cmp $BOOT_MAP_GIB, %ecx
	jne 1b
	mov $PTE_LARGE, %eax
	xor %ecx, %ecx
2:	mov %eax, boot_pd(, %ecx, 8)
	add $0x200000, %eax
	inc %ecx
	cmp $(BOOT_MAP_GIB * 512), %ecx
	jne 2b

	mov $(CR4_PAE | CR4_PGE), %eax
	mov %eax, %cr4
	mov $boot_pml4, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $(EFER_LME | EFER_NXE), %eax
	wrmsr
	mov $(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG), %eax
	mov %eax, %cr0
	lgdt boot_gdt_register
	ljmp $SEL_CODE, $start64

/* Print the string at ESI on COM1 and the screen, and halt. */
refuse:
	mov $(COM1 + COM_LCR), %dx
	mov $LCR_8N1, %al
	out %al, %dx
	mov $VGA_TEXT, %edi
.Lnext:
	lodsb
	test %al, %al
	jz .Lhalt
	mov $VGA_WHITE, %ah
	mov %ax, (%edi)
	add $2, %edi
	mov %al, %bl
	mov $0x10000, %ecx        /* a missing port must not hold us up for ever */
	mov $(COM1 + COM_LSR), %dx
.Lwait:
	in %dx, %al
	test $LSR_THRE, %al
	loopz .Lwait
	mov $COM1, %dx
	mov %bl, %al
	out %al, %dx
	jmp .Lnext
.Lhalt:
	hlt
	jmp .Lhalt

	.code64
start64:
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	mov $boot_stack_top, %rsp
	mov %edi, %esi            /* second argument: information */
	mov %ebp, %edi            /* first: magic */
	xor %ebp, %ebp            /* end of the chain of frames */
	call boot_main
	ud2                       /* boot_main does not return */

	.section .rodata
msg_multiboot:
	.ascii "spur: not loaded by a multiboot2 loader: in GRUB use multiboot2, "
	.asciz "not multiboot\r\n"
msg_long_mode:
	.asciz "spur: this CPU has no 64-bit mode (CPUID 0x80000001 EDX bit 29)\r\n"
msg_nx:
	.ascii "spur: this CPU has no execute-disable bit "
	.asciz "(CPUID 0x80000001 EDX bit 20)\r\n"
	.balign 8
	.global boot_gdt
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff  /* code: long mode, present, accessed, CPL 0 */
	.quad 0x00cf93000000ffff  /* data: flat, present, accessed, CPL 0 */
boot_gdt_end:
	.global boot_gdt_register
boot_gdt_register:
	.short boot_gdt_end - boot_gdt - 1
	.quad boot_gdt

	.section .bss
	.balign 4096
	.global boot_pml4
boot_pml4:
	.skip 4096
boot_pdpt:
	.skip 4096
boot_pd:
	.skip 4096 * BOOT_MAP_GIB
	.global boot_stack_guard
boot_stack_guard:             /* taken out of the map by memory_init() */
	.skip 4096
	.skip 16384
	.global boot_stack_top
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
