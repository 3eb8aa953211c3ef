// SPDX-License-Identifier: MIT
/* The kick storm: workers on all pCPUs make every kind of request of all vCPUs of one
 * VM, in every form, while the vCPUs spin, halt, exit and migrate and pCPUs leave the
 * pool and come back. A letter goes with each TEST request; in the end every
 * letter must have arrived, exactly. And every kick decision, and every pair of request
 * kind and state of the target, must have been met. */
#include "assert.h"
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "kernel/pool.h"
#include "printk.h"
#include "timer.h"
#include "vcpu/kick.h"

#define WORKERS 4
#define KICKS_MIN 100000UL
#define MIGRATIONS_MIN 1000UL
#define OFFLINES_MIN 20UL
#define EACH_MIN 100UL
#define TURN_KICKS 8
#define SETTLE_TURNS 20000
#define PAUSE_SPINS 50

/* What a kicker sees of its target just before the kick; a hint. */
enum target_state {
	T_RUNNING,
	T_EXITING,
	T_READING,
	T_HALTED,
	T_QUEUED,
	T_MIGRATING,
	T_STATES
};
static const char *const state_names[T_STATES] = {
	"running", "exiting", "reading", "halted", "queued", "migrating",
};

static const unsigned kinds[] = {
	REQ_TEST,      REQ_EVENT,   REQ_NMI,     REQ_UNBLOCK,
	REQ_TLB_FLUSH, REQ_RESCHED, REQ_OUTSIDE, REQ_PAUSE,
};

static struct worker workers[WORKERS];
static u64 met[REQ_NR_COUNT][T_STATES];               /* [A] counters */
static u64 mailbox[MAX_VCPUS];                        /* [A] letters on their way */
static u64 received[MAX_VCPUS];                       /* [O] the vCPU's owner */
static u64 letters_sent, kicks, migrations, offlines; /* [A] */
static u64 in_after_wait;                             /* [A] */
static u64 entered_while_paused;                      /* [A] */
static u32 finishing;                                 /* [A] no more letters */
static u64 still_unserved[MAX_VCPUS];                 /* worker 0 */
static u64 lost;                                      /* worker 0: of all vCPUs */
static u64 settle;                                    /* worker 0 */
static u64 part = 1;                                  /* [I] minima divided by that */

static enum target_state look(struct vcpu *v)
{
	/* TEST: all hints. */
	u32 mode = READ_ONCE(v->gate.mode);

	if (mode == IN_GUEST_MODE)
		return T_RUNNING;
	if (mode == EXITING_GUEST_MODE)
		return T_EXITING;
	if (mode == READING_SHADOW_PAGE_TABLES)
		return T_READING;
	if (READ_ONCE(v->run.target) != SCHED_NO_CPU || READ_ONCE(v->run.in_inbox))
		return T_MIGRATING;
	return READ_ONCE(v->run.wait) == WAIT_BLOCKED ? T_HALTED : T_QUEUED;
}

/* In the vCPU's owner: take the letters; and read guest memory, so that walkers are
 * met in READING mode. */
static void on_test_request(struct vcpu *vcpu)
{
	u64 bytes[64];

	received[vcpu->index] += xchg(&mailbox[vcpu->index],
				      0); /* TEST: pairs with post() */
	for (u64 at = 0; at < MIB(1); at += KIB(128))
		guest_read(vcpu, gpa(at), bytes, sizeof(bytes));
}

static void post(struct vcpu *v)
{
	atomic_fetch_add(&mailbox[v->index],
			 1); /* TEST: the payload, before the request */
	atomic_fetch_add(&letters_sent, 1);
}

static void note_target(struct vcpu *v, unsigned req)
{
	atomic_fetch_add(&met[req & REQ_NUMBER_MASK][look(v)], 1);
	atomic_fetch_add(&kicks, 1);
}

/* Each worker pauses a vCPU of its own: two that paused the same would let it go
 * under one another. Paused, it may still walk tables, and try the gate, but not
 * enter. */
static void pause_and_resume(struct worker *w, struct vm *vm)
{
	struct vcpu *v = vm->vcpus[w->id];
	u64 entries;

	note_target(v, REQ_PAUSE);
	vm_request_mask(vm, REQ_PAUSE, BIT(v->index));
	/* A vCPU that was just outside may still try the gate; many would be a WAIT that
	 * does not wait. */
	if (look(v) == T_RUNNING || look(v) == T_EXITING)
		atomic_fetch_add(&in_after_wait, 1);
	entries = READ_ONCE(v->stats.entries); /* TEST: written before each entry */
	for (unsigned i = 0; i < PAUSE_SPINS; i++)
		cpu_relax();
	if (READ_ONCE(v->stats.entries) != entries)
		atomic_fetch_add(&entered_while_paused, 1);
	vcpu_clear_request(REQ_PAUSE, v);
	vcpu_request(REQ_UNBLOCK, v);
}

static void kick_one(struct worker *w, struct vm *vm, unsigned req)
{
	struct vcpu *v = vm->vcpus[worker_random(w) % vm->vcpu_count];

	if ((req & REQ_NUMBER_MASK) == REQ_NR_PAUSE) {
		pause_and_resume(w, vm);
		return;
	}
	if (req == REQ_TEST)
		post(v);
	note_target(v, req);
	if (req & REQ_WAIT)
		vm_request_mask(vm, req, BIT(v->index));
	else
		vcpu_request(req, v);
}

