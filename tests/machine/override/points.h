/* SPDX-License-Identifier: MIT */
/* The twin of include/points.h that gives other CPUs time to step in. */
#pragma once

/* tests/machine/schedule.c */
void schedule_delay(void);

static inline void schedule_point(void)
{
	schedule_delay();
}
