// SPDX-License-Identifier: MIT
/* kernel/console.c: what is printed comes out in order, a FIFO's worth at a time; nobody
 * waits for the line once there are interrupts; typed bytes go to the handler. */
#include "arch/x86/serial.h"
/* With its variables: each test begins as at boot. */
#include "kernel/console.c"
#include "string.h"
#include "unit.h"

#define FIFO 16
#define OUTPUT_BYTES 200000

/* The UART: a transmitter that is busy for some questions after each FIFO's worth, and
 * a queue of typed bytes. */
static struct {
	bool absent;
	unsigned slow;  /* questions for which it is busy after taking bytes */
	unsigned busy;  /* of them left */
	unsigned taken; /* bytes since it last had room */
	bool rx_irq, tx_irq;
	unsigned irq_changes;
	char output[OUTPUT_BYTES];
	unsigned output_bytes;
	const char *typed;
} serial;

static struct {
	char text[4096];
	unsigned bytes;
	unsigned cleared;
} screen;

static int locked;
static char input[64];
static unsigned input_bytes;

/* --- stand-ins --- */

bool serial_init(void)
{
	return !serial.absent;
}

void serial_irq_enable(bool receive, bool transmit)
{
	serial.rx_irq = receive;
	serial.tx_irq = transmit;
	serial.irq_changes++;
}

unsigned serial_tx_room(void)
{
	if (serial.busy && serial.busy--)
		return 0;
	serial.taken = 0;
	return FIFO;
}

void serial_tx(u8 byte)
{
	CHECK(locked == 1);
	CHECK(serial.taken++ < FIFO);
	CHECK(serial.output_bytes < OUTPUT_BYTES - 1);
	serial.output[serial.output_bytes++] = (char)byte;
	serial.busy = serial.slow;
}

int serial_rx(void)
{
	return serial.typed && *serial.typed ? (u8)*serial.typed++ : -1;
}

void screen_write(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes && screen.bytes < sizeof(screen.text) - 1; i++)
		screen.text[screen.bytes++] = text[i];
}

void screen_clear(void)
{
	screen.cleared++;
}

void spin_lock(struct spinlock *l)
{
	CHECK_EQ(locked++, 0);
	l->holder = 1;
}

void spin_unlock(struct spinlock *l)
{
	CHECK_EQ(--locked, 0);
	l->holder = 0;
}

bool spin_seize(struct spinlock *l)
{
	if (l->holder)
		return false;
	l->holder = 1;
	return true;
}

bool spin_held(const struct spinlock *l)
{
	return l->holder == 1;
}

/* --- the tests' own --- */

static void begin(void)
{
	head = tail = dropped = 0;
	present = interrupts = transmitting = false;
	last = '\n';
	in_log_line = false;
	attention = 0;
	input_handler = NULL;
	memset(&serial, 0, sizeof(serial));
	memset(&screen, 0, sizeof(screen));
	memset(input, 0, sizeof(input));
	input_bytes = 0;
	locked = 0;
}

static void begin_with_interrupts(void)
{
	begin();
	console_init();
	console_use_interrupts();
}

static void write_text(const char *text)
{
	console_write(text, strlen(text));
}

/* The UART says that it has room again. */
static void interrupt(void)
{
	serial.busy = 0;
	console_interrupt();
	console_poll();
}

/* A byte of a pattern that does not repeat at the ring's or the FIFO's length. */
static char pattern(u64 n)
{
	return (char)('!' + n % 89);
}

static void write_pattern(u64 first, u64 bytes)
{
	char *text = unit_alloc(bytes);

	for (u64 i = 0; i < bytes; i++)
		text[i] = pattern(first + i);
	console_write(text, bytes);
	unit_free(text);
}

static bool output_is_pattern(unsigned at, u64 first, u64 bytes)
{
	for (u64 i = 0; i < bytes; i++) {
		if (serial.output[at + i] != pattern(first + i))
			return false;
	}
	return true;
}

/* --- polling, early in the boot --- */

static void before_and_after_init(void)
{
	begin();
	write_text("nobody hears");
	CHECK_EQ(serial.output_bytes, 0);
	console_init();
	CHECK_EQ(screen.cleared, 1);
	write_text("hello");
	CHECK_STR(serial.output, "hello");
	CHECK_EQ(serial.irq_changes, 0);
	CHECK_EQ(dropped, 0);
}

static void polled(void)
{
	begin();
	console_init();
	serial.slow = 5;
	/* More than the ring holds in all, but not at once: it waits. */
	write_pattern(0, 60000);
	write_pattern(60000, 60000);
	CHECK_EQ(serial.output_bytes, 120000);
	CHECK(output_is_pattern(0, 0, 120000));
	CHECK_EQ(dropped, 0);
}

