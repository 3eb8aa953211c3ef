// SPDX-License-Identifier: MIT
/* What the code under test calls: each shared access becomes an announced operation, and
 * plain accesses (by the compiler's -fsanitize=thread) are looked at on their way. */
#include "explore.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char failure[256];
bool replaying;

unsigned model_cpu(void)
{
	return sim_running < 0 ? 0 : (unsigned)sim_running;
}

void model_fail(const char *fmt, ...)
{
	va_list args;

	if (!failure[0]) {
		va_start(args, fmt);
		vsnprintf(failure, sizeof(failure), fmt, args);
		va_end(args);
	}
	if (sim_running >= 0)
		coroutine_yield();
}

static bool is_direct(const volatile void *address)
{
	return sim_running < 0 || arena_forgotten((const void *)address);
}

/* Let it happen, and return what it gave. */
static u64 announce(struct op op)
{
	unsigned cpu = model_cpu();

	sim[cpu].op = op;
	if (!replaying && model->unseen(cpu, &sim[cpu].op)) {
		explore_perform((struct step){(u8)cpu, 0});
		return sim[cpu].op.result;
	}
	coroutine_yield();
	return sim[cpu].op.result;
}

/* A memory operation: directly if nobody else could tell, else announced. */
static u64 access(struct op op)
{
	struct location *l;
	u64 value;

	if (!is_direct(op.address)) {
		if (!in_arena(op.address) && !in_stack(op.address))
			model_fail("%s:%d: %s is not in the arena", op.file, op.line,
				   op.name);
		l = location_marked(op.address, op.size, op.name, op.kind == OP_LOAD);
		op.location = l->shared;
		if (l->shared >= 0)
			return announce(op);
		sim_steps[sim_running]++;
	}
	op.result = memory_read(op.address, op.size);
	if (op.kind == OP_STORE)
		memory_write(op.address, op.size, op.value);
	else if (op.kind == OP_MODIFY && modified_value(&op, op.result, &value))
		memory_write(op.address, op.size, value);
	return op.result;
}

static u64 cut_to(u64 value, unsigned size)
{
	return size == 8 ? value : value & ((1ul << 8 * size) - 1);
}

u64 announce_load(const volatile void *address, unsigned size, enum order order,
		  const char *name, const char *file, int line)
{
	return access((struct op){.kind = OP_LOAD,
				  .address = (void *)address,
				  .size = (u8)size,
				  .order = order,
				  .name = name,
				  .file = file,
				  .line = line});
}

void announce_store(volatile void *address, unsigned size, u64 value, enum order order,
		    const char *name, const char *file, int line)
{
	access((struct op){.kind = OP_STORE,
			   .address = (void *)address,
			   .size = (u8)size,
			   .value = cut_to(value, size),
			   .order = order,
			   .name = name,
			   .file = file,
			   .line = line});
}

u64 announce_modify(volatile void *address, unsigned size, enum modify how, u64 value,
		    u64 expected, enum order order, const char *name, const char *file,
		    int line)
{
	return access((struct op){.kind = OP_MODIFY,
				  .address = (void *)address,
				  .size = (u8)size,
				  .value = cut_to(value, size),
				  .expected = expected,
				  .how = how,
				  .order = order,
				  .name = name,
				  .file = file,
				  .line = line});
}

/* One that is not about memory. */
static u64 other(enum op_kind kind, unsigned how, u64 value, const char *file, int line)
{
	if (sim_running < 0)
		return 0;
	return announce((struct op){.kind = kind,
				    .how = (u8)how,
				    .value = value,
				    .file = file,
				    .line = line});
}

void announce_fence(enum fence fence, const char *file, int line)
{
	other(OP_FENCE, fence, 0, file, line);
}

void announce_relax(const char *file, int line)
{
	other(OP_RELAX, 0, 0, file, line);
}

void announce_send_ipi(unsigned cpu, const char *file, int line)
{
	if (sim_running < 0)
		sim[cpu].pending = 1;
	other(OP_SEND_IPI, 0, cpu, file, line);
}

bool announce_take_ipi(const char *file, int line)
{
	return other(OP_TAKE_IPI, 0, 0, file, line);
}

bool announce_wait_ipi(bool may_leave, const char *file, int line)
{
	return other(OP_WAIT_IPI, may_leave, 0, file, line);
}

unsigned announce_choice(unsigned n, const char *file, int line)
{
	return (unsigned)other(OP_CHOICE, 0, n, file, line);
}

/* --- the compiler's hooks for plain accesses --- */

/* Where the last one stands in the program; for a report. */
void *plain_access_pc;

static void plain(const void *address, unsigned size, bool write, void *pc)
{
	struct location *l;

	if (sim_running < 0 || (!in_arena(address) && !in_stack(address)) ||
	    arena_forgotten(address))
		return;
	if (write)
		model_touch(address, size);
	l = location_plain(address, size, write);
	plain_access_pc = pc;
	if (l->shared >= 0 || l->plain_index >= 0)
		model->plain(model_cpu(), l, write);
}

#define PC __builtin_return_address(0)
#define HOOKS(size)                                                                      \
	void __tsan_read##size(void *address)                                            \
	{                                                                                \
		plain(address, size, false, PC);                                         \
	}                                                                                \
	void __tsan_write##size(void *address)                                           \
	{                                                                                \
		plain(address, size, true, PC);                                          \
	}                                                                                \
	void __tsan_unaligned_read##size(void *address)                                  \
	{                                                                                \
		plain(address, size, false, PC);                                         \
	}                                                                                \
	void __tsan_unaligned_write##size(void *address)                                 \
	{                                                                                \
		plain(address, size, true, PC);                                          \
	}

HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

/* A structure copied whole. */
void __tsan_read_range(void *address, unsigned long bytes)
{
	for (u8 *at = address; at < (u8 *)address + bytes; at += 8)
		plain(at, 8, false, PC);
}

void __tsan_write_range(void *address, unsigned long bytes)
{
	for (u8 *at = address; at < (u8 *)address + bytes; at += 8)
		plain(at, 8, true, PC);
}

void __tsan_init(void)
{
}
