// SPDX-License-Identifier: MIT
/* The ACPI tables a guest finds (ACPI 6.4): hardware-reduced, so there are no fixed
 * event registers, no SCI, no 8259 and no PIT. */
#pragma once
#include "types.h"

/* Write the tables to buf, which the guest will see at gpa_base (16-byte aligned,
 * below 4 GiB); the RSDP comes first. devices: how many virtio devices the VM has.
 * Returns the bytes used, or 0 if they do not fit into `bytes` (then buf holds junk).
 * Pure. */
u64 acpi_tables_build(u8 *buf, u64 bytes, u64 gpa_base, unsigned vcpus,
		      unsigned devices);
