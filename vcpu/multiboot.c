// SPDX-License-Identifier: MIT
/* Multiboot kernels, version 1 and 2: find the header, refuse what it asks for and
 * we lack, and plan. Version 2 is preferred where an image has both. */
#include "multiboot.h"
#include "errno.h"
#include "loader_parts.h"

/* Offsets in the headers (Multiboot1 3.1.1, Multiboot2 3.1.1 and following). */
#define MB1_FLAGS 4
#define MB1_CHECKSUM 8
#define MB1_ADDRESSES 12
#define MB1_ENTRY 28
#define MB2_ARCH 4
#define MB2_LENGTH 8
#define MB2_CHECKSUM 12
#define TAG_TYPE 0
#define TAG_FLAGS 2
#define TAG_SIZE 4
#define TAG_PAYLOAD 8
#define CONSOLE_REQUIRED 1
#define LOAD_ADDR_NONE UINT32_MAX /* Multiboot2 3.1.5: load the file from its start */
#define ENTRY_END 0x100000000UL   /* the entry is 32-bit code */
#define NO_HEADER UINT64_MAX

/* What a header says, whatever its version. */
struct header {
	u64 offset;         /* in the file */
	bool has_addresses; /* load as these say, and not as ELF */
	u32 header_addr, load_addr, load_end_addr, bss_end_addr;
	bool has_entry;
	u32 entry;
};

/* header_addr, load_addr, load_end_addr, bss_end_addr: both versions alike. */
static void read_addresses(const u8 *at, struct header *header)
{
	header->has_addresses = true;
	header->header_addr = load_u32(at);
	header->load_addr = load_u32(at + 4);
	header->load_end_addr = load_u32(at + 8);
	header->bss_end_addr = load_u32(at + 12);
}

/* Where the magic number stands with a good header behind it, within the first bytes
 * of the image. Unrolled, for the whole search must stay within one turn of a pCPU's
 * loop (ROOT_BOUND). */
static u64 find_header(const struct image *image, u64 search, u64 header_bytes, u32 magic,
		       bool (*is_header)(const u8 *at))
{
	u64 step = magic == MULTIBOOT1_HEADER_MAGIC ? MULTIBOOT1_HEADER_ALIGN
						    : MULTIBOOT2_HEADER_ALIGN;
	u64 end = MIN(image->size, search);
	const u8 *at = image->bytes;

	if (end < header_bytes)
		return NO_HEADER;
#pragma GCC unroll 8
	for (const u8 *last = at + end - header_bytes; at <= last; at += step) {
		if (load_u32(at) == magic && is_header(at))
			return (u64)(at - image->bytes);
	}
	return NO_HEADER;
}

/* --- version 1 --- */

static bool is_header1(const u8 *at)
{
	return (u32)(MULTIBOOT1_HEADER_MAGIC + load_u32(at + MB1_FLAGS) +
		     load_u32(at + MB1_CHECKSUM)) == 0;
}

static u64 find_header1(const struct image *image)
{
	return find_header(image, MULTIBOOT1_HEADER_SEARCH, MULTIBOOT1_HEADER_BYTES,
			   MULTIBOOT1_HEADER_MAGIC, is_header1);
}

static int read_header1(const struct image *image, struct header *header,
			const char **why)
{
	const u8 *at = image->bytes + header->offset;
	u32 flags = load_u32(at + MB1_FLAGS);
	u32 wants = flags & MULTIBOOT1_WANT_MASK;

	*why = "the multiboot header asks for a video mode";
	if (wants & MULTIBOOT1_WANT_VIDEO)
		return -ENOTSUP;
	*why = "the multiboot header asks for something unknown";
	if (wants & ~(MULTIBOOT1_WANT_PAGE_ALIGN | MULTIBOOT1_WANT_MEMORY))
		return -ENOTSUP;
	if (!(flags & MULTIBOOT1_HAS_ADDRESSES))
		return 0;
	*why = "the multiboot header is cut off";
	if (!range_within(header->offset, MULTIBOOT1_HEADER_ADDRESS_BYTES, image->size))
		return -EINVAL;
	read_addresses(at + MB1_ADDRESSES, header);
	header->has_entry = true;
	header->entry = load_u32(at + MB1_ENTRY);
	return 0;
}

