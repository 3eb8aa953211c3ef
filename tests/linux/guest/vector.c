// SPDX-License-Identifier: MIT
/* Runs in the Linux guest: do a thread's vector registers survive that others run? More
 * threads than CPUs keep a value of their own in both halves of YMM0 while they spin. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 16
#define ROUNDS 12
#define SPINS 20000 /* some clock ticks at 4 million instructions a second */

struct vector {
	uint64_t word[4];
};

static void hold(const struct vector *in, struct vector *out)
{
	__asm__ volatile("vmovdqu %1, %%ymm0\n"
			 "	mov %2, %%ecx\n"
			 "1:	dec %%ecx\n"
			 "	jnz 1b\n"
			 "	vmovdqu %%ymm0, %0"
			 : "=m"(*out)
			 : "m"(*in), "i"(SPINS)
			 : "ecx", "xmm0", "cc", "memory");
}

static void *run(void *argument)
{
	uintptr_t wrong = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t mine = (uintptr_t)argument << 32 | i | 1;
		struct vector in = {{mine, ~mine, mine * 3, mine * 5}}, out;

		hold(&in, &out);
		wrong += memcmp(&in, &out, sizeof(in)) != 0;
	}
	return (void *)wrong;
}

int main(void)
{
	pthread_t threads[THREADS_MAX];
	unsigned count = 2 * (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	uintptr_t wrong = 0;

	if (!__builtin_cpu_supports("avx")) {
		printf("not ok vector: no AVX here\n");
		return 1;
	}
	count = count > THREADS_MAX ? THREADS_MAX : count;
	for (uintptr_t i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, run, (void *)(i + 1)))
			return 1;
	}
	for (unsigned i = 0; i < count; i++) {
		void *result;

		pthread_join(threads[i], &result);
		wrong += (uintptr_t)result;
	}
	printf("%s vector: %u threads, %lu of %u values wrong\n", wrong ? "not ok" : "ok",
	       count, (unsigned long)wrong, count * ROUNDS);
	return 0;
}
