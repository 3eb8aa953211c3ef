// SPDX-License-Identifier: MIT
/* Fuzzing guests (tests/guest/fuzz) beside innocent ones (tests/guest/innocent, VMs whose
 * names begin with i). Workers WAIT-kick, pause and move the fuzzing vCPUs at random and
 * measure each wait; one that makes no progress gets NMIs, which bring the guest back to
 * its loop, and in the end a reset. When none is left, the innocent are told to end,
 * and have to be content (table.py); then exits are counted and shares of CPU judged. */
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "printk.h"
#include "timer.h"
#include "vcpu/guestmem.h"
#include "vcpu/kick.h"

#define MAIL_GPA 0x6000 /* fuzz: struct fuzz_cpu of each vCPU; innocent: the stop word */
#define FUZZ_CPU_WORDS 8
#define FUZZ_OPS 2 /* the word that counts operations */
#define LOOK_US 100000UL
#define REBIRTH_US 3000000UL
#define LIVES_MAX 10 /* random writes may change the guest's own count */
#define NMIS_MAX 10  /* without progress: it is reset */
#define EXITS (VIRT_EXIT_UNKNOWN + 1)
#define WAIT_US_MAX 100000UL
#define SHARE_PERCENT 80

static struct worker workers[2];
static u64 started;                          /* worker 0: when the first VM ran */
static u64 last_look;                        /* worker 0 */
static u64 longest_wait, waits, moves, nmis; /* [A] */
static bool all_told;                        /* worker 0 */

/* What is known of each VM, taken while it lives. Worker 0. */
static struct seen {
	u64 exits[EXITS];  /* since it was last built */
	u64 before[EXITS]; /* in its lives before that */
	u64 ops[MAX_VCPUS], still[MAX_VCPUS];
	u64 cycles, first_seen, last_seen, lives, stuck;
	bool innocent;
} seen[MAX_VMS];

static bool is_innocent(const struct vm *vm)
{
	return vm->desc->name[0] == 'i';
}

static u64 *mail(struct vm *vm)
{
	u64 contiguous;

	return vm_ram(vm, gpa(MAIL_GPA), &contiguous);
}

/* --- disturbing --- */

static void wait_kick(struct vm *vm, struct vcpu *v, unsigned req)
{
	u64 start = tsc_now(), took;

	vm_request_mask(vm, req, BIT(v->index));
	took = tsc_now() - start;
	atomic_fetch_add(&waits, 1);
	if (took > READ_ONCE(longest_wait)) /* TEST: a record, two may race */
		WRITE_ONCE(longest_wait, took);
}

/* Waiting ends this CPU's claim to the VM: it may be gone now. */
static void pause_and_resume(struct vm *vm, struct vcpu *v)
{
	unsigned id = vm->id;

	wait_kick(vm, v, REQ_PAUSE);
	if (test_vm(id) != vm)
		return;
	vcpu_clear_request(REQ_PAUSE, v);
	vcpu_request(REQ_UNBLOCK, v);
}

static void disturb(struct worker *w, struct vm *vm)
{
	struct vcpu *v = vm->vcpus[worker_random(w) % vm->vcpu_count];
	unsigned cpu = (unsigned)(worker_random(w) % cpu_count());

	switch (worker_random(w) % 8) {
	case 0:
		if (w->id == 0) { /* two that paused the same would let it go */
			pause_and_resume(vm, v);
		}
		break;
	case 1:
		wait_kick(vm, v, REQ_TLB_FLUSH);
		break;
	case 2:
		atomic_fetch_add(&moves, !sched_migrate(&v->run, cpu));
		break;
	default:
		wait_kick(vm, v, REQ_OUTSIDE);
	}
}

/* --- watching: worker 0 --- */

static u64 exits_of(const struct vm *vm, unsigned reason)
{
	u64 sum = 0;

	for (unsigned i = 0; i < vm->vcpu_count; i++)
		sum += READ_ONCE(vm->vcpus[i]->stats.exits[reason]); /* STATS: hint */
	return sum;
}

/* A reset makes new vCPUs, whose counters begin at 0. */
static void note_exits(struct seen *s, const struct vm *vm)
{
	bool anew = false;

	for (unsigned r = 0; r < EXITS; r++)
		anew |= exits_of(vm, r) < s->exits[r];
	s->lives += anew;
	for (unsigned r = 0; r < EXITS; r++) {
		if (anew)
			s->before[r] += s->exits[r];
		s->exits[r] = exits_of(vm, r);
	}
}

static void note(struct vm *vm)
{
	struct seen *s = &seen[vm->id];

	note_exits(s, vm);
	s->cycles = READ_ONCE(vm->vcpus[0]->run.cpu_cycles); /* STATS: hint */
	s->last_seen = tsc_now();
	if (!s->first_seen)
		s->first_seen = s->last_seen;
	s->innocent = is_innocent(vm);
}

