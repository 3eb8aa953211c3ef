// SPDX-License-Identifier: MIT
/* No VM can reach another's memory, nor Spur's own: while several run, all entries of
 * their nested page tables are read, over the whole guest-physical space. Each leaf must
 * be one block that the page allocator gave out at that size, and so is nobody else's;
 * no host page may be in two leaves, or be a table; and together a VM's leaves are as
 * large as its RAM. */
#include "arch/x86/vmx/state.h"
#include "arch/x86/vmx/vmx.h"
#include "atomic.h"
#include "bits.h"
#include "harness.h"
#include "page.h"
#include "string.h"

#define VMS 2
#define LEVELS 4
#define ENTRIES 512
#define ADDRESS_MASK MASK(51, 12)
#define OWNER_ORDER 6 /* one byte for each host page: 1 GiB of them */
#define OWNER_PAGES (PAGE_SIZE << OWNER_ORDER)

struct survey {
	u8 *owner;  /* by host page: 0 nobody */
	u64 leaves; /* of this VM */
	u64 bytes;
	u64 shared;  /* pages that have two owners */
	u64 strange; /* leaves that are no block of the allocator's */
};

static struct worker worker;

static void claim(struct survey *s, u64 hpa, u64 bytes, u8 who)
{
	for (u64 page = hpa / PAGE_SIZE; page < (hpa + bytes) / PAGE_SIZE; page++) {
		if (page >= OWNER_PAGES || s->owner[page])
			s->shared++;
		else
			s->owner[page] = who;
	}
}

static void take_leaf(struct survey *s, u64 entry, unsigned level, u8 who)
{
	u64 bytes = PAGE_SIZE << 9 * (level - 1);
	u64 hpa = entry & ADDRESS_MASK;

	s->leaves++;
	s->bytes += bytes;
	claim(s, hpa, bytes, who);
	if (hpa / PAGE_SIZE < OWNER_PAGES &&
	    page_block_order(hpa_to_ptr((hpa_t){hpa})) != page_order(bytes))
		s->strange++;
}

/* Depth is bounded by the levels. */
static void survey_table(struct survey *s, const u64 *table, unsigned level, u8 who)
{
	claim(s, ptr_to_hpa(table).v, PAGE_SIZE, who);
	for (unsigned i = 0; i < ENTRIES; i++) {
		u64 entry = READ_ONCE(table[i]); /* the tree is at rest */

		if (!(entry & EPT_RWX))
			continue;
		if (level == 1 || entry & EPT_LARGE)
			take_leaf(s, entry, level, who);
		else
			survey_table(s, hpa_to_ptr((hpa_t){entry & ADDRESS_MASK}),
				     level - 1, who);
	}
}

static void survey_vm(struct survey *s, struct vm *vm)
{
	s->leaves = 0;
	s->bytes = 0;
	survey_table(s, vm->space->pt.root, LEVELS, (u8)(vm->id + 1));
	test_result(vm->desc->name,
		    s->leaves && s->bytes == vm->ram_bytes && !s->shared && !s->strange,
		    "%lu leaves, %lu KiB of %lu KiB RAM; %lu pages shared, %lu strange",
		    s->leaves, s->bytes >> 10, vm->ram_bytes >> 10, s->shared,
		    s->strange);
}

static void turn(struct worker *w)
{
	struct survey s = {0};

	for (unsigned id = 0; id < VMS; id++)
		if (!test_vm(id))
			return;
	s.owner = page_alloc(OWNER_ORDER);
	if (!s.owner) {
		test_result("isolation", false, "no memory");
		test_finish();
	}
	memset(s.owner, 0, OWNER_PAGES);
	for (unsigned id = 0; id < VMS; id++)
		survey_vm(&s, test_vm(id));
	test_finish();
}

static void start(u64 seed)
{
	worker_start(&worker, 0, turn, 1, 0, seed);
}

const struct machine_test isolation_test = {"isolation", start, true};
