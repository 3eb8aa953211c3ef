// SPDX-License-Identifier: MIT
/* Two pCPUs that WAIT for one another: each has a worker that WAIT-kicks the vCPU of the
 * other pCPU, thousands of times and at the same time. A deadlock would end in the panic
 * of the wait limit; that they really met is counted by the IPIs of both. */
#include "atomic.h"
#include "bits.h"
#include "harness.h"
#include "vcpu/kick.h"

#define ROUNDS 20000UL
#define IPIS_MIN 200UL

static struct worker workers[2];
static u64 rounds[2]; /* [A] each written by its worker */

static bool both_done(void)
{
	/* TEST: counters that only rise */
	return READ_ONCE(rounds[0]) >= ROUNDS && READ_ONCE(rounds[1]) >= ROUNDS;
}

static void judge(void)
{
	u64 ipis = kick_count(REQ_NR_OUTSIDE, KICK_SENT);

	test_result("mutual WAIT", true, "%lu and %lu waits, none for ever", rounds[0],
		    rounds[1]);
	test_result("mutual WAIT met", ipis >= IPIS_MIN,
		    "%lu found the other in its guest", ipis);
	test_finish();
}

static void turn(struct worker *w)
{
	struct vm *other = test_vm(1 - w->id);

	if (!other || !test_vm(w->id))
		return;
	vm_request_all(other, REQ_OUTSIDE);
	WRITE_ONCE(rounds[w->id], rounds[w->id] + 1); /* TEST: read by the other */
	if (w->id == 0 && both_done())
		judge();
}

static void start(u64 seed)
{
	for (unsigned i = 0; i < 2; i++)
		worker_start(&workers[i], i, turn, BIT(i), i, seed);
}

const struct machine_test mutual_test = {"mutual", start, true};
