// SPDX-License-Identifier: MIT
/* From module lines to running VMs. */
#pragma once
#include "bootinfo.h"

/* Create a VM for each description and start it; they are built step by step from
 * the CPUs' loops. If there is not one, stop() is called with the reason. Boot CPU,
 * all CPUs online. */
void vms_start(const struct bootinfo *info,
	       void (*stop)(const char *fmt, ...)
		       __attribute__((noreturn, format(printf, 1, 2))));
