// SPDX-License-Identifier: MIT
/* Guest-virtual to guest-physical, through the guest's own page tables, which are
 * hostile input: read through the door, entry by entry (SDM 3A "Paging"). */
#include "arch/x86/regs.h"
#include "bits.h"
#include "vcpu/vm.h"

#define PTE_PRESENT BIT(0)
#define PTE_WRITE BIT(1)
#define PTE_LARGE BIT(7)
#define PTE_NX BIT(63)
#define PTE_ADDRESS MASK(51, 12)
#define CR3_ADDRESS_PAE MASK(31, 5)
#define PSE_HIGH_SHIFT 13 /* bits 20:13 of a 4 MiB entry are address bits 39:32 */
#define PSE_HIGH_BITS 0xffUL

struct walk {
	struct vcpu *vcpu;
	u64 gva;
	bool write, fetch;
};

static bool allows(const struct walk *w, u64 entry, bool nx)
{
	/* Supervisor writes honour W only with CR0.WP; the callers ask on behalf of an
	 * instruction that the processor has let through, so W is not asked again. */
	return entry & PTE_PRESENT && !(w->fetch && nx && entry & PTE_NX);
}

/* Levels of 512 eight-byte entries, from level down to 1. */
static bool walk_long(const struct walk *w, u64 table, unsigned level, bool nx,
		      gpa_t *out)
{
	for (; level >= 1; level--) {
		unsigned shift = 12 + 9 * (level - 1);
		u64 at = table + (w->gva >> shift & 0x1ff) * sizeof(u64), entry;

		if (!guest_read(w->vcpu, gpa(at), &entry, sizeof(entry)) ||
		    !allows(w, entry, nx))
			return false;
		table = entry & PTE_ADDRESS;
		if (level == 1 || (level <= 3 && entry & PTE_LARGE)) {
			u64 offset = MASK(shift - 1, 0);

			*out = gpa((table & ~offset) | (w->gva & offset));
			return true;
		}
	}
	return false;
}

/* Two levels of 1024 four-byte entries. */
static bool walk_32(const struct walk *w, u64 cr3, bool pse, gpa_t *out)
{
	u64 at = (cr3 & MASK(31, 12)) + (w->gva >> 22 & 0x3ff) * sizeof(u32);
	u32 entry;

	if (!guest_read(w->vcpu, gpa(at), &entry, sizeof(entry)) ||
	    !allows(w, entry, false))
		return false;
	if (pse && entry & PTE_LARGE) {
		u64 high = (entry >> PSE_HIGH_SHIFT & PSE_HIGH_BITS) << 32;

		*out = gpa(high | (entry & MASK(31, 22)) | (w->gva & MASK(21, 0)));
		return true;
	}
	at = (entry & MASK(31, 12)) + (w->gva >> 12 & 0x3ff) * sizeof(u32);
	if (!guest_read(w->vcpu, gpa(at), &entry, sizeof(entry)) ||
	    !allows(w, entry, false))
		return false;
	*out = gpa((entry & MASK(31, 12)) | (w->gva & MASK(11, 0)));
	return true;
}

/* Four page-directory pointers, then two levels of long entries. */
static bool walk_pae(const struct walk *w, u64 cr3, bool nx, gpa_t *out)
{
	u64 at = (cr3 & CR3_ADDRESS_PAE) + (w->gva >> 30 & 3) * sizeof(u64), entry;

	if (!guest_read(w->vcpu, gpa(at), &entry, sizeof(entry)) ||
	    !(entry & PTE_PRESENT))
		return false;
	return walk_long(w, entry & PTE_ADDRESS, 2, nx, out);
}

bool guest_translate(struct vcpu *vcpu, u64 gva, bool write, bool fetch, gpa_t *out)
{
	struct walk w = {vcpu, gva, write, fetch};
	struct virt_sregs s;
	bool nx;

	virt_get_sregs(vcpu->hv, &s);
	nx = s.efer & EFER_NXE;
	if (!(s.cr0 & CR0_PG)) {
		*out = gpa((u32)gva);
		return true;
	}
	if (s.efer & EFER_LMA)
		return walk_long(&w, s.cr3 & PTE_ADDRESS, s.cr4 & CR4_LA57 ? 5 : 4, nx,
				 out);
	w.gva = (u32)gva;
	if (s.cr4 & CR4_PAE)
		return walk_pae(&w, s.cr3, nx, out);
	return walk_32(&w, s.cr3, s.cr4 & CR4_PSE, out);
}
