// SPDX-License-Identifier: MIT
/* arch/x86/acpi.c: a made-up machine's tables, whole and damaged. */
#include "acpi.h"
#include "bits.h"
#include "bytes.h"
#include "errno.h"
#include "unit.h"

#define MEM_BASE 0xe0000UL
#define MEM_BYTES 4096
#define RSDT_AT 0x40
#define XSDT_AT 0x80
#define MADT_AT 0x100
#define FADT_AT 0x600
#define DSDT_AT 0x800
#define SSDT_AT 0xa00
#define ROUNDS 40000

static u8 mem[MEM_BYTES]; /* physical memory from MEM_BASE */
static u8 rsdp[36];
static struct acpi_info got;
static const char *why;

/* Each range asked for is a heap block of exactly its size, so that one byte too
 * far is seen; all live until the parse is over. */
static void *blocks[4096];
static unsigned block_count;

static const void *map(u64 phys, u64 bytes)
{
	if (phys < MEM_BASE || !range_within(phys - MEM_BASE, bytes, MEM_BYTES) ||
	    block_count == ARRAY_SIZE(blocks))
		return NULL;
	blocks[block_count] = unit_copy(mem + phys - MEM_BASE, bytes);
	return blocks[block_count++];
}

static int parse(void)
{
	int result = acpi_parse(rsdp, sizeof(rsdp), map, &got, &why);

	while (block_count)
		unit_free(blocks[--block_count]);
	CHECK(got.cpu_count <= MAX_CPUS && got.ioapic_count <= ACPI_MAX_IOAPICS);
	CHECK(got.override_count <= ACPI_MAX_OVERRIDES);
	CHECK(got.s5_slp_typa <= 7 && got.s5_slp_typb <= 7);
	CHECK(!result || why);
	return result;
}

static void fix_sum(u8 *bytes, u64 length, u64 at)
{
	u8 sum = 0;

	bytes[at] = 0;
	for (u64 i = 0; i < length; i++)
		sum = (u8)(sum + bytes[i]);
	bytes[at] = (u8)-sum;
}

static void fix_table(u64 at)
{
	u64 length = load_u32(mem + at + 4);

	if (range_within(at, length, MEM_BYTES) && length > 9)
		fix_sum(mem + at, length, 9);
}

static void table_begin(u64 at, const char *signature, u32 length)
{
	memset(mem + at, 0, length);
	memcpy(mem + at, signature, 4);
	store_u32(mem + at + 4, length);
}

/* Append bytes to a table. */
static void table_add(u64 at, const void *bytes, u64 count)
{
	u32 length = load_u32(mem + at + 4);

	memcpy(mem + at + length, bytes, count);
	store_u32(mem + at + 4, (u32)(length + count));
	fix_table(at);
}

static void madt_lapic(u8 id, u32 flags)
{
	u8 entry[8] = {0, 8, 0, id};

	store_u32(entry + 4, flags);
	table_add(MADT_AT, entry, sizeof(entry));
}

static void madt_x2apic(u32 id, u32 flags)
{
	u8 entry[16] = {9, 16};

	store_u32(entry + 4, id);
	store_u32(entry + 8, flags);
	table_add(MADT_AT, entry, sizeof(entry));
}

static void madt_ioapic(u8 id, u32 base, u32 gsi)
{
	u8 entry[12] = {1, 12, id};

	store_u32(entry + 4, base);
	store_u32(entry + 8, gsi);
	table_add(MADT_AT, entry, sizeof(entry));
}

static void madt_override(u8 source, u32 gsi, u16 flags)
{
	u8 entry[10] = {2, 10, 0, source};

	store_u32(entry + 4, gsi);
	store_u16(entry + 8, flags);
	table_add(MADT_AT, entry, sizeof(entry));
}

static void build_fadt(void)
{
	table_begin(FADT_AT, "FACP", 244);
	store_u32(mem + FADT_AT + 40, MEM_BASE + DSDT_AT);
	store_u16(mem + FADT_AT + 46, 9);
	store_u32(mem + FADT_AT + 48, 0xb2);
	mem[FADT_AT + 52] = 0xf1;
	store_u32(mem + FADT_AT + 64, 0x604);
	store_u32(mem + FADT_AT + 76, 0x608);
	store_u32(mem + FADT_AT + 112, BIT(8) | BIT(10));
	mem[FADT_AT + 116] = ACPI_SPACE_IO;
	store_u64(mem + FADT_AT + 120, 0xcf9);
	mem[FADT_AT + 128] = 6;
	fix_table(FADT_AT);
}

