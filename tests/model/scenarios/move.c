// SPDX-License-Identifier: MIT
/* The seed of Spur: the vCPU leaves its guest by itself, moves from pCPU 0 to pCPU 1 by
 * the real scheduler, and enters there, while one or two CPUs kick it.
 *
 * Checked: I4, I5, I7 (by I5: a kick that went to the old pCPU leaves EXITING behind),
 * I13, I21 (the VMCS goes from one pCPU to the next in order), I22 (below), and that all
 * that only a home touches is handed over in order: plain data, so weak memory reports a
 * race. */
#include "machine.h"

static u64 payload, seen;
static unsigned sent;

static void serve_test(struct vcpu *vcpu)
{
	seen = payload;
	narrate("serves the TEST request: reads its payload");
}

static void move(struct vcpu *vcpu)
{
	if (sched_migrate(&vcpu->run, 1))
		model_fail("it cannot be moved");
	vcpu->hv->tlb = true;
	narrate("asks to be moved to cpu1");
}

/* I22: what the vCPU left in a pCPU's translations at an earlier stay is flushed before
 * it enters there. */
static void no_old_translation(struct vcpu *vcpu)
{
	if (vcpu->hv->tlb)
		model_fail("I22: it enters on another pCPU and has not flushed");
}

static void setup(void)
{
	machine(4);
	sent = 1;
	machine_vcpu(0, BIT(0) | BIT(1))->hv->leaves = 1;
	V->test_handler = serve_test;
	guest.exits = move;
	guest.runs = no_old_translation;
	model_name(&payload, sizeof(payload), "payload");
}

static void setup_without(void)
{
	setup();
	sent = 0;
}

static void kick_test(void)
{
	payload = 1;
	vcpu_request(REQ_TEST, V);
}

static void kick_unblock(void)
{
	vcpu_request(REQ_UNBLOCK, V);
}

static void kick_bare(void)
{
	vcpu_kick(V);
}

static void at_end(void)
{
	check_no_kick_lost();
	if (seen != sent)
		model_fail("I13: the request was served with an old payload");
	if (!in_guest(V) || (!V->hv->leaves && V->hv->guest_on != 1))
		model_fail("V is not back in its guest, on cpu1 if it has moved");
}

const struct scenario migr1 = {
	.name = "migr1",
	.says = "it moves to another pCPU; one kicker with a request",
	.setup = setup,
	.cpu = {machine_loop, machine_loop, kick_test},
	.warm = BIT(0) | BIT(1),
	.always = check_every_state,
	.at_end = at_end,
};

const struct scenario migr1n = {
	.name = "migr1n",
	.says = "it moves to another pCPU; one kicker without a request",
	.setup = setup_without,
	.cpu = {machine_loop, machine_loop, kick_bare},
	.warm = BIT(0) | BIT(1),
	.always = check_every_state,
	.at_end = at_end,
};

const struct scenario migr2n = {
	.name = "migr2n",
	.says = "it moves; two kickers, one with a request and one without",
	.setup = setup,
	.cpu = {machine_loop, machine_loop, kick_test, kick_bare},
	.warm = BIT(0) | BIT(1),
	.always = check_every_state,
	.at_end = at_end,
	.append_only = true,
};

const struct scenario migr2 = {
	.name = "migr2",
	.says = "it moves; two kickers, each with a request",
	.too_large = BIT(MODEL_WEAK),
	.setup = setup,
	.cpu = {machine_loop, machine_loop, kick_test, kick_unblock},
	.warm = BIT(0) | BIT(1),
	.always = check_every_state,
	.at_end = at_end,
};
