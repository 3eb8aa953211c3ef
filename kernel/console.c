// SPDX-License-Identifier: MIT
/* The ring between whoever prints and the UART. */
#include "console.h"
#include "arch/x86/serial.h"
#include "atomic.h"
#include "bits.h"
#include "printk.h"
#include "spinlock.h"
#include "string.h"

#define RING_BYTES 65536
#define LINE_BYTES 256
#define LOG_BYTES 4096 /* of the ring that guests leave for the log */
#define ROOM_BYTES (4 * LOG_BYTES)
#define DROPPED_BYTES 64

static struct spinlock lock;
static char ring[RING_BYTES];     /* [L] */
static u64 head, tail;            /* [L] written up to head, sent up to tail */
static char last = '\n';          /* [L] the last byte of any output */
static const void *last_writer;   /* [L] whose bytes were last; NULL: the log's */
static bool in_log_line;          /* [L] a line of the log is not yet ended */
static u64 dropped;               /* [L] bytes that found the ring full */
static bool present;              /* [I] there is a UART */
static bool interrupts;           /* [I] after console_use_interrupts() */
static bool transmitting;         /* [L] the transmit interrupt is on */
static u32 attention;             /* [A] the UART wants something */
static void (*input_handler)(u8); /* [I] */

/* Send what the FIFO takes; with interrupts, keep the transmit one on as long as
 * there is more. */
static void pump_locked(void)
{
	unsigned room = head != tail ? serial_tx_room() : 0;

	for (; room && tail != head; room--)
		serial_tx((u8)ring[tail++ % RING_BYTES]);
	if (interrupts && transmitting != (head != tail)) {
		transmitting = head != tail;
		serial_irq_enable(true, transmitting);
	}
}

static void drain_locked(void)
{
	while (present && head != tail)
		pump_locked();
}

/* When there is room again, say what was lost. */
static void tell_dropped(void)
{
	char text[DROPPED_BYTES];
	int length;

	if (!dropped || RING_BYTES - (head - tail) < RING_BYTES / 2)
		return;
	length = format(text, sizeof(text), "\r\n[%lu bytes of output lost]\r\n",
			dropped);
	dropped = 0;
	for (int i = 0; i < length; i++)
		ring[head++ % RING_BYTES] = text[i];
}

static void put_locked(const char *text, size_t bytes, u64 limit)
{
	tell_dropped();
	if (bytes)
		last = text[bytes - 1];
	for (size_t i = 0; i < bytes; i++) {
		if (head - tail >= limit) {
			dropped++;
			continue;
		}
		ring[head++ % RING_BYTES] = text[i];
	}
	if (!present)
		tail = head;
	if (interrupts)
		pump_locked();
	else
		drain_locked();
}

void console_init(void)
{
	present = serial_init();
	screen_clear();
}

void console_use_interrupts(void)
{
	spin_lock(&lock);
	interrupts = present;
	if (present)
		serial_irq_enable(true, false);
	spin_unlock(&lock);
}

void console_write(const char *text, size_t bytes)
{
	spin_lock(&lock);
	put_locked(text, bytes, RING_BYTES - LOG_BYTES);
	spin_unlock(&lock);
}

void console_write_part(const void *writer, const char *prefix, const char *text,
			size_t bytes)
{
	u64 limit = RING_BYTES - LOG_BYTES;

	spin_lock(&lock);
	if (last_writer != writer || last == '\n') {
		if (last != '\n')
			put_locked("\r\n", 2, limit);
		put_locked(prefix, strlen(prefix), limit);
	}
	last_writer = writer;
	put_locked(text, bytes, limit);
	spin_unlock(&lock);
}

bool console_has_room(void)
{
	bool room;

	spin_lock(&lock);
	room = RING_BYTES - (head - tail) >= ROOM_BYTES;
	spin_unlock(&lock);
	return room;
}

void console_log(const char *text, size_t bytes)
{
	spin_lock(&lock);
	/* A line of the log begins a line, also amid what a guest is printing. */
	if (last != '\n' && !in_log_line)
		put_locked("\r\n", 2, RING_BYTES);
	last_writer = NULL;
	in_log_line = bytes && text[bytes - 1] != '\n';
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n')
			put_locked("\r", 1, RING_BYTES);
		put_locked(text + i, 1, RING_BYTES);
	}
	screen_write(text, bytes);
	spin_unlock(&lock);
}

void console_interrupt(void)
{
	WRITE_ONCE(attention, 1); /* STATS: pairs with console_poll(), same CPU */
}

void console_poll(void)
{
	int byte;

	if (!READ_ONCE(attention)) /* STATS: an interrupt comes again if missed */
		return;
	WRITE_ONCE(attention, 0);
	do {
		spin_lock(&lock);
		/* Anew for each byte: the interrupt is an edge, so the UART must be left
		 * with nothing received and nothing that it waits to be given. */
		pump_locked();
		byte = serial_rx();
		spin_unlock(&lock);
		if (byte >= 0 && input_handler)
			input_handler((u8)byte);
	} while (byte >= 0);
}

bool console_flush_step(void)
{
	if (READ_ONCE(attention)) { /* STATS: as console_poll() */
		console_poll();
		return true;
	}
	return false;
}

void console_flush(void)
{
	spin_lock(&lock);
	drain_locked();
	spin_unlock(&lock);
}

bool console_seize(void)
{
	return spin_held(&lock) || spin_seize(&lock);
}

void console_break_lock(void)
{
	lock = (struct spinlock){0};
	interrupts = false;
}

void console_set_input(void (*input)(u8 byte))
{
	input_handler = input;
}

void printk(const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;
	int length;

	va_start(args, fmt);
	length = format_va(line, sizeof(line), fmt, args);
	va_end(args);
	console_log(line, (size_t)MIN(length, LINE_BYTES - 1));
}
