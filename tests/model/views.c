// SPDX-License-Identifier: MIT
/* The store of views and messages, packed, so that a state is small. */
#include "views.h"
#include <stdlib.h>
#include <string.h>

#define ALIGN 16
#define MAX_VIEW 512
#define MAX_MESSAGES 600
#define MAX_ORDER 24 /* messages of one location */

static unsigned shared_count, plain_count, view_bytes, message_bytes, total;
static u8 views[VIEW_COUNT * MAX_VIEW] __attribute__((aligned(ALIGN)));
static u8 messages[MAX_MESSAGES * (MAX_VIEW + sizeof(struct message))]
	__attribute__((aligned(ALIGN)));
static u8 counts[MAX_SHARED];
static u16 firsts[MAX_SHARED];

u8 *view_of(enum view_id id, unsigned cpu)
{
	return views + (id + cpu) * view_bytes;
}

u8 *view_index(u8 *view, unsigned shared)
{
	return view + shared;
}

static unsigned knows_offset(void)
{
	return (shared_count + 1) & ~1u;
}

u16 *view_knows(u8 *view, unsigned plain_index)
{
	return (u16 *)(view + knows_offset()) + plain_index;
}

void view_join(u8 *into, const u8 *from)
{
	unsigned i = 0;

	for (; i < shared_count; i++)
		into[i] = into[i] > from[i] ? into[i] : from[i];
	for (i = knows_offset(); i < view_bytes; i++)
		into[i] |= from[i];
}

void view_copy(u8 *into, const u8 *from)
{
	memcpy(into, from, view_bytes);
}

void view_clear(u8 *view)
{
	memset(view, 0, view_bytes);
}

static struct message *message_number(unsigned number)
{
	return (struct message *)(messages + number * message_bytes);
}

struct message *message_at(unsigned shared, unsigned index)
{
	return message_number(firsts[shared] + index);
}

unsigned message_count(unsigned shared)
{
	return counts[shared];
}

static void set_all_known(u8 *view)
{
	memset(view, 0, shared_count);
	memset(view + knows_offset(), 0xff, plain_count * sizeof(u16));
}

void views_settle(void)
{
	shared_count = locations_shared();
	plain_count = locations_plain();
	view_bytes = knows_offset() + plain_count * (unsigned)sizeof(u16);
	view_bytes = (view_bytes + ALIGN - 1) & ~(ALIGN - 1u);
	message_bytes = view_bytes + (unsigned)sizeof(struct message);
	if (view_bytes > MAX_VIEW)
		abort();
	memset(views, 0, sizeof(views));
	memset(messages, 0, sizeof(messages));
	for (unsigned id = 0; id < VIEW_COUNT; id++)
		set_all_known(view_of(id, 0));
	for (unsigned x = 0; x < shared_count; x++) {
		struct location *l = location_of_shared(x);

		counts[x] = 1;
		firsts[x] = (u16)x;
		message_at(x, 0)->value = memory_read((void *)l->address, l->size);
		set_all_known(message_at(x, 0)->view);
	}
	total = shared_count;
}

void views_forget(unsigned plain_index, u16 bit)
{
	for (unsigned id = 0; id < VIEW_COUNT; id++)
		*view_knows(view_of(id, 0), plain_index) &= (u16)~bit;
	for (unsigned i = 0; i < total; i++)
		*view_knows(message_number(i)->view, plain_index) &= (u16)~bit;
}

static void shift_index(u8 *view, unsigned shared, unsigned index)
{
	if (view[shared] >= index)
		view[shared]++;
}

bool message_insert(unsigned shared, unsigned index)
{
	unsigned number = firsts[shared] + index;

	if (total == MAX_MESSAGES || counts[shared] == MAX_ORDER)
		return false;
	for (unsigned id = 0; id < VIEW_COUNT; id++)
		shift_index(view_of(id, 0), shared, index);
	for (unsigned i = 0; i < total; i++)
		shift_index(message_number(i)->view, shared, index);
	memmove(message_number(number + 1), message_number(number),
		(total - number) * message_bytes);
	memset(message_number(number), 0, message_bytes);
	total++;
	counts[shared]++;
	for (unsigned x = shared + 1; x < shared_count; x++)
		firsts[x]++;
	return true;
}

static void lower_index(u8 *view, unsigned shared, unsigned by)
{
	view[shared] = view[shared] > by ? (u8)(view[shared] - by) : 0;
}

void message_drop(unsigned shared, unsigned n)
{
	unsigned number = firsts[shared];

	if (!n)
		return;
	memmove(message_number(number), message_number(number + n),
		(total - number - n) * message_bytes);
	total -= n;
	counts[shared] = (u8)(counts[shared] - n);
	for (unsigned x = shared + 1; x < shared_count; x++)
		firsts[x] = (u16)(firsts[x] - n);
	for (unsigned id = 0; id < VIEW_COUNT; id++)
		lower_index(view_of(id, 0), shared, n);
	for (unsigned i = 0; i < total; i++)
		lower_index(message_number(i)->view, shared, n);
	message_at(shared, 0)->modifies = 0;
}

size_t views_save(u8 *to)
{
	size_t fixed = VIEW_COUNT * view_bytes, listed = total * message_bytes;

	memcpy(to, counts, MAX_SHARED);
	memcpy(to + MAX_SHARED, views, fixed);
	memcpy(to + MAX_SHARED + fixed, messages, listed);
	return MAX_SHARED + fixed + listed;
}

size_t views_restore(const u8 *from)
{
	size_t fixed = VIEW_COUNT * view_bytes;

	memcpy(counts, from, MAX_SHARED);
	memcpy(views, from + MAX_SHARED, fixed);
	total = 0;
	for (unsigned x = 0; x < shared_count; x++) {
		firsts[x] = (u16)total;
		total += counts[x];
	}
	memcpy(messages, from + MAX_SHARED + fixed, total * message_bytes);
	return MAX_SHARED + fixed + total * message_bytes;
}
