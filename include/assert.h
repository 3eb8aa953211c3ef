// SPDX-License-Identifier: MIT
/* Our own bugs. A guest, a boot module or a firmware table can never make one
 * of these fire: for those there are errors and vm_kill(). */
#pragma once

/* Stop every CPU, print registers, backtrace and the state of all, and end. */
void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define ASSERT(cond)                                                                     \
	do {                                                                             \
		if (__builtin_expect(!(cond), 0))                                        \
			panic("assertion failed: %s (%s:%d)", #cond, __FILE__,           \
			      __LINE__);                                                 \
	} while (0)

#define static_assert _Static_assert
