// SPDX-License-Identifier: MIT
/* The loader's language: constants of the Multiboot2 specification, for our own
 * header (boot/start.S), for reading what the loader says (boot/multiboot2.c)
 * and for guests that speak it (vcpu/elf.c, vcpu/mbinfo.c). */
#pragma once

/* Multiboot2 3.1.1 "The layout of Multiboot2 header" */
#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6
#define MULTIBOOT2_HEADER_ALIGN 8
#define MULTIBOOT2_HEADER_SEARCH 32768 /* the header lies in the first so many bytes */
#define MULTIBOOT2_HEADER_BYTES 16     /* its fixed part */
#define MULTIBOOT2_ARCH_I386 0

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
#define MULTIBOOT2_MEMORY_USABLE 1     /* 3.6.8 "Memory map" */
#define MULTIBOOT2_MEMORY_ENTRY_BYTES 24

#ifndef __ASSEMBLER__
#include "bootinfo.h"

/* Read the boot information at info, of which info_max_bytes may be read, into
 * *out; all of *out is set. Returns 0 or -EINVAL, when nothing of it can be
 * used. *why is then the reason; on success it is NULL, or the first thing that
 * was left out. Pure; boot CPU, once. */
int multiboot2_parse(const void *info, u64 info_max_bytes, struct bootinfo *out,
		     const char **why);
#endif
