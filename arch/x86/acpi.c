// SPDX-License-Identifier: MIT
/* ACPI tables -> struct acpi_info: which CPUs, interrupt controllers and ports
 * there are, and how to power off. No AML interpreter: of the byte code only the
 * one package _S5_ is looked for. Every length comes from the firmware and is
 * checked before it is used; a table whose checksum is wrong is not used. */
#include "acpi.h"
#include "bits.h"
#include "bytes.h"
#include "errno.h"

/* ACPI 5.2.5.3 "Root System Description Pointer (RSDP) Structure" */
#define RSDP_REVISION 15
#define RSDP_RSDT 16
#define RSDP_LENGTH 20
#define RSDP_XSDT 24
#define RSDP_BYTES_OLD 20
#define RSDP_BYTES 36

/* ACPI 5.2.6 "System Description Table Header" */
#define TABLE_LENGTH 4
#define TABLE_HEADER_BYTES 36
#define TABLE_BYTES_MAX MIB(4) /* bigger than any known DSDT: a damaged length */
#define TABLES_MAX 256         /* entries of the RSDT or XSDT looked at */

/* ACPI 5.2.12 "Multiple APIC Description Table (MADT)" */
#define MADT_LAPIC_BASE 36
#define MADT_FLAGS 40
#define MADT_FLAG_PCAT_COMPAT 1
#define MADT_ENTRIES 44
#define MADT_LAPIC 0
#define MADT_IOAPIC 1
#define MADT_OVERRIDE 2
#define MADT_LAPIC_ADDRESS 5
#define MADT_X2APIC 9
#define LAPIC_ENABLED 1
#define LAPIC_ID_BROADCAST 0xff
#define X2APIC_ID_BROADCAST 0xffffffff
#define MPS_POLARITY_MASK 3
#define MPS_POLARITY_LOW 3
#define MPS_TRIGGER_MASK 0xc
#define MPS_TRIGGER_LEVEL 0xc
#define ISA_BUS 0
#define ISA_IRQS 16

/* ACPI 5.2.9 "Fixed ACPI Description Table (FADT)" */
#define FADT_DSDT 40
#define FADT_SCI_INT 46
#define FADT_SMI_CMD 48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CNT 64
#define FADT_PM1B_CNT 68
#define FADT_PM_TMR 76
#define FADT_FLAGS 112
#define FADT_FLAG_TMR_VAL_EXT BIT(8)
#define FADT_FLAG_RESET_REG_SUP BIT(10)
#define FADT_RESET_REG 116
#define FADT_RESET_VALUE 128
#define FADT_X_DSDT 140
#define FADT_X_PM1A_CNT 172
#define FADT_X_PM1B_CNT 184
#define FADT_X_PM_TMR 208

/* ACPI 5.2.3.2 "Generic Address Structure" */
#define GAS_SPACE 0
#define GAS_ADDRESS 4
#define GAS_BYTES 12

/* ACPI 20.2 "AML Grammar Definition" */
#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_NAME 0x08
#define AML_BYTE 0x0a
#define AML_WORD 0x0b
#define AML_DWORD 0x0c
#define AML_PACKAGE 0x12
#define AML_ROOT '\\'
#define SLP_TYP_MAX 7 /* three bits (ACPI 4.8.3.2.1 "PM1 Control Registers") */

struct reader {
	acpi_map_fn map;
	struct acpi_info *out;
	const char *why; /* the first thing left out */
	bool has_madt;
	bool madt_bad;
};

struct table {
	const u8 *bytes;
	u64 length;
};

static void leave_out(struct reader *r, const char *why)
{
	if (!r->why)
		r->why = why;
}

static bool sums_to_zero(const u8 *bytes, u64 length)
{
	u8 sum = 0;

	for (u64 i = 0; i < length; i++)
		sum = (u8)(sum + bytes[i]);
	return sum == 0;
}

/* --- finding tables --- */

/* False: the table at phys is damaged or cannot be read. Its header may be looked
 * at even then, if out->bytes is not NULL. */
static bool table_open(struct reader *r, u64 phys, struct table *out)
{
	out->bytes = phys ? r->map(phys, TABLE_HEADER_BYTES) : NULL;
	if (!out->bytes)
		return false;
	out->length = load_u32(out->bytes + TABLE_LENGTH);
	if (out->length < TABLE_HEADER_BYTES || out->length > TABLE_BYTES_MAX)
		return false;
	out->bytes = r->map(phys, out->length);
	return out->bytes && sums_to_zero(out->bytes, out->length);
}

static bool table_is(const struct table *table, const char *signature)
{
	return !memcmp(table->bytes, signature, 4);
}

/* --- MADT --- */

