// SPDX-License-Identifier: MIT
/* What gcc calls for the __atomic builtins of include/atomic.h: the operation itself,
 * and word of it. Loads acquire and stores release, as there: a stronger one would hide
 * what the product's build shows. */
#include "debug/race/race.h"

#define HERE                                                                             \
	(u64)(uintptr_t) __builtin_return_address(0),                                    \
		*(const u64 *)__builtin_frame_address(0)

#define TOLD(at, kind)                                                                   \
	race_access((u64)(uintptr_t)(at), sizeof(*(at)), (kind) | RACE_MARKED, HERE)

/* As GCC's libsanitizer/tsan/tsan_interface_atomic.h; the order is ignored. */
#define FETCH(bits, name)                                                                \
	u##bits __tsan_atomic##bits##_##name(u##bits *at, u##bits value, int order);     \
	u##bits __tsan_atomic##bits##_##name(u##bits *at, u##bits value, int order)      \
	{                                                                                \
		TOLD(at, RACE_WRITE);                                                    \
		return __atomic_##name(at, value, __ATOMIC_SEQ_CST);                     \
	}

#define EXCHANGE(bits)                                                                   \
	u##bits __tsan_atomic##bits##_exchange(u##bits *at, u##bits value, int order);   \
	u##bits __tsan_atomic##bits##_exchange(u##bits *at, u##bits value, int order)    \
	{                                                                                \
		TOLD(at, RACE_WRITE);                                                    \
		return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);                 \
	}

#define COMPARE(bits)                                                                    \
	bool __tsan_atomic##bits##_compare_exchange_strong(                              \
		u##bits *at, u##bits *expected, u##bits value, int order, int failed);   \
	bool __tsan_atomic##bits##_compare_exchange_strong(                              \
		u##bits *at, u##bits *expected, u##bits value, int order, int failed)    \
	{                                                                                \
		TOLD(at, RACE_WRITE);                                                    \
		return __atomic_compare_exchange_n(at, expected, value, false,           \
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);  \
	}

#define LOAD_STORE(bits)                                                                 \
	u##bits __tsan_atomic##bits##_load(const u##bits *at, int order);                \
	u##bits __tsan_atomic##bits##_load(const u##bits *at, int order)                 \
	{                                                                                \
		TOLD(at, RACE_READ);                                                     \
		return __atomic_load_n(at, __ATOMIC_ACQUIRE);                            \
	}                                                                                \
	void __tsan_atomic##bits##_store(u##bits *at, u##bits value, int order);         \
	void __tsan_atomic##bits##_store(u##bits *at, u##bits value, int order)          \
	{                                                                                \
		TOLD(at, RACE_WRITE);                                                    \
		__atomic_store_n(at, value, __ATOMIC_RELEASE);                           \
	}

#define ALL(bits)                                                                        \
	LOAD_STORE(bits)                                                                 \
	EXCHANGE(bits)                                                                   \
	COMPARE(bits)                                                                    \
	FETCH(bits, fetch_add)                                                           \
	FETCH(bits, fetch_or)                                                            \
	FETCH(bits, fetch_and)

ALL(8)
ALL(16)
ALL(32)
ALL(64)

void __tsan_atomic_thread_fence(int order);

/* Only release and acquire fences are spelled so (smp_wmb(), smp_rmb()); x86 needs no
 * instruction for them. */
void __tsan_atomic_thread_fence(int order)
{
	__atomic_thread_fence(__ATOMIC_ACQ_REL);
}
