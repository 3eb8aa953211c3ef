// SPDX-License-Identifier: MIT
/* An instrumented build. */
#include "debug/speed.h"

const bool full_speed = false;
