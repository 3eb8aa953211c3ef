// SPDX-License-Identifier: MIT
/* Weaker than x86, as C11 repaired (Lahav and others, "Repairing Sequential Consistency
 * in C/C++11"): a load may return any store that is not older than what the CPU is bound
 * to see, and knowledge is handed on only by release and acquire, by fences and
 * interrupts. What no x86 does, a compiler may do. Plain accesses that nothing puts in
 * order are reported as data races.
 *
 * Full modification order: a store may take its place before others that its CPU does not
 * know. Append only: it goes to the end, which has fewer states and misses executions in
 * which two CPUs' stores to one location are in the order opposite to their time.
 *
 * Not covered: a load that takes its value from a store which comes later on its own CPU
 * (load buffering). */
#include "views.h"

#define NONE 0xffu

bool weak_append_only;
u64 weak_paths_cut;

static u8 *index_of(unsigned cpu, unsigned shared)
{
	return view_index(view_of(VIEW_NOW, cpu), shared);
}

static void full_fence(unsigned cpu)
{
	u8 *all = view_of(VIEW_FENCES, 0);

	view_join(all, view_of(VIEW_ACQUIRE, cpu));
	view_copy(view_of(VIEW_NOW, cpu), all);
	view_copy(view_of(VIEW_ACQUIRE, cpu), all);
	view_copy(view_of(VIEW_RELEASE, cpu), all);
}

static void fence(unsigned cpu, enum fence how)
{
	switch (how) {
	case FENCE_FULL:
		full_fence(cpu);
		break;
	case FENCE_READ:
		view_copy(view_of(VIEW_NOW, cpu), view_of(VIEW_ACQUIRE, cpu));
		break;
	case FENCE_WRITE: /* as a release fence, which orders earlier loads too */
		view_copy(view_of(VIEW_RELEASE, cpu), view_of(VIEW_NOW, cpu));
	}
}

/* --- in which place of the modification order --- */

/* The oldest message that the operation can meet. */
static unsigned oldest(unsigned cpu, const struct op *op)
{
	unsigned x = (unsigned)op->location, index = *index_of(cpu, x);
	unsigned pending = *view_index(view_of(VIEW_ACQUIRE, cpu), x);
	unsigned fences = *view_index(view_of(VIEW_FENCES, 0), x);

	if (op->kind != OP_MODIFY || op->order != MODIFY_FULL)
		return index;
	pending = pending > fences ? pending : fences;
	return index > pending ? index : pending; /* it begins with a full fence */
}

static bool can_insert(unsigned x, unsigned index)
{
	return index == message_count(x) ||
	       (!weak_append_only && !message_at(x, index)->modifies);
}

static bool is_way(const struct op *op, unsigned index)
{
	unsigned x = (unsigned)op->location;
	u64 value;

	switch (op->kind) {
	case OP_LOAD:
		return true;
	case OP_STORE:
		return can_insert(x, index + 1);
	default:
		if (weak_append_only)
			return index + 1 == message_count(x);
		return !modified_value(op, message_at(x, index)->value, &value) ||
		       can_insert(x, index + 1);
	}
}

/* The message that way number `way` meets, the newest first: a load returns it, a store
 * comes behind it. */
static unsigned met(unsigned cpu, const struct op *op, unsigned way)
{
	unsigned least = oldest(cpu, op);

	for (unsigned i = message_count((unsigned)op->location); i-- > least;) {
		if (is_way(op, i) && !way--)
			return i;
	}
	return NONE;
}

static unsigned ways(unsigned cpu, const struct op *op)
{
	unsigned n = 0;

	if (op->kind == OP_FENCE)
		return 1;
	while (met(cpu, op, n) != NONE)
		n++;
	return n;
}

/* --- plain data --- */

static void race(unsigned cpu, const char *what, const struct location *l)
{
	char name[64];

	report_name((void *)l->address, l->name, name, sizeof(name));
	model_fail("data race on %s: %s by cpu%u%s", name, what, cpu, report_place());
}

