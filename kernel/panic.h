// SPDX-License-Identifier: MIT
/* The end of the line: include/assert.h says when. */
#pragma once
#include "types.h"

/* A CPU did not answer in time. Names it, fetches its registers by NMI. */
void panic_silent_cpu(unsigned cpu, const char *what) __attribute__((noreturn));
/* How the machine ends when all is done, or after a panic. */
enum machine_end { END_POWEROFF, END_REBOOT, END_HALT, END_EXIT_PORT };
void machine_set_end(enum machine_end end);
void machine_end(bool failed) __attribute__((noreturn));
/* What a dump should say about the things above kernel/: set by boot/. */
void panic_set_dump(void (*dump)(void));
/* Print the chain of callers, symbolised, from a frame pointer and a RIP. */
void backtrace(u64 rip, u64 rbp);
