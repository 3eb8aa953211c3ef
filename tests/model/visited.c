// SPDX-License-Identifier: MIT
/* The set of states seen, by their hashes: open addressing, at most half full. */
#include "explore.h"
#include <stdlib.h>

#define FIRST_SIZE (1ul << 16)

static struct key *table;
static u64 size, count;

void visited_clear(void)
{
	free(table);
	size = FIRST_SIZE;
	count = 0;
	table = calloc(size, sizeof(*table));
}

static bool insert(struct key key)
{
	u64 at = key.a & (size - 1);

	for (; table[at].a || table[at].b; at = (at + 1) & (size - 1)) {
		if (table[at].a == key.a && table[at].b == key.b)
			return false;
	}
	table[at] = key;
	return true;
}

static void grow(void)
{
	struct key *old = table;
	u64 old_size = size;

	size *= 4;
	table = calloc(size, sizeof(*table));
	if (!table)
		abort();
	for (u64 i = 0; i < old_size; i++) {
		if (old[i].a || old[i].b)
			insert(old[i]);
	}
	free(old);
}

bool visited_add(struct key key)
{
	if (2 * count > size)
		grow();
	if (!insert(key))
		return false;
	count++;
	return true;
}

u64 visited_count(void)
{
	return count;
}
