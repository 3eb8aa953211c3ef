// SPDX-License-Identifier: MIT
/* kernel/format.c: each conversion, the cut at the buffer's end, and libc's
 * snprintf as the judge of random combinations of flags. */
#include "printk.h"
#include "string.h"
#include "unit.h"

#define SIZE 64
#define ROUNDS 20000

int snprintf(char *buf, size_t size, const char *fmt, ...);

/* The formats under test are built at run time. */
typedef int (*format_fn)(char *, size_t, const char *, ...);
/* Not static, so that the compiler does not check the formats given to it. */
format_fn any = (format_fn)format;

#define SAYS(want, ...)                                                                  \
	do {                                                                             \
		char got_[SIZE];                                                         \
		CHECK_EQ(format(got_, SIZE, __VA_ARGS__), strlen(want));                 \
		CHECK_STR(got_, want);                                                   \
	} while (0)

static void numbers(void)
{
	SAYS("0", "%d", 0);
	SAYS("-2147483648", "%d", (int)0x80000000u);
	SAYS("-9223372036854775808", "%ld", (long)(1ul << 63));
	SAYS("18446744073709551615", "%lu", ~0ul);
	SAYS("ff", "%x", 255u);
	SAYS("DEADBEEF", "%X", 0xdeadbeefu);
	SAYS("0x1000", "%p", (void *)0x1000);
	SAYS("255 -1", "%hhu %hhd", 255, -1);
	SAYS("65535 -2", "%hu %hd", 0xffff, -2);
	SAYS("123456789012", "%llu", 123456789012ull);
	SAYS("42", "%zu", (size_t)42);
}

static void fields(void)
{
	SAYS("    7|7    |00007", "%5d|%-5d|%05d", 7, 7, 7);
	SAYS("-0007|  007|", "%05d|%5.3d|", -7, 7);
	SAYS("0000abcd", "%08x", 0xabcdu);
	SAYS("  ab|ab  |a", "%4s|%-4s|%.1s", "ab", "ab", "ab");
	SAYS("  x|x  ", "%3c|%-3c", 'x', 'x');
	SAYS("100% %", "%d%% %%", 100);
	SAYS("   5|5  |ab", "%*d|%*d|%.*s", 4, 5, -3, 5, 2, "abc");
}

static void cut_at_the_end(void)
{
	char *buf = unit_alloc(4);

	CHECK_EQ(format(buf, 4, "%s", "abcdef"), 6);
	CHECK_STR(buf, "abc");
	CHECK_EQ(format(buf, 1, "%d", 12345), 5);
	CHECK_STR(buf, "");
	CHECK_EQ(format(NULL, 0, "%d", 12345), 5);
	CHECK_EQ(format(buf, 4, "%900d", 1), 900);
	CHECK_STR(buf, "   ");
	unit_free(buf);
}

static void unterminated_with_precision(void)
{
	char *exact = unit_copy("abcd", 4);

	SAYS("abcd", "%.4s", exact);
	unit_free(exact);
}

static void ends_in_the_middle(void)
{
	char buf[SIZE];

	CHECK_EQ(any(buf, SIZE, "a%"), 1);
	CHECK_STR(buf, "a");
	CHECK_EQ(any(buf, SIZE, "a%-05"), 1);
	CHECK_EQ(any(buf, SIZE, "%ll"), 0);
	CHECK_EQ(any(buf, SIZE, "%s", NULL), 6);
	CHECK_STR(buf, "(null)");
	CHECK_EQ(any(buf, SIZE, "%99999999999999"), 0);
}

static void random_flags_as_libc(void)
{
	format_fn ours = (format_fn)format;
	format_fn theirs = (format_fn)snprintf;
	char got[SIZE], want[SIZE], fmt[16];
	u64 seed = 11;

	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 r = unit_random(&seed);
		u64 value = unit_random(&seed) >> (r >> 58);
		unsigned n = 0;

		fmt[n++] = '%';
		if (r & 1)
			fmt[n++] = '-';
		if (r & 2)
			fmt[n++] = '0';
		if (r & 4)
			fmt[n++] = (char)('1' + (r >> 8) % 9);
		if (r & 8) {
			fmt[n++] = '.';
			fmt[n++] = (char)('0' + (r >> 16) % 10);
		}
		if (r & 16)
			fmt[n++] = 'l';
		fmt[n++] = "diuxX"[(r >> 24) % 5];
		fmt[n] = '\0';
		CHECK_EQ(ours(got, SIZE, fmt, value), theirs(want, SIZE, fmt, value));
		if (!CHECK_STR(got, want))
			return;
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(numbers),
	UNIT_TEST(fields),
	UNIT_TEST(cut_at_the_end),
	UNIT_TEST(unterminated_with_precision),
	UNIT_TEST(ends_in_the_middle),
	UNIT_TEST(random_flags_as_libc),
};

int main(void)
{
	return UNIT_RUN(tests);
}
