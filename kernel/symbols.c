// SPDX-License-Identifier: MIT
/* Look an address up in the table that the build appends to the image:
 * u32 count, then count times {u32 address, u32 name offset} sorted by address, then
 * the names (tools/symbols). */
#include "symbols.h"
#include "string.h"

extern const u8 symbols_start[], symbols_end[];

struct symbol {
	u32 address, name;
};

const char *symbol_at(u64 address, u64 *offset)
{
	const struct symbol *table = (const struct symbol *)(symbols_start + sizeof(u32));
	u32 count = 0, low = 0;

	*offset = 0;
	if (symbols_end - symbols_start > (s64)sizeof(u32))
		memcpy(&count, symbols_start, sizeof(count));
	if (!count || address < table[0].address ||
	    address >= (u64)(uintptr_t)symbols_start)
		return "?";
	for (u32 high = count; high - low > 1;) {
		u32 middle = low + (high - low) / 2;

		if (table[middle].address <= address)
			low = middle;
		else
			high = middle;
	}
	*offset = address - table[low].address;
	return (const char *)(table + count) + table[low].name;
}