static void add_cpu(struct reader *r, u32 apic_id, u32 flags, bool x2apic)
{
	struct acpi_info *out = r->out;

	if (!(flags & LAPIC_ENABLED)) {
		out->cpu_disabled++;
		return;
	}
	for (unsigned i = 0; i < out->cpu_count; i++) {
		if (out->cpus[i].apic_id == apic_id)
			return;
	}
	if (out->cpu_count == MAX_CPUS) {
		out->cpu_dropped++;
		return;
	}
	out->cpus[out->cpu_count++] = (struct acpi_cpu){apic_id, x2apic};
}

static void add_ioapic(struct reader *r, const u8 *entry)
{
	struct acpi_info *out = r->out;

	if (out->ioapic_count == ACPI_MAX_IOAPICS) {
		leave_out(r, "MADT: an IOAPIC more than we can use");
		return;
	}
	out->ioapics[out->ioapic_count++] = (struct acpi_ioapic){
		.id = entry[2],
		.base = load_u32(entry + 4),
		.gsi_base = load_u32(entry + 8),
	};
}

/* A polarity or trigger that "conforms to the bus" is ISA's: high, edge. */
static void add_override(struct reader *r, const u8 *entry)
{
	struct acpi_info *out = r->out;
	u16 flags = load_u16(entry + 8);

	if (entry[2] != ISA_BUS || entry[3] >= ISA_IRQS ||
	    out->override_count == ACPI_MAX_OVERRIDES) {
		leave_out(r, "MADT: an interrupt override we cannot use");
		return;
	}
	out->overrides[out->override_count++] = (struct acpi_override){
		.source = entry[3],
		.gsi = load_u32(entry + 4),
		.active_low = (flags & MPS_POLARITY_MASK) == MPS_POLARITY_LOW,
		.level = (flags & MPS_TRIGGER_MASK) == MPS_TRIGGER_LEVEL,
	};
}

static void madt_entry(struct reader *r, const u8 *entry, u64 length)
{
	/* The length each type must have; others are skipped. */
	static const u8 length_min[] = {
		[MADT_LAPIC] = 8,          [MADT_IOAPIC] = 12, [MADT_OVERRIDE] = 10,
		[MADT_LAPIC_ADDRESS] = 12, [MADT_X2APIC] = 16,
	};
	u8 type = entry[0];

	if (type >= ARRAY_SIZE(length_min) || !length_min[type])
		return;
	if (length < length_min[type]) {
		leave_out(r, "MADT: an entry that is too short");
		return;
	}
	if (type == MADT_LAPIC && entry[3] != LAPIC_ID_BROADCAST)
		add_cpu(r, entry[3], load_u32(entry + 4), false);
	if (type == MADT_X2APIC && load_u32(entry + 4) != X2APIC_ID_BROADCAST)
		add_cpu(r, load_u32(entry + 4), load_u32(entry + 8), true);
	if (type == MADT_IOAPIC)
		add_ioapic(r, entry);
	if (type == MADT_OVERRIDE)
		add_override(r, entry);
	if (type == MADT_LAPIC_ADDRESS)
		r->out->lapic_base = load_u64(entry + 4);
}

static void parse_madt(struct reader *r, const struct table *madt)
{
	u64 at = MADT_ENTRIES;

	if (r->has_madt || madt->length < MADT_ENTRIES) {
		leave_out(r, "MADT: too short, or more than one");
		r->madt_bad |= !r->has_madt;
		return;
	}
	r->has_madt = true;
	r->out->lapic_base = load_u32(madt->bytes + MADT_LAPIC_BASE);
	r->out->has_8259 = load_u32(madt->bytes + MADT_FLAGS) & MADT_FLAG_PCAT_COMPAT;
	while (range_within(at, 2, madt->length)) {
		u64 length = madt->bytes[at + 1];

		if (length < 2 || !range_within(at, length, madt->length)) {
			leave_out(r, "MADT: an entry of impossible length");
			return;
		}
		madt_entry(r, madt->bytes + at, length);
		at += length;
	}
}

/* --- _S5_: Name (\_S5_, Package () {SLP_TYPa, SLP_TYPb, ...}) --- */

/* A small integer at *at; moves *at behind it. False: something else. */
static bool aml_small_integer(const struct table *aml, u64 *at, u64 end, u8 *value)
{
	u8 op = *at < end ? aml->bytes[*at] : 0xff;
	u64 size = op == AML_BYTE ? 1 : op == AML_WORD ? 2 : op == AML_DWORD ? 4 : 0;
	u64 big = 0;

	if (op != AML_ZERO && op != AML_ONE && !size)
		return false;
	(*at)++;
	if (!range_within(*at, size, end))
		return false;
	memcpy(&big, aml->bytes + *at, size);
	if (!size)
		big = op;
	*at += size;
	*value = (u8)big;
	return big <= SLP_TYP_MAX;
}

