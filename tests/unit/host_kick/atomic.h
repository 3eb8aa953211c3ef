// SPDX-License-Identifier: MIT
/* include/atomic.h, with a step of another CPU let in just before each compare-exchange
 * (kick_test.c): what a kicker has read before it may be out of date behind it. */
#pragma once
#include "../../../include/atomic.h"

void other_cpu_steps_in(void);

#undef cmpxchg
#define cmpxchg(p, expected, desired)                                                    \
	({                                                                               \
		__typeof__(*(p)) found_ = (expected);                                    \
		other_cpu_steps_in();                                                    \
		__atomic_compare_exchange_n((p), &found_, (desired), false,              \
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);         \
		found_;                                                                  \
	})