static bool others_known(unsigned cpu, u16 knows, unsigned first)
{
	for (unsigned other = 0; other < MODEL_CPUS; other++) {
		if (other != cpu && !(knows >> (first + other) & 1))
			return false;
	}
	return true;
}

static void now_known(unsigned cpu, unsigned plain_index, u16 bit)
{
	views_forget(plain_index, bit);
	*view_knows(view_of(VIEW_NOW, cpu), plain_index) |= bit;
	*view_knows(view_of(VIEW_ACQUIRE, cpu), plain_index) |= bit;
}

static bool knows_newest(unsigned cpu, const struct location *l)
{
	unsigned x = (unsigned)l->shared;

	return l->shared < 0 || *index_of(cpu, x) + 1u == message_count(x);
}

static void collapse(unsigned x)
{
	message_drop(x, message_count(x) - 1);
	for (unsigned id = 0; id < VIEW_COUNT; id++)
		*view_index(view_of(id, 0), x) = 0;
}

static void plain(unsigned cpu, struct location *l, bool write)
{
	unsigned p = (unsigned)l->plain_index;
	u16 knows;

	if (l->plain_index < 0)
		return;
	knows = *view_knows(view_of(VIEW_NOW, cpu), p);
	if (!(knows & KNOWS_WRITE) || !knows_newest(cpu, l))
		race(cpu,
		     write ? "plain write, unordered with a write of another CPU,"
			   : "plain read, unordered with a write of another CPU,",
		     l);
	if (write && (!others_known(cpu, knows, 0) || !others_known(cpu, knows, 4)))
		race(cpu, "plain write, unordered with a read of another CPU,", l);
	now_known(cpu, p, write ? KNOWS_WRITE : KNOWS_PLAIN_READ(cpu));
	if (write && l->shared >= 0)
		collapse((unsigned)l->shared);
}

/* A marked access of a location that is also accessed plainly. */
static void marked_beside_plain(unsigned cpu, const struct location *l, bool write)
{
	unsigned p = (unsigned)l->plain_index;
	u16 knows;

	if (l->plain_index < 0)
		return;
	knows = *view_knows(view_of(VIEW_NOW, cpu), p);
	if (!(knows & KNOWS_WRITE))
		race(cpu, "marked access, unordered with a plain write of another CPU,",
		     l);
	if (write && !others_known(cpu, knows, 0))
		race(cpu, "marked write, unordered with a plain read of another CPU,", l);
	if (!write && l->plain_written)
		now_known(cpu, p, KNOWS_MARKED_READ(cpu));
}

/* --- the operations --- */

static void read_message(unsigned cpu, const struct op *op, unsigned index)
{
	unsigned x = (unsigned)op->location;
	struct message *m = message_at(x, index);
	u8 *now = view_of(VIEW_NOW, cpu), *acquire = view_of(VIEW_ACQUIRE, cpu);

	if (*view_index(now, x) < index)
		*view_index(now, x) = (u8)index;
	if (*view_index(acquire, x) < index)
		*view_index(acquire, x) = (u8)index;
	view_join(acquire, m->view);
	if (op->order == LOAD_ACQUIRE)
		view_join(now, m->view);
}

/* Behind the message with this index; modifies: it also takes over its view. */
static void write_message(unsigned cpu, const struct op *op, unsigned index, u64 value,
			  bool modifies)
{
	unsigned x = (unsigned)op->location, at = index + 1;
	u8 *now = view_of(VIEW_NOW, cpu), *acquire = view_of(VIEW_ACQUIRE, cpu);
	struct message *m;

	if (!message_insert(x, at)) {
		weak_paths_cut++;
		at = message_count(x) - 1; /* this path is not followed */
	}
	m = message_at(x, at);
	m->value = value;
	m->modifies = modifies;
	*view_index(now, x) = (u8)at;
	*view_index(acquire, x) = (u8)at;
	view_copy(m->view, op->order == STORE_RELEASE ? now : view_of(VIEW_RELEASE, cpu));
	if (modifies)
		view_join(m->view, message_at(x, index)->view);
	*view_index(m->view, x) = (u8)at;
	if (at + 1 == message_count(x))
		memory_write(op->address, op->size, value);
	memory_changed(cpu, op->location);
}

