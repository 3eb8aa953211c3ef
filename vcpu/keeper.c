// SPDX-License-Identifier: MIT
/* The life of a VM from outside: made, left to run, given back, and after a reset made
 * anew from the same modules. All its work is done in turns of a pCPU's loop. */
#include "vcpu/keeper.h"
#include "arch/x86/rtc.h"
#include "atomic.h"
#include "cpu.h"
#include "errno.h"
#include "printk.h"
#include "string.h"
#include "timer.h"
#include "vcpu/builder.h"

enum phase { CREATE, BUILD, WATCH, TELL, RELEASE, REST };

/* [I] set before it first runs   [O] its home only   [A] any CPU, marked */
struct keeper {
	struct runnable run;
	const struct vm_desc *desc; /* [I] */
	unsigned id;                /* [I] */
	u32 phase;                  /* [O] enum phase; read by others as a hint */
	u32 wanted;                 /* [A] 1: start the VM again */
	u64 starts;                 /* [O] read by others as a hint */
	u64 resets;                 /* [O] read by others as a hint */
	char why[32];               /* [O] why it is made anew */
	struct sched_group
		group;  /* of its vCPUs and of the keeper, which works for them */
	struct rtc rtc; /* [O] its battery outlasts the VM */
	struct builder build;
};

static struct keeper keepers[MAX_VMS];

static void set_phase(struct keeper *k, u32 phase)
{
	WRITE_ONCE(k->phase, phase); /* STATS: read as a hint */
}

static void rest(struct keeper *k)
{
	set_phase(k, REST);
	vms_one_ended();
}

/* --- the phases; each returns whether there is more to do now --- */

static bool create(struct keeper *k)
{
	memset(&k->build, 0, sizeof(k->build));
	k->build.vm = vm_create(k->desc, k->id, &k->rtc);
	if (k->build.vm) {
		set_phase(k, BUILD);
		return true;
	}
	vms_not_started(k->desc, "no memory");
	rest(k);
	return false;
}

static void say_started(const struct keeper *k)
{
	const struct vm_desc *d = k->desc;

	if (k->why[0])
		printk("vm %s: restarted (%s, %lu)\n", d->name, k->why, k->resets);
	else
		printk("vm %s: started, %u vCPU%s, %lu MiB\n", d->name, d->vcpus,
		       d->vcpus > 1 ? "s" : "", d->mem_bytes >> 20);
}

static bool build(struct keeper *k)
{
	struct builder *b = &k->build;
	int result = vm_is_dead(b->vm) ? -EBUSY : build_step(b);

	if (result > 0)
		return true;
	if (result < 0) {
		vm_kill(b->vm, "not started: %s", b->why ? b->why : "bad image");
		set_phase(k, TELL);
		return true;
	}
	say_started(k);
	WRITE_ONCE(k->starts, k->starts + 1); /* STATS: read as a hint */
	set_phase(k, WATCH);
	return false;
}

static bool has_ended(const struct keeper *k)
{
	/* VMEND: pairs with the locked subtraction in vm_vcpu_ended(). */
	return !smp_load_acquire(&k->build.vm->running_vcpus);
}

static bool watch(struct keeper *k)
{
	if (!has_ended(k))
		return false;
	vm_flush_output(k->build.vm);
	set_phase(k, TELL);
	return true;
}

/* In a turn of its own: two lines in one are too long without a poll. */
static bool tell(struct keeper *k)
{
	vm_tell_end(k->build.vm);
	set_phase(k, RELEASE);
	return true;
}

static bool release(struct keeper *k)
{
	struct vm *vm = k->build.vm;
	bool anew = vm->end == VM_RESET;

	k->rtc = vm->rtc;
	string_copy(k->why, anew ? vm->why : "", sizeof(k->why));
	if (release_step(&k->build))
		return true;
	if (!anew) {
		rest(k);
		return false;
	}
	WRITE_ONCE(k->resets, k->resets + 1); /* STATS: read as a hint */
	set_phase(k, CREATE);
	return true;
}

static bool start_again(struct keeper *k)
{
	/* VMS: pairs with the cmpxchg in keeper_start_again(). */
	if (!xchg(&k->wanted, 0))
		return false;
	set_phase(k, CREATE);
	return true;
}

static bool (*const phases[])(struct keeper *k) = {
	[CREATE] = create, [BUILD] = build,     [WATCH] = watch,
	[TELL] = tell,     [RELEASE] = release, [REST] = start_again,
};

/* --- the runnable --- */

static struct keeper *keeper_of(struct runnable *r)
{
	return container_of(r, struct keeper, run);
}

static enum run_result keeper_run(struct runnable *r)
{
	struct keeper *k = keeper_of(r);

	return phases[k->phase](k) ? RUN_AGAIN : RUN_BLOCKED;
}

static bool keeper_has_work(struct runnable *r)
{
	const struct keeper *k = keeper_of(r);

	if (k->phase == WATCH)
		return has_ended(k);
	return k->phase != REST || READ_ONCE(k->wanted); /* WAKE: after the fence */
}

static void keeper_nothing(struct runnable *r)
{
}

static const struct runnable_ops keeper_ops = {
	.load = keeper_nothing,
	.run = keeper_run,
	.put = keeper_nothing,
	.evict = keeper_nothing,
	.arrive = keeper_nothing,
	.has_work = keeper_has_work,
};

/* --- from outside --- */

void keeper_start(unsigned id, const struct vm_desc *desc)
{
	struct keeper *k = &keepers[id];
	u64 mask = vm_allowed_cpus(desc);

	k->id = id;
	k->desc = desc;
	rtc_init(&k->rtc, rtc_now(), tsc_now());
	if (!mask) {
		vms_not_started(desc, "none of the CPUs in cpus= is online");
		set_phase(k, REST);
		return;
	}
	sched_init_runnable(&k->run, &keeper_ops, desc->name,
			    desc->cpu_mask ? desc->cpu_mask : ~0UL, desc->weight);
	k->group.weight = desc->weight;
	k->run.group = &k->group;
	if (desc->starts)
		vms_expect(1);
	else
		set_phase(k, REST);
	sched_start(&k->run, pick_cpu(mask, id));
	sched_wake(&k->run);
}

void keeper_wake(unsigned id)
{
	sched_wake(&keepers[id].run);
}

int keeper_start_again(unsigned id)
{
	struct keeper *k = &keepers[id];

	if (id >= MAX_VMS || !k->run.ops)
		return -EINVAL;
	/* VMS: a hint, and the cmpxchg lets one through; pairs with start_again(). */
	if (READ_ONCE(k->phase) != REST || cmpxchg(&k->wanted, 0, 1))
		return -EBUSY;
	vms_expect(1);
	sched_wake(&k->run);
	return 0;
}

struct sched_group *keeper_group(unsigned id)
{
	return &keepers[id].group;
}

const struct vm_desc *keeper_desc(unsigned id)
{
	return id < MAX_VMS ? keepers[id].desc : NULL;
}

u64 keeper_starts(unsigned id)
{
	return READ_ONCE(keepers[id].starts); /* STATS: a hint */
}

u64 keeper_resets(unsigned id)
{
	return READ_ONCE(keepers[id].resets); /* STATS: a hint */
}

bool keeper_at_rest(unsigned id)
{
	return READ_ONCE(keepers[id].phase) == REST; /* STATS: a hint */
}
