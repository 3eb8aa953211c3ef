// SPDX-License-Identifier: MIT
/* How long is a stretch of root mode between two inbox polls? The product does not ask;
 * the test build has another header of this name, which measures (ROOT_BOUND). */
#pragma once

/* An inbox poll. Any pCPU, from its loop or its run loop. */
static inline void stretch_poll(void)
{
}
/* Guest mode, or HLT, begins: root mode's stretch is over. */
static inline void stretch_end(void)
{
}
/* Back in root mode: a stretch begins. */
static inline void stretch_begin(void)
{
}
