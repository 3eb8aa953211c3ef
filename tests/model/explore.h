// SPDX-License-Identifier: MIT
/* What the parts of the explorer know of one another. Compiled for the host, without the
 * hypervisor's headers, whose names are libc's. */
#pragma once
#include "../../include/types.h"
#include "scenario.h"

#define STACK_BYTES 16384
#define MAX_SHARED 128 /* memory locations with marked accesses by several CPUs */
#define MAX_PLAIN 160  /* with plain ones */

enum op_kind {
	OP_NONE,
	OP_LOAD,
	OP_STORE,
	OP_MODIFY,
	OP_FENCE,
	OP_RELAX,
	OP_SEND_IPI,
	OP_TAKE_IPI,
	OP_WAIT_IPI,
	OP_CHOICE,
	OP_END, /* this CPU has nothing more to do */
};

/* An announced operation. */
struct op {
	const char *name, *file; /* the expression, and where it stands */
	u64 value, expected;     /* of a store or modify; n of a choice; CPU of an IPI */
	u64 result;
	void *address;
	int line;
	u8 kind, size, order, how; /* enum op_kind, bytes, enum order, modify or fence */
	s32 location;              /* index among the shared ones */
};

/* --- coroutine.c: the simulated CPUs --- */

struct sim_cpu {
	void *sp;
	struct op op; /* the next operation */
	u64 watched[MAX_SHARED / 64]; /* shared locations read since the last relax */
	u32 changed;                  /* one of them has changed since */
	u32 pending;                  /* an interrupt waits */
	u32 polls;                    /* it has looked for one since the last relax */
};

extern struct sim_cpu sim[MODEL_CPUS];
/* Operations done since the beginning, those that were not announced included. Not part
 * of a state: for a path that is followed from its beginning. */
extern u32 sim_steps[MODEL_CPUS];
extern int sim_running; /* -1: the explorer */
/* Begin all anew: each CPU will run its function when it is resumed. */
void coroutines_reset(void (*const fn[MODEL_CPUS])(void));
/* Let a CPU run until it announces its next operation. */
void coroutine_resume(unsigned cpu);
/* Give control back to the explorer. */
void coroutine_yield(void);
/* The live part of a CPU's stack. */
void *coroutine_stack(unsigned cpu, size_t *bytes);
bool in_stack(const void *address);

/* --- arena.c: a state of everything, as one string of bytes --- */

struct state {
	size_t bytes;
	u8 *data;
};

extern char __start_arena[], __stop_arena[]; /* the variables of the code under test */
bool in_arena(const void *address);
bool arena_forgotten(const void *address);
void arena_keep_forgotten(void); /* at zero */
/* As the machine begins. */
void arena_reset(void);
/* The search begins here: what is written from now on is part of a state. */
void arena_begin(void);
void arena_forget_lines(void);
/* Into a buffer of its own, valid until the next call. */
struct state arena_save(void);
void arena_restore(const u8 *data);
struct key {
	u64 a, b;
};
struct key arena_hash(struct state state);

/* --- visited.c: the states that were seen --- */

void visited_clear(void);
/* Remember it; false: it was there. */
bool visited_add(struct key key);
u64 visited_count(void);

/* --- locations.c: which memory is shared, found out while exploring --- */

struct location {
	uintptr_t address;
	const char *name;
	u8 size;
	u8 marked, plain, plain_written; /* CPUs (bits) that access it so */
	u8 loads;                        /* CPUs that load it, by marked loads */
	s32 shared, plain_index;         /* -1: not shared, or not yet known to be */
};

void locations_clear(void);
/* Give an index to what has been found to be shared. A search begins. */
void locations_begin(void);
/* For a replay: every marked location counts as shared. */
void locations_share_all(bool all);
/* Note an access; NULL and explore_restart() if it changes what is shared. */
struct location *location_marked(const volatile void *address, unsigned size,
				 const char *name, bool load);
struct location *location_plain(const void *address, unsigned size, bool write);
struct location *location_of_shared(unsigned index);
unsigned locations_shared(void);
unsigned locations_plain(void);
struct location *location_next(struct location *after); /* NULL: the first */

