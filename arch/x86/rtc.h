// SPDX-License-Identifier: MIT
/* The board's real-time clock, read once at boot. */
#pragma once
#include "types.h"

/* Seconds since 1970, UTC assumed. Boot CPU; waits at most for one update. */
u64 rtc_now(void);
