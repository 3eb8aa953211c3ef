// SPDX-License-Identifier: MIT
/* The exit fast path, which runs with the mode IN: a kick of the own vCPU from there, and
 * a remote one at the same time.
 *
 * Checked: I24 (a self-kick never re-enters without a last-chance test; by I4 and I5,
 * since a self-kick sends no interrupt), I8 (nothing is sent to itself: the explorer
 * would see a spurious exit, kick_test the decision). */
#include "machine.h"

static u64 payload, seen;

static void serve_test(struct vcpu *vcpu)
{
	seen = payload;
}

static void kick_itself(struct vcpu *vcpu)
{
	payload = 1;
	vcpu_request(REQ_TEST, vcpu);
}

/* Without a request only the mark EXITING brings it out. */
static void kick_itself_bare(struct vcpu *vcpu)
{
	payload = 1;
	vcpu_kick(vcpu);
}

static void setup(void)
{
	machine(2);
	machine_vcpu(0, BIT(0))->hv->leaves = 1;
	V->hv->fast = 1;
	V->test_handler = serve_test;
	guest.fast = kick_itself;
}

static void setup_bare(void)
{
	setup();
	guest.fast = kick_itself_bare;
}

static void kick_bare(void)
{
	vcpu_kick(V);
}

static void kick_nmi(void)
{
	vcpu_post_nmi(V);
}

static void at_end(void)
{
	check_no_kick_lost();
	if (guest.fast == kick_itself && payload != seen)
		model_fail("I24: the self-made request was not served");
}

const struct scenario fast = {
	.name = "fast",
	.says = "the fast path makes a request of its own vCPU; a remote bare kick",
	.setup = setup,
	.cpu = {machine_loop, kick_bare},
	.warm = BIT(0),
	.always = check_every_state,
	.at_end = at_end,
};

const struct scenario fastn = {
	.name = "fastn",
	.says = "the fast path kicks its own vCPU without a request; a remote NMI",
	.setup = setup_bare,
	.cpu = {machine_loop, kick_nmi},
	.warm = BIT(0),
	.always = check_every_state,
	.at_end = at_end,
};
