// SPDX-License-Identifier: MIT
/* The longest stretch of root mode between two inbox polls, of any run of the test build.
 * Judged only with one CPU, where an emulated tick is one instruction. */
#include "stretch.h"
#include "atomic.h"
#include "config.h"
#include "cpu.h"
#include "debug/speed.h"
#include "harness.h"
#include "printk.h"

static bool complained;

void stretch_judge(u64 ticks)
{
	struct cpu *cpu = this_cpu();
	struct vcpu *vcpu;

	if (ticks <= cpu->longest_stretch)
		return;
	WRITE_ONCE(cpu->longest_stretch, ticks); /* STATS: read as a hint */
	if (ticks <= ROOT_BOUND || cpu_count() > 1 || !full_speed || complained)
		return;
	complained = true; /* the line itself takes long, too */
	vcpu = vcpu_current();
	printk("not ok stretch: %lu instructions without a poll, %u allowed; %s, last "
	       "exit %u\n",
	       ticks, ROOT_BOUND, cpu->current ? cpu->current->name : "nobody runs",
	       vcpu ? vcpu->exit.raw : 0);
	cpu->last_poll = 0;
}

/* Guests do the work (table.py); when they have ended the figure is judged. */
static struct worker worker;

static void on_end(bool failed)
{
	u64 longest = this_cpu()->longest_stretch;

	test_result("stretch", !failed && longest && longest <= ROOT_BOUND,
		    "longest %lu instructions", longest);
	test_finish();
}

static void turn(struct worker *w)
{
	vms_set_end(on_end);
	w->done = true; /* it would take half the CPU from the guest */
}

static void start(u64 seed)
{
	worker_start(&worker, 0, turn, ~0UL, 0, seed);
}

const struct machine_test stretch_test = {"stretch", start, true};
