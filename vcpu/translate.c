// SPDX-License-Identifier: MIT
/* Guest-virtual to guest-physical, through the guest's own page tables, which are
 * hostile input: read through the door, entry by entry (SDM 3A "Paging"). */
#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "bits.h"
#include "vcpu/vm.h"

#define PTE_PRESENT BIT(0)
#define PTE_WRITE BIT(1)
#define PTE_USER BIT(2)
#define PF_PRESENT 1U
#define PF_WRITE 2U
#define PF_USER 4U
#define PF_RESERVED 8U
#define DPL_SHIFT 5
#define DPL_USER 3
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
	bool user;          /* CPL 3 */
	bool write_protect; /* CR0.WP, or CPL 3: writes need W */
	u64 reserved;       /* bits that no present entry may have */
	bool met_reserved;  /* ... and one had */
};

static bool allows(struct walk *w, u64 entry, bool nx)
{
	if (entry & PTE_PRESENT && entry & w->reserved) {
		w->met_reserved = true;
		return false;
	}
	if (!(entry & PTE_PRESENT) || (w->user && !(entry & PTE_USER)))
		return false;
	if (w->write && w->write_protect && !(entry & PTE_WRITE))
		return false;
	return !(w->fetch && nx && entry & PTE_NX);
}

/* Levels of 512 eight-byte entries, from level down to 1. */
static bool walk_long(struct walk *w, u64 table, unsigned level, bool nx, gpa_t *out)
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
static bool walk_32(struct walk *w, u64 cr3, bool pse, gpa_t *out)
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
static bool walk_pae(struct walk *w, u64 cr3, bool nx, gpa_t *out)
{
	u64 at = (cr3 & CR3_ADDRESS_PAE) + (w->gva >> 30 & 3) * sizeof(u64), entry;

	if (!guest_read(w->vcpu, gpa(at), &entry, sizeof(entry)) ||
	    !(entry & PTE_PRESENT))
		return false;
	return walk_long(w, entry & PTE_ADDRESS, 2, nx, out);
}

static bool walk(struct walk *w, const struct virt_sregs *s, gpa_t *out)
{
	bool nx = s->efer & EFER_NXE;

	if (!(s->cr0 & CR0_PG)) {
		*out = gpa((u32)w->gva);
		return true;
	}
	w->reserved = 0;
	if (s->cr4 & CR4_PAE)
		w->reserved = MASK(51, cpu_features()->physical_bits) | (nx ? 0 : PTE_NX);
	if (s->efer & EFER_LMA)
		return walk_long(w, s->cr3 & PTE_ADDRESS, s->cr4 & CR4_LA57 ? 5 : 4, nx,
				 out);
	w->gva = (u32)w->gva;
	if (s->cr4 & CR4_PAE)
		return walk_pae(w, s->cr3, nx, out);
	return walk_32(w, s->cr3, s->cr4 & CR4_PSE, out);
}

/* The CPL is the DPL of SS (SDM 3A "Privilege Levels"). */
static bool is_user(const struct virt_sregs *s)
{
	return (s->seg[SEG_SS].access >> DPL_SHIFT & DPL_USER) == DPL_USER;
}

bool guest_translate(struct vcpu *vcpu, u64 gva, bool write, bool fetch, gpa_t *out)
{
	struct walk w = {.vcpu = vcpu, .gva = gva, .write = write, .fetch = fetch};
	struct virt_sregs s;

	virt_get_sregs(vcpu->hv, &s);
	w.user = is_user(&s);
	w.write_protect = w.user || s.cr0 & CR0_WP;
	return walk(&w, &s, out);
}

u32 guest_fault_error(struct vcpu *vcpu, u64 gva, bool write)
{
	/* Would the most modest access, a supervisor's read, have found a page? */
	struct walk w = {.vcpu = vcpu, .gva = gva};
	struct virt_sregs s;
	bool found;
	gpa_t unused;

	virt_get_sregs(vcpu->hv, &s);
	found = walk(&w, &s, &unused);
	return (found || w.met_reserved ? PF_PRESENT : 0) | (write ? PF_WRITE : 0) |
	       (is_user(&s) ? PF_USER : 0) | (w.met_reserved ? PF_RESERVED : 0);
}

/* Bytes up to the end of the page, at most this many. */
static u64 within_page(u64 gva, u64 bytes)
{
	return MIN(PAGE_SIZE - (gva & (PAGE_SIZE - 1)), bytes);
}

u64 guest_read_virtual(struct vcpu *vcpu, u64 gva, void *buf, u64 bytes, bool fetch)
{
	u64 done = 0;
	gpa_t at;

	while (done < bytes) {
		u64 piece = within_page(gva + done, bytes - done);

		if (!guest_translate(vcpu, gva + done, false, fetch, &at) ||
		    !guest_read(vcpu, at, (u8 *)buf + done, piece))
			break;
		done += piece;
	}
	return done;
}

u64 guest_writable_virtual(struct vcpu *vcpu, u64 gva, u64 bytes)
{
	u64 done = 0;
	gpa_t at;

	while (done < bytes && guest_translate(vcpu, gva + done, true, false, &at))
		done += within_page(gva + done, bytes - done);
	return done;
}

u64 guest_write_virtual(struct vcpu *vcpu, u64 gva, const void *buf, u64 bytes)
{
	u64 done = 0;
	gpa_t at;

	while (done < bytes) {
		u64 piece = within_page(gva + done, bytes - done);

		if (!guest_translate(vcpu, gva + done, true, false, &at) ||
		    !guest_write(vcpu, at, (const u8 *)buf + done, piece))
			break;
		done += piece;
	}
	return done;
}
