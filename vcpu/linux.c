// SPDX-License-Identifier: MIT
/* Linux bzImage guests, by the Linux x86 boot protocol: where the kernel and its
 * initrd go, and the "zero page" that tells it what there is. The real-mode part
 * of the image is only read, never run. */
#include "errno.h"
#include "loader_parts.h"

/* Linux x86 boot protocol "The Real-Mode Kernel Header": offsets in the image. */
#define HDR_SETUP_SECTS 0x1f1
#define HDR_SYSSIZE 0x1f4
#define HDR_VID_MODE 0x1fa
#define HDR_BOOT_FLAG 0x1fe
#define HDR_JUMP_OFFSET 0x201
#define HDR_MAGIC 0x202
#define HDR_VERSION 0x206
#define HDR_TYPE_OF_LOADER 0x210
#define HDR_LOADFLAGS 0x211
#define HDR_CODE32_START 0x214
#define HDR_RAMDISK_IMAGE 0x218
#define HDR_RAMDISK_SIZE 0x21c
#define HDR_CMD_LINE_PTR 0x228
#define HDR_INITRD_ADDR_MAX 0x22c
#define HDR_KERNEL_ALIGNMENT 0x230
#define HDR_RELOCATABLE 0x234
#define HDR_XLOADFLAGS 0x236
#define HDR_CMDLINE_SIZE 0x238
#define HDR_PREF_ADDRESS 0x258
#define HDR_INIT_SIZE 0x260
#define HDR_END_MIN 0x264 /* of version 2.10 */

#define BOOT_FLAG 0xaa55
#define HDR_MAGIC_HDRS 0x53726448 /* "HdrS" */
#define VERSION_MIN 0x20a         /* 2.10 has pref_address and init_size */
#define VERSION_XLOADFLAGS 0x20c
#define LOADFLAG_LOADED_HIGH 1
#define XLOADFLAG_KERNEL_64 1
#define TYPE_OF_LOADER_UNDEFINED 0xff
#define VID_MODE_NORMAL 0xffff
#define SECTOR 512UL
#define SETUP_SECTS_DEFAULT 4 /* what a 0 means */
#define SYSSIZE_UNIT 16UL
#define ENTRY64_OFFSET 0x200 /* "64-bit Boot Protocol" */
#define LOAD_FIXED_GPA 0x100000UL

/* "The zero page": offsets, besides the header's own. */
#define ZP_ACPI_RSDP_ADDR 0x070
#define ZP_E820_ENTRIES 0x1e8
#define ZP_HEADER_END 0x290
#define ZP_E820_TABLE 0x2d0
#define E820_ENTRY_BYTES 20

struct linux_header {
	u64 payload_offset;
	u64 payload_bytes;
	u64 header_end;
	u64 init_size;
	u64 runtime_gpa; /* where the kernel runs, after unpacking itself */
	u64 load_gpa;
	u64 initrd_end_max;
};

bool linux_recognise(const struct image *image)
{
	return image->size >= HDR_END_MIN &&
	       load_u16(image->bytes + HDR_BOOT_FLAG) == BOOT_FLAG &&
	       load_u32(image->bytes + HDR_MAGIC) == HDR_MAGIC_HDRS;
}

/* The header's end, from its jump instruction; what would not fit into the zero
 * page is of a version we do not know. The first sector of setup code and the
 * payload's first bytes, which find_payload() has seen, lie behind it. */
static u64 header_end(const struct image *image)
{
	u64 end = HDR_MAGIC + image->bytes[HDR_JUMP_OFFSET];

	return MIN(end, ZP_HEADER_END);
}

static int check_kind(const struct image *image, const char **why)
{
	*why = "a Linux boot protocol older than 2.10";
	if (load_u16(image->bytes + HDR_VERSION) < VERSION_MIN)
		return -ENOTSUP;
	*why = "an old Linux zImage, not a bzImage";
	if (!(image->bytes[HDR_LOADFLAGS] & LOADFLAG_LOADED_HIGH))
		return -ENOTSUP;
	*why = "the Linux setup header is too short for its version";
	if (header_end(image) < HDR_END_MIN)
		return -EINVAL;
	*why = "the command line is longer than this Linux takes";
	if (image->cmdline_length > load_u32(image->bytes + HDR_CMDLINE_SIZE))
		return -E2BIG;
	return 0;
}

static int find_payload(const struct image *image, struct linux_header *header,
			const char **why)
{
	u64 sects = image->bytes[HDR_SETUP_SECTS];
	u64 promised = load_u32(image->bytes + HDR_SYSSIZE) * SYSSIZE_UNIT;

	header->payload_offset = ((sects ? sects : SETUP_SECTS_DEFAULT) + 1) * SECTOR;
	*why = "the Linux image is cut off";
	if (image->size <= header->payload_offset + ENTRY64_OFFSET)
		return -EINVAL;
	header->payload_bytes = image->size - header->payload_offset;
	/* The last unit may be begun: memtest86+ ends in the middle of it. */
	return ALIGN_UP(header->payload_bytes, SYSSIZE_UNIT) < promised ? -EINVAL : 0;
}

/* Boot protocol, "init_size": a relocatable kernel runs where it is loaded, if that
 * is not below pref_address; one that is not moves itself there. RAM is one piece, so
 * if it does not fit there it fits nowhere. */
