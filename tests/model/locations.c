// SPDX-License-Identifier: MIT
/* Which memory is shared. A location that only one CPU ever touches needs no step of its
 * own: nobody can tell when it happens. Which those are is found out: the search begins
 * with all as private, and begins anew when a second CPU comes to one. The table only
 * grows, so this ends, and then every interleaving of shared accesses has been seen. */
#include "explore.h"
#include <stdlib.h>
#include <string.h>

#define SLOTS 4096

static struct location table[SLOTS];
static u16 order[SLOTS]; /* slots in the order in which they came */
static unsigned count, shared, plain;
static struct location *by_shared[MAX_SHARED];
static bool share_all;

void locations_clear(void)
{
	memset(table, 0, sizeof(table));
	count = shared = plain = 0;
}

void locations_share_all(bool all)
{
	share_all = all;
}

static struct location *find(const volatile void *address, unsigned size)
{
	uintptr_t a = (uintptr_t)address;
	unsigned at = (unsigned)(a * 0x9e3779b185ebca87ul >> 52);

	for (; table[at].address; at = (at + 1) % SLOTS) {
		if (table[at].address == a)
			return &table[at];
	}
	if (count == SLOTS / 2)
		abort();
	order[count++] = (u16)at;
	table[at] = (struct location){
		.address = a, .size = (u8)size, .shared = -1, .plain_index = -1};
	return &table[at];
}

struct location *location_next(struct location *after)
{
	unsigned i = 0;

	if (after) {
		while (&table[order[i]] != after)
			i++;
		i++;
	}
	return i < count ? &table[order[i]] : NULL;
}

static bool is_shared(u8 cpus)
{
	return cpus & (cpus - 1);
}

static bool needs_shared(const struct location *l)
{
	return l->marked && l->shared < 0 &&
	       (share_all || is_shared(l->marked | l->plain));
}

static bool needs_plain(const struct location *l)
{
	return l->plain && l->plain_index < 0 && is_shared(l->marked | l->plain);
}

void locations_begin(void)
{
	for (unsigned i = 0; i < count; i++) {
		struct location *l = &table[order[i]];

		if (shared == MAX_SHARED || plain == MAX_PLAIN)
			abort();
		if (needs_shared(l)) {
			by_shared[shared] = l;
			l->shared = (s32)shared++;
		}
		if (needs_plain(l))
			l->plain_index = (s32)plain++;
	}
}

static void look(const struct location *l)
{
	if (needs_shared(l) || needs_plain(l))
		explore_restart();
}

struct location *location_marked(const volatile void *address, unsigned size,
				 const char *name, bool load)
{
	struct location *l = find(address, size);
	u8 cpu = (u8)(1u << sim_running);

	l->name = name;
	l->size = (u8)size;
	l->marked |= cpu;
	look(l);
	if (load && !(l->loads & cpu)) {
		l->loads |= cpu;
		if (l->shared >= 0)
			explore_restart(); /* a new reader keeps old values alive */
	}
	return l;
}

struct location *location_plain(const void *address, unsigned size, bool write)
{
	struct location *l = find(address, size);
	u8 cpu = (u8)(1u << sim_running);

	if (!(l->plain & cpu)) {
		l->plain |= cpu;
		if (l->shared >= 0)
			explore_restart();
	}
	look(l);
	if (write && !(l->plain_written & cpu)) {
		l->plain_written |= cpu;
		if (l->shared >= 0 || l->plain_index >= 0)
			explore_restart();
	}
	return l;
}

struct location *location_of_shared(unsigned index)
{
	return by_shared[index];
}

unsigned locations_shared(void)
{
	return shared;
}

unsigned locations_plain(void)
{
	return plain;
}
