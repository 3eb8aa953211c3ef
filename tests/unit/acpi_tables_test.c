// SPDX-License-Identifier: MIT
/* vcpu/acpi_tables.c: checksums, addresses, what each table says, every size that is
 * too small. */
#include "string.h"
#include "unit.h"
#include "vcpu/acpi_tables.h"

#define BASE 0xe0000ul
#define BYTES 4096

static u8 *buf;
static u64 used;

static u64 number(const u8 *at, unsigned bytes)
{
	u64 value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (u64)at[i] << i * 8;
	return value;
}

static bool sums_to_0(const u8 *at, u64 bytes)
{
	u8 sum = 0;

	for (u64 i = 0; i < bytes; i++)
		sum += at[i];
	return sum == 0;
}

/* The table at a guest address, checked; NULL: it is not one. */
static const u8 *table(u64 gpa, const char *signature)
{
	const u8 *at = buf + (gpa - BASE);

	if (!CHECK(gpa >= BASE && gpa + 36 <= BASE + used) || !CHECK(gpa % 16 == 0))
		return NULL;
	if (!CHECK(!memcmp(at, signature, 4)) || !CHECK(number(at + 4, 4) <= used))
		return NULL;
	CHECK(sums_to_0(at, number(at + 4, 4)));
	return at;
}

static void build_with(unsigned vcpus, unsigned devices)
{
	buf = unit_alloc(BYTES);
	used = acpi_tables_build(buf, BYTES, BASE, vcpus, devices);
	CHECK(used > 0 && used <= BYTES);
}

static void build(unsigned vcpus)
{
	build_with(vcpus, 0);
}

static const u8 *by_xsdt(unsigned n, const char *signature)
{
	const u8 *xsdt = table(number(buf + 24, 8), "XSDT");

	return xsdt ? table(number(xsdt + 36 + 8 * n, 8), signature) : NULL;
}

static void rsdp(void)
{
	const u8 *rsdt, *xsdt;

	build(1);
	CHECK(!memcmp(buf, "RSD PTR ", 8));
	CHECK_EQ(buf[15], 2);
	CHECK_EQ(number(buf + 20, 4), 36);
	CHECK(sums_to_0(buf, 20));
	CHECK(sums_to_0(buf, 36));
	rsdt = table(number(buf + 16, 4), "RSDT");
	xsdt = table(number(buf + 24, 8), "XSDT");
	if (rsdt && xsdt) {
		CHECK_EQ(number(rsdt + 4, 4), 36 + 2 * 4);
		CHECK_EQ(number(xsdt + 4, 4), 36 + 2 * 8);
		CHECK_EQ(number(rsdt + 36, 4), number(xsdt + 36, 8));
		CHECK_EQ(number(rsdt + 40, 4), number(xsdt + 44, 8));
	}
	unit_free(buf);
}

static void check_port(const u8 *at, u64 port, unsigned bits)
{
	CHECK_EQ(at[0], 1);
	CHECK_EQ(at[1], bits);
	CHECK_EQ(at[2], 0);
	CHECK_EQ(number(at + 4, 8), port);
}

static void fadt(void)
{
	const u8 *at, *dsdt;

	build(1);
	at = by_xsdt(0, "FACP");
	if (at) {
		CHECK_EQ(number(at + 4, 4), 268);
		CHECK_EQ(at[8], 5);
		CHECK_EQ(number(at + 40, 4), number(at + 140, 8));
		CHECK_EQ(number(at + 109, 2), 1 << 2);
		CHECK(number(at + 112, 4) & 1 << 20);
		CHECK(number(at + 112, 4) & 1 << 10);
		check_port(at + 116, 0x602, 8);
		CHECK_EQ(at[128], 0x42);
		check_port(at + 208, 0x608, 32);
		check_port(at + 244, 0x600, 8);
		check_port(at + 256, 0x601, 8);
		dsdt = table(number(at + 140, 8), "DSDT");
		CHECK(dsdt && dsdt[8] >= 2);
	}
	unit_free(buf);
}

