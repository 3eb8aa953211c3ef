// SPDX-License-Identifier: MIT
/* x86: each CPU has a buffer through which its stores reach memory, in their order and at
 * any time. A load looks into the own buffer first. A locked operation and a full fence
 * wait until the buffer is empty. (SDM 3A "Memory Ordering"; Sewell and others,
 * "x86-TSO".) A full buffer only makes a store wait, as in the machine. */
#include "explore.h"
#include <string.h>

#define ENTRIES 8

struct entry {
	void *address;
	u64 value;
	s32 location;
	u32 size;
};

static struct buffer {
	u64 count;
	struct entry entry[ENTRIES];
} buffers[MODEL_CPUS];
/* Beside the state: which of the CPU's operations an entry was (replay.c). */
static u32 numbers[MODEL_CPUS][ENTRIES];

static void settle(void)
{
	memset(buffers, 0, sizeof(buffers));
}

static struct entry *newest(unsigned cpu, const void *address)
{
	for (u64 i = buffers[cpu].count; i-- > 0;) {
		if (buffers[cpu].entry[i].address == address)
			return &buffers[cpu].entry[i];
	}
	return NULL;
}

static unsigned ways(unsigned cpu, const struct op *op)
{
	switch (op->kind) {
	case OP_STORE:
		return buffers[cpu].count < ENTRIES;
	case OP_MODIFY:
		return !buffers[cpu].count;
	case OP_FENCE:
		return op->how != FENCE_FULL || !buffers[cpu].count;
	default:
		return 1;
	}
}

static bool unseen(unsigned cpu, const struct op *op)
{
	if (op->kind == OP_LOAD)
		return newest(cpu, op->address);
	return (op->kind == OP_STORE || op->kind == OP_FENCE) && ways(cpu, op);
}

static void buffer_store(unsigned cpu, const struct op *op)
{
	struct buffer *b = &buffers[cpu];

	numbers[cpu][b->count] = sim_steps[cpu];
	b->entry[b->count++] = (struct entry){op->address, op->value, op->location,
					      op->size};
}

static void perform(unsigned cpu, struct op *op, unsigned way)
{
	struct entry *own = newest(cpu, op->address);
	u64 value;

	switch (op->kind) {
	case OP_LOAD:
		op->result = own ? own->value : memory_read(op->address, op->size);
		break;
	case OP_STORE:
		buffer_store(cpu, op);
		break;
	case OP_MODIFY:
		op->result = memory_read(op->address, op->size);
		if (!modified_value(op, op->result, &value))
			break;
		memory_write(op->address, op->size, value);
		memory_changed(cpu, op->location);
	}
}

static bool can_drain(unsigned cpu)
{
	return buffers[cpu].count;
}

static void drain(unsigned cpu)
{
	struct buffer *b = &buffers[cpu];
	struct entry *first = &b->entry[0];

	memory_write(first->address, first->size, first->value);
	memory_changed(cpu, first->location);
	b->count--;
	memmove(first, first + 1, b->count * sizeof(*first));
	memmove(&numbers[cpu][0], &numbers[cpu][1], b->count * sizeof(u32));
	memset(&b->entry[b->count], 0, sizeof(*first));
}

u32 tso_oldest(unsigned cpu)
{
	return buffers[cpu].count ? numbers[cpu][0] : ~0u;
}

/* Plain accesses are not announced, they go to memory: behind the own buffered store. */
static void plain(unsigned cpu, struct location *location, bool write)
{
	while (newest(cpu, (void *)location->address))
		drain(cpu);
}

static bool unread(unsigned cpu)
{
	return false;
}

/* Not a locked operation: writing the x2APIC's ICR drains nothing. */
static void send(unsigned cpu, unsigned target)
{
}

static void take(unsigned cpu)
{
}

static size_t save(u8 *to)
{
	memcpy(to, buffers, sizeof(buffers));
	return sizeof(buffers);
}

static size_t restore(const u8 *from)
{
	memcpy(buffers, from, sizeof(buffers));
	return sizeof(buffers);
}

static const char *explain(unsigned cpu, const struct op *op, unsigned way)
{
	if (op->kind == OP_STORE)
		return "into the store buffer";
	return op->kind == OP_LOAD && newest(cpu, op->address) ? "from its store buffer"
							       : NULL;
}

const struct memory_model model_tso = {
	.name = "tso",
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
