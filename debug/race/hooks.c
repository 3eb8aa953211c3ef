// SPDX-License-Identifier: MIT
/* What gcc calls at plain and volatile accesses (-fsanitize=thread with
 * --param tsan-distinguish-volatile=1; GCC's libsanitizer/tsan/tsan_interface.h has
 * the names). Volatile is how READ_ONCE() and WRITE_ONCE() mark. */
#include "debug/race/race.h"

/* The place in the code: where the hook returns to, and the frame of its caller. */
#define HERE                                                                             \
	(u64)(uintptr_t) __builtin_return_address(0),                                    \
		*(const u64 *)__builtin_frame_address(0)

#define HOOK(name, bytes, kind)                                                          \
	void name(const void *at);                                                       \
	void name(const void *at)                                                        \
	{                                                                                \
		race_access((u64)(uintptr_t)at, bytes, kind, HERE);                      \
	}

#define HOOKS(bytes)                                                                     \
	HOOK(__tsan_read##bytes, bytes, RACE_READ)                                       \
	HOOK(__tsan_write##bytes, bytes, RACE_WRITE)                                     \
	HOOK(__tsan_unaligned_read##bytes, bytes, RACE_READ)                             \
	HOOK(__tsan_unaligned_write##bytes, bytes, RACE_WRITE)                           \
	HOOK(__tsan_volatile_read##bytes, bytes, RACE_READ | RACE_MARKED)                \
	HOOK(__tsan_volatile_write##bytes, bytes, RACE_WRITE | RACE_MARKED)

HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

void __tsan_read_range(const void *at, u64 bytes);
void __tsan_write_range(const void *at, u64 bytes);
void __tsan_init(void);

void __tsan_read_range(const void *at, u64 bytes)
{
	race_access((u64)(uintptr_t)at, bytes, RACE_READ, HERE);
}

void __tsan_write_range(const void *at, u64 bytes)
{
	race_access((u64)(uintptr_t)at, bytes, RACE_WRITE, HERE);
}

/* Called by a constructor that nobody calls (linker.ld leaves them out). */
void __tsan_init(void)
{
}
