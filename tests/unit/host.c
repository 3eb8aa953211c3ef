// SPDX-License-Identifier: MIT
/* Stand-ins on the host for what the hypervisor's pure code calls.
 * Weak, so that a test may bring its own, or the real one. Compiled without
 * -I include, whose headers have libc's names. */
#include "../../include/assert.h"
#include "../../include/page.h"
#include "../../include/printk.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAND_IN __attribute__((weak))
#define POISON 0xa5

static char log_text[4096];
static u64 pages_live;

const char *unit_log(void)
{
	return log_text;
}

u64 unit_pages_live(void)
{
	return pages_live;
}

STAND_IN void printk(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(log_text, sizeof(log_text), fmt, args);
	va_end(args);
}

STAND_IN void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fprintf(stderr, "panic: ");
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "\n");
	va_end(args);
	abort();
}

STAND_IN void *page_alloc(unsigned order)
{
	size_t bytes = PAGE_SIZE << order;
	void *block = aligned_alloc(bytes, bytes);

	if (!block)
		return NULL;
	memset(block, POISON, PAGE_SIZE);
	pages_live += 1ul << order;
	return block;
}

STAND_IN void *page_alloc_zero(void)
{
	void *page = page_alloc(0);

	if (page)
		memset(page, 0, PAGE_SIZE);
	return page;
}

STAND_IN void page_free(void *block, unsigned order)
{
	pages_live -= 1ul << order;
	free(block);
}

STAND_IN u64 page_free_count(void)
{
	return 1ul << 20;
}
