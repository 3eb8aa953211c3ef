// SPDX-License-Identifier: MIT
/* Guest-physical memory: the radix tree of pagetable.h in EPT's format
 * (SDM 3C "EPT Translation Mechanism"). */
#include "errno.h"
#include "insn.h"
#include "page.h"
#include "state.h"

/* Leaves are write-back and ignore the guest's PAT: a guest that makes its RAM
 * uncacheable could only slow itself, but mixed types would break coherence with
 * our own mapping of the same page. */
#define LEAF_TYPE (EPT_MEMTYPE_WB | EPT_IGNORE_PAT)

static struct pt_format ept_format = {
	.present = EPT_RWX,
	.table = EPT_RWX,
	.large = EPT_LARGE,
	.top_leaf_level = 1, /* raised below to what the CPU has */
};

static_assert(VIRT_READ == EPT_READ && VIRT_WRITE == EPT_WRITE && VIRT_EXEC == EPT_EXEC,
	      "rights are EPT's own bits");

void vmx_space_prepare(void)
{
	ept_format.top_leaf_level = vmx.ept_1g ? 3 : vmx.ept_2m ? 2 : 1;
}

struct virt_space *virt_space_create(void)
{
	struct virt_space *space = page_alloc_zero();

	if (!space)
		return NULL;
	if (pt_init(&space->pt, &ept_format)) {
		page_free(space, PAGE_ORDER_4K);
		return NULL;
	}
	space->eptp = ptr_to_hpa(space->pt.root).v | EPTP_WB | EPTP_WALK4;
	return space;
}

void virt_space_destroy(struct virt_space *space)
{
	pt_destroy(&space->pt);
	page_free(space, PAGE_ORDER_4K);
}

int virt_space_map(struct virt_space *space, gpa_t gpa, hpa_t hpa, u64 bytes,
		   unsigned rights)
{
	return pt_map(&space->pt, gpa.v, hpa.v, bytes, rights | LEAF_TYPE);
}

int virt_space_unmap(struct virt_space *space, gpa_t gpa, u64 bytes)
{
	return pt_unmap(&space->pt, gpa.v, bytes);
}

int virt_space_split(struct virt_space *space, gpa_t gpa)
{
	return pt_split(&space->pt, gpa.v);
}

void *virt_space_take_unlinked(struct virt_space *space)
{
	return pt_take_unlinked(&space->pt);
}

void virt_space_free_unlinked(void *list)
{
	pt_free_unlinked(list);
}

bool virt_space_walk(const struct virt_space *space, gpa_t gpa, hpa_t *hpa,
		     u64 *contiguous, unsigned *rights)
{
	struct pt_leaf leaf;

	if (!pt_walk(&space->pt, gpa.v, &leaf))
		return false;
	hpa->v = leaf.pa;
	*contiguous = leaf.contiguous;
	*rights = leaf.entry & EPT_RWX;
	return true;
}