static void no_uart(void)
{
	begin();
	serial.absent = true;
	console_init();
	console_use_interrupts();
	write_pattern(0, 60000); /* neither waits nor fills up */
	write_pattern(0, 60000);
	console_log("log\n", 4);
	console_flush();
	CHECK_EQ(serial.output_bytes + serial.irq_changes, 0);
	CHECK_EQ(dropped, 0);
	CHECK_STR(screen.text, "log\n");
}

static void log_lines(void)
{
	begin();
	console_init();
	console_log("a\nb\n\n", 5);
	CHECK_STR(serial.output, "a\r\nb\r\n\r\n");
	CHECK_STR(screen.text, "a\nb\n\n");
	write_text("\nguest"); /* a guest's console: as it is, not on the screen */
	CHECK_STR(serial.output, "a\r\nb\r\n\r\n\nguest");
	CHECK_STR(screen.text, "a\nb\n\n");
}

static void formatted(void)
{
	char long_line[400];

	begin();
	console_init();
	printk("vm%u: %s\n", 3, "ended");
	CHECK_STR(serial.output, "vm3: ended\r\n");
	begin();
	console_init();
	memset(long_line, 'x', sizeof(long_line));
	long_line[sizeof(long_line) - 1] = '\0';
	printk("%s", long_line);
	CHECK_EQ(serial.output_bytes, LINE_BYTES - 1); /* cut */
	CHECK_EQ(screen.bytes, LINE_BYTES - 1);
}

/* A line of the log begins a line, whatever a guest has left unfinished. */
static void log_begins_a_line(void)
{
	begin();
	console_init();
	console_write("login: ", 7);
	printk("vm%u: ", 3);
	printk("ended\n");
	printk("all\n");
	CHECK_STR(serial.output, "login: \r\nvm3: ended\r\nall\r\n");
}

/* --- with interrupts --- */

static void a_fifo_at_a_time(void)
{
	begin_with_interrupts();
	CHECK(serial.rx_irq && !serial.tx_irq);
	serial.slow = 1000000;
	write_pattern(0, 40);
	CHECK_EQ(serial.output_bytes, FIFO);
	CHECK(serial.rx_irq && serial.tx_irq);
	write_pattern(40, 10); /* it is busy: only into the ring */
	CHECK_EQ(serial.output_bytes, FIFO);
	interrupt();
	CHECK_EQ(serial.output_bytes, 2 * FIFO);
	interrupt();
	CHECK_EQ(serial.output_bytes, 3 * FIFO);
	CHECK(serial.tx_irq);
	CHECK_EQ(serial.irq_changes, 2); /* only when it changes */
	interrupt();
	CHECK_EQ(serial.output_bytes, 50);
	CHECK(serial.rx_irq && !serial.tx_irq);
	CHECK_EQ(serial.irq_changes, 3);
	CHECK(output_is_pattern(0, 0, 50));
	interrupt();
	CHECK_EQ(serial.irq_changes, 3);
}

/* A FIFO's worth at once needs no interrupt at all. */
static void short_text(void)
{
	begin_with_interrupts();
	write_pattern(0, FIFO);
	CHECK_EQ(serial.output_bytes, FIFO);
	CHECK(!serial.tx_irq);
	CHECK_EQ(serial.irq_changes, 1);
}

static void nothing_without_attention(void)
{
	begin_with_interrupts();
	serial.slow = 1000000;
	write_pattern(0, 40);
	serial.busy = 0;
	serial.typed = "x";
	console_poll();
	CHECK(!console_flush_step());
	CHECK_EQ(serial.output_bytes, FIFO);
	CHECK_STR(serial.typed, "x");
	console_interrupt();
	CHECK_EQ(serial.output_bytes, FIFO); /* only marked */
	CHECK(console_flush_step());
	CHECK_EQ(serial.output_bytes, 2 * FIFO);
	CHECK_STR(serial.typed, "");
	CHECK(!console_flush_step());
}

