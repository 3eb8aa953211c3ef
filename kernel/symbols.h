// SPDX-License-Identifier: MIT
/* Names of functions for backtraces; the table is made by tools/symbols. */
#pragma once
#include "types.h"

/* The function that contains the address, and the offset in it; "?" if none. */
const char *symbol_at(u64 address, u64 *offset);
