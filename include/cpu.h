// SPDX-License-Identifier: MIT
/* Per-CPU data. this_cpu() is one instruction; another CPU's data is reached
 * only by cpu_of(id), and only its [A] fields. */
#pragma once
#include "config.h"
#include "list.h"
#include "assert.h"
#include "spinlock.h"

struct runnable;

struct run_queue {
	struct list queue; /* runnables ready to run */
	struct list homed; /* all runnables whose home is this CPU */
	unsigned count;    /* length of queue */
	u64 min_vruntime;  /* newcomers and woken ones start here */
	u64 slice_end;     /* TSC; 0: no slice, the current one is alone */
	u64 handover;      /* TSC: the next one is charged from then; 0: from its load */
	bool serving;      /* in sched_poll(): what it does is done for who wakes */
};

/* What another CPU asks of this one's place in the pool; the answer replaces it. */
enum cpu_wanted { CPU_AS_IT_IS, CPU_WANT_OFFLINE, CPU_WANT_ONLINE, CPU_REFUSED };

/* [I] set before the CPU goes online   [O] this CPU only   [A] any CPU, marked */
struct cpu {
	struct cpu *self; /* [I] gs:0 */
	u32 id;           /* [I] 0..MAX_CPUS-1, our own number */
	u32 apic_id;      /* [I] the hardware's number */
	u64 pad[2];
	struct runnable *current; /* [O] loaded here, or NULL */
	u64 stack_canary;         /* [I] gs:0x28, where -fstack-protector looks for it */
	void *stack_top;          /* [I] */
	bool resched;             /* [O] the running runnable should return to the loop */
	bool timer_due;           /* [O] the local APIC timer fired */
	u32 locks_held;           /* [O] spinlocks this CPU holds */
	u32 irq_count;            /* [O] interrupts taken */
	u32 spurious_count;       /* [O] */
	u32 nmi_count;            /* [O] NMIs taken, also by exit */
	struct run_queue rq;      /* [O] */
	struct list timers;       /* [O] */
	u64 timer_programmed;     /* [O] deadline in the local APIC, 0: none */
	u64 last_poll;            /* [O] TSC of the last inbox poll (debug builds) */
	u64 tsc_skew;             /* [I] this CPU's TSC minus the boot CPU's */
	u64 longest_stretch;      /* [O] longest time between two polls so far */

	/* What other CPUs write: on cache lines of their own. */
	u64 inbox_seq __attribute__((aligned(64))); /* [A] senders fetch-add */
	struct runnable *inbox;                     /* [A] pushed runnables, LIFO */
	struct ipi_call *calls;                     /* [A] pushed function calls, LIFO */
	u64 ack_seq __attribute__((aligned(64))); /* [A] owner stores what it has seen */
	u32 online;                               /* [A] in the scheduling pool */
	u32 load;   /* [A] runnables that it has to run; a hint, 0 once idle */
	u32 idle;   /* [A] halted, waiting for an interrupt */
	u32 wanted; /* [A] enum cpu_wanted: leave or join the pool */
} __attribute__((aligned(64)));

static_assert(offsetof(struct cpu, stack_canary) == 0x28,
	      "the compiler reads the stack protector's canary at gs:0x28");

/* This CPU. Valid from early boot on; any context. */
static inline struct cpu *this_cpu(void)
{
	struct cpu *self;
	__asm__("mov %%gs:0, %0" : "=r"(self));
	return self;
}
/* Another CPU's block; id < cpu_count(). */
struct cpu *cpu_of(unsigned id);
/* CPUs that answered at boot (online or taken offline since). */
unsigned cpu_count(void);
bool cpu_online(unsigned id);
/* Mask of the online ones. A hint: it may change at once. */
u64 cpu_online_mask(void);

/* --- making CPUs known --- */

/* A new block. Boot CPU only. NULL: MAX_CPUS are there. */
struct cpu *cpu_add(u32 apic_id);
/* Forget the last one added: it did not answer. Boot CPU. */
void cpu_remove_last(void);
/* The page below a CPU's stack, to be taken out of the map. */
const void *cpu_stack_guard(unsigned id);
/* Enter or leave the scheduling pool. The CPU itself. */
void cpu_set_online(struct cpu *cpu, bool online);
