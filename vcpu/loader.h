// SPDX-License-Identifier: MIT
/* Guest kernels: recognise an image, plan where everything goes, build what the
 * kernel expects to find. Pure: copying the segments and the initrd into guest
 * memory is the caller's, in steps as small as it likes.
 *
 * Guest memory (RAM is backed everywhere but in the hole):
 *
 *	0x00000000  the kernel's own low memory (AP trampolines, real-mode code)
 *	0x00080000  LOADER_AREA: boot information, command line, GDT, page tables
 *	0x0008a000  free
 *	0x0009fc00  reserved (extended BIOS data area)
 *	0x000a0000  nothing is promised here (VGA on a PC)
 *	0x000e0000  reserved: ACPI tables, the RSDP first
 *	0x00100000  RAM up to 3 GiB: the kernel, the initrd
 *	0xc0000000  hole: IOAPIC, local APICs, virtio-mmio
 *	0x100000000 the RAM that would lie in the hole */
#pragma once
#include "bits.h"
#include "config.h"
#include "types.h"

#define GUEST_LOW_RAM_END 0x9fc00UL /* usable from 0 up to here */
#define GUEST_VGA_GPA 0xa0000UL
#define GUEST_ACPI_GPA 0xe0000UL /* the RSDP at its start (ACPI 5.2.5.1) */
#define GUEST_ACPI_BYTES 0x20000UL
#define GUEST_HIGH_GPA 0x100000UL
#define GUEST_RESET_GPA 0xffff0UL /* F000:FFF0, in the area of the ACPI tables */
#define GUEST_HOLE_GPA 0xc0000000UL  /* RAM below ends here, at the latest */
#define GUEST_HOLE_END 0x100000000UL /* and goes on here */

#define LOADER_AREA_GPA 0x80000UL
#define LOADER_AREA_BYTES 0xa000UL
#define LOADER_SEGMENTS_MAX 16
#define LOADER_E820_MAX 8
#define LOADER_SEL_CODE 0x10
#define LOADER_SEL_DATA 0x18

#define E820_RAM 1
#define E820_RESERVED 2

struct guest_e820 {
	u64 base;
	u64 bytes;
	u32 type; /* E820_... */
};

enum guest_kind { GUEST_LINUX, GUEST_MULTIBOOT1, GUEST_MULTIBOOT2 };

/* Copy file_bytes from file_offset of the image to gpa; the bytes after it, up to
 * mem_bytes, must be zero. */
struct load_segment {
	u64 file_offset;
	u64 file_bytes;
	u64 gpa;
	u64 mem_bytes;
};

/* Where a guest is put and how it starts: on vCPU 0, interrupts off, flat
 * segments (CS = LOADER_SEL_CODE, the others LOADER_SEL_DATA), registers that
 * are not named here 0. entry_64bit: long mode, CR3 = pagetable_gpa; else 32-bit
 * protected mode without paging. */
struct load_plan {
	enum guest_kind kind;
	struct load_segment segments[LOADER_SEGMENTS_MAX];
	unsigned segment_count;
	u64 entry; /* RIP */
	bool entry_64bit;
	u64 rax;
	u64 rbx;
	u64 rsi;
	u64 initrd_gpa;   /* page-aligned; copy the initrd there */
	u64 initrd_bytes; /* 0: none */
	u64 info_gpa;     /* zero page, or multiboot information */
	u64 cmdline_gpa;
	u64 gdt_gpa;       /* GDTR base; the limit is LOADER_GDT_LIMIT */
	u64 pagetable_gpa; /* maps the first 4 GiB to themselves */
	u64 ram_bytes;
};

#define LOADER_GDT_LIMIT (4 * sizeof(u64) - 1)

/* Plan to load image (bytes long) and an initrd into ram_bytes of guest RAM, with
 * this command line. Returns 0, -EINVAL (damaged image), -ENOTSUP (not a kernel
 * we know, or one that needs what we lack), -ENOMEM (RAM too small), -E2BIG
 * (too many segments, command line too long); *why is then the reason. Pure. About
 * 25,000 instructions for a multiboot1 kernel (the search for a header), twice
 * that for a file of no kind, a few hundred for Linux. */
int loader_plan(const void *image, u64 bytes, u64 initrd_bytes, const char *cmdline,
		u64 ram_bytes, struct load_plan *out, const char **why);

/* The guest's memory map; out has room for LOADER_E820_MAX entries. Returns how
 * many are used. Pure. */
unsigned loader_e820(u64 ram_bytes, struct guest_e820 *out);

/* Fill area, LOADER_AREA_BYTES of any alignment, which belong at LOADER_AREA_GPA:
 * boot information, command line, GDT, page tables, as in plan. The image, the
 * command line and the plan are those of a loader_plan() that returned 0;
 * rsdp_gpa 0: no ACPI. Cannot fail; entries of map beyond LOADER_E820_MAX are
 * left out. About 15,000 instructions. Pure. */
void loader_build(const struct load_plan *plan, const void *image, u64 bytes,
		  const char *cmdline, const struct guest_e820 *map, unsigned map_count,
		  u64 rsdp_gpa, void *area);
