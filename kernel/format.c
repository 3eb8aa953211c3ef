// SPDX-License-Identifier: MIT
/* printf's formatting, without floating point: text into a buffer, cut to fit.
 * Pure; on the stack it needs one number's digits. */
#include "bits.h"
#include "printk.h"
#include "string.h"

#define DIGITS_MAX 20   /* of 2^64 - 1 in decimal */
#define NUMBER_MAX 9999 /* width and precision are cut to this */

/* Where the text goes. Counting goes on when the buffer is full. */
struct output {
	char *buf;
	size_t size;
	size_t length;
};

/* One conversion, e.g. "%-08.3lx". */
struct conversion {
	bool left;
	bool zero;
	unsigned width;
	int precision;  /* -1: not given */
	unsigned bytes; /* of the integer argument */
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size)
		out->buf[out->length] = c;
	out->length++;
}

static void put_repeated(struct output *out, char c, size_t count)
{
	while (count--)
		put(out, c);
}

/* A field: padding, prefix (a sign, or 0x), zeroes and the text itself. */
static void put_field(struct output *out, const struct conversion *conv,
		      const char *prefix, size_t zeroes, const char *text,
		      size_t text_length)
{
	size_t prefix_length = strlen(prefix);
	size_t used = prefix_length + zeroes + text_length;
	size_t padding = conv->width > used ? conv->width - used : 0;

	if (!conv->left)
		put_repeated(out, ' ', padding);
	for (size_t i = 0; i < prefix_length; i++)
		put(out, prefix[i]);
	put_repeated(out, '0', zeroes);
	for (size_t i = 0; i < text_length; i++)
		put(out, text[i]);
	if (conv->left)
		put_repeated(out, ' ', padding);
}

static void put_string(struct output *out, const struct conversion *conv, const char *s)
{
	size_t max = conv->precision < 0 ? SIZE_MAX : (size_t)conv->precision;

	if (!s)
		s = "(null)";
	put_field(out, conv, "", 0, s, strnlen(s, max));
}

static void put_number(struct output *out, const struct conversion *conv,
		       const char *prefix, u64 value, unsigned base, const char *alphabet)
{
	char digits[DIGITS_MAX];
	size_t first = DIGITS_MAX;
	size_t count;
	size_t wanted = conv->precision < 0 ? 1 : (size_t)conv->precision;

	for (; value; value /= base)
		digits[--first] = alphabet[value % base];
	count = DIGITS_MAX - first;
	/* ISO C 7.21.6.1: a precision overrides the 0 flag, and so does -. */
	if (conv->zero && !conv->left && conv->precision < 0)
		wanted = conv->width > strlen(prefix) ? conv->width - strlen(prefix) : 0;
	wanted = MAX(wanted, count);
	if (!wanted && conv->precision < 0)
		wanted = 1;
	put_field(out, conv, prefix, wanted - count, digits + first, count);
}

static u64 unsigned_argument(const struct conversion *conv, va_list *args)
{
	if (conv->bytes == sizeof(u64))
		return va_arg(*args, u64);
	return va_arg(*args, u32) & MASK(8 * conv->bytes - 1, 0);
}

/* Sign-extended from the size that the length modifier gives. */
static s64 signed_argument(const struct conversion *conv, va_list *args)
{
	unsigned unused = 64 - 8 * conv->bytes;

	return (s64)(unsigned_argument(conv, args) << unused) >> unused;
}

static void put_signed(struct output *out, const struct conversion *conv, s64 value)
{
	u64 magnitude = value < 0 ? -(u64)value : (u64)value;

	put_number(out, conv, value < 0 ? "-" : "", magnitude, 10, "0123456789");
}

static void put_char(struct output *out, const struct conversion *conv, char c)
{
	put_field(out, conv, "", 0, &c, 1);
}

/* A number in the format, or * for an int argument. Negative: none. */
static int parse_number(const char **fmt, va_list *args)
{
	int n = 0;

	if (**fmt == '*') {
		(*fmt)++;
		n = va_arg(*args, int);
		return MIN(MAX(n, -NUMBER_MAX), NUMBER_MAX);
	}
	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		n = MIN(n * 10 + (**fmt - '0'), NUMBER_MAX);
	return n;
}

static unsigned parse_length(const char **fmt)
{
	unsigned bytes = sizeof(int);

	for (;; (*fmt)++) {
		switch (**fmt) {
		case 'l':
		case 'z':
			bytes = sizeof(u64);
			break;
		case 'h':
			bytes /= 2;
			break;
		default:
			return MAX(bytes, 1u);
		}
	}
}

static struct conversion parse_conversion(const char **fmt, va_list *args)
{
	struct conversion conv = {.precision = -1};
	int width;

	for (;; (*fmt)++) {
		if (**fmt == '-')
			conv.left = true;
		else if (**fmt == '0')
			conv.zero = true;
		else
			break;
	}
	width = parse_number(fmt, args);
	conv.left |= width < 0;
	conv.width = (unsigned)(width < 0 ? -width : width);
	if (**fmt == '.') {
		(*fmt)++;
		conv.precision = parse_number(fmt, args);
	}
	conv.bytes = parse_length(fmt);
	return conv;
}

/* The conversion after a '%'. Returns what follows it. */
static const char *put_conversion(struct output *out, const char *fmt, va_list *args)
{
	struct conversion conv = parse_conversion(&fmt, args);
	const char *lower = "0123456789abcdef";

	switch (*fmt) {
	case 'd':
	case 'i':
		put_signed(out, &conv, signed_argument(&conv, args));
		break;
	case 'u':
		put_number(out, &conv, "", unsigned_argument(&conv, args), 10, lower);
		break;
	case 'x':
		put_number(out, &conv, "", unsigned_argument(&conv, args), 16, lower);
		break;
	case 'X':
		put_number(out, &conv, "", unsigned_argument(&conv, args), 16,
			   "0123456789ABCDEF");
		break;
	case 'p':
		put_number(out, &conv, "0x", va_arg(*args, u64), 16, lower);
		break;
	case 'c':
		put_char(out, &conv, (char)va_arg(*args, int));
		break;
	case 's':
		put_string(out, &conv, va_arg(*args, const char *));
		break;
	case '\0':
		return fmt;
	default: /* "%%", and what we do not know is shown as it is */
		put(out, *fmt);
	}
	return fmt + 1;
}

int format_va(char *buf, size_t size, const char *fmt, va_list args)
{
	struct output out = {buf, size, 0};
	va_list rest;

	va_copy(rest, args); /* a parameter's address is not a va_list's (ISO C 7.16) */
	while (*fmt) {
		if (*fmt == '%')
			fmt = put_conversion(&out, fmt + 1, &rest);
		else
			put(&out, *fmt++);
	}
	va_end(rest);
	if (size)
		buf[MIN(out.length, size - 1)] = '\0';
	return (int)out.length;
}

int format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int length;

	va_start(args, fmt);
	length = format_va(buf, size, fmt, args);
	va_end(args);
	return length;
}
