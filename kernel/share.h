// SPDX-License-Identifier: MIT
/* Who has had how much of a pCPU, by weight. This CPU, for runnables whose home it is.
 * "Used" is in TSC cycles scaled by weight, on a clock of each pCPU's own. */
#pragma once
#include "cpu.h"
#include "sched.h"

/* What r, or its group, has used here. */
u64 share_used(const struct cpu *cpu, const struct runnable *r);
/* How much more a has had than b; below 0: less. Within a group its members are compared,
 * else the groups. */
s64 share_lead(const struct cpu *cpu, const struct runnable *a, const struct runnable *b);
/* r has run for so many cycles. */
void share_charge(struct cpu *cpu, struct runnable *r, u64 cycles);
/* r is the first of its group to be served. */
void share_chosen(struct cpu *cpu, const struct runnable *r);
/* r becomes ready here, and stops being so; twice is harmless. */
void share_join(struct cpu *cpu, struct runnable *r);
void share_part(struct cpu *cpu, struct runnable *r);
/* r wakes here: what it, or its whole group, did not use while asleep is forgotten, but
 * for so many cycles, so that it answers soon what has woken it. */
void share_forget(struct cpu *cpu, struct runnable *r, u64 cycles);
/* Where the own vruntime of one that comes here begins. */
u64 share_least(const struct cpu *cpu, const struct runnable *r);
