// SPDX-License-Identifier: MIT
/* Instead of tests/unit/unit.c: the same checks, of which one that fails is a crash.
 * Compiled without -I include, whose headers have libc's names. */
#include "fuzz.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool check(bool held, const char *what, const char *file, int line)
{
	if (held)
		return true;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

bool unit_check(bool held, const char *what, const char *file, int line)
{
	return check(held, what, file, line);
}

bool unit_check_eq(u64 a, u64 b, const char *what, const char *file, int line)
{
	return check(a == b, what, file, line);
}

void *unit_alloc(u64 bytes)
{
	return malloc(bytes);
}

void *unit_copy(const void *src, u64 bytes)
{
	void *block = unit_alloc(bytes);

	if (bytes)
		memcpy(block, src, bytes);
	return block;
}

void unit_free(void *block)
{
	free(block);
}

void take(struct input *in, void *out, u64 bytes)
{
	u64 there = bytes < in->left ? bytes : in->left;

	memset(out, 0, bytes);
	if (there)
		memcpy(out, in->at, there);
	in->at += there;
	in->left -= there;
}

u8 take_u8(struct input *in)
{
	u8 value;

	take(in, &value, sizeof(value));
	return value;
}

u16 take_u16(struct input *in)
{
	u16 value;

	take(in, &value, sizeof(value));
	return value;
}

u32 take_u32(struct input *in)
{
	u32 value;

	take(in, &value, sizeof(value));
	return value;
}

u64 take_u64(struct input *in)
{
	u64 value;

	take(in, &value, sizeof(value));
	return value;
}
