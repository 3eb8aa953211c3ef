// SPDX-License-Identifier: MIT
/* An NMI at every instruction boundary between the serving of a request and the guest's
 * first instruction: a kicker has set a request, found the vCPU IN (early on: OUTSIDE),
 * and its NMI hits just there. The guest spins and has no timer, so a request that this
 * entry does not notice is lost. Then the same on the way into the idle HLT, with a push
 * to the inbox. In the end a panic, whose NMI must still arrive (table.py). */
#include "step.h"
#include "arch/x86/lapic.h"
#include "arch/x86/regs.h"
#include "assert.h"
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "kernel/symbols.h"
#include "printk.h"
#include "string.h"
#include "timer.h"
#include "vcpu/kick.h"

#define IDLE_MAX 1000 /* boundaries */
#define PATIENCE_US 400000UL
#define WINDOW_MIN 30 /* boundaries in vmx_enter alone */
#define IDLE_MIN 2    /* before STI, and between it and HLT */

enum stage { PREPARING, STARTED, STEPPING, INJECTED };

static struct worker watcher, idlers[IDLE_MAX], pushed[IDLE_MAX];
static u32 stage;        /* [A] */
static u64 rounds;       /* [A] injections so far: the next is at boundary rounds + 1 */
static u64 steps;        /* the CPU that steps */
static u64 target_rip;   /* the CPU that steps; read when it is stuck */
static bool target_open; /* ... with interrupts on */
static u64 missed;       /* NMIs that hit elsewhere */
static u64 in_enter, in_gate, in_idle; /* boundaries in the functions that matter */
static bool idling;                    /* [A] the second part */
static u64 last_rounds, last_change;   /* watcher */

static bool lies_in(u64 rip, const char *function)
{
	u64 offset;

	return !strcmp(symbol_at(rip, &offset), function);
}

static void note_boundary(u64 rip)
{
	in_enter += lies_in(rip, "vmx_enter");
	in_gate += lies_in(rip, "gate_enter") || lies_in(rip, "vcpu_run");
	in_idle += lies_in(rip, "cpu_idle_wait") || lies_in(rip, "idle_hlt");
}

/* The reason is there; who made it sends an interrupt and an NMI (kernel/ipi.c). */
static bool inject(struct trap_frame *frame, u8 vector)
{
	lapic_send_self(vector);
	target_rip = frame->rip;
	target_open = frame->rflags & RFLAGS_IF;
	note_boundary(frame->rip);
	WRITE_ONCE(rounds, rounds + 1); /* TEST: read by the watcher */
	WRITE_ONCE(stage, INJECTED);
	return true;
}

static bool on_entry_step(struct trap_frame *frame)
{
	if (++steps <= rounds)
		return false;
	vcpu_request(REQ_TEST, test_vm(0)->vcpus[0]);
	return inject(frame, VECTOR_KICK);
}

/* Did the NMI hit where it was meant to? Where interrupts are on, the one that came with
 * it may be taken first. */
static void check_hit(void)
{
	u64 offset;

	if (step_nmi_hit() == target_rip || target_open)
		return;
	missed++;
	printk("  NMI at %s instead of ", symbol_at(step_nmi_hit(), &offset));
	printk("%s+0x%lx\n", symbol_at(target_rip, &offset), offset);
}

/* The first boundary is in here. What was injected last has been noticed. */
static void on_request(struct vcpu *vcpu)
{
	if (READ_ONCE(stage) == INJECTED) /* TEST: own store */
		check_hit();
	if (READ_ONCE(idling)) /* TEST: rises once */
		return;
	steps = 0;
	WRITE_ONCE(stage, STEPPING); /* TEST: read by the watcher */
	step_begin(on_entry_step);
}

/* --- idle, on CPU 0 as well, once its guest has ended --- */

static void pushed_turn(struct worker *w)
{
	check_hit();
	WRITE_ONCE(stage, PREPARING); /* TEST: read by the watcher */
	w->done = true;
}

static bool on_idle_step(struct trap_frame *frame)
{
	if (++steps <= rounds)
		return false;
	worker_start(&pushed[rounds], 2, pushed_turn, BIT(0), 0, 1);
	return inject(frame, VECTOR_DOORBELL);
}

static void idler_turn(struct worker *w)
{
	steps = 0;
	WRITE_ONCE(stage, STEPPING); /* TEST: read by the watcher */
	w->done = true;
	step_begin(on_idle_step);
}

/* --- the watcher, on CPU 1 --- */

static bool stands_still(void)
{
	u64 now = tsc_now();

	if (READ_ONCE(rounds) != last_rounds) { /* TEST: a counter */
		last_rounds = READ_ONCE(rounds);
		last_change = now;
	}
	return now - last_change > tsc_khz() * PATIENCE_US / 1000;
}

static void judge_part(const char *name, u64 boundaries, u64 wanted)
{
	u64 offset;
	const char *at = symbol_at(target_rip, &offset);

	test_result(name, READ_ONCE(stage) != INJECTED, "the last NMI at %s+0x%lx", at,
		    offset);
	test_result(name, !missed, "%lu NMIs at as many boundaries, %lu elsewhere",
		    rounds, missed);
	test_result(name, boundaries >= wanted, "%lu of them in the window", boundaries);
}

static void next_part(void)
{
	judge_part("NMI before the entry", in_gate + in_enter, WINDOW_MIN);
	WRITE_ONCE(idling, true); /* TEST: read by CPU 0 */
	WRITE_ONCE(rounds, 0);
	WRITE_ONCE(stage, PREPARING);
	vm_end(test_vm(0), "the test needs its CPU idle");
}

static void watch_entries(struct vm *vm)
{
	if (READ_ONCE(stage) == PREPARING) { /* TEST: as all of the stages */
		vm->vcpus[0]->test_handler = on_request;
		WRITE_ONCE(stage, STARTED);
		last_change = tsc_now();
		vcpu_request(REQ_TEST, vm->vcpus[0]);
	} else if (stands_still()) {
		next_part();
	}
}

static void watch_idle(void)
{
	if (READ_ONCE(stage) == PREPARING && rounds < IDLE_MAX) {
		WRITE_ONCE(stage, STARTED); /* TEST: before it runs */
		last_change = tsc_now();
		worker_start(&idlers[rounds], 1, idler_turn, BIT(0), 0, 1);
	} else if (stands_still()) {
		judge_part("NMI before the idle HLT", in_idle, IDLE_MIN);
		panic("on purpose, after NMIs");
	}
}

static void on_end(bool failed)
{
}

static void watch(struct worker *w)
{
	struct vm *vm = test_vm(0);

	vms_set_end(on_end);
	if (!READ_ONCE(idling) && vm) /* TEST: own store */
		watch_entries(vm);
	else if (READ_ONCE(idling) && !vm_at(0))
		watch_idle();
}

static void start(u64 seed)
{
	step_prepare();
	worker_start(&watcher, 0, watch, BIT(1), 1, seed);
}

const struct machine_test step_test = {"step", start, true};
