// SPDX-License-Identifier: MIT
/* Sequential consistency: every access takes effect at once, for everybody. */
#include "explore.h"

static void settle(void)
{
}

static unsigned ways(unsigned cpu, const struct op *op)
{
	return 1;
}

static bool unseen(unsigned cpu, const struct op *op)
{
	return op->kind == OP_FENCE;
}

static void perform(unsigned cpu, struct op *op, unsigned way)
{
	u64 value;

	if (op->kind == OP_FENCE)
		return;
	op->result = memory_read(op->address, op->size);
	if (op->kind == OP_LOAD)
		return;
	if (op->kind == OP_STORE)
		value = op->value;
	else if (!modified_value(op, op->result, &value))
		return;
	memory_write(op->address, op->size, value);
	memory_changed(cpu, op->location);
}

static bool can_drain(unsigned cpu)
{
	return false;
}

static void drain(unsigned cpu)
{
}

static void plain(unsigned cpu, struct location *location, bool write)
{
}

static bool unread(unsigned cpu)
{
	return false;
}

static void send(unsigned cpu, unsigned target)
{
}

static void take(unsigned cpu)
{
}

static size_t save(u8 *to)
{
	return 0;
}

static size_t restore(const u8 *from)
{
	return 0;
}

static const char *explain(unsigned cpu, const struct op *op, unsigned way)
{
	return NULL;
}

const struct memory_model model_sc = {
	.name = "sc",
	.settle = settle,
	.ways = ways,
	.unseen = unseen,
	.perform = perform,
	.can_drain = can_drain,
	.drain = drain,
	.plain = plain,
	.unread = unread,
	.send = send,
	.take = take,
	.save = save,
	.restore = restore,
	.explain = explain,
};
