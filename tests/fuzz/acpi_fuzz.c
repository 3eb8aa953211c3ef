// SPDX-License-Identifier: MIT
/* arch/x86/acpi.c: the input is a root pointer and the physical memory behind it. Sums
 * are put right, as a fuzzer would look for them for ever; a bit of the first byte
 * leaves them as they are. */
#include "acpi.h"
#include "bits.h"
#include "bytes.h"
#include "fuzz.h"
#include "string.h"

#define MEM_BASE 0xe0000UL
#define MEM_BYTES 4096
#define HEADER_BYTES 36
#define SUM_AT 9
#define RSDP_SUM_AT 8
#define RSDP_BYTES 20
#define RSDP_XSUM_AT 32
#define BLOCKS 4096

static struct acpi_info got;
static const u8 *mem;
static u64 mem_bytes;
static bool fix;
static void *blocks[BLOCKS];
static unsigned block_count;

static void fix_sum(u8 *bytes, u64 length, u64 at)
{
	u8 sum = 0;

	bytes[at] = 0;
	for (u64 i = 0; i < length; i++)
		sum = (u8)(sum + bytes[i]);
	bytes[at] = (u8)-sum;
}

static const void *map(u64 phys, u64 bytes)
{
	u8 *block;

	if (phys < MEM_BASE || !range_within(phys - MEM_BASE, bytes, mem_bytes) ||
	    block_count == BLOCKS)
		return NULL;
	block = unit_copy(mem + phys - MEM_BASE, bytes);
	if (fix && bytes >= HEADER_BYTES)
		fix_sum(block, bytes, SUM_AT);
	blocks[block_count++] = block;
	return block;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	struct input in = {data, bytes};
	const char *why = NULL;
	u8 rsdp[36];
	int result;

	fix = !(take_u8(&in) & 0x80);
	take(&in, rsdp, sizeof(rsdp));
	if (fix) {
		fix_sum(rsdp, RSDP_BYTES, RSDP_SUM_AT);
		fix_sum(rsdp, sizeof(rsdp), RSDP_XSUM_AT);
	}
	mem = in.at;
	mem_bytes = MIN(in.left, (u64)MEM_BYTES);
	result = acpi_parse(rsdp, sizeof(rsdp), map, &got, &why);
	while (block_count)
		unit_free(blocks[--block_count]);
	CHECK(got.cpu_count <= MAX_CPUS && got.ioapic_count <= ACPI_MAX_IOAPICS);
	CHECK(got.override_count <= ACPI_MAX_OVERRIDES);
	CHECK(got.s5_slp_typa <= 7 && got.s5_slp_typb <= 7);
	CHECK(!result || why);
	return 0;
}