/* ACPI 20.2.4 "Package Length Encoding": the length counts from *at on. Moves *at
 * behind the encoding; returns where the package ends, 0 if that is nowhere. */
static u64 aml_package_end(const struct table *aml, u64 *at)
{
	u64 start = *at;
	u8 lead = start < aml->length ? aml->bytes[start] : 0;
	unsigned more = lead >> 6;
	u64 length = more ? lead & 0xf : lead & 0x3f;

	if (!range_within(start, 1 + more, aml->length))
		return 0;
	for (unsigned i = 0; i < more; i++)
		length |= (u64)aml->bytes[start + 1 + i] << (4 + 8 * i);
	*at = start + 1 + more;
	if (length < 1 + more || !range_within(start, length, aml->length))
		return 0;
	return start + length;
}

/* The package that follows the name at offset at, if it is one. */
static bool aml_s5_package(struct reader *r, const struct table *aml, u64 at)
{
	u8 a, b;
	u64 end;

	if (at >= aml->length || aml->bytes[at++] != AML_PACKAGE)
		return false;
	end = aml_package_end(aml, &at);
	/* At least two elements: SLP_TYPa, SLP_TYPb. */
	if (at >= end || aml->bytes[at++] < 2)
		return false;
	if (!aml_small_integer(aml, &at, end, &a) ||
	    !aml_small_integer(aml, &at, end, &b))
		return false;
	r->out->s5_slp_typa = a;
	r->out->s5_slp_typb = b;
	r->out->has_s5 = true;
	return true;
}

/* Is what ends before the name a Name operator, perhaps with a root prefix? */
static bool aml_is_name(const struct table *aml, u64 at)
{
	if (aml->bytes[at - 1] == AML_ROOT)
		at--;
	return aml->bytes[at - 1] == AML_NAME;
}

static void scan_for_s5(struct reader *r, const struct table *aml)
{
	/* The table's header in front makes looking two bytes back safe. */
	for (u64 at = TABLE_HEADER_BYTES; range_within(at, 4, aml->length); at++) {
		if (aml->bytes[at] != '_' || memcmp(aml->bytes + at, "_S5_", 4))
			continue;
		if (aml_is_name(aml, at) && aml_s5_package(r, aml, at + 4))
			return;
	}
}

static void open_dsdt(struct reader *r, u64 phys)
{
	struct table dsdt;

	if (table_open(r, phys, &dsdt) && table_is(&dsdt, "DSDT"))
		scan_for_s5(r, &dsdt);
	else
		leave_out(r, "DSDT: cannot be read, or has a wrong checksum");
}

/* --- FADT --- */

/* The port of a register block: the extended field, if this FADT has it and it
 * names a port, else the old one. */
static u16 fadt_port(const struct table *fadt, u64 old, u64 extended)
{
	const u8 *gas = fadt->bytes + extended;
	u64 port = 0;

	if (range_within(extended, GAS_BYTES, fadt->length) &&
	    gas[GAS_SPACE] == ACPI_SPACE_IO)
		port = load_u64(gas + GAS_ADDRESS);
	if (!port && range_within(old, sizeof(u32), fadt->length))
		port = load_u32(fadt->bytes + old);
	return port <= UINT16_MAX ? (u16)port : 0;
}

static void fadt_reset(struct acpi_info *out, const struct table *fadt)
{
	const u8 *gas = fadt->bytes + FADT_RESET_REG;

	if (!(load_u32(fadt->bytes + FADT_FLAGS) & FADT_FLAG_RESET_REG_SUP) ||
	    !range_within(FADT_RESET_VALUE, 1, fadt->length))
		return;
	out->reset_space = gas[GAS_SPACE];
	out->reset_address = load_u64(gas + GAS_ADDRESS);
	out->reset_value = fadt->bytes[FADT_RESET_VALUE];
	out->reset_supported = out->reset_address != 0;
}

static u64 fadt_dsdt(const struct table *fadt)
{
	u64 phys = 0;

	if (range_within(FADT_X_DSDT, sizeof(u64), fadt->length))
		phys = load_u64(fadt->bytes + FADT_X_DSDT);
	return phys ? phys : load_u32(fadt->bytes + FADT_DSDT);
}

static void parse_fadt(struct reader *r, const struct table *fadt)
{
	struct acpi_info *out = r->out;
	u32 flags, smi_command;

	if (!range_within(FADT_FLAGS, sizeof(u32), fadt->length)) {
		leave_out(r, "FADT: too short");
		return;
	}
	flags = load_u32(fadt->bytes + FADT_FLAGS);
	smi_command = load_u32(fadt->bytes + FADT_SMI_CMD);
	out->sci = load_u16(fadt->bytes + FADT_SCI_INT);
	out->smi_command_port = smi_command <= UINT16_MAX ? (u16)smi_command : 0;
	out->acpi_enable = fadt->bytes[FADT_ACPI_ENABLE];
	out->pm1a_control_port = fadt_port(fadt, FADT_PM1A_CNT, FADT_X_PM1A_CNT);
	out->pm1b_control_port = fadt_port(fadt, FADT_PM1B_CNT, FADT_X_PM1B_CNT);
	out->pm_timer_port = fadt_port(fadt, FADT_PM_TMR, FADT_X_PM_TMR);
	out->pm_timer_32bit = flags & FADT_FLAG_TMR_VAL_EXT;
	fadt_reset(out, fadt);
	if (!out->has_s5)
		open_dsdt(r, fadt_dsdt(fadt));
}