/* --- version 2 --- */

static bool is_header2(const u8 *at)
{
	return load_u32(at + MB2_ARCH) == MULTIBOOT2_ARCH_I386 &&
	       (u32)(MULTIBOOT2_HEADER_MAGIC + load_u32(at + MB2_LENGTH) +
		     load_u32(at + MB2_CHECKSUM)) == 0;
}

static u64 find_header2(const struct image *image)
{
	return find_header(image, MULTIBOOT2_HEADER_SEARCH, MULTIBOOT2_HEADER_BYTES,
			   MULTIBOOT2_HEADER_MAGIC, is_header2);
}

/* The kinds of information that a kernel cannot do without: have we all? */
static bool can_inform(const u8 *types, u64 bytes)
{
	for (u64 at = 0; at + sizeof(u32) <= bytes; at += sizeof(u32)) {
		switch (load_u32(types + at)) {
		case MULTIBOOT2_TAG_CMDLINE:
		case MULTIBOOT2_TAG_LOADER:
		case MULTIBOOT2_TAG_MODULE:
		case MULTIBOOT2_TAG_MEMINFO:
		case MULTIBOOT2_TAG_MEMORY_MAP:
			break;
		default:
			return false;
		}
	}
	return true;
}

/* The payload a tag must have at least. */
static u64 payload_min(u16 type)
{
	switch (type) {
	case MULTIBOOT2_WANT_ADDRESSES:
		return 4 * sizeof(u32);
	case MULTIBOOT2_WANT_ENTRY:
	case MULTIBOOT2_WANT_CONSOLE:
		return sizeof(u32);
	default:
		return 0;
	}
}

/* One tag, long enough for its type. NULL: fine; else what we lack. */
static const char *read_tag2(u16 type, const u8 *payload, u64 bytes,
			     struct header *header)
{
	switch (type) {
	case MULTIBOOT2_WANT_INFO:
		return can_inform(payload, bytes)
			       ? NULL
			       : "the multiboot2 header asks for information we lack";
	case MULTIBOOT2_WANT_ADDRESSES:
		read_addresses(payload, header);
		return NULL;
	case MULTIBOOT2_WANT_ENTRY:
		header->has_entry = true;
		header->entry = load_u32(payload);
		return NULL;
	case MULTIBOOT2_WANT_CONSOLE:
		return load_u32(payload) & CONSOLE_REQUIRED
			       ? "the multiboot2 header asks for a text screen"
			       : NULL;
	case MULTIBOOT2_WANT_FRAMEBUFFER:
		return "the multiboot2 header asks for a framebuffer";
	case MULTIBOOT2_WANT_MODULE_ALIGN:
	case MULTIBOOT2_WANT_EFI_BOOT_SERVICES: /* of meaning only under EFI firmware */
	case MULTIBOOT2_WANT_EFI32_ENTRY:
	case MULTIBOOT2_WANT_EFI64_ENTRY:
	case MULTIBOOT2_WANT_RELOCATION: /* may be, need not */
		return NULL;
	default:
		return "the multiboot2 header asks for something unknown";
	}
}

static int read_header2(const struct image *image, struct header *header,
			const char **why)
{
	const u8 *base = image->bytes + header->offset;
	u64 length = load_u32(base + MB2_LENGTH);
	u64 at = MULTIBOOT2_HEADER_BYTES;

	*why = "the multiboot2 header is cut off, or has a tag of impossible size";
	if (!range_within(header->offset, length, image->size))
		return -EINVAL;
	while (range_within(at, TAG_PAYLOAD, length)) {
		u16 type = load_u16(base + at + TAG_TYPE);
		u16 flags = load_u16(base + at + TAG_FLAGS);
		u64 size = load_u32(base + at + TAG_SIZE);
		const u8 *payload = base + at + TAG_PAYLOAD;
		const char *lack;

		if (type == MULTIBOOT2_WANT_END)
			return 0;
		if (size < TAG_PAYLOAD + payload_min(type) ||
		    !range_within(at, size, length))
			return -EINVAL;
		lack = read_tag2(type, payload, size - TAG_PAYLOAD, header);
		if (lack && !(flags & MULTIBOOT2_WANT_OPTIONAL)) {
			*why = lack;
			return -ENOTSUP;
		}
		at = ALIGN_UP(at + size, MULTIBOOT2_TAG_ALIGN);
	}
	return -EINVAL;
}