static void madt(unsigned vcpus)
{
	const u8 *at, *entry;

	build(vcpus);
	at = by_xsdt(1, "APIC");
	if (at) {
		CHECK_EQ(number(at + 4, 4), 44 + vcpus * 8 + 12);
		CHECK_EQ(number(at + 36, 4), 0xfee00000);
		CHECK_EQ(number(at + 40, 4), 0);
		entry = at + 44;
		for (unsigned i = 0; i < vcpus; i++, entry += 8) {
			CHECK_EQ(number(entry, 2), 0x0800);
			CHECK_EQ(entry[3], i);
			CHECK_EQ(number(entry + 4, 4), 1);
		}
		CHECK_EQ(number(entry, 2), 0x0c01);
		CHECK_EQ(number(entry + 4, 4), 0xfec00000);
		CHECK_EQ(number(entry + 8, 4), 0);
	}
	unit_free(buf);
}

static void madts(void)
{
	madt(1);
	madt(2);
	madt(64);
}

/* The DSDT as ACPICA's disassembler reads it back. */
static const char *disassembled(unsigned devices)
{
	const u8 *at;
	const char *text = NULL;

	build_with(1, devices);
	at = by_xsdt(0, "FACP");
	at = at ? table(number(at + 140, 8), "DSDT") : NULL;
	if (at)
		text = unit_tool("iasl -d input >log 2>&1 && ! grep -i warning input.dsl "
				 ">&2 && tr -s '[:space:]' ' ' <input.dsl",
				 at, number(at + 4, 4));
	unit_free(buf);
	CHECK(text);
	return text;
}

static void dsdt(void)
{
	const char *text = disassembled(0);

	if (!text)
		return;
	CHECK_HAS(text,
		  "Name (_S5, Package (0x04) // _S5_: S5 System State { 0x05, Zero,");
	CHECK_HAS(text, "Device (COM1) { Name (_HID, EisaId (\"PNP0501\")");
	CHECK_HAS(text, "IO (Decode16, 0x03F8, // Range Minimum");
	CHECK_HAS(text,
		  "Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, ) { "
		  "0x00000004, }");
}

static void dsdt_with_devices(void)
{
	const char *text = disassembled(8);

	if (!text)
		return;
	CHECK_HAS(text, "Device (COM1)");
	CHECK_HAS(text, "Device (VIO0) { Name (_HID, \"LNRO0005\")");
	CHECK_HAS(text,
		  "Memory32Fixed (ReadWrite, 0xFEB00000, // Address Base 0x00001000,");
	CHECK_HAS(text,
		  "Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive, ,, ) { "
		  "0x00000010, }");
	CHECK_HAS(text, "Device (VIO7) { Name (_HID, \"LNRO0005\")");
	CHECK_HAS(text, "Memory32Fixed (ReadWrite, 0xFEB07000,");
	CHECK_HAS(text, "{ 0x00000017, }");
}

static void too_small(void)
{
	u64 whole;

	build_with(3, 2);
	whole = used;
	unit_free(buf);
	for (u64 bytes = 0; bytes < whole; bytes++) {
		u8 *small = unit_alloc(bytes);

		CHECK_EQ(acpi_tables_build(small, bytes, BASE, 3, 2), 0);
		unit_free(small);
	}
	buf = unit_alloc(whole);
	CHECK_EQ(acpi_tables_build(buf, whole, BASE, 3, 2), whole);
	unit_free(buf);
}

static const struct unit_test tests[] = {
	UNIT_TEST(rsdp),
	UNIT_TEST(fadt),
	UNIT_TEST(madts),
	UNIT_TEST(dsdt),
	UNIT_TEST(dsdt_with_devices),
	UNIT_TEST(too_small),
};

int main(void)
{
	return UNIT_RUN(tests);
}
