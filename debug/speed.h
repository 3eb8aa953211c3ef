// SPDX-License-Identifier: MIT
/* Does this debug build run about as fast as the product? Figures in instructions
 * are judged only then. */
#pragma once
#include "types.h"

extern const bool full_speed;