/* --- the plan --- */

/* Multiboot1 3.1.3 "The address fields of Multiboot header": the file is one piece,
 * and the header's own address says which. */
static int plan_addresses(const struct image *image, const struct header *header,
			  struct load_plan *plan, const char **why)
{
	struct load_segment segment = {.gpa = header->load_addr};
	u64 before = (u64)header->header_addr - header->load_addr;

	if (header->load_addr == LOAD_ADDR_NONE) {
		before = header->offset;
		segment.gpa = (u64)header->header_addr - before;
	}
	*why = "the multiboot header's addresses contradict each other";
	if (before > header->offset) /* also when header_addr < load_addr */
		return -EINVAL;
	segment.file_offset = header->offset - before;
	segment.file_bytes = image->size - segment.file_offset;
	if (header->load_end_addr)
		segment.file_bytes = header->load_end_addr - segment.gpa;
	segment.mem_bytes = segment.file_bytes;
	if (header->bss_end_addr)
		segment.mem_bytes = header->bss_end_addr - segment.gpa;
	return loader_add_segment(image, &segment, plan, why);
}

static bool is_in_segment(const struct load_plan *plan, u64 gpa)
{
	for (unsigned i = 0; i < plan->segment_count; i++) {
		if (gpa - plan->segments[i].gpa < plan->segments[i].mem_bytes)
			return true;
	}
	return false;
}

static int plan_entry(const struct header *header, struct load_plan *plan,
		      const char **why)
{
	if (header->has_entry)
		plan->entry = header->entry;
	*why = "the entry point is in none of the segments, or above 4 GiB";
	if (plan->entry >= ENTRY_END || !is_in_segment(plan, plan->entry))
		return -EINVAL;
	plan->rbx = plan->info_gpa;
	return 0;
}

/* Right behind the kernel, as GRUB does: kernels look for their modules there, and
 * map little more at first. */
static int place_module(const struct image *image, struct load_plan *plan,
			const char **why)
{
	u64 end = GUEST_HIGH_GPA;

	if (!plan->initrd_bytes)
		return 0;
	for (unsigned i = 0; i < plan->segment_count; i++) {
		const struct load_segment *segment = &plan->segments[i];

		if (segment->gpa < GUEST_HOLE_GPA)
			end = MAX(end, segment->gpa + segment->mem_bytes);
	}
	plan->initrd_gpa = ALIGN_UP(end, PAGE_SIZE);
	*why = "the initrd does not fit between the kernel and the end of RAM";
	return loader_may_load(image, plan->initrd_gpa, plan->initrd_bytes) ? 0 : -ENOMEM;
}

static int plan_header(const struct image *image, const struct header *header,
		       struct load_plan *plan, const char **why)
{
	int result;

	*why = "a multiboot kernel neither in ELF nor with load addresses";
	if (header->has_addresses)
		result = plan_addresses(image, header, plan, why);
	else
		result = elf_recognise(image) ? elf_plan(image, plan, why) : -ENOTSUP;
	if (!result)
		result = plan_entry(header, plan, why);
	if (!result)
		result = place_module(image, plan, why);
	if (!result)
		*why = NULL;
	return result;
}

int multiboot_plan(const struct image *image, struct load_plan *plan, const char **why)
{
	struct header header = {.offset = find_header2(image)};
	int result;

	if (header.offset != NO_HEADER) {
		plan->kind = GUEST_MULTIBOOT2;
		plan->rax = MULTIBOOT2_LOADER_MAGIC;
		result = read_header2(image, &header, why);
		return result ? result : plan_header(image, &header, plan, why);
	}
	header.offset = find_header1(image);
	if (header.offset == NO_HEADER)
		return -ENOENT;
	plan->kind = GUEST_MULTIBOOT1;
	plan->rax = MULTIBOOT1_LOADER_MAGIC;
	result = read_header1(image, &header, why);
	return result ? result : plan_header(image, &header, plan, why);
}