static void kick_many(struct worker *w, struct vm *vm, unsigned req)
{
	u64 mask = worker_random(w) & MASK(vm->vcpu_count - 1, 0);

	if ((req & REQ_NUMBER_MASK) == REQ_NR_PAUSE)
		return;
	for (u64 m = mask; m; m &= m - 1) {
		if (req == REQ_TEST)
			post(vm->vcpus[bit_lowest(m)]);
		note_target(vm->vcpus[bit_lowest(m)], req);
	}
	vm_request_mask(vm, req, mask);
}

static void migrate_one(struct worker *w, struct vm *vm)
{
	struct vcpu *v = vm->vcpus[worker_random(w) % vm->vcpu_count];

	if (!sched_migrate(&v->run, (unsigned)(worker_random(w) % cpu_count())))
		atomic_fetch_add(&migrations, 1);
}

static void change_pool(struct worker *w)
{
	unsigned cpu = (unsigned)(worker_random(w) % cpu_count());

	if (cpu_online(cpu)) {
		if (!pool_offline(cpu))
			atomic_fetch_add(&offlines, 1);
	} else {
		pool_online(cpu);
	}
}

static void storm(struct worker *w, struct vm *vm)
{
	for (unsigned i = 0; i < TURN_KICKS; i++) {
		unsigned req = kinds[worker_random(w) % ARRAY_SIZE(kinds)];

		if (i == 0)
			pause_and_resume(w, vm);

		if (worker_random(w) % 4)
			kick_one(w, vm, req);
		else
			kick_many(w, vm, req);
	}
	if (worker_random(w) % 8 == 0)
		migrate_one(w, vm);
	if (worker_random(w) % 512 == 0)
		change_pool(w);
}

/* --- judging --- */

static u64 total_received(struct vm *vm)
{
	u64 sum = 0;

	for (unsigned i = 0; i < vm->vcpu_count; i++)
		sum += received[i];
	return sum;
}

/* Bits that were set at every look since the last kick: lost requests, of whatever kind.
 * For each vCPU by itself: the guest's own IPIs go on, so some vCPU always has one. */
static u64 look_for_unserved(struct vm *vm)
{
	u64 found = 0;

	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		/* A sleeper may keep those that do not wake it. TEST: a hint */
		still_unserved[i] &= READ_ONCE(vm->vcpus[i]->gate.requests) &
				     ~(BIT(REQ_NR_TLB_FLUSH) | BIT(REQ_NR_RESCHED));
		found |= still_unserved[i];
	}
	return found;
}

static bool all_met(void)
{
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (unsigned s = 0; s < T_STATES; s++) {
			if (READ_ONCE(met[kinds[k] & REQ_NUMBER_MASK][s]) <
			    EACH_MIN / part) /* TEST */
				return false;
		}
	}
	return true;
}

static u64 decision_count(enum kick_decision decision)
{
	u64 sum = 0;

	for (unsigned number = 0; number <= REQ_NR_COUNT; number++)
		sum += kick_count(number, decision);
	return sum;
}

void storm_shorten(u64 to_part)
{
	part = to_part;
}

static bool enough(void)
{
	/* TEST: counters, all hints until the end. */
	return READ_ONCE(kicks) >= KICKS_MIN / part &&
	       READ_ONCE(migrations) >= MIGRATIONS_MIN / part &&
	       READ_ONCE(offlines) >= OFFLINES_MIN / part && all_met();
}

static void judge(struct vm *vm)
{
	u64 got = total_received(vm);

	test_result("storm letters", got == letters_sent, "%lu sent, %lu received",
		    letters_sent, got);
	test_result("storm requests", !lost, "kinds never served again: %lx", lost);
	test_result("storm size", enough(),
		    "%lu kicks, %lu migrations, %lu times offline", kicks, migrations,
		    offlines);
	test_result("storm WAIT", !entered_while_paused, "%lu entries while paused",
		    entered_while_paused);
	test_result("storm WAIT waits",
		    in_after_wait * 20 <= met[REQ_NR_PAUSE][T_RUNNING],
		    "%lu in the guest after the wait, of %lu before", in_after_wait,
		    met[REQ_NR_PAUSE][T_RUNNING]);
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
		unsigned n = kinds[k] & REQ_NUMBER_MASK;

		for (unsigned s = 0; s < T_STATES; s++)
			printk("  %s to %s: %lu\n", request_names[n], state_names[s],
			       met[n][s]);
	}
	for (unsigned d = KICK_WOKE; d <= KICK_SELF; d++)
		test_result(kick_decision_names[d], decision_count(d) >= EACH_MIN / part,
			    "%lu times", decision_count(d));
	schedule_report();
	test_finish();
}

static void turn(struct worker *w)
{
	struct vm *vm = test_vm(0);

	if (!vm)
		return;
	test_set_handler(vm, on_test_request);
	if (!READ_ONCE(finishing)) { /* TEST: a flag that only rises */
		storm(w, vm);
		if (w->id == 0 && enough())
			WRITE_ONCE(finishing, 1);
		return;
	}
	if (w->id != 0)
		return;
	if (++settle == 1) {
		for (unsigned i = 0; i < MAX_VCPUS; i++)
			still_unserved[i] = ~0UL;
		for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
			pool_online(cpu);
	}
	lost = look_for_unserved(vm);
	if ((total_received(vm) == READ_ONCE(letters_sent) && !lost) ||
	    settle > SETTLE_TURNS)
		judge(vm);
}

static void start(u64 seed)
{
	for (unsigned i = 0; i < WORKERS; i++)
		worker_start(&workers[i], i, turn, ~0UL, i % cpu_count(), seed);
}

const struct machine_test storm_test = {"storm", start, true};
