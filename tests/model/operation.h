// SPDX-License-Identifier: MIT
/* What a simulated CPU can ask for. Each call announces one operation, gives control to
 * the explorer, and returns when the explorer has let it happen. Any simulated CPU;
 * during a scenario's setup, outside of one, the operation happens at once. */
#pragma once

enum order {
	LOAD_RELAXED,
	LOAD_ACQUIRE,
	STORE_RELAXED,
	STORE_RELEASE,
	MODIFY_RELAXED,
	MODIFY_FULL, /* a full fence, the relaxed operation, a full fence */
};
enum modify { MODIFY_COMPARE, MODIFY_EXCHANGE, MODIFY_ADD, MODIFY_OR, MODIFY_AND };
enum fence { FENCE_FULL, FENCE_WRITE, FENCE_READ };

/* --- memory --- */

u64 announce_load(const volatile void *address, unsigned size, enum order order,
		  const char *name, const char *file, int line);
void announce_store(volatile void *address, unsigned size, u64 value, enum order order,
		    const char *name, const char *file, int line);
/* Returns the value before. */
u64 announce_modify(volatile void *address, unsigned size, enum modify how, u64 value,
		    u64 expected, enum order order, const char *name, const char *file,
		    int line);
void announce_fence(enum fence fence, const char *file, int line);
/* A turn of a loop that waits for others: goes on when something that this CPU has read
 * since its last turn has changed, or an interrupt waits and it takes interrupts. */
void announce_relax(const char *file, int line);

/* --- hardware: interrupts --- */

void announce_send_ipi(unsigned cpu, const char *file, int line);
/* Take what is pending, do not wait. True: there was something. */
bool announce_take_ipi(const char *file, int line);
/* Wait for an interrupt (HLT, or a guest), and take it. may_leave: it may also end by
 * itself, which is never certain: such a step counts as optional. True: an interrupt. */
bool announce_wait_ipi(bool may_leave, const char *file, int line);

/* --- the scenario's own --- */

/* One of 0 .. n-1; all are explored. */
unsigned announce_choice(unsigned n, const char *file, int line);
/* A line for whoever reads a printed interleaving. */
void narrate(const char *text);
/* A check has failed: this interleaving ends, and is shown. Also from a check that the
 * explorer calls between two steps. */
void model_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Statistics that nobody decides by: kept at zero, and not announced, so that runs that
 * differ in nothing else are one. During setup. */
void model_forget(void *start, u64 bytes);
/* Tell of a write that the compiler does not tell of. False: do not write, this path is
 * over (only during the explorer's own turn; else it does not return then). */
bool model_touch(const void *address, u64 bytes);
/* What a range of memory is called in a printed interleaving. During setup. */
void model_name(const void *start, u64 bytes, const char *name);
/* The running CPU's number; 0 during setup. */
unsigned model_cpu(void);
