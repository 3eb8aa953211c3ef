// SPDX-License-Identifier: MIT
/* The whole state as one string of bytes: the variables of the code under test (all
 * linked into one section, the arena), the simulated CPUs, the live parts of their
 * stacks, and what the memory model remembers. Saved, it can be gone back to; hashed,
 * it tells whether it was seen before.
 *
 * Of the arena only those lines are kept that are ever written: found out while
 * exploring, as what is shared (locations.c). A write that nobody has told of is found by
 * comparing the others with the beginning now and then. */
#include "explore.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FORGOTTEN 16
#define LANES 4
#define LINE 32
#define MAX_LINES 4096
#define LOOK_EVERY 512 /* saves, at the lines that are not kept */

static struct {
	u8 *start;
	size_t bytes;
} forgotten[MAX_FORGOTTEN];
static unsigned forgotten_count;
static u8 *pristine, *baseline, *buffer;
static u8 written[MAX_LINES]; /* lines that are written, as far as is known */
static u8 is_kept[MAX_LINES]; /* those of them that a state has */
static u16 kept[MAX_LINES];   /* the same as a list */
static unsigned kept_count, saves;
static bool following; /* writes from now on are part of the search */

static size_t arena_bytes(void)
{
	return (size_t)(__stop_arena - __start_arena);
}

bool in_arena(const void *address)
{
	const char *a = address;

	return a >= __start_arena && a < __stop_arena;
}

void model_forget(void *start, u64 bytes)
{
	if (forgotten_count == MAX_FORGOTTEN)
		abort();
	forgotten[forgotten_count].start = start;
	forgotten[forgotten_count++].bytes = bytes;
}

bool arena_forgotten(const void *address)
{
	for (unsigned i = 0; i < forgotten_count; i++) {
		const u8 *a = address;

		if (a >= forgotten[i].start &&
		    a < forgotten[i].start + forgotten[i].bytes)
			return true;
	}
	return false;
}

void arena_keep_forgotten(void)
{
	for (unsigned i = 0; i < forgotten_count; i++)
		memset(forgotten[i].start, 0, forgotten[i].bytes);
}

void arena_reset(void)
{
	if (!pristine) {
		if (arena_bytes() / LINE > MAX_LINES)
			abort();
		pristine = malloc(arena_bytes());
		baseline = malloc(arena_bytes());
		memcpy(pristine, __start_arena, arena_bytes());
		buffer = aligned_alloc(64, (arena_bytes() + (4u << 20)) & ~63ul);
	}
	memcpy(__start_arena, pristine, arena_bytes());
	forgotten_count = 0;
	following = false;
}

void arena_forget_lines(void)
{
	memset(written, 0, sizeof(written));
}

void arena_begin(void)
{
	kept_count = 0;
	for (unsigned i = 0; i < arena_bytes() / LINE; i++) {
		is_kept[i] = written[i];
		if (written[i])
			kept[kept_count++] = (u16)i;
	}
	memcpy(baseline, __start_arena, arena_bytes());
	following = true;
}

bool model_touch(const void *address, u64 bytes)
{
	size_t first, last;
	bool new = false;

	if (!following || !in_arena(address) || arena_forgotten(address))
		return true;
	first = (size_t)((const char *)address - __start_arena) / LINE;
	last = (size_t)((const char *)address + bytes - 1 - __start_arena) / LINE;
	for (size_t i = first; i <= last; i++) {
		new |= !is_kept[i];
		written[i] = 1;
	}
	if (new)
		explore_restart();
	return !new;
}

/* Has a line changed that nobody said was written? */
static void look_for_hidden_writes(void)
{
	for (size_t i = 0; i < arena_bytes() / LINE; i++) {
		if (!is_kept[i] &&
		    memcmp(__start_arena + i * LINE, baseline + i * LINE, LINE)) {
			fprintf(stderr, "explorer: a hidden write at %p\n",
				(void *)(__start_arena + i * LINE));
			abort();
		}
	}
}

static u8 *put(u8 *to, const void *from, size_t bytes)
{
	memcpy(to, from, bytes);
	return to + bytes;
}

static const u8 *get(void *to, const u8 *from, size_t bytes)
{
	memcpy(to, from, bytes);
	return from + bytes;
}

struct state arena_save(void)
{
	u8 *at = buffer;
	size_t bytes;

	if (++saves % LOOK_EVERY == 0)
		look_for_hidden_writes();
	for (unsigned i = 0; i < kept_count; i++)
		at = put(at, __start_arena + kept[i] * LINE, LINE);
	at = put(at, sim, sizeof(sim));
	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		void *stack = coroutine_stack(cpu, &bytes);

		at = put(at, stack, bytes);
	}
	at += model->save(at);
	while ((at - buffer) % (8 * LANES))
		*at++ = 0;
	return (struct state){(size_t)(at - buffer), buffer};
}

void arena_restore(const u8 *data)
{
	const u8 *at = data;
	size_t bytes;

	for (unsigned i = 0; i < kept_count; i++)
		at = get(__start_arena + kept[i] * LINE, at, LINE);

	at = get(sim, at, sizeof(sim));
	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		void *stack = coroutine_stack(cpu, &bytes);

		at = get(stack, at, bytes);
	}
	model->restore(at);
}

static u64 rotate(u64 x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static u64 finish(u64 x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdul;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ul;
	return x ^ x >> 33;
}

/* 128 bits: that two of 100 million states share them has a chance of 1 in 10^22. */
struct key arena_hash(struct state state)
{
	static const u64 odd[LANES] = {0x9e3779b185ebca87ul, 0xc2b2ae3d27d4eb4ful,
				       0x165667b19e3779f9ul, 0x85ebca77c2b2ae63ul};
	const u64 *word = (const u64 *)state.data;
	u64 lane[LANES] = {1, 2, 3, 4};
	struct key key = {state.bytes, ~state.bytes};

	for (size_t i = 0; i < state.bytes / 8; i += LANES) {
		for (unsigned l = 0; l < LANES; l++)
			lane[l] = rotate((lane[l] ^ word[i + l]) * odd[l], 29) + odd[l];
	}
	for (unsigned l = 0; l < LANES; l++) {
		key.a = finish(rotate(key.a, 17) ^ lane[l]);
		key.b = finish(rotate(key.b, 31) + lane[l] * odd[l]);
	}
	return key;
}