/* --- the roots --- */

/* A table is refused by its name, where it matters to us. */
static void refuse_table(struct reader *r, const struct table *table)
{
	if (!table->bytes)
		leave_out(r, "a table that cannot be read");
	else if (table_is(table, "APIC"))
		leave_out(r, "MADT: wrong length or checksum");
	else if (table_is(table, "FACP"))
		leave_out(r, "FADT: wrong length or checksum");
	else if (table_is(table, "SSDT"))
		leave_out(r, "SSDT: wrong length or checksum");
	r->madt_bad |= table->bytes && table_is(table, "APIC");
}

static void visit_table(struct reader *r, u64 phys)
{
	struct table table;

	if (!table_open(r, phys, &table))
		refuse_table(r, &table);
	else if (table_is(&table, "APIC"))
		parse_madt(r, &table);
	else if (table_is(&table, "FACP"))
		parse_fadt(r, &table);
	else if (table_is(&table, "SSDT") && !r->out->has_s5)
		scan_for_s5(r, &table);
}

/* Visit all tables of the RSDT (4-byte entries) or XSDT (8-byte entries). Returns
 * false if it is no good. */
static bool walk_root(struct reader *r, u64 phys, const char *signature, u64 entry_bytes)
{
	struct table root;
	u64 count;

	if (!table_open(r, phys, &root) || !table_is(&root, signature))
		return false;
	count = (root.length - TABLE_HEADER_BYTES) / entry_bytes;
	if (count > TABLES_MAX)
		leave_out(r, "more tables than we look at");
	for (u64 i = 0; i < count && i < TABLES_MAX; i++) {
		const u8 *at = root.bytes + TABLE_HEADER_BYTES + i * entry_bytes;
		u64 entry = 0;

		memcpy(&entry, at, entry_bytes);
		visit_table(r, entry);
	}
	return true;
}

static const char *check_rsdp(const u8 *rsdp, unsigned bytes)
{
	if (memcmp(rsdp, "RSD PTR ", 8))
		return "RSDP: wrong signature";
	if (!sums_to_zero(rsdp, RSDP_BYTES_OLD))
		return "RSDP: wrong checksum";
	if (rsdp[RSDP_REVISION] < 2 || bytes < RSDP_BYTES)
		return NULL;
	if (load_u32(rsdp + RSDP_LENGTH) < RSDP_BYTES || !sums_to_zero(rsdp, RSDP_BYTES))
		return "RSDP: wrong extended checksum or length";
	return NULL;
}

/* The XSDT where there is one that is good, else the RSDT. */
static const char *walk(struct reader *r, const u8 *rsdp, unsigned bytes)
{
	bool is_new = rsdp[RSDP_REVISION] >= 2 && bytes >= RSDP_BYTES;

	if (is_new && load_u64(rsdp + RSDP_XSDT)) {
		if (walk_root(r, load_u64(rsdp + RSDP_XSDT), "XSDT", sizeof(u64)))
			return NULL;
		leave_out(r, "XSDT: cannot be read, or has a wrong checksum");
	}
	if (walk_root(r, load_u32(rsdp + RSDP_RSDT), "RSDT", sizeof(u32)))
		return NULL;
	return is_new ? "XSDT and RSDT: cannot be read, or wrong checksum"
		      : "RSDT: cannot be read, or has a wrong checksum";
}

int acpi_parse(const u8 *rsdp, unsigned rsdp_bytes, acpi_map_fn map,
	       struct acpi_info *out, const char **why)
{
	struct reader r = {.map = map, .out = out};

	memset(out, 0, sizeof(*out));
	*why = "no RSDP";
	if (rsdp_bytes < RSDP_BYTES_OLD)
		return -ENOENT;
	*why = check_rsdp(rsdp, rsdp_bytes);
	if (*why)
		return -EINVAL;
	*why = walk(&r, rsdp, rsdp_bytes);
	if (*why)
		return -EINVAL;
	*why = r.madt_bad && !r.has_madt ? "MADT: wrong length or checksum" : "no MADT";
	if (!r.has_madt)
		return r.madt_bad ? -EINVAL : -ENOENT;
	*why = r.why;
	return 0;
}
