// SPDX-License-Identifier: MIT
/* Memory and string functions: ISO C's contracts, eight bytes at a time where
 * it pays. The string instructions are used in words, because "rep movsb" is
 * fast only on some CPUs (ERMS) and slow in every emulator. */
#include "string.h"

#define WORD sizeof(u64)
#define EVERY_BYTE 0x0101010101010101ul

void *memset(void *dst, int byte, size_t bytes)
{
	void *at = dst;
	size_t words = bytes / WORD;
	size_t tail = bytes % WORD;
	u64 pattern = (u8)byte * EVERY_BYTE;

	__asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(at), "+c"(tail) : "a"(pattern) : "memory");
	return dst;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes)
{
	void *to = dst;
	const void *from = src;
	size_t words = bytes / WORD;
	size_t tail = bytes % WORD;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(tail) : : "memory");
	return dst;
}

/* From the end: for a destination that overlaps the source from above. Without
 * string instructions, so that no interrupt handler meets a set direction flag;
 * the empty assembly keeps the compiler from making this a call of memmove(). */
static void copy_backwards(u8 *dst, const u8 *src, size_t bytes)
{
	while (bytes--) {
		dst[bytes] = src[bytes];
		__asm__("" ::: "memory");
	}
}

void *memmove(void *dst, const void *src, size_t bytes)
{
	/* Unsigned: also true if dst lies below src. Forwards in words is right
	 * then, whatever the distance: each word is read before it is written
	 * over, as "rep movsq" behaves as if word by word. */
	if ((uintptr_t)dst - (uintptr_t)src >= bytes)
		return memcpy(dst, src, bytes);
	copy_backwards(dst, src, bytes);
	return dst;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const u8 *x = a;
	const u8 *y = b;

	for (size_t i = 0; i < bytes; i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return 0;
}

/* The empty assembly keeps the compiler from seeing strlen() in the loop and
 * calling itself. */
size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		__asm__("" : "+r"(n));
	}
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (size_t i = 0; i < max; i++) {
		u8 x = (u8)a[i];
		u8 y = (u8)b[i];

		if (x != y)
			return x < y ? -1 : 1;
		if (!x)
			return 0;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

const char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return s;
		if (!*s)
			return NULL;
	}
}

bool string_copy(char *dst, const char *src, size_t size)
{
	size_t i = 0;

	for (; i + 1 < size && src[i]; i++)
		dst[i] = src[i];
	dst[i] = '\0';
	return !src[i];
}
