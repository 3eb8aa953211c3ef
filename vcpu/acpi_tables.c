// SPDX-License-Identifier: MIT
/* Guest ACPI tables: RSDP, RSDT, XSDT, FADT, MADT, DSDT, in one piece of memory.
 * Pure: a buffer with a cursor that remembers if something did not fit. The devices
 * and ports it names are those of pm.h, uart.h, ioapic.h and vlapic.h. */
#include "vcpu/acpi_tables.h"
#include "bits.h"
#include "vcpu/dev/ioapic.h"
#include "vcpu/dev/pm.h"
#include "vcpu/dev/uart.h"
#include "vcpu/dev/virtio.h"
#include "vcpu/vlapic.h"

#define TABLE_ALIGN 16
#define HEADER_BYTES 36
#define HEADER_LENGTH 4
#define HEADER_CHECKSUM 9

#define RSDP_BYTES 36
#define RSDP_V1_BYTES 20
#define RSDP_CHECKSUM 8
#define RSDP_CHECKSUM_EXTENDED 32

#define FADT_BYTES 268
#define FADT_REVISION 5
/* Offsets, ACPI 6.4 "Fixed ACPI Description Table". */
#define FADT_DSDT 40
#define FADT_PM_TIMER 76
#define FADT_PM_TIMER_LENGTH 91
#define FADT_CENTURY 108
#define FADT_BOOT_FLAGS 109
#define FADT_FLAGS 112
#define FADT_RESET 116
#define FADT_RESET_VALUE 128
#define FADT_X_DSDT 140
#define FADT_X_PM_TIMER 208
#define FADT_SLEEP_CONTROL 244
#define FADT_SLEEP_STATUS 256

#define RTC_CENTURY 0x32
/* No legacy devices, no 8042, and of the two bits that say what to leave alone: no
 * VGA. There is a CMOS clock. */
#define BOOT_NO_VGA BIT(2)
#define FLAG_WBINVD BIT(0)
#define FLAG_C1 BIT(2)
#define FLAG_NO_POWER_BUTTON BIT(4)
#define FLAG_NO_SLEEP_BUTTON BIT(5)
#define FLAG_NO_RTC_WAKE BIT(6)
#define FLAG_TIMER_32BIT BIT(8)
#define FLAG_RESET BIT(10)
#define FLAG_HEADLESS BIT(12)
#define FLAG_HW_REDUCED BIT(20)

#define GAS_SYSTEM_IO 1

#define MADT_LAPIC 0
#define MADT_LAPIC_BYTES 8
#define MADT_LAPIC_ENABLED 1
#define MADT_IOAPIC 1
#define MADT_IOAPIC_BYTES 12

/* AML: ACPI 6.4, 20.2. */
#define AML_NAME 0x08
#define AML_BYTE 0x0a
#define AML_DWORD 0x0c
#define AML_STRING 0x0d
#define AML_SCOPE 0x10
#define AML_BUFFER 0x11
#define AML_PACKAGE 0x12
#define AML_DEVICE 0x825b   /* 5b 82 */
#define AML_LENGTH_2 BIT(6) /* a package's length takes one byte more */
#define EISA_PNP0501 0x0105d041
#define STA_PRESENT 15 /* and enabled, shown, working */

/* Resource descriptors: ACPI 6.4, 6.4. */
#define RESOURCE_IO 0x47
#define RESOURCE_MEMORY32_FIXED 0x86
#define RESOURCE_INTERRUPT 0x89
#define RESOURCE_END 0x79      /* and a checksum of 0: none */
#define INTERRUPT_LEVEL BIT(0) /* of a consumer; active high, exclusive */
#define INTERRUPT_EDGE (BIT(0) | BIT(1))

struct builder {
	u8 *buf;
	u64 bytes;
	u64 at; /* cursor */
	bool full;
};

/* --- the buffer --- */

static void put(struct builder *b, u64 at, u64 value, unsigned bytes)
{
	if (at + bytes > b->bytes) {
		b->full = true;
		return;
	}
	for (unsigned i = 0; i < bytes; i++)
		b->buf[at + i] = (u8)(value >> i * 8);
}

static void append(struct builder *b, u64 value, unsigned bytes)
{
	put(b, b->at, value, bytes);
	b->at += bytes;
}

static void append_text(struct builder *b, const char *text)
{
	while (*text)
		append(b, (u8)*text++, 1);
}

static void append_zero(struct builder *b, u64 bytes)
{
	while (bytes--)
		append(b, 0, 1);
}

/* Make the bytes from `first` add up to 0, by the one at `at`. */
static void put_checksum(struct builder *b, u64 first, u64 bytes, u64 at)
{
	u8 sum = 0;

	if (b->full || first + bytes > b->bytes)
		return;
	for (u64 i = 0; i < bytes; i++)
		sum += b->buf[first + i];
	b->buf[at] -= sum;
}

