// SPDX-License-Identifier: MIT
/* A lone guest in a tight loop, interrupts off, no timer, on CPU 0 (tickless: nothing
 * but a kick can make it exit): CPU 1 kicks it a thousand times, and WAIT-kicks it a
 * thousand times, each time while it is in the guest; every letter arrives. */
#include "arch/x86/trap.h"
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "printk.h"
#include "timer.h"
#include "vcpu/kick.h"

#define ROUNDS 1000UL
#define PATIENCE_US 5000000UL
#define TEST_WAIT (REQ_TEST | REQ_WAIT)

static struct worker worker;
static u64 mailbox;  /* [A] */
static u64 received; /* [A] written by the vCPU's owner */
static u64 sent, kicks, waits, ticks_seen;

static void on_letter(struct vcpu *vcpu)
{
	/* TEST: pairs with the atomic add in send(). */
	smp_store_release(&received, received + xchg(&mailbox, 0));
}

static bool in_guest(struct vcpu *v)
{
	return READ_ONCE(v->gate.mode) == IN_GUEST_MODE; /* TEST: a hint */
}

static bool wait_until(bool (*ready)(struct vcpu *v), struct vcpu *v)
{
	u64 limit = tsc_now() + tsc_khz() * PATIENCE_US / 1000;

	while (!ready(v)) {
		if (tsc_now() > limit)
			return false;
		irq_window(); /* nested, the other CPU may need this one's time */
		cpu_relax();
	}
	return true;
}

static bool all_received(struct vcpu *v)
{
	return smp_load_acquire(&received) == sent; /* TEST: pairs with on_letter() */
}

static bool send(struct vm *vm, struct vcpu *v, unsigned req)
{
	if (!wait_until(in_guest, v))
		return false;
	ticks_seen += cpu_of(0)->timer_programmed != 0;
	atomic_fetch_add(&mailbox, 1); /* TEST: the payload, before the request */
	sent++;
	if (req & REQ_WAIT)
		vm_request_mask(vm, req, BIT(v->index));
	else
		vcpu_request(req, v);
	return wait_until(all_received, v);
}

static void judge(const char *stuck)
{
	test_result("lone guest notices", !stuck, "%s", stuck ? stuck : "every kick");
	test_result("lone letters", sent == received, "%lu sent, %lu received", sent,
		    received);
	test_result("lone IPIs", kicks >= ROUNDS && waits >= ROUNDS,
		    "%lu kicks and %lu WAIT kicks by IPI", kicks, waits);
	test_result("lone tickless", !ticks_seen, "timer armed %lu times", ticks_seen);
	test_finish();
}

/* Only a kick that needed an IPI counts: the target was in the guest, or on its way. */
static void one_kick(struct vm *vm, unsigned req, u64 *count)
{
	u64 ipis = kick_count(REQ_NR_TEST, KICK_SENT);

	if (!send(vm, vm->vcpus[0], req))
		judge(req & REQ_WAIT ? "a WAIT kick was lost" : "a kick was lost");
	*count += kick_count(REQ_NR_TEST, KICK_SENT) - ipis;
}

static void turn(struct worker *w)
{
	struct vm *vm = test_vm(0);

	if (!vm)
		return;
	test_set_handler(vm, on_letter);
	if (kicks < ROUNDS)
		one_kick(vm, REQ_TEST, &kicks);
	else if (waits < ROUNDS)
		one_kick(vm, TEST_WAIT, &waits);
	else
		judge(NULL);
}

static void start(u64 seed)
{
	worker_start(&worker, 0, turn, BIT(1), 1, seed);
}

const struct machine_test lone_test = {"lone", start, true};
