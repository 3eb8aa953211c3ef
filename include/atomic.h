// SPDX-License-Identifier: MIT
/* The only spelling of shared access and fences (names and meanings as in the
 * Linux kernel's memory model). A plain access says: only one CPU touches this
 * now. Any context. Another implementation of this header may stand in its
 * place, as long as each of these names is one announced operation. */
#pragma once
#include "types.h"

/* One real load or store, no tearing, no order against other variables. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/* Load, then everything later in program order. Pairs with a release. */
#define smp_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
/* Everything earlier in program order, then the store. Pairs with an acquire. */
#define smp_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* Full barrier: orders every earlier access against every later one, also an
 * earlier store against a later load, which x86 alone does not (SDM 3A,
 * "Memory Ordering"). A locked operation on the own stack is the cheapest. */
#define smp_mb() __asm__ volatile("lock; addl $0, -4(%%rsp)" ::: "memory", "cc")
/* Stores before against stores after; free on x86 (stores stay in order). */
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
/* Loads before against loads after; free on x86 (loads stay in order). */
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)

/* Read-modify-write, fully ordered whether or not the comparison holds
 * (a LOCK prefix is a full barrier). Returns the value found. */
#define cmpxchg(p, expected, desired)                                                    \
	({                                                                               \
		__typeof__(*(p)) found_ = (expected);                                    \
		__atomic_compare_exchange_n((p), &found_, (desired), false,              \
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);         \
		found_;                                                                  \
	})
#define xchg(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
/* Return the value before. Fully ordered. */
#define atomic_fetch_add(p, n) __atomic_fetch_add((p), (n), __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, bits) __atomic_fetch_or((p), (bits), __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, bits) __atomic_fetch_and((p), (bits), __ATOMIC_SEQ_CST)

/* Body of a loop that waits for another CPU (SDM 2B, PAUSE). */
#define cpu_relax() __asm__ volatile("pause" ::: "memory")
