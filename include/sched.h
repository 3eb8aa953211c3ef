// SPDX-License-Identifier: MIT
/* What a pCPU's loop runs. A runnable belongs to exactly one pCPU, its home:
 * only the home touches its [O] fields, queues it, runs it, or gives it away.
 * Others wake it (sched_wake) or ask its home to move it (sched_migrate).
 * Implemented in kernel/sched.c. */
#pragma once
#include "config.h"
#include "list.h"

enum run_result {
	RUN_AGAIN,   /* slice over, or somebody asked for the CPU: back to the queue */
	RUN_BLOCKED, /* nothing to do: off the queue until sched_wake() */
	RUN_DEAD,    /* never again */
};

struct runnable;

/* Called by the home's loop, root mode, interrupts off. */
struct runnable_ops {
	void (*load)(struct runnable *); /* becomes current here */
	enum run_result (*run)(struct runnable *);
	void (*put)(struct runnable *); /* no longer current */
	/* Give up all that ties it to this pCPU (hardware state, timers), before
	 * its home changes. Not current when called. */
	void (*evict)(struct runnable *);
	/* Just arrived on this pCPU (the new home). */
	void (*arrive)(struct runnable *);
	/* Is there a reason to run? Tested after the wait word says BLOCKED. */
	bool (*has_work)(struct runnable *);
	/* May be NULL. It has returned RUN_DEAD, is evicted and in no inbox; only
	 * others than the scheduler may still reach it (VMS). */
	void (*ended)(struct runnable *);
};

enum wait_state { WAIT_AWAKE, WAIT_BLOCKED };

#define SCHED_NO_CPU (-1)
#define SCHED_WEIGHT_NORMAL 100

/* What a group has used of one pCPU. That pCPU only. */
struct sched_account {
	u64 vruntime; /* TSC cycles used here, scaled by the group's weight */
	u64 least;    /* members that are new here start at this vruntime of their own */
	u32 ready;    /* members that run or are queued here */
};

/* Runnables that share one weight, such as those of a VM: however many they are, they
 * have no more of a pCPU than one runnable of that weight would. kernel/share.c */
struct sched_group {
	u32 weight; /* [I] share relative to others, 100 is normal */
	u32 ready;  /* [A] members that run or are queued, on all pCPUs */
	struct sched_account account[MAX_CPUS]; /* each [O] of that pCPU */
};

/* [I] set before it first runs   [O] home only   [A] any CPU, marked */
struct runnable {
	const struct runnable_ops *ops; /* [I] */
	const char *name;               /* [I] for dumps */
	struct list queue_node;         /* [O] run queue of the home */
	struct list home_node;          /* [O] list of all that have this home */
	u64 vruntime;                   /* [O] TSC cycles used, scaled by weight */
	u64 cpu_cycles; /* [O] TSC cycles used, for the books; read by others as a hint */
	u32 weight;     /* [I] share relative to others, 100 is normal */
	struct sched_group *group; /* [I] NULL: it stands for itself */
	bool counted;   /* [O] among the ready ones of its group */
	bool dead;                      /* [O] has returned RUN_DEAD */
	bool queued;    /* [O] */
	u64 affinity;   /* [A] mask of pCPUs it may have as home */
	u64 slice_start; /* [O] TSC when it last became current */
	s32 home;        /* [A] written by the home that gives it away */
	s32 target;      /* [A] where a migration should take it, -1: nowhere */
	u32 wait;        /* [A] enum wait_state */
	struct runnable *inbox_next; /* [A] link while in an inbox */
	u32 in_inbox; /* [A] 1: somebody has pushed it and no one has taken it yet */
} __attribute__((aligned(64)));

void sched_init_runnable(struct runnable *r, const struct runnable_ops *ops,
			 const char *name, u64 affinity, u32 weight);
/* Give a fresh runnable (wait == WAIT_BLOCKED) its first home; it runs after
 * the first sched_wake(). Any CPU. */
void sched_start(struct runnable *r, unsigned cpu);
/* Wake it if it is blocked; true if this call did so. The caller has made the
 * reason visible before. Any CPU, any root context but NMI. */
bool sched_wake(struct runnable *r);
/* Ask that it move to the pCPU; takes effect when its home gets to it.
 * -EINVAL: not in its affinity or not online. Any CPU. */
int sched_migrate(struct runnable *r, unsigned cpu);
/* Serve inbox and timers if there is something; true: the running runnable
 * should return to the loop. From its run operation, own vCPU OUTSIDE. */
bool sched_poll(void);
/* The loop. Never returns. */
void sched_loop(void) __attribute__((noreturn));
