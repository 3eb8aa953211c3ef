// SPDX-License-Identifier: MIT
/* boot/options.c: each word of the command line does what it says, and what is not
 * known is named on the log and changes nothing. */
#include "boot/options.h"
#include "bits.h"
#include "printk.h"
#include "string.h"
#include "unit.h"

static struct boot_options out;

/* Parse it as a heap block of exactly its size. */
static void parse(const char *cmdline)
{
	char *copy = unit_copy(cmdline, strlen(cmdline) + 1);

	printk("%s", ""); /* the log is empty from here */
	memset(&out, 1, sizeof(out));
	options_parse(copy, &out);
	unit_free(copy);
}

static void check_defaults(void)
{
	CHECK_EQ(out.end, END_POWEROFF);
	CHECK_EQ(out.hold_ap, -1);
	CHECK_EQ(out.seed, 1);
	CHECK_EQ(out.skew, 0);
	CHECK_EQ(out.msr, 0);
	CHECK_EQ(out.msr_value, 0);
	CHECK_STR(out.test, "");
}

static void defaults(void)
{
	static const char *const lines[] = {
		"",
		" ",
		"     ",
		"/boot/spur.elf",
		"(hd0,gpt1)/boot/spur.elf",
		"/x /y ",
		"/end=halt", /* a file's name, whatever it is */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		parse(lines[i]);
		check_defaults();
		CHECK_STR(unit_log(), "");
	}
}

static void ends(void)
{
	parse("end=poweroff");
	CHECK_EQ(out.end, END_POWEROFF);
	parse("end=reboot");
	CHECK_EQ(out.end, END_REBOOT);
	parse("end=halt");
	CHECK_EQ(out.end, END_HALT);
	parse("end=exit");
	CHECK_EQ(out.end, END_EXIT_PORT);
	CHECK_STR(unit_log(), "");
	parse("end=halt end=reboot"); /* the last one holds */
	CHECK_EQ(out.end, END_REBOOT);
}

static void words(void)
{
	parse("/boot/spur.elf  test=storm seed=12345  hold-ap=3 end=exit ");
	CHECK_STR(out.test, "storm");
	CHECK_EQ(out.seed, 12345);
	CHECK_EQ(out.hold_ap, 3);
	CHECK_EQ(out.end, END_EXIT_PORT);
	parse("seed=18446744073709551615 hold-ap=0 test=");
	CHECK_EQ(out.seed, UINT64_MAX);
	CHECK_EQ(out.hold_ap, 0);
	CHECK_STR(out.test, "");
	parse("skew=5000000000 msr=48b:aF seed=");
	CHECK_EQ(out.skew, 5000000000);
	CHECK_EQ(out.seed, 0);
	parse("msr=48b:fffffffffffffff0");
	CHECK_EQ(out.msr, 0x48b);
	CHECK_EQ(out.msr_value, 0xfffffffffffffff0);
	CHECK_STR(unit_log(), "");
	parse("msr=48c");
	CHECK_EQ(out.msr, 0x48c);
	CHECK_EQ(out.msr_value, 0);
}

static void unknown_words(void)
{
	static const char *const unknown[] = {
		"quiet",     "=",       "=x",        "end",      "end=",    "end=off",
		"end=halt2", "en=halt", "endx=halt", "End=halt", "seeds=3", "see=3",
		"hold_ap=1", "tests=x", "msrs=1:1",  "ske=1",    "seed",    "test",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++) {
		parse(unknown[i]);
		check_defaults();
		CHECK_HAS(unit_log(), "is not known, ignored");
		CHECK_HAS(unit_log(), unknown[i]);
	}
	parse("seed=7 what end=halt"); /* the others hold */
	CHECK_EQ(out.seed, 7);
	CHECK_EQ(out.end, END_HALT);
	CHECK_HAS(unit_log(), "\"what\"");
}

/* As many characters as there is room, and more. */
static void long_words(void)
{
	char line[300] = "test=";

	for (unsigned n = 5; n < sizeof(line) - 1; n++) {
		line[n] = 'a';
		parse(line);
		CHECK_EQ(unit_log()[0] != '\0', n + 1 - 5 > TEST_NAME_MAX - 1);
		CHECK(strnlen(out.test, TEST_NAME_MAX) < TEST_NAME_MAX);
	}
	/* A word that is too long ends where it ends: the next one is whole. */
	memcpy(line + 280, " seed=9", 8);
	parse(line);
	CHECK_EQ(out.seed, 9);
}

static void random_lines(void)
{
	static const char letters[] = "  ==/(:endhaltseedtestmsr-0123456789abcdefpor";
	u64 seed = 5;

	for (unsigned round = 0; round < 20000; round++) {
		char line[200];
		u64 length = unit_random(&seed) % sizeof(line);

		for (u64 i = 0; i < length; i++)
			line[i] = letters[unit_random(&seed) % (sizeof(letters) - 1)];
		line[length ? length - 1 : 0] = '\0';
		parse(line);
		CHECK(out.end <= END_EXIT_PORT);
		CHECK(strnlen(out.test, TEST_NAME_MAX) < TEST_NAME_MAX);
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(defaults),      UNIT_TEST(ends),       UNIT_TEST(words),
	UNIT_TEST(unknown_words), UNIT_TEST(long_words), UNIT_TEST(random_lines),
};

int main(void)
{
	return UNIT_RUN(tests);
}
