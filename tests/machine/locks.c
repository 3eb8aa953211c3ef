// SPDX-License-Identifier: MIT
/* Locks and waits as they must not be: two locks in both orders, one taken with
 * interrupts on, a wait for another CPU with a lock held, and one by a CPU whose vCPU is
 * not OUTSIDE. Each is a panic that says so (table.py), though nobody is in the way. */
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "ipi.h"
#include "spinlock.h"
#include "vcpu/entry_gate.h"
#include "vcpu/kick.h"
#include "vcpu/vm.h"

static struct worker worker;
static struct spinlock outer, inner;

__attribute__((noinline)) static void take_both(struct spinlock *a, struct spinlock *b)
{
	spin_lock(a);
	spin_lock(b);
	spin_unlock(b);
	spin_unlock(a);
}

static void order_turn(struct worker *w)
{
	take_both(&outer, &inner);
	take_both(&inner, &outer);
}

static void irqs_turn(struct worker *w)
{
	__asm__ volatile("sti");
	take_both(&outer, &inner);
}

static void locked_wait_turn(struct worker *w)
{
	spin_lock(&outer);
	ipi_kick_and_wait(BIT(0));
}

static void order_start(u64 seed)
{
	worker_start(&worker, 0, order_turn, ~0UL, 1, seed);
}

static void irqs_start(u64 seed)
{
	worker_start(&worker, 0, irqs_turn, ~0UL, 1, seed);
}

static void locked_wait_start(u64 seed)
{
	worker_start(&worker, 0, locked_wait_turn, ~0UL, 1, seed);
}

/* In the vCPU's owner: walk its tables, and wait meanwhile. */
static void wait_inside(struct vcpu *vcpu)
{
	gate_begin_reading(vcpu);
	vm_request_all(vcpu->vm, REQ_TEST | REQ_WAIT);
}

static void inside_turn(struct worker *w)
{
	struct vm *vm = test_vm(0);

	if (!vm)
		return;
	test_set_handler(vm, wait_inside);
	vm_request_all(vm, REQ_TEST);
	w->done = true;
}

static void inside_start(u64 seed)
{
	worker_start(&worker, 0, inside_turn, ~0UL, 1, seed);
}

const struct machine_test lock_order_test = {"lock-order", order_start, false};
const struct machine_test lock_irqs_test = {"lock-irqs", irqs_start, false};
const struct machine_test locked_wait_test = {"locked-wait", locked_wait_start, false};
const struct machine_test inside_wait_test = {"inside-wait", inside_start, true};
