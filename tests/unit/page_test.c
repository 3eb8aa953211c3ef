// SPDX-License-Identifier: MIT
/* kernel/page.c: every usable page is handed out once, none that is reserved, and
 * free ones come together again; misuse ends in a panic. */
#include <setjmp.h>
#include <sys/mman.h>
/* With its variables: each test begins as at boot. */
#include "kernel/page.c"
#include "printk.h"
#include "unit.h"

#define MEMORY 0x10000000UL /* of this program, in the place of physical memory */
#define MEMORY_BYTES MIB(64)
#define MEMORY_END (MEMORY + MEMORY_BYTES)
#define PAGES (MEMORY_BYTES / PAGE_SIZE)

static struct bootinfo info;
static struct reserved_range reserved[MAX_MODULES + 3];
static unsigned reserved_count;
static int locked;
static u64 seed;

void spin_lock(struct spinlock *l)
{
	CHECK_EQ(locked++, 0);
}

void spin_unlock(struct spinlock *l)
{
	CHECK_EQ(--locked, 0);
}

static jmp_buf catch;
static bool catching;

void panic(const char *fmt, ...)
{
	if (!catching) {
		unit_check(false, fmt, "panic", 0);
		__builtin_trap();
	}
	longjmp(catch, 1);
}

/* Whether freeing the block, or with NULL getting one, ends in a panic; nothing but
 * begin() may follow then. */
static bool panics(void *block, unsigned order)
{
	catching = true;
	if (!setjmp(catch)) {
		if (block)
			page_free(block, order);
		else
			page_alloc(order);
		catching = false;
		return false;
	}
	catching = false;
	locked = 0;
	return true;
}

/* --- the memory map --- */

static void begin(void)
{
	/* What is there may look like a free page's state. */
	memset(hpa_to_ptr(hpa(MEMORY)), STATE_FREE, MEMORY_BYTES);
	page_state = NULL;
	page_limit = 0;
	free_pages = 0;
	info.usable_count = 0;
	reserved_count = 0;
	seed = 7;
}

static void usable(u64 base, u64 end)
{
	info.usable[info.usable_count++] = (struct mem_range){hpa(base), end - base};
}

static void reserve(u64 base, u64 end)
{
	reserved[reserved_count++] = (struct reserved_range){base, end};
}

static u64 init(u64 from, u64 to)
{
	return page_init(&info, reserved, reserved_count, from, to);
}

/* All of the memory as one range. */
static u64 begin_simple(void)
{
	begin();
	usable(MEMORY, MEMORY_END);
	return init(0, UINT64_MAX);
}

