/* SPDX-License-Identifier: MIT */
/* The twin of include/ipi_fault.h that loses, doubles and delays IPIs. */
#pragma once
#include "types.h"

#define IPI_FAULT_NMI 2

/* tests/machine/schedule.c */
bool schedule_ipi(u32 apic_id, u8 vector);

static inline bool ipi_fault(u32 apic_id, u8 vector)
{
	return schedule_ipi(apic_id, vector);
}
