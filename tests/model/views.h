// SPDX-License-Identifier: MIT
/* A view: what somebody knows of the shared memory. One byte for each shared location:
 * the index, in the location's modification order, of the newest store that is known. And
 * sixteen bits for each location with plain accesses: which of them are known. Views are
 * joined when knowledge is handed on. */
#pragma once
#include "explore.h"

/* [bits of struct location's plain_index in a view] */
#define KNOWS_WRITE BIT16(8)                /* the latest plain write */
#define KNOWS_PLAIN_READ(cpu) BIT16(cpu)    /* the CPU's latest plain read */
#define KNOWS_MARKED_READ(cpu) BIT16(4 + (cpu)) /* the CPU's latest marked read */
#define BIT16(n) ((u16)(1u << (n)))

enum view_id {
	VIEW_NOW,                             /* + CPU: what it is bound to see */
	VIEW_ACQUIRE = VIEW_NOW + MODEL_CPUS, /* ... would be after an acquire fence */
	VIEW_RELEASE = VIEW_ACQUIRE + MODEL_CPUS, /* ... hands on by a relaxed store */
	VIEW_IPI = VIEW_RELEASE + MODEL_CPUS,     /* travels with an interrupt to it */
	VIEW_FENCES = VIEW_IPI + MODEL_CPUS,      /* what the full fences have seen */
	VIEW_COUNT
};

/* One store in a location's modification order. */
struct message {
	u64 value;
	u64 modifies; /* a read-modify-write: nothing comes between it and the last */
	u8 view[];
};

/* Everybody knows everything; each location has one message. */
void views_settle(void);
u8 *view_of(enum view_id id, unsigned cpu);
u8 *view_index(u8 *view, unsigned shared);
u16 *view_knows(u8 *view, unsigned plain_index);
void view_join(u8 *into, const u8 *from);
void view_copy(u8 *into, const u8 *from);
void view_clear(u8 *view);
/* Forget a bit of a plain location in every view there is. */
void views_forget(unsigned plain_index, u16 bit);

unsigned message_count(unsigned shared);
struct message *message_at(unsigned shared, unsigned index);
/* Make room: a new message with this index; what was there and behind moves up by one in
 * every view. False: no room. */
bool message_insert(unsigned shared, unsigned index);
/* Drop the first n messages of a location. */
void message_drop(unsigned shared, unsigned n);

size_t views_save(u8 *to);
size_t views_restore(const u8 *from);