static void build_dsdt(const void *aml, u64 bytes)
{
	table_begin(DSDT_AT, "DSDT", 36);
	table_add(DSDT_AT, aml, bytes);
}

static void build_roots(void)
{
	u64 tables[] = {MEM_BASE + FADT_AT, MEM_BASE + MADT_AT, MEM_BASE + SSDT_AT};
	u32 one = MEM_BASE + MADT_AT;

	table_begin(XSDT_AT, "XSDT", 36);
	table_add(XSDT_AT, tables, sizeof(tables));
	table_begin(RSDT_AT, "RSDT", 36);
	table_add(RSDT_AT, &one, sizeof(one));
	memset(rsdp, 0, sizeof(rsdp));
	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = 2;
	store_u32(rsdp + 16, MEM_BASE + RSDT_AT);
	store_u32(rsdp + 20, sizeof(rsdp));
	store_u64(rsdp + 24, MEM_BASE + XSDT_AT);
	fix_sum(rsdp, 20, 8);
	fix_sum(rsdp, 36, 32);
}

static void build(void)
{
	static const u8 aml[] = {0x10, 0x05, '_',  'S',  '5',  '_',  0x08, '_',  'S', '5',
				 '_',  0x12, 0x07, 0x04, 0x0a, 0x05, 0x01, 0x00, 0x00};

	memset(mem, 0, sizeof(mem));
	table_begin(MADT_AT, "APIC", 44);
	store_u32(mem + MADT_AT + 36, 0xfee00000);
	store_u32(mem + MADT_AT + 40, 1);
	madt_lapic(0, 1);
	madt_lapic(2, 1);
	madt_lapic(2, 1);    /* twice */
	madt_lapic(4, 0);    /* disabled */
	madt_lapic(5, 2);    /* may come online later: not now */
	madt_lapic(0xff, 1); /* broadcast */
	madt_x2apic(2, 1);   /* the same again */
	madt_x2apic(0x1234, 1);
	madt_x2apic(0xffffffff, 1);
	madt_ioapic(8, 0xfec00000, 0);
	madt_override(0, 2, 0);
	madt_override(9, 9, 0xf);
	build_fadt();
	build_dsdt(aml, sizeof(aml));
	table_begin(SSDT_AT, "SSDT", 36);
	fix_table(SSDT_AT);
	build_roots();
}

static void whole_machine(void)
{
	build();
	CHECK_EQ(parse(), 0);
	CHECK(why == NULL);
	CHECK_EQ(got.lapic_base, 0xfee00000);
	CHECK_EQ(got.cpu_count, 3);
	CHECK_EQ(got.cpu_disabled, 2);
	CHECK_EQ(got.cpus[1].apic_id, 2);
	CHECK(!got.cpus[1].x2apic);
	CHECK_EQ(got.cpus[2].apic_id, 0x1234);
	CHECK(got.cpus[2].x2apic);
	CHECK_EQ(got.ioapic_count, 1);
	CHECK_EQ(got.ioapics[0].base, 0xfec00000);
	CHECK_EQ(got.override_count, 2);
	CHECK_EQ(got.overrides[0].gsi, 2);
	CHECK(!got.overrides[0].level && !got.overrides[0].active_low);
	CHECK(got.overrides[1].level && got.overrides[1].active_low);
	CHECK(got.has_8259);
}

static void fixed_hardware(void)
{
	build();
	CHECK_EQ(parse(), 0);
	CHECK_EQ(got.pm_timer_port, 0x608);
	CHECK(got.pm_timer_32bit);
	CHECK_EQ(got.pm1a_control_port, 0x604);
	CHECK_EQ(got.pm1b_control_port, 0);
	CHECK_EQ(got.sci, 9);
	CHECK_EQ(got.smi_command_port, 0xb2);
	CHECK_EQ(got.acpi_enable, 0xf1);
	CHECK(got.reset_supported);
	CHECK_EQ(got.reset_space, ACPI_SPACE_IO);
	CHECK_EQ(got.reset_address, 0xcf9);
	CHECK_EQ(got.reset_value, 6);
	CHECK(got.has_s5);
	CHECK_EQ(got.s5_slp_typa, 5);
	CHECK_EQ(got.s5_slp_typb, 1);
	/* the extended timer block wins, if it is a port */
	mem[FADT_AT + 208] = ACPI_SPACE_IO;
	store_u64(mem + FADT_AT + 212, 0xb008);
	mem[FADT_AT + 172] = ACPI_SPACE_MEMORY;
	store_u64(mem + FADT_AT + 176, 0xfed00000);
	fix_table(FADT_AT);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(got.pm_timer_port, 0xb008);
	CHECK_EQ(got.pm1a_control_port, 0x604);
}

