// SPDX-License-Identifier: MIT
/* Given before kernel/string.c and its test: our own versions under names of
 * their own, because the sanitizers and libc in the same program need theirs. */
#pragma once
#define memset spur_memset
#define memcpy spur_memcpy
#define memmove spur_memmove
#define memcmp spur_memcmp
#define strlen spur_strlen
#define strnlen spur_strnlen
#define strcmp spur_strcmp
#define strncmp spur_strncmp
#define strchr spur_strchr
