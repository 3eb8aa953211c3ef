/* SPDX-License-Identifier: MIT */
/* Places where what another CPU does in between matters. The product does nothing there;
 * the test build has another header of this name, which holds the CPU up at random, so
 * that others step in (tests/machine/schedule.c). */
#pragma once

/* Any CPU, any root context but NMI; takes no lock, touches nothing. */
static inline void schedule_point(void)
{
}
