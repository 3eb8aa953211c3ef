// SPDX-License-Identifier: MIT
/* Between the parts of the guest loader: loader.c chooses, linux.c and multiboot.c
 * plan (the latter with elf.c), linux.c and mbinfo.c build. Not for others. All
 * plan functions return 0 or a negative errno with a reason in *why. */
#pragma once
#include "bytes.h"
#include "loader.h"

/* Where things lie in the area at LOADER_AREA_GPA. */
#define AREA_INFO 0x0000
#define AREA_INFO_BYTES 0x2000
#define AREA_CMDLINE 0x2000
#define AREA_CMDLINE_BYTES 0x1000
#define AREA_GDT 0x3000
#define AREA_PAGETABLE 0x4000 /* PML4, PDPT, four page directories */

#define LOADER_NAME "Spur"
/* Multiboot1 kernels take the first word for their own name. */
#define MULTIBOOT1_PROGRAM_NAME "kernel "

/* What there is to load, and where it could go. */
struct image {
	const u8 *bytes;
	u64 size;
	u64 initrd_bytes;
	u64 cmdline_length; /* without the NUL */
	u64 low_ram_end;    /* RAM from 0, and from GUEST_HIGH_GPA, up to here */
	u64 high_ram_end;   /* RAM from GUEST_HOLE_END up to here */
};

/* RAM that a kernel may be loaded into: not the loader's area, not what lies
 * between it and 1 MiB. */
bool loader_may_load(const struct image *image, u64 gpa, u64 bytes);

/* Add one segment: it must lie in the file and in RAM, and overlap no other. */
int loader_add_segment(const struct image *image, const struct load_segment *segment,
		       struct load_plan *plan, const char **why);

bool linux_recognise(const struct image *image);
int linux_plan(const struct image *image, struct load_plan *plan, const char **why);
void linux_build(const struct load_plan *plan, const struct image *image,
		 const struct guest_e820 *map, unsigned map_count, u64 rsdp_gpa,
		 u8 *zero_page);

/* A multiboot header of either version, with or without ELF. -ENOENT: none. */
int multiboot_plan(const struct image *image, struct load_plan *plan, const char **why);
void multiboot1_build(const struct load_plan *plan, const struct guest_e820 *map,
		      unsigned map_count, u8 *info);
void multiboot2_build(const struct load_plan *plan, const char *cmdline,
		      const struct guest_e820 *map, unsigned map_count, u8 *info);

/* Plan the segments and the entry (a physical address) of an ELF file. */
bool elf_recognise(const struct image *image);
int elf_plan(const struct image *image, struct load_plan *plan, const char **why);
