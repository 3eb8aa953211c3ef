// SPDX-License-Identifier: MIT
/* What the firmware's ACPI tables say about this machine, as far as we care.
 * arch/x86/acpi.c reads them; nothing in them is believed without a check. */
#pragma once
#include "config.h"
#include "types.h"

#define ACPI_MAX_IOAPICS 8
#define ACPI_MAX_OVERRIDES 16
#define ACPI_SPACE_MEMORY 0 /* ACPI 5.2.3.2 "Generic Address Structure" */
#define ACPI_SPACE_IO 1

struct acpi_cpu {
	u32 apic_id;
	bool x2apic; /* named by an x2APIC entry: cannot be reached in xAPIC mode */
};

struct acpi_ioapic {
	u32 id;
	u64 base;
	u32 gsi_base; /* the interrupt number of its pin 0 */
};

/* An ISA interrupt that is not what it would be by default, i.e. the GSI of the
 * same number, edge-triggered, active high. */
struct acpi_override {
	u8 source; /* ISA interrupt, 0..15 */
	u32 gsi;
	bool active_low;
	bool level;
};

/* [I] filled once by the boot CPU, then constant. */
struct acpi_info {
	/* MADT */
	u64 lapic_base;
	struct acpi_cpu cpus[MAX_CPUS];
	unsigned cpu_count;
	unsigned cpu_dropped;  /* more than MAX_CPUS */
	unsigned cpu_disabled; /* listed without the enabled flag */
	struct acpi_ioapic ioapics[ACPI_MAX_IOAPICS];
	unsigned ioapic_count;
	struct acpi_override overrides[ACPI_MAX_OVERRIDES];
	unsigned override_count;
	bool has_8259;

	/* FADT; a port of 0 is one that is not there */
	u16 pm_timer_port;
	bool pm_timer_32bit; /* else 24 bits */
	u16 pm1a_control_port;
	u16 pm1b_control_port;
	u16 sci;             /* the GSI of the system control interrupt */
	u16 smi_command_port; /* to enter ACPI mode, write acpi_enable there; */
	u8 acpi_enable;       /* 0 and 0: already in it, or no such mode */
	bool reset_supported;
	u8 reset_space;      /* ACPI_SPACE_... */
	u64 reset_address;
	u8 reset_value;

	/* DSDT or an SSDT: what to write into SLP_TYP for power-off */
	bool has_s5;
	u8 s5_slp_typa;
	u8 s5_slp_typb;
};

/* A pointer to physical memory, or NULL if that range may not be read. Good until
 * acpi_parse() returns. */
typedef const void *(*acpi_map_fn)(u64 phys, u64 bytes);

/* Read the tables that the root pointer leads to into *out; all of it is set.
 * Returns 0, -ENOENT (no root pointer, or no MADT) or -EINVAL (a table we need is
 * damaged). *why is then the reason; on success it is NULL, or the first
 * table or entry that was left out. Pure; boot CPU, once. */
int acpi_parse(const u8 *rsdp, unsigned rsdp_bytes, acpi_map_fn map,
	       struct acpi_info *out, const char **why);
