// SPDX-License-Identifier: MIT
/* kernel/symbols.c: an address belongs to the last function that begins at it or before,
 * and to none below the first or beyond the image. */
#include "kernel/symbols.h"
#include "string.h"
#include "unit.h"

#define TABLE_BYTES 16384
#define MAX 500

/* What tools/symbols appends to the image. */
__asm__(".pushsection .data\n"
	".balign 8\n"
	".globl symbols_start, symbols_end\n"
	"symbols_start: .skip 16384\n"
	"symbols_end:\n"
	".popsection");
extern u8 symbols_start[], symbols_end[];

struct entry {
	u32 address, name;
};

/* Functions at these addresses, named f0, f1, ... */
static void build(const u32 *addresses, u32 count)
{
	struct entry *table = (struct entry *)(symbols_start + sizeof(u32));
	char *names = (char *)(table + count), *at = names;

	memset(symbols_start, 0xee, TABLE_BYTES);
	memcpy(symbols_start, &count, sizeof(count));
	for (u32 i = 0; i < count; i++) {
		table[i] = (struct entry){addresses[i], (u32)(at - names)};
		*at++ = 'f';
		for (u32 unit = 100; unit; unit /= 10)
			*at++ = (char)('0' + i / unit % 10);
		*at++ = '\0';
	}
	CHECK((u8 *)at <= symbols_end);
}

static void look(u64 address, const char *name, u64 offset)
{
	u64 got = 0x77;

	CHECK_STR(symbol_at(address, &got), name);
	CHECK_EQ(got, offset);
}

static void between_functions(void)
{
	static const u32 addresses[] = {0x100000, 0x100010, 0x100400, 0xfffffff0};

	build(addresses, 4);
	look(0x100000, "f000", 0);
	look(0x10000f, "f000", 15);
	look(0x100010, "f001", 0);
	look(0x100011, "f001", 1);
	look(0x1003ff, "f001", 0x3ef);
	look(0x100400, "f002", 0);
	look(0xffffffef, "f002", 0xffefffef - 0x400);
	look(0xfffffff0, "f003", 0);
	look(0x100000000, "f003", 16); /* beyond 32 bits */
}

static void outside(void)
{
	static const u32 addresses[] = {0x100000, 0x100010};
	u64 end = (u64)(uintptr_t)symbols_start;

	build(addresses, 2);
	look(0, "?", 0);
	look(0xfffff, "?", 0);
	look(end - 1, "f001", end - 1 - 0x100010);
	look(end, "?", 0); /* data begins there at the latest */
	look(end + TABLE_BYTES, "?", 0);
	look(UINT64_MAX, "?", 0);
}

static void few(void)
{
	static const u32 addresses[] = {0x2000};

	build(addresses, 1);
	look(0x1fff, "?", 0);
	look(0x2000, "f000", 0);
	look(0x2345, "f000", 0x345);
	build(addresses, 0); /* before the table is made: what follows is junk */
	look(0xfffffff0, "?", 0);
	look(0x2000, "?", 0);
}

static void against_a_linear_search(void)
{
	u64 seed = 21;

	for (u32 count = 1; count <= MAX; count += 1 + count / 8) {
		u32 addresses[MAX], at = 0x1000;

		for (u32 i = 0; i < count; i++)
			addresses[i] = at += 1 + (u32)(unit_random(&seed) % 20);
		build(addresses, count);
		for (u64 address = 0xffe; address < at + 30; address++) {
			char name[5] = "f000";
			u32 i = 0;

			while (i < count && addresses[i] <= address)
				i++;
			if (!i) {
				look(address, "?", 0);
				continue;
			}
			i--;
			name[1] = (char)('0' + i / 100);
			name[2] = (char)('0' + i / 10 % 10);
			name[3] = (char)('0' + i % 10);
			look(address, name, address - addresses[i]);
		}
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(between_functions),
	UNIT_TEST(outside),
	UNIT_TEST(few),
	UNIT_TEST(against_a_linear_search),
};

int main(void)
{
	return UNIT_RUN(tests);
}
