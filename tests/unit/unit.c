// SPDX-License-Identifier: MIT
/* The unit test framework's only part that knows libc.
 * Compiled without -I include, whose headers have libc's names. */
#include "../../include/types.h"
#include "unit.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIME_LIMIT_S 120 /* a program that hangs is a failure, not a wait */
#define FAILURES_SHOWN 20

static unsigned failures; /* of the running test */

static bool fail(const char *file, int line, const char *what)
{
	if (++failures <= FAILURES_SHOWN)
		printf("# %s:%d: %s", file, line, what);
	return failures <= FAILURES_SHOWN;
}

bool unit_check(bool held, const char *what, const char *file, int line)
{
	if (!held && fail(file, line, what))
		printf("\n");
	return held;
}

bool unit_check_eq(u64 a, u64 b, const char *what, const char *file, int line)
{
	if (a == b)
		return true;
	if (fail(file, line, what))
		printf(" (0x%" PRIx64 " and 0x%" PRIx64 ")\n", a, b);
	return false;
}

bool unit_check_str(const char *a, const char *b, const char *what, const char *file,
		    int line)
{
	if (a && b && !strcmp(a, b))
		return true;
	if (fail(file, line, what))
		printf(" is \"%s\", not \"%s\"\n", a ? a : "(null)", b ? b : "(null)");
	return false;
}

bool unit_check_has(const char *a, const char *b, const char *what, const char *file,
		    int line)
{
	if (a && b && strstr(a, b))
		return true;
	if (fail(file, line, what))
		printf(" is \"%s\", without \"%s\"\n", a ? a : "(null)",
		       b ? b : "(null)");
	return false;
}

int unit_run(const struct unit_test *tests, unsigned count)
{
	unsigned failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(TIME_LIMIT_S);
	for (unsigned i = 0; i < count; i++) {
		failures = 0;
		tests[i].run();
		failed += failures != 0;
		printf("%sok %s\n", failures ? "not " : "", tests[i].name);
	}
	printf("%u passed, %u failed\n", count - failed, failed);
	return failed != 0;
}

void *unit_alloc(u64 bytes)
{
	void *block = malloc(bytes);

	if (!block)
		abort();
	return block;
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

u64 unit_random(u64 *seed)
{
	u64 x = *seed;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*seed = x;
	return x * 0x2545f4914f6cdd1d;
}

static u8 nasty_byte(u64 r)
{
	static const u8 nasty[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xfe, 0x10, 0x08};

	return r & 1 ? nasty[(r >> 1) % sizeof(nasty)] : (u8)(r >> 8);
}

void unit_mutate(void *buf, u64 bytes, u64 *seed)
{
	u8 *at = buf;
	u64 places = 1 + unit_random(seed) % 8;

	for (u64 i = 0; bytes && i < places; i++) {
		u64 first = unit_random(seed) % bytes;
		u64 run = 1 + unit_random(seed) % 4;

		for (u64 j = first; j < bytes && j < first + run; j++)
			at[j] = nasty_byte(unit_random(seed) >> 16);
	}
}

static char tool_text[65536];

static bool write_file(const char *path, const void *bytes, u64 count)
{
	FILE *file = fopen(path, "wb");
	bool good = file && fwrite(bytes, 1, count, file) == count;

	return file && !fclose(file) && good;
}

const char *unit_tool(const char *command, const void *input, u64 bytes)
{
	char folder[] = "/tmp/unit-XXXXXX", line[1024];
	size_t length = 0;
	FILE *pipe;
	int status;

	if (!mkdtemp(folder))
		return NULL;
	snprintf(line, sizeof(line), "%s/input", folder);
	if (!write_file(line, input, bytes))
		return NULL;
	snprintf(line, sizeof(line), "cd %s && { %s; }; s=$?; rm -rf %s; exit $s", folder,
		 command, folder);
	pipe = popen(line, "r");
	if (!pipe)
		return NULL;
	length = fread(tool_text, 1, sizeof(tool_text) - 1, pipe);
	tool_text[length] = '\0';
	status = pclose(pipe);
	return status ? NULL : tool_text;
}
