// SPDX-License-Identifier: MIT
/* The measuring twin of include/stretch.h: keeps the longest stretch of each pCPU, in TSC
 * ticks (with one emulated CPU: instructions), and complains above ROOT_BOUND. */
#pragma once
#include "cpu.h"

/* tests/machine/stretch.c */
void stretch_judge(u64 ticks);

static inline u64 stretch_now(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

static inline void stretch_end(void)
{
	struct cpu *cpu = this_cpu();

	if (cpu->last_poll)
		stretch_judge(stretch_now() - cpu->last_poll);
	cpu->last_poll = 0;
}

static inline void stretch_begin(void)
{
	this_cpu()->last_poll = stretch_now();
}

static inline void stretch_poll(void)
{
	stretch_end();
	stretch_begin();
}
