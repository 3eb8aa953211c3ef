// SPDX-License-Identifier: MIT
/* For the fuzz targets: libFuzzer hands bytes over, a target gives them to one parser,
 * and checks what came of it. Each byte that is read beyond a heap block of
 * unit_copy() is seen by AddressSanitizer. A failed CHECK() of unit.h aborts here. */
#pragma once
#include "tests/unit/unit.h"
#include <stddef.h>

/* libFuzzer's entry (LLVM, "libFuzzer", Fuzz Target). Each target has its own. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

/* Take from the front of what is left; zeroes where nothing is. */
struct input {
	const u8 *at;
	u64 left;
};
void take(struct input *in, void *out, u64 bytes);
u8 take_u8(struct input *in);
u16 take_u16(struct input *in);
u32 take_u32(struct input *in);
u64 take_u64(struct input *in);