static int place_kernel(const struct image *image, struct linux_header *header,
			const char **why)
{
	u64 preferred = load_u64(image->bytes + HDR_PREF_ADDRESS);
	u64 alignment = load_u32(image->bytes + HDR_KERNEL_ALIGNMENT);
	bool relocatable = image->bytes[HDR_RELOCATABLE];

	*why = "the Linux header has an impossible address, alignment or size";
	header->init_size = load_u32(image->bytes + HDR_INIT_SIZE);
	if (preferred >= GUEST_HOLE_GPA || !header->init_size)
		return -EINVAL;
	header->runtime_gpa = MAX(preferred, GUEST_HIGH_GPA);
	if (relocatable) {
		if (!alignment || (alignment & (alignment - 1)))
			return -EINVAL;
		header->runtime_gpa = ALIGN_UP(header->runtime_gpa, alignment);
	}
	header->load_gpa = relocatable ? header->runtime_gpa : LOAD_FIXED_GPA;
	*why = "the VM's RAM is too small for this Linux kernel";
	if (!loader_may_load(image, header->runtime_gpa, header->init_size) ||
	    !loader_may_load(image, header->load_gpa, header->payload_bytes))
		return -ENOMEM;
	return 0;
}

/* As high as it fits, so that it is out of the way of the unpacked kernel. */
static int place_initrd(const struct image *image, const struct linux_header *header,
			struct load_plan *plan, const char **why)
{
	u64 highest = load_u32(image->bytes + HDR_INITRD_ADDR_MAX);
	u64 top = MIN(highest + 1, image->low_ram_end);
	u64 kernel_end = MAX(header->runtime_gpa + header->init_size,
			     header->load_gpa + header->payload_bytes);

	if (!plan->initrd_bytes)
		return 0;
	*why = "the initrd does not fit between the kernel and the end of RAM";
	if (plan->initrd_bytes > top)
		return -ENOMEM;
	plan->initrd_gpa = ALIGN_DOWN(top - plan->initrd_bytes, PAGE_SIZE);
	return plan->initrd_gpa < kernel_end ? -ENOMEM : 0;
}

static void plan_entry(const struct image *image, const struct linux_header *header,
		       struct load_plan *plan)
{
	bool has_xloadflags = load_u16(image->bytes + HDR_VERSION) >= VERSION_XLOADFLAGS;
	u16 xloadflags = has_xloadflags ? load_u16(image->bytes + HDR_XLOADFLAGS) : 0;

	plan->entry_64bit = xloadflags & XLOADFLAG_KERNEL_64;
	plan->entry = header->load_gpa + (plan->entry_64bit ? ENTRY64_OFFSET : 0);
	plan->rsi = plan->info_gpa;
}

int linux_plan(const struct image *image, struct load_plan *plan, const char **why)
{
	struct linux_header header;
	int result = check_kind(image, why);

	plan->kind = GUEST_LINUX;
	if (!result)
		result = find_payload(image, &header, why);
	if (!result)
		result = place_kernel(image, &header, why);
	if (!result)
		result = place_initrd(image, &header, plan, why);
	if (result)
		return result;
	plan_entry(image, &header, plan);
	return loader_add_segment(image,
				  &(struct load_segment){
					  .file_offset = header.payload_offset,
					  .file_bytes = header.payload_bytes,
					  .gpa = header.load_gpa,
					  .mem_bytes = header.payload_bytes,
				  },
				  plan, why);
}

static void build_e820(const struct guest_e820 *map, unsigned count, u8 *zero_page)
{
	u8 *entry = zero_page + ZP_E820_TABLE;

	zero_page[ZP_E820_ENTRIES] = (u8)count;
	for (unsigned i = 0; i < count; i++, entry += E820_ENTRY_BYTES) {
		store_u64(entry, map[i].base);
		store_u64(entry + 8, map[i].bytes);
		store_u32(entry + 16, map[i].type);
	}
}

/* Only the setup header is copied: the sentinel before it must stay 0, or Linux
 * takes the whole page for junk ("sentinel", arch/x86/include/asm/bootparam_utils.h).
 * The page is zero already. */
void linux_build(const struct load_plan *plan, const struct image *image,
		 const struct guest_e820 *map, unsigned map_count, u64 rsdp_gpa, u8 *zp)
{
	memcpy(zp + HDR_SETUP_SECTS, image->bytes + HDR_SETUP_SECTS,
	       header_end(image) - HDR_SETUP_SECTS);
	zp[HDR_TYPE_OF_LOADER] = TYPE_OF_LOADER_UNDEFINED;
	store_u16(zp + HDR_VID_MODE, VID_MODE_NORMAL);
	store_u32(zp + HDR_CODE32_START, (u32)plan->segments[0].gpa);
	store_u32(zp + HDR_RAMDISK_IMAGE, (u32)plan->initrd_gpa);
	store_u32(zp + HDR_RAMDISK_SIZE, (u32)plan->initrd_bytes);
	store_u32(zp + HDR_CMD_LINE_PTR, (u32)plan->cmdline_gpa);
	store_u64(zp + ZP_ACPI_RSDP_ADDR, rsdp_gpa);
	build_e820(map, map_count, zp);
}
