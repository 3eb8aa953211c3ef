// SPDX-License-Identifier: MIT
/* An interleaving for a reader: one line for each step that another CPU could notice,
 * with file and line, and one column for each CPU. */
#include "explore.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_NAMES 32

static struct {
	uintptr_t start;
	u64 bytes;
	const char *name;
} names[MAX_NAMES];
static unsigned name_count;
static bool print;
static unsigned line_number;

void model_name(const void *start, u64 bytes, const char *name)
{
	for (unsigned i = 0; i < name_count; i++) {
		if (names[i].start == (uintptr_t)start && names[i].bytes == bytes)
			return;
	}
	if (name_count < MAX_NAMES) {
		names[name_count].start = (uintptr_t)start;
		names[name_count].bytes = bytes;
		names[name_count++].name = name;
	}
}

void report_begin(bool do_print)
{
	print = do_print;
	line_number = 0;
}

/* The last word of "&gate->mode", "(&(cpu->inbox))". */
static const char *last_word(const char *expression)
{
	static char word[64];
	const char *from = expression + strlen(expression), *to;

	while (from > expression && strchr(")] ", from[-1]))
		from--;
	to = from;
	while (from > expression && !strchr(">.&( ", from[-1]))
		from--;
	snprintf(word, sizeof(word), "%.*s", (int)(to - from), from);
	return word;
}

void report_name(const void *address, const char *expression, char *text, size_t bytes)
{
	uintptr_t a = (uintptr_t)address;
	const char *word = expression ? last_word(expression) : "?";

	for (unsigned i = 0; i < name_count; i++) {
		if (a < names[i].start || a >= names[i].start + names[i].bytes)
			continue;
		if (expression)
			snprintf(text, bytes, "%s.%s", names[i].name, word);
		else if (a > names[i].start)
			snprintf(text, bytes, "%s+%lu", names[i].name,
				 a - names[i].start);
		else
			snprintf(text, bytes, "%s", names[i].name);
		return;
	}
	snprintf(text, bytes, "%s", expression ? word : "a variable");
}

const char *report_place(void)
{
	static char place[160];
	char command[128], line[128] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), "addr2line -e /proc/%d/exe %#lx",
		 (int)getpid(), (unsigned long)plain_access_pc - 1);
	pipe = popen(command, "r");
	if (!pipe || !fgets(line, sizeof(line), pipe))
		line[0] = '\0';
	if (pipe)
		pclose(pipe);
	line[strcspn(line, "\n ")] = '\0';
	snprintf(place, sizeof(place), " at %s", line);
	return place;
}

/* --- values --- */

static const char *const modes[] = {"OUTSIDE", "IN", "EXITING", "READING"};
extern const char *const request_names[]; /* vcpu/request.c */

static void value_text(const struct op *op, u64 value, char *text, size_t bytes)
{
	const char *word = last_word(op->name);
	size_t at = 0;

	if (!strcmp(word, "mode") && value < 4) {
		snprintf(text, bytes, "%s", modes[value]);
	} else if (!strcmp(word, "wait") && value < 2) {
		snprintf(text, bytes, "%s", value ? "BLOCKED" : "AWAKE");
	} else if (!strcmp(word, "requests") && value && value < 4096) {
		for (unsigned bit = 0; bit < 12; bit++) {
			if (value >> bit & 1)
				at += (size_t)snprintf(text + at, bytes - at, "%s%s",
						       at ? "|" : "", request_names[bit]);
		}
	} else if (op->size == 4 && value >> 31) {
		snprintf(text, bytes, "%d", (s32)value);
	} else if (value > 0x10000) {
		report_name((void *)value, NULL, text, bytes);
	} else {
		snprintf(text, bytes, "%lu", value);
	}
}

/* --- steps --- */

/* Do several CPUs touch it on this path? */
static bool is_shared(const void *address)
{
	for (struct location *l = NULL; (l = location_next(l));) {
		u8 cpus = l->marked | l->plain;

		if (l->address == (uintptr_t)address)
			return cpus & (cpus - 1);
	}
	return true;
}

/* A step; one that repeats the line before says nothing new. */
static void line(unsigned cpu, const struct op *op, const char *text)
{
	static char last[256];
	char place[96] = "", all[256];

	if (!print)
		return;
	snprintf(all, sizeof(all), "%u %s", cpu, text);
	if (!strcmp(all, last))
		return;
	memcpy(last, all, sizeof(last));
	if (op && op->file)
		snprintf(place, sizeof(place), "%s:%d", op->file, op->line);
	printf("  %3u  cpu%u  %*s%-*s  %s\n", ++line_number, cpu, (int)cpu * 3, "",
	       58 - (int)cpu * 3, text, place);
}

static void memory_op(const struct op *op, const char *how, char *text, size_t bytes)
{
	static const char *const fences[] = {"full fence", "write fence", "read fence"};
	char name[64] = "", value[64], found[64];
	u64 stored;

	if (op->kind == OP_FENCE) {
		snprintf(text, bytes, "%s", fences[op->how]);
		return;
	}
	report_name(op->address, op->name, name, sizeof(name));
	value_text(op, op->result, found, sizeof(found));
	if (op->kind == OP_LOAD) {
		snprintf(text, bytes, "read %s: %s", name, found);
	} else if (op->kind == OP_STORE) {
		value_text(op, op->value, value, sizeof(value));
		snprintf(text, bytes, "%s := %s", name, value);
	} else if (modified_value(op, op->result, &stored)) {
		value_text(op, stored, value, sizeof(value));
		snprintf(text, bytes, "%s: %s -> %s (locked)", name, found, value);
	} else {
		snprintf(text, bytes, "cmpxchg %s: finds %s", name, found);
	}
	if (how)
		snprintf(text + strlen(text), bytes - strlen(text), " (%s)", how);
}

void report_op(unsigned cpu, const struct op *op, unsigned way, const char *how)
{
	char text[200];

	switch (op->kind) {
	case OP_LOAD:
	case OP_STORE:
	case OP_MODIFY:
		if (!is_shared(op->address))
			return;
		memory_op(op, how, text, sizeof(text));
		break;
	case OP_FENCE:
		memory_op(op, how, text, sizeof(text));
		break;
	case OP_SEND_IPI:
		snprintf(text, sizeof(text), "sends an interrupt to cpu%lu", op->value);
		break;
	case OP_TAKE_IPI:
		if (!op->result)
			return;
		snprintf(text, sizeof(text), "takes the interrupt");
		break;
	case OP_WAIT_IPI:
		snprintf(text, sizeof(text),
			 way ? "leaves by itself" : "an interrupt comes");
		break;
	case OP_CHOICE:
		snprintf(text, sizeof(text), "choice %u", way);
		break;
	default:
		return;
	}
	line(cpu, op, text);
}

void report_drain(unsigned cpu)
{
	line(cpu, NULL, "(its oldest buffered store reaches memory)");
}

void narrate(const char *text)
{
	char quoted[120];

	if (!replaying || !print)
		return;
	snprintf(quoted, sizeof(quoted), "* %s", text);
	line(model_cpu(), NULL, quoted);
}
