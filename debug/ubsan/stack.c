// SPDX-License-Identifier: MIT
/* A function found another value than its CPU's canary between its variables and its
 * return address (-fstack-protector-strong; the canary is in include/cpu.h). */
#include "assert.h"
#include "kernel/symbols.h"
#include "types.h"

void __stack_chk_fail(void) __attribute__((noreturn));

void __stack_chk_fail(void)
{
	u64 offset;

	panic("the stack of %s is smashed",
	      symbol_at((u64)(uintptr_t)__builtin_return_address(0), &offset));
}
