// SPDX-License-Identifier: MIT
/* A vCPU in its guest, and one or two kickers. The guest may leave by itself once, so
 * that the kick meets every mode.
 *
 * Checked: I4 (no lost request), I5 (no stuck EXITING), I13 with P2 (the payload comes
 * with its request: plain data, so weak memory reports a race if it does not), I14. */
#include "machine.h"

static u64 payload, seen; /* of REQ_TEST */
static unsigned sent;     /* by the end of the scenario */

static void serve_test(struct vcpu *vcpu)
{
	seen = payload;
	narrate("serves the TEST request: reads its payload");
}

static void setup_one(void)
{
	machine(2);
	machine_vcpu(0, BIT(0))->hv->leaves = 1;
	V->test_handler = serve_test;
	model_name(&payload, sizeof(payload), "payload");
	sent = 1;
}

static void kick_test(void)
{
	payload = 1;
	vcpu_request(REQ_TEST, V);
}

static void at_end(void)
{
	check_no_kick_lost();
	if (seen != sent)
		model_fail("I13: the request was served with an old payload");
	if (!in_guest(V))
		model_fail("V is not back in its guest");
}

const struct scenario kick1 = {
	.name = "kick1",
	.says = "one request, with its payload, to a guest that leaves by itself or not",
	.setup = setup_one,
	.cpu = {machine_loop, kick_test},
	.warm = BIT(0),
	.always = check_every_state,
	.at_end = at_end,
};

/* The same word once more: the bit may be set again while the first is served. */
static void kick_test_twice(void)
{
	WRITE_ONCE(payload, 1);
	vcpu_request(REQ_TEST, V);
	WRITE_ONCE(payload, 2);
	vcpu_request(REQ_TEST, V);
}

static void serve_marked(struct vcpu *vcpu)
{
	seen = READ_ONCE(payload);
	narrate("serves the TEST request: reads its payload");
}

static void setup_twice(void)
{
	setup_one();
	V->test_handler = serve_marked;
	V->hv->leaves = 0;
	sent = 2;
}

const struct scenario again = {
	.name = "again",
	.says = "one kicker raises the same request twice, with a newer payload",
	.setup = setup_twice,
	.cpu = {machine_loop, kick_test_twice},
	.warm = BIT(0),
	.always = check_every_state,
	.at_end = at_end,
};

static void setup_two(void)
{
	machine(3);
	machine_vcpu(0, BIT(0))->hv->leaves = 1;
	V->test_handler = serve_test;
	sent = 1;
}

static void kick_nmi(void)
{
	vcpu_post_nmi(V);
}

const struct scenario kick2 = {
	.name = "kick2",
	.says = "two kickers, each with a request",
	.setup = setup_two,
	.cpu = {machine_loop, kick_test, kick_nmi},
	.warm = BIT(0),
	.always = check_every_state,
	.at_end = at_end,
};

static void kick_bare(void)
{
	vcpu_kick(V);
}

const struct scenario kick2n = {
	.name = "kick2n",
	.says = "two kickers, one with a request and one without",
	.setup = setup_two,
	.cpu = {machine_loop, kick_test, kick_bare},
	.warm = BIT(0),
	.always = check_every_state,
	.at_end = at_end,
};
