// SPDX-License-Identifier: MIT
/* A page is taken out of a table, everybody flushes with WAIT, the page is freed; against
 * walks without the lock (READING) and a guest that has the translation cached.
 *
 * Checked: I16, I9 (after WAIT each was OUTSIDE once: no guest uses the old translation),
 * I17 by the assertions, I4, I5. The page is plain data; because sequential consistency
 * and TSO do not look for races, the users also say that they use it. */
#include "machine.h"
#include "vcpu/entry_gate.h"

#define FREED 99

static u64 entry, page, walked;
static bool walking;

static OBSERVER void now_walking(bool is)
{
	model_touch(&walking, sizeof(walking));
	walking = is;
}

static u64 use_page(void)
{
	u64 found = page;

	if (found == FREED)
		model_fail("I16: a freed page is used");
	return found;
}

/* As vcpu/guestmem.c does: an exit whose handler walks the guest's tables. */
static void walk(struct vcpu *vcpu)
{
	gate_begin_reading(vcpu);
	if (READ_ONCE(entry)) {
		now_walking(true);
		announce_choice(1, __FILE__, __LINE__); /* takes its time */
		walked = use_page();
		narrate("walks: reads the page");
	}
	gate_end_reading(vcpu);
	now_walking(false);
}

/* The processor walks, unless it has done so before. */
static void guest_access(struct vcpu *vcpu)
{
	if (!vcpu->hv->tlb)
		vcpu->hv->tlb = READ_ONCE(entry);
	if (vcpu->hv->tlb)
		use_page();
}

static void setup(unsigned vcpus, unsigned cpus)
{
	machine(cpus);
	entry = 1;
	page = 1;
	for (unsigned i = 0; i < vcpus; i++)
		machine_vcpu(i, BIT(i));
	guest.runs = guest_access;
	guest.exits = walk;
	model_name(&page, sizeof(page), "page");
	model_name(&entry, sizeof(entry), "table");
}

static void setup_walk(void)
{
	setup(1, 2);
	V->hv->leaves = 2;
}

static OBSERVER bool used_by_guest(const struct vcpu *vcpu)
{
	return in_guest(vcpu) && vcpu->hv->tlb;
}

static OBSERVER void check_unused(void)
{
	if (walking)
		model_fail("I16: the flush is over, and a walk still uses the page");
	for (unsigned i = 0; i < machine_vm.vcpu_count; i++) {
		if (used_by_guest(machine_vm.vcpus[i]))
			model_fail("I9: the flush is over, and %s still uses the page",
				   i ? "W" : "V");
	}
}

static void free_page(void)
{
	WRITE_ONCE(entry, 0);
	narrate("has taken the page out of the table");
	vm_request_all(&machine_vm, REQ_TLB_FLUSH);
	check_unused();
	narrate("frees the page");
	page = FREED;
}

const struct scenario walk_ = {
	.name = "walk",
	.says = "a page is freed; its user walks the table twice, and its guest uses it",
	.setup = setup_walk,
	.cpu = {machine_loop, free_page},
	.warm = BIT(0),
	.always = check_every_state,
	.at_end = check_no_kick_lost,
};

static void setup_mask(void)
{
	setup(2, 3);
	guest.exits = NULL;
}

const struct scenario mask = {
	.name = "mask",
	.says = "the same flush of two vCPUs on two pCPUs",
	.setup = setup_mask,
	.cpu = {machine_loop, machine_loop, free_page},
	.warm = BIT(0) | BIT(1),
	.always = check_every_state,
	.at_end = check_no_kick_lost,
};

/* --- a second kicker that says EXITING first: WAIT must not rely on it --- */

static void setup_claimed(void)
{
	setup(1, 3);
	guest.exits = NULL;
}

static void kick_bare(void)
{
	vcpu_kick(V);
}

const struct scenario claimed = {
	.name = "claimed",
	.says = "the same flush while another CPU kicks: WAIT may find EXITING",
	.setup = setup_claimed,
	.cpu = {machine_loop, free_page, kick_bare},
	.warm = BIT(0),
	.always = check_every_state,
	.at_end = check_no_kick_lost,
};
