// SPDX-License-Identifier: MIT
/* Give back what a VM had, in small steps: first its place in the table, and the proof
 * that nobody holds a pointer into it (docs/ordering.md, "VMS"), but for the switches,
 * from which it is cut off next; then vCPUs, RAM with its nested tables, and the rest.
 * Also what a build that failed has got so far. */
#include "bits.h"
#include "page.h"
#include "vcpu/builder.h"

static bool release_vcpu(struct vm *vm)
{
	if (!vm->vcpu_count)
		return false;
	vcpu_free(vm->vcpus[--vm->vcpu_count]);
	return true;
}

/* The nested tables of what was freed last, when that ends a table's range. No walker
 * and no CPU uses them any more, so no mmu_lock and no flush. */
static void release_tables(struct vm *vm, u64 end)
{
	static const u64 ranges[] = {MIB(2), GIB(1)};

	for (unsigned i = 0; i < ARRAY_SIZE(ranges); i++) {
		u64 bytes = end % ranges[i];

		if (bytes && end != vm->ram_mapped)
			return;
		if (!bytes)
			bytes = ranges[i];
		virt_space_unmap(vm->space, gpa(ram_gpa(end - bytes)), bytes);
		virt_space_free_unlinked(virt_space_take_unlinked(vm->space));
	}
}

/* Free the block at this byte of RAM; returns its size. */
static u64 release_block(struct vm *vm, u64 offset)
{
	unsigned rights, order;
	u64 contiguous;
	hpa_t block;

	if (!virt_space_walk(vm->space, gpa(ram_gpa(offset)), &block, &contiguous,
			     &rights))
		return PAGE_SIZE; /* taken out while it ran: only tests do that */
	order = page_block_order(hpa_to_ptr(block));
	page_free(hpa_to_ptr(block), order);
	return PAGE_SIZE << order;
}

static bool release_ram(struct builder *b)
{
	struct vm *vm = b->vm;

	if (b->done == vm->ram_mapped)
		return false;
	b->done += release_block(vm, b->done);
	release_tables(vm, b->done);
	return true;
}

static bool release_area(struct builder *b)
{
	if (!b->area)
		return false;
	page_free(b->area, page_order(LOADER_AREA_BYTES));
	b->area = NULL;
	return true;
}

/* The tree is empty by now; to see that takes a walk over what is left of it. */
static bool release_space(struct vm *vm)
{
	if (!vm->space)
		return false;
	virt_space_destroy(vm->space);
	vm->space = NULL;
	return true;
}

static bool release_rest(struct builder *b)
{
	vm_free(b->vm);
	b->vm = NULL;
	return false;
}

bool release_step(struct builder *b)
{
	if (vm_at(b->vm->id)) {
		vm_withdraw(b->vm);
		b->done = 0;
		return true;
	}
	return virtio_free_some(b->vm) || release_vcpu(b->vm) || release_ram(b) ||
	       release_area(b) || release_space(b->vm) || release_rest(b);
}