static void old_root(void)
{
	build();
	rsdp[15] = 0;
	fix_sum(rsdp, 20, 8);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(got.cpu_count, 3);
	CHECK_EQ(got.pm_timer_port, 0); /* not in the RSDT */
	CHECK(!got.has_s5);
	CHECK_EQ(acpi_parse(rsdp, 20, map, &got, &why), 0);
	while (block_count)
		unit_free(blocks[--block_count]);
}

static void bad_roots(void)
{
	build();
	CHECK_EQ(acpi_parse(rsdp, 0, map, &got, &why), (u64)-ENOENT);
	rsdp[8]++;
	CHECK_EQ(parse(), (u64)-EINVAL);
	CHECK_HAS(why, "RSDP: wrong checksum");
	build();
	rsdp[35]++;
	CHECK_EQ(parse(), (u64)-EINVAL);
	CHECK_HAS(why, "extended");
	build();
	rsdp[0] = 'X';
	CHECK_EQ(parse(), (u64)-EINVAL);
	build();
	mem[XSDT_AT + 10]++; /* the RSDT remains */
	CHECK_EQ(parse(), 0);
	CHECK_HAS(why, "XSDT");
	mem[RSDT_AT + 10]++;
	CHECK_EQ(parse(), (u64)-EINVAL);
	CHECK_HAS(why, "XSDT and RSDT");
}

static void bad_tables_by_name(void)
{
	build();
	mem[MADT_AT + 20]++;
	CHECK_EQ(parse(), (u64)-EINVAL);
	CHECK_HAS(why, "MADT: wrong");
	build();
	mem[FADT_AT + 20]++;
	CHECK_EQ(parse(), 0);
	CHECK_HAS(why, "FADT");
	CHECK_EQ(got.pm_timer_port, 0);
	build();
	mem[DSDT_AT + 20]++;
	CHECK_EQ(parse(), 0);
	CHECK_HAS(why, "DSDT");
	CHECK(!got.has_s5);
	build();
	memcpy(mem + MADT_AT, "CIPA", 4);
	CHECK_EQ(parse(), (u64)-ENOENT);
	CHECK_HAS(why, "no MADT");
}

static bool finds_s5(const void *aml, u64 bytes)
{
	build();
	build_dsdt(aml, bytes);
	CHECK_EQ(parse(), 0);
	return got.has_s5;
}

#define FINDS(...)                                                                       \
	({                                                                               \
		static const u8 aml_[] = {__VA_ARGS__};                                  \
		finds_s5(aml_, sizeof(aml_));                                            \
	})
#define NAME_S5 '_', 'S', '5', '_'

static void s5_encodings(void)
{
	CHECK(FINDS(0x08, '\\', NAME_S5, 0x12, 0x06, 2, 0x0a, 7, 0x0a, 3));
	CHECK_EQ(got.s5_slp_typa * 16 + got.s5_slp_typb, 0x73);
	/* two-byte length, a word and a double word */
	CHECK(FINDS(0x08, NAME_S5, 0x12, 0x4b, 0, 2, 0x0b, 4, 0, 0x0c, 2, 0, 0, 0));
	CHECK_EQ(got.s5_slp_typa * 16 + got.s5_slp_typb, 0x42);
	CHECK(FINDS(0x08, NAME_S5, 0x12, 0x04, 2, 0, 1));
	/* not a name; a method; too few; too big; no number; cut */
	CHECK(!FINDS(0x10, NAME_S5, 0x12, 0x04, 2, 0, 1));
	CHECK(!FINDS(0x08, NAME_S5, 0x14, 0x04, 2, 0, 1));
	CHECK(!FINDS(0x08, NAME_S5, 0x12, 0x03, 1, 0));
	CHECK(!FINDS(0x08, NAME_S5, 0x12, 0x05, 2, 0x0a, 8, 0));
	CHECK(!FINDS(0x08, NAME_S5, 0x12, 0x04, 2, 'A', 'B'));
	CHECK(!FINDS(0x08, NAME_S5, 0x12, 0x05, 2, 0, 0));
	CHECK(!FINDS(0x08, NAME_S5, 0x12, 0x03, 2, 0, 0));
	CHECK(!FINDS(0x08, NAME_S5, 0x12, 0x05, 2, 0, 0x0b, 1));
	CHECK(!FINDS(0x08, NAME_S5, 0x12, 0x04, 2, 0, 0x0a));
	CHECK(!FINDS(0x08, NAME_S5, 0x12, 0x00));
	CHECK(!FINDS(0x08, NAME_S5, 0x12, 0xff));
	CHECK(!FINDS(0x08, NAME_S5, 0x12));
	CHECK(!FINDS(0x08, NAME_S5));
	CHECK(!FINDS(0x08, '_', 'S', '5'));
}

