// SPDX-License-Identifier: MIT
/* ELF files of 32 or 64 bits: which bytes go where, and where to start. Physical
 * addresses count; virtual ones only say what the entry point means. */
#include "errno.h"
#include "loader_parts.h"

/* System V ABI, "Object Files": "ELF Header", "Program Header". */
#define ELF_MAGIC 0x464c457f /* 0x7f "ELF" */
#define EI_CLASS 4
#define EI_DATA 5
#define ELFCLASS32 1
#define ELFCLASS64 2
#define ELFDATA2LSB 1
#define E_TYPE 16
#define E_MACHINE 18
#define ET_EXEC 2
#define EM_386 3
#define EM_X86_64 62
#define PT_LOAD 1
#define HEADER_BYTES_MIN 52 /* of 32 bits */
#define PROGRAM_HEADERS_MAX 128

/* Where the fields are: the two classes differ only in that. */
struct elf_class {
	unsigned word; /* bytes of an address */
	unsigned header_bytes, e_entry, e_phoff, e_phentsize, e_phnum;
	unsigned ph_bytes, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz;
};

static const struct elf_class class32 = {
	.word = 4,
	.header_bytes = 52,
	.e_entry = 24,
	.e_phoff = 28,
	.e_phentsize = 42,
	.e_phnum = 44,
	.ph_bytes = 32,
	.p_offset = 4,
	.p_vaddr = 8,
	.p_paddr = 12,
	.p_filesz = 16,
	.p_memsz = 20,
};

static const struct elf_class class64 = {
	.word = 8,
	.header_bytes = 64,
	.e_entry = 24,
	.e_phoff = 32,
	.e_phentsize = 54,
	.e_phnum = 56,
	.ph_bytes = 56,
	.p_offset = 8,
	.p_vaddr = 16,
	.p_paddr = 24,
	.p_filesz = 32,
	.p_memsz = 40,
};

static u64 load_word(const struct elf_class *class, const u8 *at)
{
	return class->word == 4 ? load_u32(at) : load_u64(at);
}

bool elf_recognise(const struct image *image)
{
	return image->size >= HEADER_BYTES_MIN && load_u32(image->bytes) == ELF_MAGIC;
}

/* NULL: not a file that we could run, and *why says so. */
static const struct elf_class *check_header(const struct image *image, const char **why)
{
	const u8 *header = image->bytes;
	const struct elf_class *class = NULL;
	u16 machine;

	*why = "an ELF file neither of 32 nor of 64 bits, or not little-endian";
	if (header[EI_CLASS] == ELFCLASS32)
		class = &class32;
	if (header[EI_CLASS] == ELFCLASS64)
		class = &class64;
	if (!class || header[EI_DATA] != ELFDATA2LSB)
		return NULL;
	*why = "the ELF header is cut off";
	if (image->size < class->header_bytes)
		return NULL;
	*why = "an ELF file that is not an executable for x86";
	machine = load_u16(header + E_MACHINE);
	if (machine != EM_386 && machine != EM_X86_64)
		return NULL;
	if (load_u16(header + E_TYPE) != ET_EXEC)
		return NULL;
	return class;
}

/* The entry's physical address, if this segment holds it. Most linkers say it as a
 * virtual address, some scripts as a physical one. */
static bool find_entry(const struct elf_class *class, const u8 *ph, u64 entry,
		       bool physical, u64 *out)
{
	u64 vaddr = load_word(class, ph + class->p_vaddr);
	u64 paddr = load_word(class, ph + class->p_paddr);
	u64 start = physical ? paddr : vaddr;

	if (entry - start >= load_word(class, ph + class->p_memsz))
		return false;
	*out = paddr + (entry - start);
	return true;
}

static bool is_loaded(const struct elf_class *class, const u8 *ph)
{
	return load_u32(ph) == PT_LOAD && load_word(class, ph + class->p_memsz);
}

static int add_segment(const struct image *image, const struct elf_class *class,
		       const u8 *ph, struct load_plan *plan, const char **why)
{
	struct load_segment segment = {
		.file_offset = load_word(class, ph + class->p_offset),
		.file_bytes = load_word(class, ph + class->p_filesz),
		.gpa = load_word(class, ph + class->p_paddr),
		.mem_bytes = load_word(class, ph + class->p_memsz),
	};

	return loader_add_segment(image, &segment, plan, why);
}

int elf_plan(const struct image *image, struct load_plan *plan, const char **why)
{
	const struct elf_class *class = check_header(image, why);
	bool found = false, found_physical = false;
	u64 entry, offset, stride, count, physical = 0;

	if (!class)
		return -ENOTSUP;
	entry = load_word(class, image->bytes + class->e_entry);
	offset = load_word(class, image->bytes + class->e_phoff);
	stride = load_u16(image->bytes + class->e_phentsize);
	count = load_u16(image->bytes + class->e_phnum);
	*why = "the ELF program headers are cut off, or too many";
	if (stride < class->ph_bytes || count > PROGRAM_HEADERS_MAX ||
	    !range_within(offset, stride * count, image->size))
		return -EINVAL;
	for (u64 i = 0; i < count; i++) {
		const u8 *ph = image->bytes + offset + i * stride;
		int result;

		if (!is_loaded(class, ph))
			continue;
		result = add_segment(image, class, ph, plan, why);
		if (result)
			return result;
		found |= find_entry(class, ph, entry, false, &plan->entry);
		found_physical |= find_entry(class, ph, entry, true, &physical);
	}
	if (!found)
		plan->entry = physical;
	*why = "the ELF entry point is in none of the segments";
	return found || found_physical ? 0 : -EINVAL;
}
