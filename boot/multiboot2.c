// SPDX-License-Identifier: MIT
/* Multiboot2 boot information -> struct bootinfo. Every length is checked before
 * it is used; a tag that lies is left out, a list of tags that lies ends the
 * parse. Knows nothing about what Spur does with the result. */
#include "boot/multiboot2.h"
#include "bits.h"
#include "bytes.h"
#include "errno.h"

/* Offsets within a tag (Multiboot2 3.6 "Boot information format"). */
#define TAG_TYPE 0
#define TAG_SIZE 4
#define MODULE_START 8
#define MODULE_END 12
#define MODULE_STRING 16
#define MAP_ENTRY_SIZE 8
#define MAP_ENTRIES 16
#define ENTRY_BASE 0
#define ENTRY_LENGTH 8
#define ENTRY_TYPE 16

/* No x86-64 processor has more (SDM 3A "Physical Address Extension", MAXPHYADDR). */
#define PHYSICAL_END BIT(52)
#define RSDP_OLD_BYTES 20
#define RSDP_NEW_BYTES 36

struct parser {
	struct bootinfo *out;
	const char *why; /* the first thing left out */
	bool has_map;
};

static void leave_out(struct parser *p, const char *why)
{
	if (!p->why)
		p->why = why;
}

/* A string that should end with a NUL before its tag does. */
static void copy_string(struct parser *p, char *dst, size_t size, const u8 *src,
			u64 bytes, const char *why)
{
	size_t length = strnlen((const char *)src, bytes);
	size_t kept = MIN(length, size - 1);

	if (length == bytes || kept < length)
		leave_out(p, why);
	memcpy(dst, src, kept);
	dst[kept] = '\0';
}

/* --- memory map: a list sorted by address, that neither touches nor overlaps --- */

static void ranges_remove_at(struct bootinfo *out, unsigned at)
{
	out->usable_count--;
	memmove(&out->usable[at], &out->usable[at + 1],
		(out->usable_count - at) * sizeof(out->usable[0]));
}

/* Make room at an index. When the array is full the smallest range gives way,
 * which may be the new one: false. */
static bool ranges_insert_at(struct bootinfo *out, unsigned at, u64 base, u64 end)
{
	unsigned smallest = 0;

	if (out->usable_count == MAX_MEM_RANGES) {
		out->usable_dropped++;
		for (unsigned i = 1; i < out->usable_count; i++) {
			if (out->usable[i].bytes < out->usable[smallest].bytes)
				smallest = i;
		}
		if (end - base <= out->usable[smallest].bytes)
			return false;
		ranges_remove_at(out, smallest);
		at -= smallest < at;
	}
	memmove(&out->usable[at + 1], &out->usable[at],
		(out->usable_count - at) * sizeof(out->usable[0]));
	out->usable[at] = (struct mem_range){hpa(base), end - base};
	out->usable_count++;
	return true;
}

static u64 range_end(const struct mem_range *range)
{
	return range->base.v + range->bytes;
}

/* Add [base, end), merged with all it touches. */
static void ranges_add(struct bootinfo *out, u64 base, u64 end)
{
	unsigned at = 0;

	while (at < out->usable_count && range_end(&out->usable[at]) < base)
		at++;
	while (at < out->usable_count && out->usable[at].base.v <= end) {
		base = MIN(base, out->usable[at].base.v);
		end = MAX(end, range_end(&out->usable[at]));
		ranges_remove_at(out, at);
	}
	ranges_insert_at(out, at, base, end);
}

/* Take [base, end) out of every range. Only the second insertion can meet a full
 * array and shift the list; then nothing above it overlaps any more. */
static void ranges_subtract(struct bootinfo *out, u64 base, u64 end)
{
	unsigned at = 0;

	while (at < out->usable_count) {
		u64 first = out->usable[at].base.v;
		u64 last = range_end(&out->usable[at]);

		if (last <= base || first >= end) {
			at++;
			continue;
		}
		ranges_remove_at(out, at);
		if (first < base && ranges_insert_at(out, at, first, base))
			at++;
		if (end < last && ranges_insert_at(out, at, end, last))
			at++;
	}
}

/* One entry, if it is usable as asked. What is not usable is rounded outwards,
 * what is, inwards: a page is RAM only if all of it is. */