/* Returns the table's offset; its length and checksum come with table_end(). */
static u64 table_begin(struct builder *b, const char *signature, u8 revision)
{
	u64 table;

	append_zero(b, ALIGN_UP(b->at, TABLE_ALIGN) - b->at);
	table = b->at;
	append_text(b, signature);
	append(b, 0, 4); /* length */
	append(b, revision, 1);
	append(b, 0, 1); /* checksum */
	append_text(b, "SPUR  ");
	append_text(b, "SPURVM  ");
	append(b, 1, 4); /* OEM revision */
	append_text(b, "SPUR");
	append(b, 1, 4); /* creator revision */
	return table;
}

static void table_end(struct builder *b, u64 table)
{
	u64 bytes = b->at - table;

	put(b, table + HEADER_LENGTH, bytes, 4);
	put_checksum(b, table, bytes, table + HEADER_CHECKSUM);
}

/* --- AML: ACPI 6.4, "ACPI Machine Language (AML) Grammar Definition" --- */

/* A package begins with its own length, here always in its form of two bytes: four bits
 * and eight. Returns its offset, for package_end(). */
static u64 package_begin(struct builder *b)
{
	append(b, 0, 2);
	return b->at - 2;
}

static void package_end(struct builder *b, u64 at)
{
	u64 bytes = b->at - at;

	put(b, at, AML_LENGTH_2 | (bytes & 15), 1);
	put(b, at + 1, bytes >> 4, 1);
}

static u64 device_begin(struct builder *b, const char *name)
{
	u64 package;

	append(b, AML_DEVICE, 2);
	package = package_begin(b);
	append_text(b, name);
	return package;
}

static void append_name(struct builder *b, const char *name)
{
	append(b, AML_NAME, 1);
	append_text(b, name);
}

static void append_number(struct builder *b, const char *name, u8 value)
{
	append_name(b, name);
	append(b, AML_BYTE, 1);
	append(b, value, 1);
}

/* Name (_CRS, Buffer (bytes) {, which the caller fills and package_end() closes. */
static u64 resources_begin(struct builder *b, u8 bytes)
{
	u64 package;

	append_name(b, "_CRS");
	append(b, AML_BUFFER, 1);
	package = package_begin(b);
	append(b, AML_BYTE, 1);
	append(b, bytes, 1);
	return package;
}

static void append_interrupt(struct builder *b, u8 flags, unsigned pin)
{
	append(b, RESOURCE_INTERRUPT, 1);
	append(b, 6, 2);
	append(b, flags, 1);
	append(b, 1, 1); /* one interrupt */
	append(b, pin, 4);
}

static void append_uart(struct builder *b)
{
	u64 device = device_begin(b, "COM1"), crs;

	append_name(b, "_HID");
	append(b, AML_DWORD, 1);
	append(b, EISA_PNP0501, 4);
	append_number(b, "_UID", 0);
	append_number(b, "_STA", STA_PRESENT);
	crs = resources_begin(b, 8 + 9 + 2);
	append(b, RESOURCE_IO, 1);
	append(b, 1, 1); /* decodes 16 bits */
	append(b, UART_PORT, 2);
	append(b, UART_PORT, 2);
	append(b, 1, 1); /* aligned */
	append(b, UART_PORTS, 1);
	append_interrupt(b, INTERRUPT_EDGE, UART_PIN);
	append(b, RESOURCE_END, 2);
	package_end(b, crs);
	package_end(b, device);
}

static void append_virtio(struct builder *b, unsigned n)
{
	const char name[] = {'V', 'I', 'O', (char)('0' + n), '\0'};
	u64 device = device_begin(b, name), crs;

	append_name(b, "_HID");
	append(b, AML_STRING, 1);
	append_text(b, "LNRO0005");
	append(b, 0, 1);
	append_number(b, "_UID", (u8)n);
	append_number(b, "_STA", STA_PRESENT);
	crs = resources_begin(b, 12 + 9 + 2);
	append(b, RESOURCE_MEMORY32_FIXED, 1);
	append(b, 9, 2);
	append(b, 1, 1); /* may be written */
	append(b, VIRTIO_PAGE + n * VIRTIO_PAGE_BYTES, 4);
	append(b, VIRTIO_PAGE_BYTES, 4);
	append_interrupt(b, INTERRUPT_LEVEL, VIRTIO_FIRST_PIN + n);
	append(b, RESOURCE_END, 2);
	package_end(b, crs);
	package_end(b, device);
}

/* Name (_S5_, Package () {5, 0, 0, 0}) */
static void append_s5(struct builder *b)
{
	u64 package;

	append_name(b, "_S5_");
	append(b, AML_PACKAGE, 1);
	package = package_begin(b);
	append(b, 4, 1);
	append(b, AML_BYTE, 1);
	append(b, PM_SLEEP_TYPE_S5, 1);
	append(b, 0, 3);
	package_end(b, package);
}

/* --- the tables --- */

