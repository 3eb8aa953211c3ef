// SPDX-License-Identifier: MIT
/* kernel/string.c: every length and alignment against a byte-by-byte model. */
#include "shadow.h"
#include "string.h"
#include "unit.h"

#define AREA 96
#define LENGTH_MAX 40

static void area_fill(u8 *area)
{
	for (unsigned i = 0; i < AREA; i++)
		area[i] = (u8)(i * 7 + 1);
}

static bool area_same(const u8 *a, const u8 *b)
{
	for (unsigned i = 0; i < AREA; i++) {
		if (a[i] != b[i])
			return false;
	}
	return true;
}

static void set_every_length(void)
{
	u8 got[AREA], want[AREA];

	for (unsigned at = 0; at < 16; at++) {
		for (unsigned n = 0; n <= LENGTH_MAX; n++) {
			area_fill(got);
			area_fill(want);
			for (unsigned i = 0; i < n; i++)
				want[at + i] = 0xc3;
			CHECK(memset(got + at, 0x5c3, n) == got + at);
			CHECK(area_same(got, want));
		}
	}
}

static void copy_every_length(void)
{
	u8 got[AREA], want[AREA], src[AREA];

	area_fill(src);
	for (unsigned at = 0; at < 9; at++) {
		for (unsigned n = 0; n <= LENGTH_MAX; n++) {
			for (unsigned i = 0; i < AREA; i++)
				got[i] = want[i] = 0;
			for (unsigned i = 0; i < n; i++)
				want[at + i] = src[13 + i];
			CHECK(memcpy(got + at, src + 13, n) == got + at);
			CHECK(area_same(got, want));
		}
	}
}

static void move_every_overlap(void)
{
	u8 got[AREA], want[AREA], old[AREA];

	area_fill(old);
	for (unsigned to = 0; to < LENGTH_MAX; to++) {
		for (unsigned n = 0; n <= LENGTH_MAX; n++) {
			area_fill(got);
			area_fill(want);
			for (unsigned i = 0; i < n; i++)
				want[to + i] = old[20 + i];
			CHECK(memmove(got + to, got + 20, n) == got + to);
			CHECK(area_same(got, want));
		}
	}
}

static void compare(void)
{
	CHECK_EQ(memcmp("abc", "abd", 2), 0);
	CHECK(memcmp("abc", "abd", 3) < 0);
	CHECK(memcmp("\xff", "\x01", 1) > 0);
	CHECK_EQ(memcmp("a", "b", 0), 0);
	CHECK_EQ(strcmp("", ""), 0);
	CHECK(strcmp("a", "ab") < 0);
	CHECK(strcmp("\x80", "a") > 0);
	CHECK_EQ(strncmp("abX", "abY", 2), 0);
	CHECK(strncmp("abX", "abY", 3) < 0);
	CHECK_EQ(strncmp("a", "a", 100), 0);
}

static void length_and_search(void)
{
	const char *word = "kick";
	char *exact = unit_copy("abcd", 4);

	CHECK_EQ(strlen(""), 0);
	CHECK_EQ(strlen(word), 4);
	CHECK_EQ(strnlen(word, 2), 2);
	CHECK_EQ(strnlen(word, 9), 4);
	CHECK_EQ(strnlen(exact, 4), 4);
	CHECK(strchr(word, 'c') == word + 2);
	CHECK(strchr(word, 'z') == NULL);
	CHECK(strchr(word, '\0') == word + 4);
	unit_free(exact);
}

static void copy_cuts(void)
{
	char buf[4] = "xyz";

	CHECK(string_copy(buf, "abc", sizeof(buf)));
	CHECK_EQ(strcmp(buf, "abc"), 0);
	CHECK(!string_copy(buf, "abcd", sizeof(buf)));
	CHECK_EQ(strcmp(buf, "abc"), 0);
	CHECK(!string_copy(buf, "q", 1));
	CHECK_EQ(buf[0], 0);
	CHECK(string_copy(buf, "", 1));
}

static const struct unit_test tests[] = {
	UNIT_TEST(set_every_length), UNIT_TEST(copy_every_length),
	UNIT_TEST(move_every_overlap), UNIT_TEST(compare),
	UNIT_TEST(length_and_search), UNIT_TEST(copy_cuts),
};

int main(void)
{
	return UNIT_RUN(tests);
}
