// SPDX-License-Identifier: MIT
/* The soak: SMP Linux guests (VMs whose names begin with l) and a hostile one, more vCPUs
 * than CPUs, for a given number of ticks. A worker on each pCPU moves vCPUs, pauses
 * them and lets them go on, and posts letters to them, at random from the seed. In the
 * end no letter may be missing, and in each window of time each Linux must have made
 * progress, which it counts in its latch ports (tests/linux/guest/load.c). */
#include "assert.h"
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "printk.h"
#include "string.h"
#include "timer.h"
#include "vcpu/kick.h"

#define WORKERS_MAX 8
#define VMS_MAX 3
#define WINDOW 150000000UL /* ticks in which each Linux must make progress */
#define PAUSE_MAX 100000   /* ticks that a vCPU stays paused, at most */
#define REST_MAX 40000     /* ticks between two deeds of a worker, at most */
#define BURST 3            /* letters in a row to the same vCPU */
#define SETTLE 50000000UL  /* ticks for the last letters to arrive */
#define PER_GIGATICK 1000  /* migrations and pauses that must have been, at least */
#define DECISION_MIN 100   /* of each kick decision but GONE, for one gigatick */

static struct soaker {
	struct worker worker;
	struct vcpu *paused; /* by this worker; NULL: none */
	u64 entries;         /* of it when the pause began */
	u64 next;            /* TSC of its next deed */
} soakers[WORKERS_MAX];

/* What is seen of a Linux guest; worker 0. */
static struct {
	u32 beats, at_window; /* its count of rounds, now and when the window began */
	u32 fewest;           /* in a window */
	bool up;
} guests[VMS_MAX];

static u64 mailbox[VMS_MAX][MAX_VCPUS];                /* [A] letters on their way */
static u64 received[VMS_MAX][MAX_VCPUS];               /* [O] the vCPU's owner */
static u64 sent, migrations, pauses;                   /* [A] */
static u64 entered_while_paused;                       /* [A] */
static u32 finishing;                                  /* [A] no more deeds */
static u64 begun, window_begun, windows, settle_until; /* worker 0 */
static u64 length;                                     /* [I] in ticks */

static bool is_linux(unsigned id)
{
	return test_vm(id) && test_vm(id)->desc->name[0] == 'l';
}

/* --- deeds --- */

/* In the vCPU's owner; and read guest memory, so that walkers are met in READING mode. */
static void take_letters(struct vcpu *vcpu)
{
	u64 bytes[64];

	/* TEST: pairs with post() */
	received[vcpu->vm->id][vcpu->index] += xchg(&mailbox[vcpu->vm->id][vcpu->index],
						    0);
	for (u64 at = 0; at < MIB(1); at += KIB(16))
		guest_read(vcpu, gpa(at), bytes, sizeof(bytes));
}

static void post(struct vcpu *v)
{
	WRITE_ONCE(v->test_handler, take_letters); /* KICK: payload of TEST */
	/* TEST: the payload, before the request */
	atomic_fetch_add(&mailbox[v->vm->id][v->index], 1);
	atomic_fetch_add(&sent, 1);
	vcpu_request(REQ_TEST, v);
}

static void move(struct worker *w, struct vcpu *v)
{
	if (!sched_migrate(&v->run, (unsigned)(worker_random(w) % cpu_count())))
		atomic_fetch_add(&migrations, 1);
}

static void pause(struct soaker *s, struct vcpu *v)
{
	vm_request_mask(v->vm, REQ_PAUSE, BIT(v->index));
	s->paused = v;
	s->entries = READ_ONCE(v->stats.entries); /* TEST: written before each entry */
	atomic_fetch_add(&pauses, 1);
}

static void resume(struct soaker *s)
{
	struct vcpu *v = s->paused;

	if (READ_ONCE(v->stats.entries) != s->entries) /* TEST: as above */
		atomic_fetch_add(&entered_while_paused, 1);
	s->paused = NULL;
	vcpu_clear_request(REQ_PAUSE, v);
	vcpu_request(REQ_UNBLOCK, v);
}

/* Two workers never pause the same vCPU: they would let it go under one another. */
static bool may_pause(const struct worker *w, const struct vcpu *v)
{
	return v->index % cpu_count() == w->id;
}

static void one_deed(struct soaker *s)
{
	struct worker *w = &s->worker;
	struct vm *vm = test_vm((unsigned)(worker_random(w) % VMS_MAX));
	struct vcpu *v;

	if (s->paused) {
		resume(s);
		return;
	}
	if (!vm)
		return;
	v = vm->vcpus[worker_random(w) % vm->vcpu_count];
	switch (worker_random(w) % 4) {
	case 0:
		move(w, v);
		break;
	case 1:
		if (may_pause(w, v))
			pause(s, v);
		break;
	default:
		/* The later ones find that an earlier one's IPI is under way. */
		for (unsigned i = 0; i < BURST; i++)
			post(v);
	}
}

