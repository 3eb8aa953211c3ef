// SPDX-License-Identifier: MIT
/* Does the processor's XSAVEC keep its word? (SDM 1 "Operation of XSAVEC") */
#pragma once
#include "types.h"

/* Try it. Boot CPU, once, with CR4.OSXSAVE set and before any guest's registers are in
 * the processor. */
void xstate_probe(void);
/* [I] May guests be told of XSAVEC? False also where there is none. */
bool xstate_xsavec(void);
