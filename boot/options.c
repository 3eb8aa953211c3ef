// SPDX-License-Identifier: MIT
/* Parse Spur's command line: blank-separated words, key=value. */
#include "boot/options.h"
#include "bits.h"
#include "printk.h"
#include "string.h"

#define WORD_MAX 64

static u64 parse_number(const char *s)
{
	u64 value = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		value = value * 10 + (u64)(*s - '0');
	return value;
}

static bool set_end(const char *value, struct boot_options *out)
{
	static const struct {
		const char *name;
		enum machine_end end;
	} ends[] = {
		{"poweroff", END_POWEROFF},
		{"reboot", END_REBOOT},
		{"halt", END_HALT},
		{"exit", END_EXIT_PORT},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		if (!strcmp(value, ends[i].name)) {
			out->end = ends[i].end;
			return true;
		}
	}
	return false;
}

static u64 parse_hex(const char **s)
{
	u64 value = 0;

	for (;; (*s)++) {
		char c = **s;

		if (c >= '0' && c <= '9')
			value = value << 4 | (u64)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (u64)(c - 'a' + 10);
		else
			return value;
	}
}

static void set_msr(const char *value, struct boot_options *out)
{
	out->msr = (u32)parse_hex(&value);
	if (*value == ':')
		value++;
	out->msr_value = parse_hex(&value);
}

static bool set_word(const char *word, struct boot_options *out)
{
	const char *value = strchr(word, '=');
	size_t key = value ? (size_t)(value - word) : 0;

	/* The loader may put the file's name first. */
	if (word[0] == '/' || word[0] == '(')
		return true;
	if (!value++)
		return false;
	if (key == 3 && !strncmp(word, "end", key))
		return set_end(value, out);
	if (key == 4 && !strncmp(word, "test", key)) {
		if (string_copy(out->test, value, sizeof(out->test)))
			return true;
		out->test[0] = '\0'; /* none has so long a name */
		return false;
	}
	if (key == 4 && !strncmp(word, "seed", key))
		out->seed = parse_number(value);
	else if (key == 3 && !strncmp(word, "msr", key))
		set_msr(value, out);
	else if (key == 4 && !strncmp(word, "skew", key))
		out->skew = parse_number(value);
	else if (key == 5 && !strncmp(word, "ticks", key))
		out->ticks = parse_number(value);
	else if (key == 7 && !strncmp(word, "hold-ap", key))
		out->hold_ap = (s32)parse_number(value);
	else
		return false;
	return true;
}

void options_parse(const char *cmdline, struct boot_options *out)
{
	char word[WORD_MAX];

	*out = (struct boot_options){.end = END_POWEROFF, .hold_ap = -1, .seed = 1};
	while (*cmdline) {
		size_t length = 0;

		while (*cmdline == ' ')
			cmdline++;
		while (cmdline[length] && cmdline[length] != ' ')
			length++;
		if (!length)
			return;
		string_copy(word, cmdline, MIN(length + 1, sizeof(word)));
		if (!set_word(word, out))
			printk("spur: command line: \"%s\" is not known, ignored\n",
			       word);
		cmdline += length;
	}
}