/* Drop what nobody can read any more. */
static void trim(unsigned x)
{
	const struct location *l = location_of_shared(x);
	u8 readers = weak_append_only ? l->loads | l->plain : l->marked | l->plain;
	unsigned least = message_count(x) - 1;

	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		if (readers >> cpu & 1 && sim[cpu].op.kind != OP_END &&
		    *index_of(cpu, x) < least)
			least = *index_of(cpu, x);
	}
	message_drop(x, least);
}

static void trim_all(void)
{
	for (unsigned x = 0; x < locations_shared(); x++) {
		if (message_count(x) > 1)
			trim(x);
	}
}

/* After plain writes the one message's value is what memory holds. */
static void refresh(const struct op *op)
{
	unsigned x = (unsigned)op->location;

	if (message_count(x) == 1)
		message_at(x, 0)->value = memory_read(op->address, op->size);
}

static void access(unsigned cpu, struct op *op, unsigned way)
{
	const struct location *l = location_of_shared((unsigned)op->location);
	bool full = op->kind == OP_MODIFY && op->order == MODIFY_FULL;
	unsigned index;
	u64 value = op->value;

	refresh(op);
	index = met(cpu, op, way);
	if (full)
		full_fence(cpu);
	marked_beside_plain(cpu, l, op->kind != OP_LOAD);
	if (op->kind != OP_STORE) {
		op->result = message_at((unsigned)op->location, index)->value;
		read_message(cpu, op, index);
	}
	if (op->kind == OP_STORE ||
	    (op->kind == OP_MODIFY && modified_value(op, op->result, &value)))
		write_message(cpu, op, index, value, op->kind == OP_MODIFY);
	if (full)
		full_fence(cpu);
}

static void perform(unsigned cpu, struct op *op, unsigned way)
{
	if (op->kind == OP_FENCE)
		fence(cpu, op->how);
	else
		access(cpu, op, way);
	trim_all();
}

/* These change nothing but the CPU's own views. */
static bool unseen(unsigned cpu, const struct op *op)
{
	return op->kind == OP_FENCE && op->how != FENCE_FULL;
}

static bool unread(unsigned cpu)
{
	for (unsigned x = 0; x < locations_shared(); x++) {
		if (sim[cpu].watched[x / 64] >> x % 64 & 1 &&
		    *index_of(cpu, x) + 1u < message_count(x))
			return true;
	}
	return false;
}

/* An assumption about hardware: an interrupt does not arrive before what a fence in front
 * of its sending has ordered. */
static void send(unsigned cpu, unsigned target)
{
	view_join(view_of(VIEW_IPI, target), view_of(VIEW_RELEASE, cpu));
}

static void take(unsigned cpu)
{
	view_join(view_of(VIEW_NOW, cpu), view_of(VIEW_IPI, cpu));
	view_join(view_of(VIEW_ACQUIRE, cpu), view_of(VIEW_IPI, cpu));
	view_clear(view_of(VIEW_IPI, cpu));
	trim_all();
}

static bool can_drain(unsigned cpu)
{
	return false;
}

static void drain(unsigned cpu)
{
}

static const char *explain(unsigned cpu, const struct op *op, unsigned way)
{
	if (!way)
		return NULL;
	if (op->kind == OP_STORE)
		return "before a store that it does not know";
	return "an older value: nothing makes the newer one known here";
}

const struct memory_model model_weak = {
	.name = "weak",
	.settle = views_settle,
	.ways = ways,
	.unseen = unseen,
	.perform = perform,
	.can_drain = can_drain,
	.drain = drain,
	.plain = plain,
	.unread = unread,
	.send = send,
	.take = take,
	.save = views_save,
	.restore = views_restore,
	.explain = explain,
};
