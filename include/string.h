// SPDX-License-Identifier: MIT
/* The memory and string functions the compiler and the code need.
 * Same contracts as in ISO C; any context. Implemented in kernel/string.c. */
#pragma once
#include "types.h"

void *memset(void *dst, int byte, size_t bytes);
void *memcpy(void *restrict dst, const void *restrict src, size_t bytes);
void *memmove(void *dst, const void *src, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
const char *strchr(const char *s, int c);

/* Copy src, cut to fit size bytes, always NUL-terminated (size > 0).
 * Returns false if it was cut. */
bool string_copy(char *dst, const char *src, size_t size);
