// SPDX-License-Identifier: MIT
/* Walkers against a freer: vCPUs of a VM read guest memory through the door, in READING
 * mode, while a worker on another pCPU splits, unmaps, flushes, frees and maps the same
 * range again. Freed table pages are poisoned and taken into use at once, so a walker
 * that still held one would find junk: a wrong value, or a fault of our own. */
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "page.h"
#include "printk.h"
#include "string.h"
#include "vcpu/guestmem.h"
#include "vcpu/kick.h"

#define ROUNDS 400UL
#define WALKS_MIN 10000UL
#define RANGE MIB(2)
#define PATTERN 0x1122334455667788UL
#define WALKS_PER_REQUEST 24

static struct worker worker, asker;
static u64 walks, holes, wrong; /* [A] */
static u64 rounds;              /* the worker */
static u64 base;                /* [A] by set-up: guest-physical, 2 MiB aligned */
static hpa_t memory;

static void walk(struct vcpu *vcpu)
{
	for (unsigned i = 0; i < WALKS_PER_REQUEST; i++) {
		/* TEST: a counter, for some page or other. */
		u64 some = READ_ONCE(walks) * 8191 * PAGE_SIZE;
		u64 at = READ_ONCE(base) + (some + 8 * i) % RANGE, value = 0;

		if (!guest_read(vcpu, gpa(at), &value, sizeof(value)))
			atomic_fetch_add(&holes, 1);
		else if (value != PATTERN)
			atomic_fetch_add(&wrong, 1);
		atomic_fetch_add(&walks, 1);
	}
}

static void fill(void)
{
	u64 *words = hpa_to_ptr(memory);

	for (u64 i = 0; i < RANGE / sizeof(u64); i++)
		words[i] = PATTERN;
}

/* The last 2 MiB of the VM's RAM; the guest itself does not use them. */
static void set_up(struct vm *vm)
{
	u64 contiguous, last = ALIGN_DOWN(vm->ram_bytes, RANGE) - RANGE;

	memory = ptr_to_hpa(vm_ram(vm, gpa(last), &contiguous));
	fill();
	test_set_handler(vm, walk);
	smp_store_release(&base, last); /* TEST: pairs with asker_turn() */
}

/* Take the range out and free its table pages the way SHOOT demands. */
static void unmap(struct vm *vm)
{
	void *unlinked, *reused[4];

	spin_lock(&vm->mmu_lock);
	virt_space_split(vm->space, gpa(base));
	virt_space_unmap(vm->space, gpa(base), RANGE);
	unlinked = virt_space_take_unlinked(vm->space);
	spin_unlock(&vm->mmu_lock);
	vm_request_all(vm, REQ_TLB_FLUSH);
	virt_space_free_unlinked(unlinked);
	/* Somebody else gets the pages, and writes. */
	for (unsigned i = 0; i < ARRAY_SIZE(reused); i++) {
		reused[i] = page_alloc(PAGE_ORDER_4K);
		memset(reused[i], 0xff, PAGE_SIZE);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(reused); i++)
		page_free(reused[i], PAGE_ORDER_4K);
}

static void map(struct vm *vm)
{
	spin_lock(&vm->mmu_lock);
	virt_space_map(vm->space, gpa(base), memory, RANGE,
		       VIRT_READ | VIRT_WRITE | VIRT_EXEC);
	spin_unlock(&vm->mmu_lock);
}

static void judge(void)
{
	u64 met = kick_count(REQ_NR_TLB_FLUSH, KICK_READING);
	/* TEST: counters that still go up. */
	u64 bad = READ_ONCE(wrong), found = READ_ONCE(holes), all = READ_ONCE(walks);

	test_result("reading values", !bad, "%lu walks, %lu wrong", all, bad);
	test_result("reading holes", found > 0 && found < all,
		    "%lu of %lu found the hole", found, all);
	test_result("reading met", met >= 10, "%lu flushes waited for a walker", met);
	test_finish();
}

static void freer_turn(struct worker *w)
{
	struct vm *vm = test_vm(0);

	if (!vm)
		return;
	if (!base)
		set_up(vm);
	unmap(vm);
	map(vm);
	rounds++;
	if (rounds >= ROUNDS && READ_ONCE(walks) >= WALKS_MIN) /* TEST: a counter */
		judge();
}

static void asker_turn(struct worker *w)
{
	struct vm *vm = test_vm(0);

	if (vm && smp_load_acquire(&base)) /* TEST: pairs with set_up() */
		vm_request_all(vm, REQ_TEST);
}

static void start(u64 seed)
{
	worker_start(&worker, 0, freer_turn, BIT(0), 0, seed);
	worker_start(&asker, 1, asker_turn, BIT(cpu_count() - 1), cpu_count() - 1, seed);
}

const struct machine_test reading_test = {"reading", start, true};