static u64 state_pages(void)
{
	return (page_limit + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* --- whose page is it --- */

enum owner { NOBODY, ALLOCATOR, US };

static u8 owners[PAGES];

static u64 page_number(u64 address)
{
	return (address - MEMORY) / PAGE_SIZE;
}

/* What the allocator may give out: usable, not reserved, not its own table. */
static u64 expect_owners(u64 from, u64 to)
{
	u64 count = 0, state = ptr_to_hpa(page_state).v;

	memset(owners, NOBODY, sizeof(owners));
	for (unsigned i = 0; i < info.usable_count; i++) {
		u64 base = MAX(info.usable[i].base.v, from);
		u64 end = MIN(info.usable[i].base.v + info.usable[i].bytes, to);

		for (; base < end; base += PAGE_SIZE)
			owners[page_number(base)] = ALLOCATOR;
	}
	reserve(state, state + page_limit);
	for (unsigned i = 0; i < reserved_count; i++) {
		for (u64 page = 0; page < PAGES; page++) {
			u64 base = MEMORY + page * PAGE_SIZE;

			if (base < reserved[i].end && base + PAGE_SIZE > reserved[i].base)
				owners[page] = NOBODY;
		}
	}
	reserved_count--;
	for (u64 page = 0; page < PAGES; page++)
		count += owners[page] == ALLOCATOR;
	return count;
}

static bool change_owner(void *block, unsigned order, enum owner from, enum owner to)
{
	u64 first = page_number(ptr_to_hpa(block).v);
	bool right = first < PAGES && BIT(order) <= PAGES - first;

	for (u64 i = 0; right && i < BIT(order); i++) {
		right = owners[first + i] == from;
		owners[first + i] = (u8)to;
	}
	return right;
}

static void *take(unsigned order)
{
	void *block = page_alloc(order);

	if (block) {
		CHECK(IS_ALIGNED(ptr_to_hpa(block).v, PAGE_SIZE << order));
		CHECK(change_owner(block, order, ALLOCATOR, US));
	}
	return block;
}

static void give(void *block, unsigned order)
{
	CHECK(change_owner(block, order, US, ALLOCATOR));
	page_free(block, order);
}

/* Take all there is page by page, and give it back in another order: no page is
 * missing, and the free blocks are the same as before. */
static void check_all(u64 expected)
{
	static void *pages[PAGES];
	u64 count = 0;
	u8 *before = unit_copy(page_state, page_limit);

	CHECK_EQ(page_free_count(), expected);
	while (count < PAGES && (pages[count] = take(0)))
		count++;
	CHECK_EQ(count, expected);
	CHECK_EQ(page_free_count(), 0);
	CHECK(!page_alloc(0) && !page_alloc_zero() && !page_alloc(MAX_ORDER));
	for (u64 left = count; left;) {
		u64 i = unit_random(&seed) % left--;

		give(pages[i], 0);
		pages[i] = pages[left];
	}
	CHECK_EQ(page_free_count(), expected);
	CHECK(!memcmp(before, page_state, page_limit));
	unit_free(before);
}

/* --- set-up --- */

static void one_range(void)
{
	u64 pages = begin_simple();

	CHECK_EQ(page_limit, MEMORY_END / PAGE_SIZE);
	CHECK_EQ(pages, PAGES - state_pages());
	CHECK_EQ(expect_owners(0, UINT64_MAX), pages);
	check_all(pages);
}

static void several_ranges(void)
{
	u64 pages;

	begin();
	usable(MEMORY + KIB(4), MEMORY + KIB(12)); /* too small for the table */
	usable(MEMORY + MIB(1), MEMORY + MIB(3) + KIB(4));
	usable(MEMORY + MIB(4), MEMORY + MIB(4) + KIB(4));
	usable(MEMORY + MIB(9) - KIB(4), MEMORY + MIB(33) + KIB(20));
	usable(MEMORY_END - KIB(16), MEMORY_END - KIB(4)); /* an odd number */
	pages = init(0, UINT64_MAX);
	CHECK_EQ(ptr_to_hpa(page_state).v, MEMORY + MIB(1));
	CHECK_EQ(expect_owners(0, UINT64_MAX), pages);
	check_all(pages);
}

/* Ranges of every kind: not on page boundaries, one upon another, out of order, at
 * the ends, empty, beyond the memory. */
static void reserved_ranges(void)
{
	u64 pages;

	begin();
	usable(MEMORY, MEMORY + MIB(16));
	usable(MEMORY + MIB(17), MEMORY + MIB(40));
	reserve(0, MEMORY + KIB(64));
	reserve(MEMORY + MIB(12), MEMORY + MIB(13) + 1);
	reserve(MEMORY + MIB(4) + 123, MEMORY + MIB(4) + 124);
	reserve(MEMORY + KIB(80), MEMORY + KIB(100) - 5);
	reserve(MEMORY + MIB(12) + KIB(100) - 1, MEMORY + MIB(13) + KIB(100));
	reserve(MEMORY + MIB(15), MEMORY + MIB(18));
	reserve(MEMORY + MIB(20), MEMORY + MIB(20));
	reserve(MEMORY + MIB(20) + KIB(4), MEMORY + MIB(20) + KIB(8));
	reserve(MEMORY + MIB(40) - 1, MEMORY + MIB(41));
	reserve(MEMORY + MIB(60), MEMORY + MIB(70));
	pages = init(0, UINT64_MAX);
	/* The first room that is large enough is behind the third of them. */
	CHECK_EQ(ptr_to_hpa(page_state).v, MEMORY + KIB(100));
	CHECK_EQ(expect_owners(0, UINT64_MAX), pages);
	check_all(pages);
}

static void random_maps(void)
{
	for (u64 round = 1; round <= 60; round++) {
		u64 at = 0, pages;

		begin();
		seed = round;
		while (at < PAGES - 400 && info.usable_count < 12) {
			u64 first = at + unit_random(&seed) % 200;

			at = first + 1 + unit_random(&seed) % (PAGES - first);
			usable(MEMORY + first * PAGE_SIZE, MEMORY + at * PAGE_SIZE);
		}
		for (unsigned n = unit_random(&seed) % 30; n; n--) {
			u64 base = MEMORY + unit_random(&seed) % MEMORY_BYTES;

			reserve(base, base + unit_random(&seed) % MIB(n));
		}
		pages = init(0, UINT64_MAX);
		if (!page_state) /* all is reserved */
			continue;
		CHECK_EQ(expect_owners(0, UINT64_MAX), pages);
		check_all(pages);
	}
}

/* As at boot: first what is below a line, later the rest, with one table. */
static void two_windows(void)
{
	u64 line = MEMORY + MIB(24) + KIB(4), low, all;

	begin();
	usable(MEMORY + MIB(1), MEMORY + MIB(2));
	usable(MEMORY + MIB(23), MEMORY + MIB(26));
	usable(MEMORY + MIB(30), MEMORY + MIB(64));
	reserve(MEMORY + MIB(40), MEMORY + MIB(41));
	low = init(0, line);
	CHECK_EQ(low, expect_owners(0, line));
	check_all(low);
	all = init(line, UINT64_MAX);
	CHECK_EQ(all - low, MIB(1 + 1 + 33) / PAGE_SIZE - 1);
	CHECK_EQ(all, expect_owners(0, UINT64_MAX));
	check_all(all);
	CHECK_EQ(init(MEMORY_END, UINT64_MAX), all);
	/* A window that begins within a range. */
	begin();
	usable(MEMORY, MEMORY_END);
	low = init(line, MEMORY_END - MIB(1));
	CHECK_EQ(low, MIB(39) / PAGE_SIZE - 1 - state_pages());
	CHECK_EQ(ptr_to_hpa(page_state).v, line);
	check_all(expect_owners(line, MEMORY_END - MIB(1)));
}

static void no_memory(void)
{
	begin();
	CHECK_EQ(init(0, UINT64_MAX), 0);
	usable(MEMORY, MEMORY + KIB(32)); /* the table needs more */
	CHECK_EQ(init(0, UINT64_MAX), 0);
	begin();
	usable(MEMORY, MEMORY_END);
	reserve(MEMORY + KIB(4), MEMORY_END);
	CHECK_EQ(init(0, UINT64_MAX), 0);
	begin();
	usable(MEMORY, MEMORY_END);
	CHECK_EQ(init(MEMORY_END, UINT64_MAX), 0);
}

/* --- blocks --- */

#define LARGEST 12 /* that leaves room for one of each below it */

static void each_order(void)
{
	void *blocks[LARGEST + 1];

	begin_simple();
	expect_owners(0, UINT64_MAX);
	for (unsigned order = 0; order <= LARGEST; order++) {
		u64 before = page_free_count();

		blocks[order] = take(order);
		CHECK(blocks[order]);
		CHECK_EQ(before - page_free_count(), BIT(order));
	}
	CHECK(!page_alloc(LARGEST + 1)); /* the one there was has been split */
	for (unsigned order = 0; order <= LARGEST; order++)
		give(blocks[order], order);
	check_all(PAGES - state_pages());
}

#define SLOTS 400
#define STEPS 60000

static struct {
	u64 *block;
	unsigned order;
} slots[SLOTS];

/* Marks at both ends of a block: nobody else writes there. */
static u64 *end_of(u64 *block, unsigned order)
{
	return block + (PAGE_SIZE << order) / sizeof(*block) - 1;
}

static void random_step(u64 n)
{
	unsigned order = (unsigned)bit_lowest(unit_random(&seed) | BIT(9));

	if (slots[n].block) {
		CHECK_EQ(*slots[n].block, n);
		CHECK_EQ(*end_of(slots[n].block, slots[n].order), ~n);
		give(slots[n].block, slots[n].order);
		slots[n].block = NULL;
		return;
	}
	slots[n].block = take(order);
	slots[n].order = order;
	if (slots[n].block) {
		*slots[n].block = n;
		*end_of(slots[n].block, order) = ~n;
	}
}

/* Is a block of this order free as a whole? Then it must have been found. */
static bool is_there(unsigned order)
{
	u64 run = 0; /* free pages on end, from a page that such a block may begin at */

	for (u64 page = 0; page < PAGES && run < BIT(order); page++) {
		run = page % BIT(order) ? run : 0;
		run = owners[page] == ALLOCATOR ? run + 1 : 0;
	}
	return run == BIT(order);
}

static void random_operations(void)
{
	u64 pages = begin_simple(), held;
	u8 *before = unit_copy(page_state, page_limit);

	expect_owners(0, UINT64_MAX);
	for (unsigned step = 0; step < STEPS; step++) {
		u64 n = unit_random(&seed) % SLOTS;
		bool was_empty = !slots[n].block;

		random_step(n);
		if (was_empty && !slots[n].block)
			CHECK(!is_there(slots[n].order));
		if (step % 1000)
			continue;
		held = 0;
		for (u64 i = 0; i < PAGES; i++)
			held += owners[i] == US;
		CHECK_EQ(page_free_count(), pages - held);
	}
	for (u64 n = 0; n < SLOTS; n++) {
		if (slots[n].block)
			random_step(n);
	}
	CHECK(!memcmp(before, page_state, page_limit));
	unit_free(before);
	check_all(pages);
}

static bool filled_with(const u8 *at, u8 byte, u64 bytes)
{
	while (bytes && at[bytes - 1] == byte)
		bytes--;
	return !bytes;
}

static void contents(void)
{
	u8 *block, *page;

	begin_simple();
	block = page_alloc(1);
	page = page_alloc_zero();
	CHECK(filled_with(page, 0, PAGE_SIZE));
	memset(block, 1, 2 * PAGE_SIZE);
	memset(page, 1, PAGE_SIZE);
	page_free(page, 0);
	page_free(block, 1);
	/* Junk but for the links of the free lists. */
	CHECK(filled_with(page + sizeof(struct list), POISON_BYTE,
			  PAGE_SIZE - sizeof(struct list)));
	CHECK(filled_with(block + sizeof(struct list), POISON_BYTE,
			  PAGE_SIZE - sizeof(struct list)));
	CHECK(filled_with(block + PAGE_SIZE, 1, PAGE_SIZE)); /* only the first page */
	for (void *p = page_alloc_zero(); p; p = page_alloc_zero())
		CHECK(filled_with(p, 0, PAGE_SIZE));
}

/* --- misuse --- */

static void double_free(void)
{
	void *block;

	begin_simple();
	block = page_alloc(3);
	page_alloc(3); /* its buddy: the block stays what it is */
	page_free(block, 3);
	CHECK(panics(block, 3));
	begin_simple();
	block = page_alloc(0);
	page_free(block, 0); /* becomes the beginning of a larger one, or its middle */
	CHECK(panics(block, 0));
}

static void wrong_order(void)
{
	for (unsigned order = 0; order < 6; order++) {
		begin_simple();
		CHECK_EQ(panics(page_alloc(3), order), order != 3);
	}
}

static void not_a_block(void)
{
	begin_simple();
	CHECK(panics((u8 *)page_alloc(3) + PAGE_SIZE, 0));
	begin_simple();
	CHECK(panics(page_state, 0));
	begin_simple();
	CHECK(panics(hpa_to_ptr(hpa(MEMORY_END)), 0));
	begin_simple();
	CHECK(panics(NULL, MAX_ORDER + 1));
}

static const struct unit_test tests[] = {
	UNIT_TEST(one_range),   UNIT_TEST(several_ranges),    UNIT_TEST(reserved_ranges),
	UNIT_TEST(random_maps), UNIT_TEST(two_windows),       UNIT_TEST(no_memory),
	UNIT_TEST(each_order),  UNIT_TEST(random_operations), UNIT_TEST(contents),
	UNIT_TEST(double_free), UNIT_TEST(wrong_order),       UNIT_TEST(not_a_block),
};

int main(void)
{
	void *memory = mmap((void *)MEMORY, MEMORY_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (memory != (void *)MEMORY) {
		printk("page_test: no memory at that address\n");
		return 1;
	}
	return UNIT_RUN(tests);
}
