// SPDX-License-Identifier: MIT
/* Put in front of every file under test (-include): each shared access, fence and wait
 * becomes a call that announces it to the explorer, with its place in the source. The
 * real headers are read first, so the names keep their types, and the files under test
 * are compiled as they are. */
#pragma once
#include "atomic.h"
#include "config.h"

/* Few CPUs and small tables: what is never used would be saved with every state. */
#undef MAX_CPUS
#define MAX_CPUS 4
#undef MAX_VCPUS
#define MAX_VCPUS 4
#undef PAGE_SIZE
#define PAGE_SIZE 64UL
#undef STACK_SIZE
#define STACK_SIZE 0UL

/* The running CPU is the one whose turn the explorer has made it, not GS's. */
#define this_cpu this_cpu_of_the_hardware
#include "cpu.h"
#undef this_cpu
struct cpu *model_this_cpu(void);
#define this_cpu() model_this_cpu()

/* STI; CLI: here interrupts are taken, see hardware.c. */
#define irq_window irq_window_of_the_hardware
#include "arch/x86/trap.h"
#undef irq_window
void irq_window(void);

#include "operation.h"

#undef READ_ONCE
#undef WRITE_ONCE
#undef smp_load_acquire
#undef smp_store_release
#undef smp_mb
#undef smp_wmb
#undef smp_rmb
#undef cmpxchg
#undef xchg
#undef atomic_fetch_add
#undef atomic_fetch_or
#undef atomic_fetch_and
#undef cpu_relax

#define PLACE_ __FILE__, __LINE__

#define LOAD_(p, kind)                                                                   \
	((__typeof__(*(p)))announce_load((p), sizeof(*(p)), kind, #p, PLACE_))
#define STORE_(p, v, kind)                                                               \
	do {                                                                             \
		__typeof__(*(p)) value_ = (v);                                           \
		announce_store((p), sizeof(*(p)), (u64)value_, kind, #p, PLACE_);        \
	} while (0)
/* Read-modify-write, fully ordered. */
#define MODIFY_(p, how, v, expected)                                                     \
	({                                                                               \
		__typeof__(*(p)) value_ = (v), expected_ = (expected);                   \
		(__typeof__(*(p)))announce_modify((p), sizeof(*(p)), how, (u64)value_,   \
						  (u64)expected_, MODIFY_FULL, #p,       \
						  PLACE_);                               \
	})

#define READ_ONCE(x) LOAD_(&(x), LOAD_RELAXED)
#define WRITE_ONCE(x, v) STORE_(&(x), v, STORE_RELAXED)
#define smp_load_acquire(p) LOAD_(p, LOAD_ACQUIRE)
#define smp_store_release(p, v) STORE_(p, v, STORE_RELEASE)
#define smp_mb() announce_fence(FENCE_FULL, PLACE_)
#define smp_wmb() announce_fence(FENCE_WRITE, PLACE_)
#define smp_rmb() announce_fence(FENCE_READ, PLACE_)
#define cmpxchg(p, expected, desired) MODIFY_(p, MODIFY_COMPARE, desired, expected)
#define xchg(p, v) MODIFY_(p, MODIFY_EXCHANGE, v, 0)
#define atomic_fetch_add(p, n) MODIFY_(p, MODIFY_ADD, n, 0)
#define atomic_fetch_or(p, bits) MODIFY_(p, MODIFY_OR, bits, 0)
#define atomic_fetch_and(p, bits) MODIFY_(p, MODIFY_AND, bits, 0)
#define cpu_relax() announce_relax(PLACE_)

/* Weaker forms, which Spur has not: for mutants and for the explorer's own test. */
#define MODIFY_WEAK_(p, how, v, expected)                                                \
	({                                                                               \
		__typeof__(*(p)) value_ = (v), expected_ = (expected);                   \
		(__typeof__(*(p)))announce_modify((p), sizeof(*(p)), how, (u64)value_,   \
						  (u64)expected_, MODIFY_RELAXED, #p,    \
						  PLACE_);                               \
	})
#define cmpxchg_relaxed(p, expected, desired)                                            \
	MODIFY_WEAK_(p, MODIFY_COMPARE, desired, expected)
#define xchg_relaxed(p, v) MODIFY_WEAK_(p, MODIFY_EXCHANGE, v, 0)
#define atomic_fetch_add_relaxed(p, n) MODIFY_WEAK_(p, MODIFY_ADD, n, 0)
#define atomic_fetch_or_relaxed(p, bits) MODIFY_WEAK_(p, MODIFY_OR, bits, 0)
#define atomic_fetch_and_relaxed(p, bits) MODIFY_WEAK_(p, MODIFY_AND, bits, 0)
