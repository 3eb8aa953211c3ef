// SPDX-License-Identifier: MIT
/* A guest's life from guest_start() to guest_exit(), its console, its checks. */
#include "guest.h"

#define LSR 5
#define LSR_EMPTY 0x20
#define LINE_BYTES 256
#define FW_CPU_COUNT 5
#define INFO_HAS_CMDLINE BIT(2)
#define INFO_CMDLINE 4 /* the fifth word */

void guest_start(unsigned index) __attribute__((noreturn));

extern u32 multiboot_info;

static unsigned checks_failed;

/* --- console --- */

struct text {
	char bytes[LINE_BYTES];
	unsigned length;
};

static void put(struct text *text, char c)
{
	if (text->length < LINE_BYTES)
		text->bytes[text->length++] = c;
}

static void put_number(struct text *text, u64 value, unsigned base)
{
	char digits[20];
	unsigned count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (count)
		put(text, digits[--count]);
}

static void put_string(struct text *text, const char *s)
{
	while (*s)
		put(text, *s++);
}

/* One conversion behind '%': s c d u x, lu lx. Returns what follows it. */
static const char *put_argument(struct text *text, const char *fmt,
				__builtin_va_list *args)
{
	bool is_long = *fmt == 'l';
	u64 value;

	fmt += is_long;
	if (*fmt == 's') {
		put_string(text, __builtin_va_arg(*args, const char *));
		return fmt + 1;
	}
	value = is_long ? __builtin_va_arg(*args, u64) : __builtin_va_arg(*args, u32);
	if (*fmt == 'c')
		put(text, (char)value);
	else
		put_number(text, value, *fmt == 'x' ? 16 : 10);
	return fmt + 1;
}

/* A line is one piece even when several CPUs print. */
static void write_out(const struct text *text)
{
	static u32 lock;

	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		pause();
	for (unsigned i = 0; i < text->length; i++) {
		while (!(inb(UART_PORT + LSR) & LSR_EMPTY))
			pause();
		outb(UART_PORT, (u8)text->bytes[i]);
	}
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

void print(const char *fmt, ...)
{
	struct text text = {.length = 0};
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	while (*fmt) {
		if (*fmt == '%')
			fmt = put_argument(&text, fmt + 1, &args);
		else
			put(&text, *fmt++);
	}
	__builtin_va_end(args);
	write_out(&text);
}

/* --- verdict --- */

static bool count_check(bool good)
{
	if (!good)
		__atomic_fetch_add(&checks_failed, 1, __ATOMIC_RELAXED);
	return good;
}

void check(bool good, const char *name)
{
	print("%s %s\n", count_check(good) ? "ok" : "not ok", name);
}

void check_equal(u64 got, u64 wanted, const char *name)
{
	if (count_check(got == wanted))
		print("ok %s\n", name);
	else
		print("not ok %s: %lx instead of %lx\n", name, got, wanted);
}

void guest_exit(u32 code)
{
	outl(EXIT_PORT, code);
	for (;;) {
		cli();
		hlt();
	}
}

/* --- life --- */

unsigned cpu_count(void)
{
	unsigned count;

	outw(FW_SELECT_PORT, FW_CPU_COUNT);
	count = inb(FW_DATA_PORT);
	return count | (unsigned)inb(FW_DATA_PORT) << 8;
}

void guest_start(unsigned index)
{
	int code;

	this_cpu()->index = index;
	idt_load();
	apic_write(APIC_SVR, APIC_SVR_ENABLE | 0xff);
	code = main();
	guest_exit(checks_failed ? 1 : (u32)code);
}

/* --- command line (Multiboot1 3.3 "Boot information format") --- */

/* What follows the first word that begins so; NULL: there is none. */
static const char *option_value(const char *key)
{
	const u32 *info = (const u32 *)(u64)multiboot_info;
	const char *line = (const char *)(u64)info[INFO_CMDLINE];

	if (!(info[0] & INFO_HAS_CMDLINE))
		return NULL;
	for (bool start = true; *line; line++) {
		u64 i = 0;

		while (start && key[i] && line[i] == key[i])
			i++;
		if (start && !key[i])
			return line + i;
		start = *line == ' ';
	}
	return NULL;
}

bool has_option(const char *word)
{
	const char *end = option_value(word);

	return end && (!*end || *end == ' ');
}

u64 option_number(const char *key, u64 otherwise)
{
	const char *value = option_value(key);
	u64 number = 0;

	if (!value)
		return otherwise;
	for (; *value >= '0' && *value <= '9'; value++)
		number = number * 10 + (u64)(*value - '0');
	return number;
}

/* --- time, memory --- */

bool within(u64 got, u64 wanted, u64 per_mille)
{
	u64 off = got > wanted ? got - wanted : wanted - got;

	return off * 1000 <= wanted * per_mille;
}

u32 pm_timer(void)
{
	return inl(PM_TIMER_PORT);
}

void delay_tsc(u64 ticks)
{
	u64 start = rdtsc();

	while (rdtsc() - start < ticks)
		pause();
}

void *memset(void *to, int byte, u64 bytes)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(byte) : "memory");
	return to;
}

void *memcpy(void *to, const void *from, u64 bytes)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
	return to;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return (u8)*a - (u8)*b;
}
