// SPDX-License-Identifier: MIT
/* The race detector of "make RACE=1": the compiler calls it at each access to memory
 * (gcc's -fsanitize=thread), and now and then it holds one plain access up, to see
 * whether another CPU touches the same bytes meanwhile (as the Linux kernel's KCSAN
 * does, Documentation/dev-tools/kcsan.rst). Marked accesses, those of include/atomic.h,
 * are never held up, so two of them are no race. */
#pragma once
#include "config.h"
#include "types.h"

#define RACE_DEPTH 8

/* What kind of access; bits. */
#define RACE_READ 0U
#define RACE_WRITE 1U
#define RACE_MARKED 2U

/* One side of a race. */
struct race_side {
	u64 address, bytes;
	u32 kind;
	u32 cpu;
	u64 callers[RACE_DEPTH]; /* return addresses, the innermost first; 0: no more */
};

/* One access, by the code at the return address and frame of a hook. Any CPU, any
 * context, from race_start() on; before, it does nothing. */
void race_access(u64 address, u64 bytes, u32 kind, u64 rip, u64 rbp);

/* Watch from now on. Boot CPU, when the others are up. */
void race_start(void);
/* Print what is still kept, and how many accesses were held up: a silent run must have
 * looked. Any CPU, at the end of a test. */
void race_finish(void);

/* --- report.c --- */

/* Keep a report until it can be printed; NULL: the other side is not known. Once for
 * each pair of places. The CPU that watched. */
void race_report(const struct race_side *watched, const struct race_side *other);
/* Print what is kept. A CPU that holds no lock. */
void race_print(void);
