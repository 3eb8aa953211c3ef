// SPDX-License-Identifier: MIT
/* Going to sleep against being woken: a vCPU in HLT and NMIs; a plain runnable whose
 * reason to run is only stored, so that the fences of the wake-up stand alone; two
 * runnables pushed into one inbox; and a wake-up while it is being moved.
 *
 * Checked: I12 (no lost wake-up), I11 (asleep only OUTSIDE), I4, I5; INBOX and HOME by
 * the scheduler's own plain fields. */
#include "machine.h"

static u64 reason[2]; /* to run */
static u64 served[2]; /* what was seen of it */
static struct runnable runnables[2];

/* --- a vCPU in HLT --- */

static void halt(struct vcpu *vcpu)
{
	vcpu->activity = VCPU_HALTED;
	narrate("the guest has executed HLT");
}

static void inject(struct vcpu *vcpu)
{
	xchg(&vcpu->nmi_pending, 0);
}

static void setup_vcpu(void)
{
	machine(3);
	machine_vcpu(0, BIT(0))->hv->leaves = 1;
	guest.exits = halt;
	guest.prepares = inject;
}

static void wake_by_nmi(void)
{
	vcpu_post_nmi(V);
}

static void always(void)
{
	check_every_state();
	if (V->run.wait == WAIT_BLOCKED && V->gate.mode != OUTSIDE_GUEST_MODE)
		model_fail("I11: it sleeps, and its mode is not OUTSIDE");
}

static void vcpu_at_end(void)
{
	check_no_kick_lost();
	if (V->nmi_pending)
		model_fail("I12: an NMI waits, and nobody will deliver it");
}

const struct scenario block = {
	.name = "block",
	.says = "the guest executes HLT; one CPU sends an NMI",
	.setup = setup_vcpu,
	.cpu = {machine_loop, wake_by_nmi},
	.warm = BIT(0),
	.always = always,
	.at_end = vcpu_at_end,
};

const struct scenario block2 = {
	.name = "block2",
	.says = "the guest executes HLT; two CPUs send an NMI",
	.setup = setup_vcpu,
	.cpu = {machine_loop, wake_by_nmi, wake_by_nmi},
	.warm = BIT(0),
	.always = always,
	.at_end = vcpu_at_end,
	.append_only = true,
};

/* Two vCPUs of one pCPU: nobody is sent an interrupt for a wake-up by the own pCPU. */
static void halt_or_wake(struct vcpu *vcpu)
{
	if (vcpu == V)
		halt(vcpu);
	else
		wake_by_nmi();
}

static void setup_here(void)
{
	machine(2);
	machine_vcpu(0, BIT(0))->hv->leaves = 1;
	machine_vcpu(0, BIT(0))->hv->leaves = 1;
	guest.exits = halt_or_wake;
	guest.prepares = inject;
}

static void let_the_other_run(void)
{
	vcpu_request(REQ_RESCHED, W);
}

const struct scenario here = {
	.name = "here",
	.says = "a guest sends an NMI to one that sleeps on the same pCPU",
	.setup = setup_here,
	.cpu = {machine_loop, let_the_other_run},
	.always = always,
	.at_end =
		check_no_kick_lost, /* time stands still, so one of them may only queue */
};

/* --- a runnable that is no vCPU --- */

static void nothing(struct runnable *r)
{
}

static unsigned number(const struct runnable *r)
{
	return (unsigned)(r - runnables);
}

static enum run_result run(struct runnable *r)
{
	u64 now = READ_ONCE(reason[number(r)]);

	served[number(r)] = now;
	return RUN_BLOCKED;
}

static bool has_work(struct runnable *r)
{
	return READ_ONCE(reason[number(r)]) != served[number(r)];
}

static const struct runnable_ops ops = {.load = nothing,
					.run = run,
					.put = nothing,
					.evict = nothing,
					.arrive = nothing,
					.has_work = has_work};

static void setup_runnables(unsigned count)
{
	static const char *const names[] = {"R", "S"};

	machine(4);
	model_name(reason, sizeof(reason), "");
	for (unsigned i = 0; i < count; i++) {
		sched_init_runnable(&runnables[i], &ops, names[i], BIT(0) | BIT(1), 100);
		model_name(&runnables[i], sizeof(runnables[i]), names[i]);
		sched_start(&runnables[i], 0);
		sched_wake(&runnables[i]);
	}
}

static void setup_one(void)
{
	setup_runnables(1);
}

static void setup_both(void)
{
	setup_runnables(2);
}

static void wake_first(void)
{
	WRITE_ONCE(reason[0], 1);
	sched_wake(&runnables[0]);
}

static void wake_second(void)
{
	WRITE_ONCE(reason[1], 1);
	sched_wake(&runnables[1]);
}

static void move_first(void)
{
	sched_migrate(&runnables[0], 1);
}

static void runnables_at_end(void)
{
	for (unsigned i = 0; i < 2; i++) {
		if (reason[i] != served[i])
			model_fail("I12: a wake-up is lost: %s sleeps and has work",
				   i ? "S" : "R");
	}
}

const struct scenario wake = {
	.name = "wake",
	.says = "a runnable goes to sleep; a reason is stored and it is woken",
	.setup = setup_one,
	.cpu = {machine_loop, wake_first},
	.at_end = runnables_at_end,
};

const struct scenario inbox = {
	.name = "inbox",
	.says = "two runnables of one pCPU are woken by two CPUs",
	.setup = setup_both,
	.cpu = {machine_loop, NULL, wake_first, wake_second},
	.warm = BIT(0),
	.at_end = runnables_at_end,
};

static void moved_at_end(void)
{
	runnables_at_end();
	if (runnables[0].home != 1)
		model_fail("a wish to be moved is lost");
}

const struct scenario wakemove = {
	.name = "wakemove",
	.says = "a sleeping runnable is moved by one CPU while another wakes it",
	.setup = setup_one,
	.cpu = {machine_loop, machine_loop, wake_first, move_first},
	.warm = BIT(0) | BIT(1),
	.at_end = moved_at_end,
	.append_only = true,
};