static u64 build_dsdt(struct builder *b, unsigned devices)
{
	u64 table = table_begin(b, "DSDT", 2), scope;

	append_s5(b);
	append(b, AML_SCOPE, 1);
	scope = package_begin(b);
	append_text(b, "\\_SB_");
	append_uart(b);
	for (unsigned i = 0; i < devices; i++)
		append_virtio(b, i);
	package_end(b, scope);
	table_end(b, table);
	return table;
}

/* Generic Address Structure of an I/O port; access size 1 is byte, 3 is dword. */
static void put_port(struct builder *b, u64 at, u16 port, u8 bits)
{
	put(b, at, GAS_SYSTEM_IO, 1);
	put(b, at + 1, bits, 1);
	put(b, at + 3, bits == 8 ? 1 : 3, 1);
	put(b, at + 4, port, 8);
}

static u64 build_fadt(struct builder *b, u64 dsdt_gpa)
{
	u64 table = table_begin(b, "FACP", FADT_REVISION);

	append_zero(b, FADT_BYTES - HEADER_BYTES);
	put(b, table + FADT_DSDT, dsdt_gpa, 4);
	put(b, table + FADT_X_DSDT, dsdt_gpa, 8);
	put(b, table + FADT_PM_TIMER, PM_TIMER, 4);
	put(b, table + FADT_PM_TIMER_LENGTH, 4, 1);
	put_port(b, table + FADT_X_PM_TIMER, PM_TIMER, 32);
	put(b, table + FADT_CENTURY, RTC_CENTURY, 1);
	put(b, table + FADT_BOOT_FLAGS, BOOT_NO_VGA, 2);
	put(b, table + FADT_FLAGS,
	    FLAG_WBINVD | FLAG_C1 | FLAG_NO_POWER_BUTTON | FLAG_NO_SLEEP_BUTTON |
		    FLAG_NO_RTC_WAKE | FLAG_TIMER_32BIT | FLAG_RESET | FLAG_HEADLESS |
		    FLAG_HW_REDUCED,
	    4);
	put_port(b, table + FADT_RESET, PM_RESET, 8);
	put(b, table + FADT_RESET_VALUE, PM_RESET_VALUE, 1);
	put_port(b, table + FADT_SLEEP_CONTROL, PM_SLEEP_CONTROL, 8);
	put_port(b, table + FADT_SLEEP_STATUS, PM_SLEEP_STATUS, 8);
	table_end(b, table);
	return table;
}

static u64 build_madt(struct builder *b, unsigned vcpus)
{
	u64 table = table_begin(b, "APIC", 3);

	append(b, VLAPIC_PAGE_DEFAULT, 4);
	append(b, 0, 4); /* flags: no 8259 */
	for (unsigned i = 0; i < vcpus; i++) {
		append(b, MADT_LAPIC, 1);
		append(b, MADT_LAPIC_BYTES, 1);
		append(b, i, 1); /* processor UID */
		append(b, i, 1); /* APIC ID */
		append(b, MADT_LAPIC_ENABLED, 4);
	}
	append(b, MADT_IOAPIC, 1);
	append(b, MADT_IOAPIC_BYTES, 1);
	append(b, 0, 2); /* ID */
	append(b, IOAPIC_PAGE, 4);
	append(b, 0, 4); /* its first interrupt is number 0 */
	table_end(b, table);
	return table;
}

/* RSDT or XSDT: the addresses of the others. */
static u64 build_root(struct builder *b, const char *signature, unsigned entry_bytes,
		      u64 fadt_gpa, u64 madt_gpa)
{
	u64 table = table_begin(b, signature, 1);

	append(b, fadt_gpa, entry_bytes);
	append(b, madt_gpa, entry_bytes);
	table_end(b, table);
	return table;
}

static void build_rsdp(struct builder *b, u64 rsdt_gpa, u64 xsdt_gpa)
{
	b->at = 0;
	append_text(b, "RSD PTR ");
	append(b, 0, 1); /* checksum */
	append_text(b, "SPUR  ");
	append(b, 2, 1); /* revision */
	append(b, rsdt_gpa, 4);
	append(b, RSDP_BYTES, 4);
	append(b, xsdt_gpa, 8);
	append(b, 0, 4); /* extended checksum, reserved */
	put_checksum(b, 0, RSDP_V1_BYTES, RSDP_CHECKSUM);
	put_checksum(b, 0, RSDP_BYTES, RSDP_CHECKSUM_EXTENDED);
}

u64 acpi_tables_build(u8 *buf, u64 bytes, u64 gpa_base, unsigned vcpus, unsigned devices)
{
	struct builder b = {.buf = buf, .bytes = bytes, .at = RSDP_BYTES};
	u64 dsdt = build_dsdt(&b, devices);
	u64 fadt = gpa_base + build_fadt(&b, gpa_base + dsdt);
	u64 madt = gpa_base + build_madt(&b, vcpus);
	u64 rsdt = gpa_base + build_root(&b, "RSDT", 4, fadt, madt);
	u64 xsdt = gpa_base + build_root(&b, "XSDT", 8, fadt, madt);
	u64 used = b.at;

	build_rsdp(&b, rsdt, xsdt);
	return b.full ? 0 : used;
}
