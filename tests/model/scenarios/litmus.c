// SPDX-License-Identifier: MIT
/* The explorer's own test: small programs whose outcomes under each memory model are
 * known from the literature (Alglave and others, "Herding Cats"; RC11; x86-TSO). at_end()
 * calls it a failure when the outcome in question is reached. */
#include "scenario.h"

static u64 x, y, z, data;
static u64 r[6];

static void named(void)
{
	model_name(&x, sizeof(x), "x");
	model_name(&y, sizeof(y), "y");
	model_name(r, sizeof(r), "r");
	for (unsigned i = 0; i < 6; i++)
		r[i] = 99;
}

static void reached(bool outcome)
{
	if (outcome)
		model_fail("the outcome is reached");
}

#define SC (1u << MODEL_SC)
#define TSO (1u << MODEL_TSO)
#define WEAK (1u << MODEL_WEAK)
#define LITMUS(id, text, expected, outcome, ...)                                         \
	static void id##_end(void)                                                       \
	{                                                                                \
		reached(outcome);                                                        \
	}                                                                                \
	const struct scenario litmus_##id = {.name = "litmus-" #id,                      \
					     .says = text,                               \
					     .setup = named,                             \
					     .cpu = {__VA_ARGS__},                       \
					     .at_end = id##_end,                         \
					     .litmus = true,                             \
					     .reached_under = expected}

/* --- store buffering --- */

static void sb0(void)
{
	WRITE_ONCE(x, 1);
	r[0] = READ_ONCE(y);
}
static void sb1(void)
{
	WRITE_ONCE(y, 1);
	r[1] = READ_ONCE(x);
}
LITMUS(sb, "store buffering: both loads miss the other's store", TSO | WEAK,
       !r[0] && !r[1], sb0, sb1);

static void sbf0(void)
{
	WRITE_ONCE(x, 1);
	smp_mb();
	r[0] = READ_ONCE(y);
}
static void sbf1(void)
{
	WRITE_ONCE(y, 1);
	smp_mb();
	r[1] = READ_ONCE(x);
}
LITMUS(sb_fences, "store buffering with full fences", 0, !r[0] && !r[1], sbf0, sbf1);

/* One side by a relaxed locked operation on the other's location. */
static void sbm0(void)
{
	WRITE_ONCE(x, 1);
	r[0] = atomic_fetch_or_relaxed(&y, 2);
}
static void sbm1(void)
{
	WRITE_ONCE(y, 1);
	r[1] = atomic_fetch_or_relaxed(&x, 2);
}
LITMUS(sb_modify, "store buffering through relaxed locked operations", WEAK,
       !r[0] && !r[1], sbm0, sbm1);

/* --- message passing --- */

static void mp0(void)
{
	WRITE_ONCE(x, 1);
	WRITE_ONCE(y, 1);
}
static void mp1(void)
{
	r[0] = READ_ONCE(y);
	r[1] = READ_ONCE(x);
}
LITMUS(mp, "message passing, relaxed: flag seen, message not", WEAK, r[0] == 1 && !r[1],
       mp0, mp1);

static void mpr0(void)
{
	WRITE_ONCE(x, 1);
	smp_store_release(&y, 1);
}
static void mpr1(void)
{
	r[0] = smp_load_acquire(&y);
	r[1] = READ_ONCE(x);
}
LITMUS(mp_release, "message passing, release and acquire", 0, r[0] == 1 && !r[1], mpr0,
       mpr1);
LITMUS(mp_no_acquire, "message passing, release but no acquire", WEAK, r[0] == 1 && !r[1],
       mpr0, mp1);

static void mpw0(void)
{
	WRITE_ONCE(x, 1);
	smp_wmb();
	WRITE_ONCE(y, 1);
}
static void mpw1(void)
{
	r[0] = READ_ONCE(y);
	smp_rmb();
	r[1] = READ_ONCE(x);
}
LITMUS(mp_fences, "message passing, write and read fence", 0, r[0] == 1 && !r[1], mpw0,
       mpw1);

/* --- load buffering: RC11 forbids it, so the explorer never shows it --- */

static void lb0(void)
{
	r[0] = READ_ONCE(x);
	WRITE_ONCE(y, 1);
}
static void lb1(void)
{
	r[1] = READ_ONCE(y);
	WRITE_ONCE(x, 1);
}
LITMUS(lb, "load buffering (not covered by this weak model)", 0, r[0] == 1 && r[1] == 1,
       lb0, lb1);

/* --- independent reads of independent writes --- */

