// SPDX-License-Identifier: MIT
/* Start the other CPUs (SDM 3A "MP Initialization Protocol Algorithm"). */
#pragma once
#include "acpi.h"
#include "cpu.h"

struct smp_options {
	u64 low_page;                /* usable page below 1 MiB for the trampoline */
	void (*entry)(struct cpu *); /* where an AP goes, on its own stack */
	s32 hold; /* for tests: APIC ID of the AP to hold in its trampoline, -1 */
};

/* Start every CPU of the table but this one, one after the other, each with a time
 * limit. One that does not answer is reported and left out. Boot CPU. */
void smp_start(const struct acpi_info *acpi, const struct smp_options *options);
/* An AP says that it has arrived. */
void smp_arrived(struct cpu *cpu);