static void map_entry(struct parser *p, const u8 *entry, bool usable)
{
	u64 base = load_u64(entry + ENTRY_BASE);
	u64 bytes = load_u64(entry + ENTRY_LENGTH);
	u64 end = base + bytes;
	bool is_usable = load_u32(entry + ENTRY_TYPE) == MULTIBOOT2_MEMORY_USABLE;

	if (is_usable != usable || !bytes)
		return;
	if (end < base || end > PHYSICAL_END) {
		leave_out(p, "memory map: a range beyond the end of the address space");
		if (usable)
			return;
		end = PHYSICAL_END;
	}
	if (!usable) {
		ranges_subtract(p->out, ALIGN_DOWN(base, PAGE_SIZE),
				ALIGN_UP(end, PAGE_SIZE));
		return;
	}
	base = ALIGN_UP(base, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (base < end)
		ranges_add(p->out, base, end);
}

static void tag_memory_map(struct parser *p, const u8 *tag, u64 size)
{
	u64 entry_size;

	if (size < MAP_ENTRIES) {
		leave_out(p, "memory map: tag too short");
		return;
	}
	entry_size = load_u32(tag + MAP_ENTRY_SIZE);
	if (entry_size < MULTIBOOT2_MEMORY_ENTRY_BYTES ||
	    !IS_ALIGNED(entry_size, MULTIBOOT2_TAG_ALIGN)) {
		leave_out(p, "memory map: bad entry size");
		return;
	}
	if (p->has_map) {
		leave_out(p, "memory map: more than one");
		return;
	}
	p->has_map = true;
	for (u64 at = MAP_ENTRIES; at + entry_size <= size; at += entry_size)
		map_entry(p, tag + at, true);
	for (u64 at = MAP_ENTRIES; at + entry_size <= size; at += entry_size)
		map_entry(p, tag + at, false);
}

/* --- the other tags --- */

static void tag_module(struct parser *p, const u8 *tag, u64 size)
{
	struct boot_module *module = &p->out->modules[p->out->module_count];
	u32 start, end;

	if (size <= MODULE_STRING) {
		leave_out(p, "module: tag too short");
		return;
	}
	start = load_u32(tag + MODULE_START);
	end = load_u32(tag + MODULE_END);
	if (end < start) {
		leave_out(p, "module: ends before it starts");
		return;
	}
	if (p->out->module_count == MAX_MODULES) {
		p->out->module_dropped++;
		return;
	}
	module->base = hpa(start);
	module->bytes = end - start;
	copy_string(p, module->cmdline, sizeof(module->cmdline), tag + MODULE_STRING,
		    size - MODULE_STRING, "module: line too long or without an end");
	p->out->module_count++;
}

/* The old root pointer is of use only where there is no new one. */
static void tag_rsdp(struct parser *p, const u8 *tag, u64 size, unsigned bytes)
{
	if (!range_within(MULTIBOOT2_TAG_HEADER_BYTES, bytes, size)) {
		leave_out(p, "ACPI root pointer: tag too short");
		return;
	}
	if (p->out->rsdp_bytes >= bytes)
		return;
	memcpy(p->out->rsdp, tag + MULTIBOOT2_TAG_HEADER_BYTES, bytes);
	p->out->rsdp_bytes = bytes;
}

static void parse_tag(struct parser *p, u32 type, const u8 *tag, u64 size)
{
	const u8 *string = tag + MULTIBOOT2_TAG_HEADER_BYTES;
	u64 string_bytes = size - MULTIBOOT2_TAG_HEADER_BYTES;

	switch (type) {
	case MULTIBOOT2_TAG_CMDLINE:
		copy_string(p, p->out->cmdline, sizeof(p->out->cmdline), string,
			    string_bytes, "command line: too long or without an end");
		break;
	case MULTIBOOT2_TAG_LOADER:
		copy_string(p, p->out->loader, sizeof(p->out->loader), string,
			    string_bytes, "loader's name: too long or without an end");
		break;
	case MULTIBOOT2_TAG_MODULE:
		tag_module(p, tag, size);
		break;
	case MULTIBOOT2_TAG_MEMORY_MAP:
		tag_memory_map(p, tag, size);
		break;
	case MULTIBOOT2_TAG_RSDP_OLD:
		tag_rsdp(p, tag, size, RSDP_OLD_BYTES);
		break;
	case MULTIBOOT2_TAG_RSDP_NEW:
		tag_rsdp(p, tag, size, RSDP_NEW_BYTES);
		break;
	default: /* EFI, APM, VBE, ELF sections, network: of no use to us */
		break;
	}
}

/* Walk the tags between the header and total bytes. A list cut off is used as far
 * as it goes, because its memory map may do. */
static void parse_tags(struct parser *p, const u8 *info, u64 total)
{
	u64 at = MULTIBOOT2_INFO_HEADER_BYTES;

	while (range_within(at, MULTIBOOT2_TAG_HEADER_BYTES, total)) {
		u32 type = load_u32(info + at + TAG_TYPE);
		u64 size = load_u32(info + at + TAG_SIZE);

		if (type == MULTIBOOT2_TAG_END)
			return;
		if (size < MULTIBOOT2_TAG_HEADER_BYTES ||
		    !range_within(at, size, total)) {
			leave_out(p, "a tag has an impossible size; it and all after it");
			return;
		}
		parse_tag(p, type, info + at, size);
		at = ALIGN_UP(at + size, MULTIBOOT2_TAG_ALIGN);
	}
	leave_out(p, "the list of tags has no end tag");
}

int multiboot2_parse(const void *info, u64 info_max_bytes, struct bootinfo *out,
		     const char **why)
{
	struct parser p = {.out = out};
	u64 total;

	memset(out, 0, sizeof(*out));
	*why = "the information is not aligned to 8 bytes";
	if (!IS_ALIGNED((uintptr_t)info, MULTIBOOT2_TAG_ALIGN))
		return -EINVAL;
	*why = "the information's size is impossible";
	if (info_max_bytes < MULTIBOOT2_INFO_HEADER_BYTES)
		return -EINVAL;
	total = load_u32(info);
	if (total < MULTIBOOT2_INFO_HEADER_BYTES || total > info_max_bytes)
		return -EINVAL;
	parse_tags(&p, info, total);
	*why = "there is no memory map";
	if (!out->usable_count)
		return -EINVAL;
	*why = p.why;
	return 0;
}
