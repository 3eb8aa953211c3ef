// SPDX-License-Identifier: MIT
/* The tests, and no instrumentation. */
#include "debug/speed.h"

const bool full_speed = true;
