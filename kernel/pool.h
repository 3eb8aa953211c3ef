// SPDX-License-Identifier: MIT
/* The pool of pCPUs that run runnables: a CPU leaves it, and comes back. */
#pragma once
#include "cpu.h"

/* Do what was asked of this CPU. From its loop, nothing current. */
void pool_serve(struct cpu *cpu);
/* Take another pCPU out of the pool, or bring it back; returns when it is so. From a
 * CPU's loop, own vCPU OUTSIDE, no lock held. -EINVAL: no such CPU, or the
 * boot CPU, which serves the console; -EBUSY: some vCPU may run nowhere else, or
 * another CPU is just being taken out. Being so already is fine. */
int pool_offline(unsigned cpu);
int pool_online(unsigned cpu);