static void w0(void)
{
	WRITE_ONCE(x, 1);
}
static void w1(void)
{
	WRITE_ONCE(y, 1);
}
static void iriw2(void)
{
	r[0] = smp_load_acquire(&x);
	r[1] = smp_load_acquire(&y);
}
static void iriw3(void)
{
	r[2] = smp_load_acquire(&y);
	r[3] = smp_load_acquire(&x);
}
LITMUS(iriw, "two readers see two stores in opposite orders", WEAK,
       r[0] == 1 && !r[1] && r[2] == 1 && !r[3], w0, w1, iriw2, iriw3);

static void iriwf2(void)
{
	r[0] = READ_ONCE(x);
	smp_mb();
	r[1] = READ_ONCE(y);
}
static void iriwf3(void)
{
	r[2] = READ_ONCE(y);
	smp_mb();
	r[3] = READ_ONCE(x);
}
LITMUS(iriw_fences, "the same with full fences", 0,
       r[0] == 1 && !r[1] && r[2] == 1 && !r[3], w0, w1, iriwf2, iriwf3);

/* --- write to read causality --- */

static void wrc1(void)
{
	r[0] = smp_load_acquire(&x);
	smp_store_release(&y, 1);
}
static void wrc2(void)
{
	r[1] = smp_load_acquire(&y);
	r[2] = READ_ONCE(x);
}
LITMUS(wrc, "causality through a third CPU, release and acquire", 0,
       r[0] == 1 && r[1] == 1 && !r[2], w0, wrc1, wrc2);

/* --- coherence --- */

static void corr1(void)
{
	r[0] = READ_ONCE(x);
	r[1] = READ_ONCE(x);
}
LITMUS(corr, "two loads of one location go back in time", 0, r[0] == 1 && !r[1], w0,
       corr1);

static void add(void)
{
	atomic_fetch_add(&x, 1);
}
LITMUS(add, "three atomic increments lose one", 0, x != 3, add, add, add);

/* Stores to each of two locations, in opposite orders: both end with the first. */
static void ww0(void)
{
	WRITE_ONCE(x, 1);
	WRITE_ONCE(y, 2);
}
static void ww1(void)
{
	WRITE_ONCE(y, 1);
	WRITE_ONCE(x, 2);
}
LITMUS(two_plus_two, "2+2W: each location ends with the store that came first", WEAK,
       x == 1 && y == 1, ww0, ww1);

/* --- a release sequence: through a locked operation of another CPU --- */

static void rs0(void)
{
	WRITE_ONCE(x, 1);
	smp_store_release(&y, 1);
}
static void rs1(void)
{
	atomic_fetch_or_relaxed(&y, 2);
}
static void rs2(void)
{
	r[0] = smp_load_acquire(&y);
	r[1] = READ_ONCE(x);
}
LITMUS(release_sequence, "acquire of a release seen through another's locked or", 0,
       r[0] == 3 && !r[1], rs0, rs1, rs2);

/* --- plain data: a data race, or not --- */

static void pd0(void)
{
	data = 1;
	WRITE_ONCE(y, 1);
}
static void pd1(void)
{
	if (READ_ONCE(y))
		r[0] = data;
}
LITMUS(plain, "plain data behind a relaxed flag is a race", WEAK, false, pd0, pd1);

static void pdr0(void)
{
	data = 1;
	smp_store_release(&y, 1);
}
static void pdr1(void)
{
	if (smp_load_acquire(&y))
		r[0] = data;
}
LITMUS(plain_release, "plain data behind release and acquire is none", 0, false, pdr0,
       pdr1);

static void mixed0(void)
{
	z = 1;
}
static void mixed1(void)
{
	r[0] = READ_ONCE(z);
}
LITMUS(mixed, "a plain store against a marked load is a race", WEAK, false, mixed0,
       mixed1);

/* --- waiting, and interrupts --- */

static void wait0(void)
{
	while (!smp_load_acquire(&x))
		cpu_relax();
	r[0] = 1;
}
LITMUS(wait, "a waiting loop ends when the store is there", 0, r[0] != 1, wait0, w0);

static void ipi0(void)
{
	WRITE_ONCE(x, 1);
	smp_mb();
	announce_send_ipi(1, __FILE__, __LINE__);
}
static void ipi1(void)
{
	announce_wait_ipi(false, __FILE__, __LINE__);
	r[0] = READ_ONCE(x);
}
LITMUS(ipi, "an interrupt overtakes what a fence has put in front of it", 0, !r[0], ipi0,
       ipi1);

static void ipi_bare0(void)
{
	WRITE_ONCE(x, 1);
	announce_send_ipi(1, __FILE__, __LINE__);
}
LITMUS(ipi_bare, "an interrupt overtakes an earlier store", TSO | WEAK, !r[0], ipi_bare0,
       ipi1);
