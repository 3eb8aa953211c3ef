// SPDX-License-Identifier: MIT
/* A vCPU whose guest exits all the time is asked all the time to leave its pCPU for a
 * moment, so that it is put and loaded again and again, while another CPU kicks it: where
 * a kicker's read of gate.cpu meets the store in vcpu_load(). The race detector's
 * best chance to see that one of the two is not marked. */
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "vcpu/kick.h"

#define KICKS 20000UL
#define SENT_MIN 200UL
#define TURN_KICKS 16

static struct worker kicker, mover;
static u64 kicks;

static void mover_turn(struct worker *w)
{
	struct vm *vm = test_vm(0);

	/* Without a kick: it sees it at its next exit. */
	if (vm)
		vcpu_make_request(REQ_RESCHED, vm->vcpus[0]);
}

static void kicker_turn(struct worker *w)
{
	struct vm *vm = test_vm(0);
	u64 sent;

	if (!vm)
		return;
	for (unsigned i = 0; i < TURN_KICKS; i++, kicks++)
		vcpu_kick(vm->vcpus[0]);
	sent = kick_count(REQ_NR_COUNT, KICK_SENT);
	if (kicks < KICKS || sent < SENT_MIN)
		return;
	test_result("bounce", true, "%lu kicks, %lu of them by IPI", kicks, sent);
	test_finish();
}

static void start(u64 seed)
{
	worker_start(&kicker, 0, kicker_turn, BIT(1), 1, seed);
	worker_start(&mover, 1, mover_turn, BIT(2), 2, seed);
}

const struct machine_test bounce_test = {"bounce", start, true};