/* --- memory models --- */

struct memory_model {
	const char *name;
	/* Everything is known to everybody, nothing is buffered. */
	void (*settle)(void);
	/* In how many ways may it happen now? 0: not yet. */
	unsigned (*ways)(unsigned cpu, const struct op *op);
	/* Nobody can tell when it happens: then it happens at once, by way 0. */
	bool (*unseen)(unsigned cpu, const struct op *op);
	void (*perform)(unsigned cpu, struct op *op, unsigned way);
	bool (*can_drain)(unsigned cpu);
	void (*drain)(unsigned cpu);
	void (*plain)(unsigned cpu, struct location *location, bool write);
	/* Is there something newer than what this CPU has read since its last relax? */
	bool (*unread)(unsigned cpu);
	void (*send)(unsigned cpu, unsigned target);
	void (*take)(unsigned cpu);
	size_t (*save)(u8 *to);
	size_t (*restore)(const u8 *from);
	/* In a printed interleaving: what way means; NULL: nothing to say. */
	const char *(*explain)(unsigned cpu, const struct op *op, unsigned way);
};

extern const struct memory_model model_sc, model_tso, model_weak;
extern const struct memory_model *model;
/* Which of the CPU's operations its oldest buffered store was; ~0: none is buffered. */
u32 tso_oldest(unsigned cpu);
extern bool weak_append_only;
extern u64 weak_paths_cut; /* executions that were cut because a list was full */

/* memory.c: what all models do alike. */
u64 memory_read(const void *address, unsigned size);
void memory_write(void *address, unsigned size, u64 value);
/* The value that an announced modify stores where it finds old; false: none. */
bool modified_value(const struct op *op, u64 old, u64 *value);
/* A location has changed: who waits for it may go on. */
void memory_changed(unsigned cpu, int shared);

/* --- explore.c --- */

#define WAY_DRAIN 255

struct step {
	u8 cpu, way;
};

struct result {
	bool failed;
	u64 states, transitions;
	double seconds;
	const char *why;
	struct step *path;
	unsigned length;
};

extern char failure[256]; /* why this interleaving fails; empty: it does not */
extern bool replaying;    /* print what happens */
struct result explore(const struct scenario *scenario, const struct memory_model *with);
/* Replace the path of a failure by a shortest one, if memory is enough to find it. */
void explore_shorten(const struct scenario *scenario, struct result *result);
/* Set the machine up as the scenario wants it. */
void explore_begin(const struct scenario *scenario);
/* Let a CPU's announced operation happen. */
void explore_perform(struct step step);
/* The same, and let the CPU go on to its next one. */
void explore_step(struct step step);
/* In how many ways can the CPU's operation happen now? *optional: it never must. */
unsigned explore_ways(unsigned cpu, bool *optional);
/* What the scenario checks after each step, and at the end. */
void explore_check(const struct scenario *scenario);
void explore_check_end(const struct scenario *scenario);
/* More became known to be shared or written: this path ends, and when some more paths
 * have been tried, so that all that is new is found together, the search begins anew. */
void explore_restart(void);
extern bool restart_wanted;

/* --- replay.c, report.c --- */

/* The path as text, independent of what was known as shared. */
void replay_encode(const struct scenario *scenario, const struct result *result,
		   char *text, size_t bytes);
/* Follow it and print each step. False: it cannot be followed on this source. */
bool replay_run(const struct scenario *scenario, const char *text);

/* Print an operation that has just happened, in the way that was chosen. */
void report_op(unsigned cpu, const struct op *op, unsigned way, const char *how);
void report_drain(unsigned cpu);
/* Called for each round of a replay: the first is silent, and finds what several CPUs
 * touch on this path; only that is printed. */
void report_begin(bool print);
/* "V.mode" for a location. */
void report_name(const void *address, const char *expression, char *text, size_t bytes);
/* " at FILE:LINE" of the last plain access. */
const char *report_place(void);
extern void *plain_access_pc;