static void s5_in_ssdt(void)
{
	static const u8 aml[] = {0x08, NAME_S5, 0x12, 0x04, 2, 1, 1};

	build();
	build_dsdt("", 0);
	table_add(SSDT_AT, aml, sizeof(aml));
	CHECK_EQ(parse(), 0);
	CHECK(got.has_s5);
}

static void too_many_of_each(void)
{
	build();
	table_begin(MADT_AT, "APIC", 44);
	for (unsigned i = 0; i < MAX_CPUS + 5; i++)
		madt_lapic((u8)i, 1);
	for (unsigned i = 0; i < ACPI_MAX_IOAPICS + 1; i++)
		madt_ioapic((u8)i, 0xfec00000 + i * 0x1000, i * 24);
	for (unsigned i = 0; i < ACPI_MAX_OVERRIDES + 1; i++)
		madt_override(3, 3, 0);
	CHECK(MADT_AT + load_u32(mem + MADT_AT + 4) <= FADT_AT);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(got.cpu_count, MAX_CPUS);
	CHECK_EQ(got.cpu_dropped, 5);
	CHECK_EQ(got.ioapic_count, ACPI_MAX_IOAPICS);
	CHECK_EQ(got.override_count, ACPI_MAX_OVERRIDES);
	CHECK_HAS(why, "IOAPIC");
}

static void entries_that_lie(void)
{
	static const u8 endless[] = {0, 0, 1, 1};
	static const u8 overlong[] = {0, 200, 1, 1, 1, 0, 0, 0};
	static const u8 too_short[] = {9, 8, 1, 1, 1, 0, 0, 0};

	build();
	table_add(MADT_AT, endless, sizeof(endless));
	CHECK_EQ(parse(), 0);
	CHECK_HAS(why, "impossible length");
	build();
	table_add(MADT_AT, overlong, sizeof(overlong));
	CHECK_EQ(parse(), 0);
	CHECK_EQ(got.cpu_count, 3);
	build();
	table_add(MADT_AT, too_short, sizeof(too_short));
	CHECK_EQ(parse(), 0);
	CHECK_HAS(why, "too short");
}

/* Every table cut to every length, with a checksum that is right again. */
static void every_prefix(void)
{
	static const u64 at[] = {RSDT_AT, XSDT_AT, MADT_AT, FADT_AT, DSDT_AT};

	for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
		build();
		for (u32 length = load_u32(mem + at[i] + 4); length--;) {
			build();
			store_u32(mem + at[i] + 4, length);
			fix_table(at[i]);
			parse();
		}
	}
	build();
	for (unsigned bytes = 0; bytes < sizeof(rsdp); bytes++) {
		u8 *exact = unit_copy(rsdp, bytes);

		acpi_parse(exact, bytes, map, &got, &why);
		unit_free(exact);
		while (block_count)
			unit_free(blocks[--block_count]);
	}
}

static void mutated(void)
{
	static const u64 at[] = {RSDT_AT, XSDT_AT, MADT_AT, FADT_AT, DSDT_AT, SSDT_AT};
	u64 seed = 5;

	for (unsigned round = 0; round < ROUNDS; round++) {
		u64 victim = at[unit_random(&seed) % ARRAY_SIZE(at)];

		build();
		unit_mutate(mem + victim, load_u32(mem + victim + 4), &seed);
		for (unsigned i = 0; i < ARRAY_SIZE(at); i++)
			fix_table(at[i]);
		parse();
		unit_mutate(rsdp, sizeof(rsdp), &seed);
		fix_sum(rsdp, 20, 8);
		fix_sum(rsdp, 36, 32);
		parse();
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(whole_machine),
	UNIT_TEST(fixed_hardware),
	UNIT_TEST(old_root),
	UNIT_TEST(bad_roots),
	UNIT_TEST(bad_tables_by_name),
	UNIT_TEST(s5_encodings),
	UNIT_TEST(s5_in_ssdt),
	UNIT_TEST(too_many_of_each),
	UNIT_TEST(entries_that_lie),
	UNIT_TEST(every_prefix),
	UNIT_TEST(mutated),
};

int main(void)
{
	return UNIT_RUN(tests);
}