static void ring_full(void)
{
	static const char lost[] = "\r\n[1003 bytes of output lost]\r\n";
	const u64 full = RING_BYTES - LOG_BYTES; /* of guests' output */

	begin_with_interrupts();
	serial.slow = 1000000;
	serial.busy = 1;
	CHECK(console_has_room());
	write_pattern(0, full + 1000); /* the newest are lost */
	CHECK(!console_has_room());
	CHECK_EQ(serial.output_bytes, 0);
	CHECK_EQ(dropped, 1000);
	interrupt();
	write_pattern(full, FIFO + 3); /* there is room again for some */
	CHECK_EQ(dropped, 1003);
	for (unsigned n = 0; n < RING_BYTES / FIFO + 2; n++)
		interrupt();
	CHECK_EQ(serial.output_bytes, full + FIFO);
	CHECK(output_is_pattern(0, 0, full + FIFO));
	CHECK(!serial.tx_irq);
	CHECK(console_has_room());
	/* With room again, first a word on what was lost. */
	write_pattern(0, 5);
	for (unsigned n = 0; n < 4; n++)
		interrupt();
	CHECK(!memcmp(serial.output + full + FIFO, lost, sizeof(lost) - 1));
	CHECK(output_is_pattern(full + FIFO + sizeof(lost) - 1, 0, 5));
	CHECK_EQ(dropped, 0);
}

/* What guests write leaves room for the log. */
static void log_has_its_own(void)
{
	begin_with_interrupts();
	serial.slow = 1000000;
	serial.busy = 1;
	write_pattern(0, RING_BYTES);
	CHECK_EQ(dropped, LOG_BYTES);
	printk("vm a: ended\n");
	CHECK_EQ(dropped, LOG_BYTES);
	for (unsigned n = 0; n < RING_BYTES / FIFO + 2; n++)
		interrupt();
	CHECK(!memcmp(serial.output + serial.output_bytes - 13, "vm a: ended\r\n", 13));
}

static void random_traffic(void)
{
	u64 seed = 9, written = 0;

	begin_with_interrupts();
	for (unsigned step = 0; step < 20000; step++) {
		u64 bytes = unit_random(&seed) % 12;

		serial.slow = (unsigned)(unit_random(&seed) % 4);
		if (unit_random(&seed) % 3) {
			write_pattern(written, bytes);
			written += bytes;
		} else {
			interrupt();
		}
		CHECK_EQ(serial.tx_irq, head != tail);
		if (written > OUTPUT_BYTES - 100)
			break;
	}
	console_flush();
	CHECK_EQ(serial.output_bytes, written);
	CHECK(output_is_pattern(0, 0, written));
}

/* --- the end --- */

static void flush_waits(void)
{
	begin_with_interrupts();
	serial.slow = 7;
	write_pattern(0, 1000);
	CHECK(serial.output_bytes < 1000);
	console_flush();
	CHECK_EQ(serial.output_bytes, 1000);
	CHECK(output_is_pattern(0, 0, 1000));
}

/* Somebody held the lock when the panic came, and nobody takes interrupts any more. */
static void panic_takes_over(void)
{
	begin_with_interrupts();
	serial.slow = 7;
	write_pattern(0, 100);
	locked = 1;
	lock.next = 5;
	lock.holder = 3;
	CHECK(!console_seize());
	lock.holder = 0;
	CHECK(console_seize() && console_seize());
	CHECK_EQ(lock.holder, 1);
	lock.next = 6;
	console_break_lock();
	CHECK(!lock.next && !lock.owner && !lock.holder);
	locked = 0;
	write_pattern(100, 100);
	CHECK_EQ(serial.output_bytes, 200);
	CHECK(output_is_pattern(0, 0, 200));
}

/* --- input --- */

static void take_input(u8 byte)
{
	CHECK_EQ(locked, 0); /* it may print, or wake a vCPU */
	input[input_bytes++] = (char)byte;
	if (byte == '\n')
		write_text("echo");
}

static void typed_bytes(void)
{
	begin_with_interrupts();
	serial.typed = "lost";
	interrupt(); /* nobody listens yet */
	console_set_input(take_input);
	serial.typed = "ls -l\n";
	interrupt();
	CHECK_STR(input, "ls -l\n");
	CHECK_STR(serial.output, "echo");
	serial.typed = "\xff\x80"; /* bytes, not numbers below 0 */
	interrupt();
	CHECK_STR(input, "ls -l\n\xff\x80");
}

static const struct unit_test tests[] = {
	UNIT_TEST(before_and_after_init),
	UNIT_TEST(polled),
	UNIT_TEST(no_uart),
	UNIT_TEST(log_lines),
	UNIT_TEST(formatted),
	UNIT_TEST(log_begins_a_line),
	UNIT_TEST(a_fifo_at_a_time),
	UNIT_TEST(short_text),
	UNIT_TEST(nothing_without_attention),
	UNIT_TEST(ring_full),
	UNIT_TEST(log_has_its_own),
	UNIT_TEST(random_traffic),
	UNIT_TEST(flush_waits),
	UNIT_TEST(panic_takes_over),
	UNIT_TEST(typed_bytes),
};

int main(void)
{
	return UNIT_RUN(tests);
}
