// SPDX-License-Identifier: MIT
/* What kernel/ needs of ipi.c beyond include/ipi.h. */
#pragma once
#include "types.h"

/* Tell a CPU that its inbox is no longer empty. */
void ipi_doorbell(unsigned cpu);
/* Answer those who wait for this CPU's vCPU to be OUTSIDE; it is. */
void ipi_acknowledge(void);
/* TSC value at which a wait that begins now has failed. */
u64 wait_deadline(void);
