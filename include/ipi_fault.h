/* SPDX-License-Identifier: MIT */
/* Faults on the way of an IPI. The product has none; the test build has another header of
 * this name, which loses, doubles and delays them (tests/machine/schedule.c). */
#pragma once
#include "types.h"

#define IPI_FAULT_NMI 2 /* in place of a vector: it is an NMI */

/* About to send: true if it is not to be sent. Any CPU, any root context. */
static inline bool ipi_fault(u32 apic_id, u8 vector)
{
	(void)apic_id;
	(void)vector;
	return false;
}
