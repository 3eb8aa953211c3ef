// SPDX-License-Identifier: MIT
/* A missing feature, no memory, no guest: one clear line, then the configured end. */
#include "boot/stop.h"
#include "kernel/panic.h"
#include "printk.h"

void stop_boot(const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	format_va(text, sizeof(text), fmt, args);
	va_end(args);
	printk("spur: %s\nspur: stopped\n", text);
	machine_end(true);
}
