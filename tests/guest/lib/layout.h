// SPDX-License-Identifier: MIT
/* Numbers that the guests' assembly and C share. */
#pragma once

#define SEL_CODE32 0x08
#define SEL_CODE64 0x10
#define SEL_DATA 0x18

#define CPUS_MAX 64
#define STACK_BYTES 8192      /* per CPU; its struct cpu lies at the low end */
#define TRAMPOLINE_GPA 0x8000 /* where APs start: below 1 MiB, on a page */
