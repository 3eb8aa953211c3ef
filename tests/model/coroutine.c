// SPDX-License-Identifier: MIT
/* The simulated CPUs: each is a coroutine on a stack of its own, at a fixed address, so
 * that a saved stack can be put back as it was, pointers and all. */
#include "explore.h"
#include <stdlib.h>
#include <string.h>

#define REGISTERS 6   /* that coroutine_switch() pushes */
#define SCRUBBED 2048 /* bytes below the stack pointer that are zeroed, see below */

struct sim_cpu sim[MODEL_CPUS];
u32 sim_steps[MODEL_CPUS];
int sim_running = -1;

static u8 stacks[MODEL_CPUS][STACK_BYTES] __attribute__((aligned(4096)));
static void (*functions[MODEL_CPUS])(void);
static void *explorer_sp;

void coroutine_switch(void **save, void *load);

static void body(void)
{
	functions[sim_running]();
	sim[sim_running].op = (struct op){.kind = OP_END};
	coroutine_yield();
	abort();
}

static u8 *stack_top(unsigned cpu)
{
	return stacks[cpu] + STACK_BYTES - 64;
}

void coroutines_reset(void (*const fn[MODEL_CPUS])(void))
{
	memset(sim, 0, sizeof(sim));
	memset(stacks, 0, sizeof(stacks));
	memset(sim_steps, 0, sizeof(sim_steps));
	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		void **top = (void **)stack_top(cpu);

		functions[cpu] = fn[cpu];
		*top = (void *)body;
		sim[cpu].sp = fn[cpu] ? top - REGISTERS : top;
		sim[cpu].op.kind = fn[cpu] ? OP_NONE : OP_END;
	}
}

/* What earlier calls have left below the stack pointer would come back as padding in new
 * frames, and make states differ that are one. */
static void scrub(unsigned cpu)
{
	u8 *sp = sim[cpu].sp;
	size_t below = (size_t)(sp - stacks[cpu]);

	if (below < 512) {
		model_fail("cpu%u: the simulated stack is full", cpu);
		return;
	}
	below = below < SCRUBBED ? below : SCRUBBED;
	memset(sp - below, 0, below);
}

void coroutine_resume(unsigned cpu)
{
	scrub(cpu);
	sim_running = (int)cpu;
	coroutine_switch(&explorer_sp, sim[cpu].sp);
	sim_running = -1;
}

void coroutine_yield(void)
{
	coroutine_switch(&sim[sim_running].sp, explorer_sp);
}

void *coroutine_stack(unsigned cpu, size_t *bytes)
{
	*bytes = (size_t)(stack_top(cpu) + sizeof(void *) - (u8 *)sim[cpu].sp);
	return sim[cpu].sp;
}

bool in_stack(const void *address)
{
	const u8 *a = address;

	return a >= stacks[0] && a < stacks[MODEL_CPUS];
}
