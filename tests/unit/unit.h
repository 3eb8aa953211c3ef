// SPDX-License-Identifier: MIT
/* The host-side unit test framework: a test is a function, a program is a list.
 * Needs nothing of libc's headers, which include/ would shadow:
 *
 *	static void adds(void) { CHECK_EQ(1 + 1, 2); }
 *	static const struct unit_test tests[] = {UNIT_TEST(adds)};
 *	int main(void) { return UNIT_RUN(tests); }
 */
#pragma once
#include "../../include/types.h"

struct unit_test {
	const char *name;
	void (*run)(void);
};

#define UNIT_TEST(function) {#function, function}
/* Run a list; prints "ok NAME" or "not ok NAME" for each and "N passed, N
 * failed" at the end. Returns the exit code: 0 if all passed. */
#define UNIT_RUN(tests) unit_run((tests), sizeof(tests) / sizeof((tests)[0]))
int unit_run(const struct unit_test *tests, unsigned count);

/* A failed check is printed and fails the test, which goes on. The value of
 * the expression is whether the check held: if (!CHECK(p)) return; */
#define CHECK(cond) unit_check((cond), #cond, __FILE__, __LINE__)
#define CHECK_EQ(a, b) unit_check_eq((u64)(a), (u64)(b), #a " == " #b, __FILE__, __LINE__)
#define CHECK_STR(a, b) unit_check_str((a), (b), #a, __FILE__, __LINE__)
/* The string a contains the words b: for error messages. */
#define CHECK_HAS(a, b) unit_check_has((a), (b), #a, __FILE__, __LINE__)
bool unit_check(bool held, const char *what, const char *file, int line);
bool unit_check_eq(u64 a, u64 b, const char *what, const char *file, int line);
bool unit_check_str(const char *a, const char *b, const char *what, const char *file,
		    int line);
bool unit_check_has(const char *a, const char *b, const char *what, const char *file,
		    int line);

/* A heap block of exactly this size, so that AddressSanitizer sees one byte too
 * far; bytes may be 0. unit_copy() fills it from src. Free with unit_free(). */
void *unit_alloc(u64 bytes);
void *unit_copy(const void *src, u64 bytes);
void unit_free(void *block);

/* Repeatable pseudo-random numbers (xorshift64*); seed must not be 0. */
u64 unit_random(u64 *seed);
/* Damage a buffer in 1 to 8 places, with bytes that tend to hurt parsers. */
void unit_mutate(void *buf, u64 bytes, u64 *seed);

/* Run a tool of the host on these bytes: the shell command finds them as the file "input"
 * in its folder. Returns what it wrote; NULL: it failed. Until the next call. */
const char *unit_tool(const char *command, const void *input, u64 bytes);

/* What printk() wrote last, for tests of messages (host.c). */
const char *unit_log(void);
/* Pages handed out by the stand-in page_alloc() and not given back (host.c). */
u64 unit_pages_live(void);
