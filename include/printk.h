// SPDX-License-Identifier: MIT
/* The log: formatted lines to the console.
 * Any context but NMI; never waits for the hardware once interrupts are set up
 * (kernel/console.c buffers). Lines begin with the object: "vm0/vcpu1: ...". */
#pragma once
#include <stdarg.h>
#include "types.h"

/* Formats: %d %i %u %x %X %c %s %p %%, with l/ll/z/h/hh, width, precision, 0 and - flags.
 * Writes at most size bytes with the NUL; returns the length the whole would
 * have had, as in ISO C. Pure. */
int format(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int format_va(char *buf, size_t size, const char *fmt, va_list args);

/* Print to the log. */
void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
