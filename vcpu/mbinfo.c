// SPDX-License-Identifier: MIT
/* The boot information that multiboot kernels find in EBX, version 1 and 2, built
 * in a zeroed buffer of AREA_INFO_BYTES that will lie at plan->info_gpa. */
#include "assert.h"
#include "loader_parts.h"
#include "multiboot.h"

/* Multiboot1 3.3 "Boot information format": offsets. */
#define MB1_FLAGS 0
#define MB1_MEM_LOWER 4
#define MB1_MEM_UPPER 8
#define MB1_CMDLINE 16
#define MB1_MODS_COUNT 20
#define MB1_MODS_ADDR 24
#define MB1_MMAP_LENGTH 44
#define MB1_MMAP_ADDR 48
#define MB1_LOADER_NAME 64
#define MB1_MMAP_ENTRY_BYTES 24 /* with the size field, which does not count itself */

/* Our own places behind that structure. */
#define MB1_MODULE 0x80
#define MB1_MODULE_STRING 0x90
#define MB1_NAME 0xa0
#define MB1_MMAP 0x100

#define MB2_FIXED_MAX 256 /* the tags besides command line and memory map */

static_assert(MB1_MMAP + LOADER_E820_MAX * MB1_MMAP_ENTRY_BYTES <= AREA_INFO_BYTES,
	      "the memory map is the last of the version 1 information");
static_assert(CMDLINE_MAX + LOADER_E820_MAX * MULTIBOOT2_MEMORY_ENTRY_BYTES +
			      MB2_FIXED_MAX <=
		      AREA_INFO_BYTES,
	      "the version 2 information always fits");

/* Multiboot1 3.3: KiB of RAM from 0, and from 1 MiB up to the first hole. */
static u32 mem_lower(void)
{
	return GUEST_LOW_RAM_END / KIB(1);
}

static u32 mem_upper(const struct load_plan *plan)
{
	return (u32)((MIN(plan->ram_bytes, GUEST_HOLE_GPA) - GUEST_HIGH_GPA) / KIB(1));
}

void multiboot1_build(const struct load_plan *plan, const struct guest_e820 *map,
		      unsigned map_count, u8 *info)
{
	u32 base = (u32)plan->info_gpa;
	u32 flags = MULTIBOOT1_INFO_MEMORY | MULTIBOOT1_INFO_CMDLINE |
		    MULTIBOOT1_INFO_MODULES | MULTIBOOT1_INFO_MEMORY_MAP |
		    MULTIBOOT1_INFO_LOADER;

	store_u32(info + MB1_FLAGS, flags);
	store_u32(info + MB1_MEM_LOWER, mem_lower());
	store_u32(info + MB1_MEM_UPPER, mem_upper(plan));
	store_u32(info + MB1_CMDLINE, (u32)plan->cmdline_gpa);
	store_u32(info + MB1_MODS_COUNT, plan->initrd_bytes != 0);
	store_u32(info + MB1_MODS_ADDR, base + MB1_MODULE);
	store_u32(info + MB1_MODULE, (u32)plan->initrd_gpa);
	store_u32(info + MB1_MODULE + 4, (u32)(plan->initrd_gpa + plan->initrd_bytes));
	store_u32(info + MB1_MODULE + 8, base + MB1_MODULE_STRING);
	store_u32(info + MB1_MMAP_LENGTH, map_count * MB1_MMAP_ENTRY_BYTES);
	store_u32(info + MB1_MMAP_ADDR, base + MB1_MMAP);
	store_u32(info + MB1_LOADER_NAME, base + MB1_NAME);
	memcpy(info + MB1_NAME, LOADER_NAME, sizeof(LOADER_NAME));
	for (unsigned i = 0; i < map_count; i++) {
		u8 *entry = info + MB1_MMAP + i * MB1_MMAP_ENTRY_BYTES;

		store_u32(entry, MB1_MMAP_ENTRY_BYTES - sizeof(u32));
		store_u64(entry + 4, map[i].base);
		store_u64(entry + 12, map[i].bytes);
		store_u32(entry + 20, map[i].type);
	}
}

/* --- version 2: tags one behind the other --- */

struct tags {
	u8 *info;
	u64 used;
};

/* Append a tag; returns its payload. */
static u8 *tag(struct tags *tags, u32 type, u64 payload_bytes)
{
	u8 *at = tags->info + tags->used;
	u64 size = MULTIBOOT2_TAG_HEADER_BYTES + payload_bytes;

	store_u32(at, type);
	store_u32(at + 4, (u32)size);
	tags->used = ALIGN_UP(tags->used + size, MULTIBOOT2_TAG_ALIGN);
	return at + MULTIBOOT2_TAG_HEADER_BYTES;
}

static void tag_string(struct tags *tags, u32 type, const char *s)
{
	u64 bytes = strnlen(s, CMDLINE_MAX - 1) + 1;

	string_copy((char *)tag(tags, type, bytes), s, bytes);
}

static void tag_module(struct tags *tags, const struct load_plan *plan)
{
	u8 *at = tag(tags, MULTIBOOT2_TAG_MODULE, 2 * sizeof(u32) + 1); /* and "" */

	store_u32(at, (u32)plan->initrd_gpa);
	store_u32(at + 4, (u32)(plan->initrd_gpa + plan->initrd_bytes));
}

static void tag_memory(struct tags *tags, const struct load_plan *plan,
		       const struct guest_e820 *map, unsigned map_count)
{
	u8 *at = tag(tags, MULTIBOOT2_TAG_MEMINFO, 2 * sizeof(u32));

	store_u32(at, mem_lower());
	store_u32(at + 4, mem_upper(plan));
	at = tag(tags, MULTIBOOT2_TAG_MEMORY_MAP,
		 2 * sizeof(u32) + (u64)map_count * MULTIBOOT2_MEMORY_ENTRY_BYTES);
	store_u32(at, MULTIBOOT2_MEMORY_ENTRY_BYTES);
	at += 2 * sizeof(u32); /* the entries' size and version */
	for (unsigned i = 0; i < map_count; i++, at += MULTIBOOT2_MEMORY_ENTRY_BYTES) {
		store_u64(at, map[i].base);
		store_u64(at + 8, map[i].bytes);
		store_u32(at + 16, map[i].type);
	}
}

void multiboot2_build(const struct load_plan *plan, const char *cmdline,
		      const struct guest_e820 *map, unsigned map_count, u8 *info)
{
	struct tags tags = {info, MULTIBOOT2_INFO_HEADER_BYTES};

	tag_string(&tags, MULTIBOOT2_TAG_CMDLINE, cmdline);
	tag_string(&tags, MULTIBOOT2_TAG_LOADER, LOADER_NAME);
	if (plan->initrd_bytes)
		tag_module(&tags, plan);
	tag_memory(&tags, plan, map, map_count);
	tag(&tags, MULTIBOOT2_TAG_END, 0);
	store_u32(info, (u32)tags.used);
}
