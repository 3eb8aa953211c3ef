// SPDX-License-Identifier: MIT
/* Constants of the Multiboot specifications: we are loaded by Multiboot2 (boot/),
 * and load guests that ask for version 1 or 2 (vcpu/). Also for assembler. */
#pragma once

/* Multiboot2 3.1.1 "The layout of Multiboot2 header" */
#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6
#define MULTIBOOT2_HEADER_ALIGN 8
#define MULTIBOOT2_HEADER_SEARCH 32768 /* the header lies in the first so many bytes */
#define MULTIBOOT2_HEADER_BYTES 16     /* its fixed part */
#define MULTIBOOT2_ARCH_I386 0

/* Multiboot2 3.1.3 "General tag structure" and following: header tags. */
#define MULTIBOOT2_WANT_END 0
#define MULTIBOOT2_WANT_INFO 1
#define MULTIBOOT2_WANT_ADDRESSES 2
#define MULTIBOOT2_WANT_ENTRY 3
#define MULTIBOOT2_WANT_CONSOLE 4
#define MULTIBOOT2_WANT_FRAMEBUFFER 5
#define MULTIBOOT2_WANT_MODULE_ALIGN 6
#define MULTIBOOT2_WANT_EFI_BOOT_SERVICES 7
#define MULTIBOOT2_WANT_EFI32_ENTRY 8
#define MULTIBOOT2_WANT_EFI64_ENTRY 9
#define MULTIBOOT2_WANT_RELOCATION 10
#define MULTIBOOT2_WANT_OPTIONAL 1 /* flag: ignore the tag if it is not supported */

/* Multiboot2 3.3 "I386 machine state": EAX at entry. */
#define MULTIBOOT2_LOADER_MAGIC 0x36d76289

/* Multiboot2 3.6 "Boot information format": tag types. */
#define MULTIBOOT2_TAG_END 0
#define MULTIBOOT2_TAG_CMDLINE 1
#define MULTIBOOT2_TAG_LOADER 2
#define MULTIBOOT2_TAG_MODULE 3
#define MULTIBOOT2_TAG_MEMINFO 4
#define MULTIBOOT2_TAG_MEMORY_MAP 6
#define MULTIBOOT2_TAG_RSDP_OLD 14 /* ACPI 1.0 */
#define MULTIBOOT2_TAG_RSDP_NEW 15 /* ACPI 2.0 or later */

#define MULTIBOOT2_TAG_ALIGN 8
#define MULTIBOOT2_INFO_HEADER_BYTES 8 /* total_size, reserved */
#define MULTIBOOT2_TAG_HEADER_BYTES 8  /* type, size */
#define MULTIBOOT2_MEMORY_ENTRY_BYTES 24

/* 3.6.8 "Memory map": free RAM; the numbers are those of BIOS E820. */
#define MULTIBOOT2_MEMORY_USABLE 1

/* Multiboot1 3.1 "OS image format" */
#define MULTIBOOT1_HEADER_MAGIC 0x1badb002
#define MULTIBOOT1_HEADER_ALIGN 4
#define MULTIBOOT1_HEADER_SEARCH 8192
#define MULTIBOOT1_HEADER_BYTES 12       /* magic, flags, checksum */
#define MULTIBOOT1_HEADER_ADDRESS_BYTES 32 /* and five addresses */
#define MULTIBOOT1_WANT_PAGE_ALIGN 0x1
#define MULTIBOOT1_WANT_MEMORY 0x2
#define MULTIBOOT1_WANT_VIDEO 0x4
#define MULTIBOOT1_WANT_MASK 0xffff      /* a loader must refuse those it lacks */
#define MULTIBOOT1_HAS_ADDRESSES 0x10000

/* Multiboot1 3.2 "Machine state": EAX at entry. */
#define MULTIBOOT1_LOADER_MAGIC 0x2badb002

/* Multiboot1 3.3 "Boot information format": flags, i.e. which fields are valid. */
#define MULTIBOOT1_INFO_MEMORY 0x1
#define MULTIBOOT1_INFO_CMDLINE 0x4
#define MULTIBOOT1_INFO_MODULES 0x8
#define MULTIBOOT1_INFO_MEMORY_MAP 0x40
#define MULTIBOOT1_INFO_LOADER 0x200
