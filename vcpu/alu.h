// SPDX-License-Identifier: MIT
/* What the processor's arithmetic does to a value and to the flags, for emulated
 * instructions. Pure; any context. */
#pragma once
#include "types.h"

/* op: enum decode_op, up to DECODE_TEST. The result of `bytes` width (of CMP and
 * TEST: what decided the flags); CF, PF, AF, ZF, SF and OF of *rflags are set by it
 * (SDM 1, "Status Flags"; AF of a logical operation: 0, our choice). */
u64 alu_do(unsigned op, u64 a, u64 b, unsigned bytes, u64 *rflags);
