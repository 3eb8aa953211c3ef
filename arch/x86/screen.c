// SPDX-License-Identifier: MIT
/* The 80x25 text screen at 0xb8000, for machines without a serial port. */
#include "serial.h"
#include "string.h"

#define COLUMNS 80
#define ROWS 25
#define ATTRIBUTE 0x0700 /* light grey on black */

static u16 *const text = (u16 *)0xb8000;
static unsigned row, column; /* under the console's lock */

void screen_clear(void)
{
	for (unsigned i = 0; i < ROWS * COLUMNS; i++)
		text[i] = ATTRIBUTE | ' ';
	row = 0;
	column = 0;
}

static void new_line(void)
{
	column = 0;
	if (++row < ROWS)
		return;
	row = ROWS - 1;
	memmove(text, text + COLUMNS, sizeof(u16) * COLUMNS * (ROWS - 1));
	for (unsigned i = 0; i < COLUMNS; i++)
		text[row * COLUMNS + i] = ATTRIBUTE | ' ';
}

static void put(char c)
{
	if (c == '\n') {
		new_line();
		return;
	}
	if (c < ' ')
		return;
	text[row * COLUMNS + column] = ATTRIBUTE | (u8)c;
	if (++column == COLUMNS)
		new_line();
}

void screen_write(const char *s, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		put(s[i]);
}