static void look_for_progress(struct vm *vm)
{
	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		/* TEST: the guest writes it */
		u64 ops = READ_ONCE(mail(vm)[i * FUZZ_CPU_WORDS + FUZZ_OPS]);

		if (!ops || ops != seen[vm->id].ops[i]) { /* 0: not up yet */
			seen[vm->id].ops[i] = ops;
			seen[vm->id].still[i] = 0;
			continue;
		}
		vcpu_post_nmi(vm->vcpus[i]);
		nmis++;
		if (++seen[vm->id].still[i] < NMIS_MAX)
			continue;
		seen[vm->id].stuck++;
		seen[vm->id].still[i] = 0;
		vm_reset(vm, "the test: it got stuck");
		return;
	}
}

static void look_at_all(void)
{
	for (unsigned id = 0; id < MAX_VMS; id++) {
		struct vm *vm = test_vm(id);

		if (!vm)
			continue;
		note(vm);
		if (is_innocent(vm))
			continue;
		if (seen[id].lives > LIVES_MAX)
			vm_end(vm, "it has had lives enough");
		else
			look_for_progress(vm);
	}
}

/* A VM may be on its way to its first life, or from one to the next. */
static bool any_lives(void)
{
	for (unsigned id = 0; id < MAX_VMS; id++) {
		struct vm *vm = vm_at(id);

		if (vm && !is_innocent(vm))
			return true;
		if (!seen[id].innocent && seen[id].first_seen &&
		    last_look - seen[id].last_seen < tsc_khz() * REBIRTH_US / 1000)
			return true;
	}
	return false;
}

static void tell_the_innocent(void)
{
	for (unsigned id = 0; id < MAX_VMS; id++) {
		struct vm *vm = test_vm(id);

		if (vm && is_innocent(vm))
			WRITE_ONCE(*mail(vm), 1); /* TEST: the guest reads it */
	}
	all_told = true;
}

/* --- judging --- */

static void judge_exits(void)
{
	u64 total = 0, stuck = 0, lives = 0;

	for (unsigned r = 0; r < EXITS; r++) {
		u64 sum = 0;

		for (unsigned id = 0; id < MAX_VMS; id++)
			sum += seen[id].innocent ? 0
						 : seen[id].exits[r] + seen[id].before[r];
		printk("  exit %u: %lu\n", r, sum);
		total += sum;
	}
	for (unsigned id = 0; id < MAX_VMS; id++) {
		stuck += seen[id].stuck;
		lives += seen[id].lives;
	}
	test_result("hostile exits", total > 0,
		    "%lu exits, %lu resets, %lu stuck, %lu NMIs", total, lives, stuck,
		    nmis);
}

/* An innocent VM's due, if all the others and the workers had always been on its pCPU. */
static void judge_share(unsigned id)
{
	u64 vms = 0, had, due;

	for (unsigned other = 0; other < MAX_VMS; other++)
		vms += seen[other].first_seen != 0;
	had = seen[id].cycles;
	due = (seen[id].last_seen - seen[id].first_seen) /
	      (2 * vms + ARRAY_SIZE(workers));
	test_result("innocent share", had * 100 >= due * SHARE_PERCENT,
		    "vm%u: %lu cycles, %lu due", id, had, due);
}

static void on_end(bool failed)
{
	u64 limit = tsc_khz() * WAIT_US_MAX / 1000;

	judge_exits();
	for (unsigned id = 0; id < MAX_VMS; id++) {
		if (seen[id].innocent)
			judge_share(id);
	}
	test_result("hostile WAIT", longest_wait <= limit && waits,
		    "%lu waits, the longest %lu cycles, %lu allowed; %lu moves", waits,
		    longest_wait, limit, moves);
	test_finish();
}

static void turn(struct worker *w)
{
	struct vm *vm = test_vm((unsigned)(worker_random(w) % MAX_VMS));

	vms_set_end(on_end);
	if (vm && !is_innocent(vm) && !all_told)
		disturb(w, vm);
	if (w->id != 0 || tsc_now() - last_look < tsc_khz() * LOOK_US / 1000)
		return;
	last_look = tsc_now();
	if (!started && test_vm(0))
		started = last_look;
	look_at_all();
	if (started && !all_told && !any_lives())
		tell_the_innocent();
}

static void start(u64 seed)
{
	for (unsigned i = 0; i < ARRAY_SIZE(workers); i++)
		worker_start(&workers[i], i, turn, ~0UL, i % cpu_count(), seed);
}

const struct machine_test hostile_test = {"hostile", start, true};