/* --- judging; worker 0 --- */

static u64 total_received(void)
{
	u64 sum = 0;

	for (unsigned id = 0; id < VMS_MAX; id++) {
		for (unsigned i = 0; i < MAX_VCPUS; i++)
			sum += READ_ONCE(
				received[id][i]); /* TEST: a hint until it fits */
	}
	return sum;
}

static u64 decision_count(enum kick_decision decision)
{
	u64 sum = 0;

	for (unsigned number = 0; number <= REQ_NR_COUNT; number++)
		sum += kick_count(number, decision);
	return sum;
}

static void judge(void)
{
	u64 ticks = tsc_now() - begun, giga = ticks / 1000000000UL;
	u64 got = total_received();

	test_result("soak length", ticks >= length, "%lu ticks", ticks);
	test_result("soak letters", got == sent, "%lu sent, %lu received", sent, got);
	test_result("soak pauses", pauses >= giga * PER_GIGATICK && !entered_while_paused,
		    "%lu, %lu entries while paused", pauses, entered_while_paused);
	test_result("soak migrations", migrations >= giga * PER_GIGATICK, "%lu",
		    migrations);
	for (unsigned id = 0; id < VMS_MAX; id++) {
		if (is_linux(id))
			test_result("soak progress", windows && guests[id].fewest,
				    "%s: %u rounds, at least %u in each of %lu windows",
				    test_vm(id)->desc->name, guests[id].beats,
				    guests[id].fewest, windows);
	}
	for (unsigned d = KICK_WOKE; d <= KICK_SELF; d++)
		test_result(kick_decision_names[d], decision_count(d) >= DECISION_MIN,
			    "%lu times", decision_count(d));
	test_finish();
}

/* Have all Linux guests begun to count? Then the soak begins. */
static void look_at_guests(void)
{
	bool all_up = true;

	for (unsigned id = 0; id < VMS_MAX; id++) {
		struct vm *vm = test_vm(id);

		if (!vm) {
			all_up = false;
			continue;
		}
		if (!is_linux(id))
			continue;
		spin_lock(&vm->device_lock);
		memcpy(&guests[id].beats, vm->testdev.latch, sizeof(u32));
		spin_unlock(&vm->device_lock);
		all_up &= guests[id].beats != 0;
	}
	if (begun || !all_up)
		return;
	begun = window_begun = tsc_now();
	for (unsigned id = 0; id < VMS_MAX; id++) {
		guests[id].at_window = guests[id].beats;
		guests[id].fewest = ~0U;
	}
	printk("soak: all guests are up\n");
}

static void end_window(void)
{
	for (unsigned id = 0; id < VMS_MAX; id++) {
		u32 made = guests[id].beats - guests[id].at_window;

		guests[id].fewest = MIN(guests[id].fewest, made);
		guests[id].at_window = guests[id].beats;
	}
	windows++;
	window_begun = tsc_now();
}

static void watch(void)
{
	u64 now;

	look_at_guests();
	if (!begun)
		return;
	now = tsc_now();
	if (now - window_begun >= WINDOW && !READ_ONCE(finishing))
		end_window();
	if (now - begun < length)
		return;
	WRITE_ONCE(finishing, 1); /* TEST: a flag that only rises */
	if (!settle_until)
		settle_until = now + SETTLE;
	if (total_received() == READ_ONCE(sent) || now > settle_until)
		judge();
}

static void on_end(bool failed)
{
	test_result("soak guests", false, "all VMs have ended");
	test_finish();
}

static void turn(struct worker *w)
{
	struct soaker *s = container_of(w, struct soaker, worker);
	u64 now = tsc_now();

	vms_set_end(on_end);
	if (w->id == 0)
		watch();
	if (now < s->next)
		return;
	if (!READ_ONCE(finishing)) /* TEST: as above */
		one_deed(s);
	else if (s->paused)
		resume(s);
	s->next = now + worker_random(w) % (s->paused ? PAUSE_MAX : REST_MAX);
}

static void start(u64 seed)
{
	unsigned count = MIN(cpu_count(), WORKERS_MAX);

	length = test_ticks();
	for (unsigned i = 0; i < count; i++)
		worker_start(&soakers[i].worker, i, turn, BIT(i), i, seed);
}

const struct machine_test soak_test = {"soak", start, true};
