// SPDX-License-Identifier: MIT
/* The life of a vCPU's hardware state: create, load, run, put, evict. A VMCS may
 * be cached by one pCPU at a time, so it is cleared there before another loads it
 * (SDM 3C "Initializing a VMCS", "VMCLEAR"). */
#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "arch/x86/x86.h"
#include "cpu.h"
#include "insn.h"
#include "page.h"
#include "state.h"
#include "string.h"

#define NOWHERE (-1)
#define MXCSR_OFFSET 24
#define MXCSR_RESET 0x1f80
#define FCW_RESET 0x37f
#define XSTATE_BV_OFFSET 512
#define MSR_BITMAP_READ_HIGH 1024
#define MSR_BITMAP_WRITE_LOW 2048
#define MSR_BITMAP_WRITE_HIGH 3072
#define MSR_HIGH_FIRST 0xc0000000U

#define VPIDS 65535U /* 1 to this; 0 is the host's */

/* [A] VPIDs go round. Two vCPUs with the same one are of different VMs: translations are
 * tagged with the EPT pointer as well (SDM 3C "Information That May Be Cached"), and a
 * vCPU that comes to a pCPU for the first time flushes there what an earlier one left. */
static u32 next_vpid;

/* Registers that are the guest's alone: the VMCS or switch.c keeps them apart. */
static const u32 guest_owned_msrs[] = {
	MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_PAT,
	MSR_EFER,        MSR_STAR,         MSR_LSTAR,        MSR_CSTAR,
	MSR_FMASK,       MSR_FS_BASE,      MSR_GS_BASE,      MSR_KERNEL_GS_BASE,
};

/* Let the guest read and write the MSR without an exit (SDM 3C "MSR-Bitmap
 * Address": four bitmaps of 1 KiB). */
static void pass_msr(u8 *bitmap, u32 msr)
{
	u32 high = msr >= MSR_HIGH_FIRST ? MSR_BITMAP_READ_HIGH : 0;
	u32 bit = msr & 0x1fff;

	bitmap[high + bit / 8] &= (u8)~BIT(bit % 8);
	bitmap[high + MSR_BITMAP_WRITE_LOW + bit / 8] &= (u8)~BIT(bit % 8);
}

static void build_msr_bitmap(u8 *bitmap)
{
	memset(bitmap, 0xff, PAGE_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(guest_owned_msrs); i++)
		pass_msr(bitmap, guest_owned_msrs[i]);
	if (vmx.rdtscp)
		pass_msr(bitmap, MSR_TSC_AUX);
}

static void reset_fpu(struct virt_vcpu *hv)
{
	u8 *area = hv->xsave_area;
	u16 fcw = FCW_RESET;
	u32 mxcsr = MXCSR_RESET;
	u64 components = 3; /* x87 and SSE are in the area, the rest is initial */

	memset(area, 0, PAGE_SIZE);
	memcpy(area, &fcw, sizeof(fcw));
	memcpy(area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	if (cpu_features()->xsave)
		memcpy(area + XSTATE_BV_OFFSET, &components, sizeof(components));
	hv->saved.xcr0 = 1;
}

static void free_pages(struct virt_vcpu *hv)
{
	if (hv->vmcs)
		page_free(hpa_to_ptr(hpa(hv->vmcs)), PAGE_ORDER_4K);
	if (hv->msr_bitmap)
		page_free(hpa_to_ptr(hpa(hv->msr_bitmap)), PAGE_ORDER_4K);
	if (hv->xsave_area)
		page_free(hv->xsave_area, PAGE_ORDER_4K);
	page_free(hv, PAGE_ORDER_4K);
}

struct virt_vcpu *virt_vcpu_create(struct virt_space *space, struct gate *gate,
				   void *owner)
{
	struct virt_vcpu *hv = page_alloc_zero();

	static_assert(sizeof(struct virt_vcpu) <= PAGE_SIZE, "one page holds it");
	if (!hv)
		return NULL;
	hv->gate = gate;
	hv->owner = owner;
	hv->space = space;
	hv->cpu = NOWHERE;
	hv->vpid = (u16)(atomic_fetch_add(&next_vpid, 1) % VPIDS + 1);
	hv->vmcs = ptr_to_hpa(page_alloc_zero()).v;
	hv->msr_bitmap = ptr_to_hpa(page_alloc_zero()).v;
	hv->xsave_area = page_alloc_zero();
	if (!hv->vmcs || !hv->msr_bitmap || !hv->xsave_area) {
		free_pages(hv);
		return NULL;
	}
	*(u32 *)hpa_to_ptr(hpa(hv->vmcs)) = vmx.revision;
	build_msr_bitmap(hpa_to_ptr(hpa(hv->msr_bitmap)));
	reset_fpu(hv);
	hv->saved.dr6 = DR6_FIXED;
	hv->displaced = NONE_DISPLACED;
	return hv;
}

void virt_vcpu_destroy(struct virt_vcpu *hv)
{
	ASSERT(hv->cpu == NOWHERE);
	free_pages(hv);
}

/* The first load: the VMCS is still empty. */
static void first_load(struct virt_vcpu *hv)
{
	vmclear(hv->vmcs);
	vmptrld(hv->vmcs);
	vmcs_init(hv);
	vmcs_set_host_cpu();
}

bool virt_vcpu_load(struct virt_vcpu *hv)
{
	s32 here = (s32)this_cpu()->id;
	bool moved = hv->cpu != here;
	bool fresh = hv->proc_ctls == 0;

	ASSERT(!moved || hv->cpu == NOWHERE);
	if (fresh) {
		first_load(hv);
	} else if (moved) {
		vmptrld(hv->vmcs);
		vmcs_set_host_cpu();
	} else if (vmx_loaded() != hv) {
		vmptrld(hv->vmcs);
	}
	hv->cpu = here;
	vmx_set_loaded(hv);
	vmx_load_unswitched(hv);
	hv->loaded = true;
	if (fresh)
		virt_vcpu_reset(hv);
	return moved;
}

void virt_vcpu_put(struct virt_vcpu *hv)
{
	vmx_save_unswitched(hv);
	hv->loaded = false;
}

void virt_vcpu_evict(struct virt_vcpu *hv)
{
	if (hv->cpu == NOWHERE)
		return;
	ASSERT(hv->cpu == (s32)this_cpu()->id && !hv->loaded);
	vmclear(hv->vmcs);
	if (vmx_loaded() == hv)
		vmx_set_loaded(NULL);
	hv->cpu = NOWHERE;
	hv->launched = false;
}

void vmx_flush_linear(struct virt_vcpu *hv)
{
	if (vmx.invvpid_single)
		invvpid(INVVPID_SINGLE, hv->vpid);
	else
		invvpid(INVVPID_ALL, 0);
}

void virt_vcpu_flush(struct virt_vcpu *hv)
{
	if (vmx.invept_single)
		invept(INVEPT_SINGLE, hv->space->eptp);
	else
		invept(INVEPT_ALL, 0);
	vmx_flush_linear(hv);
}

void virt_vcpu_run(struct virt_vcpu *hv, struct virt_exit *exit)
{
	if (hv->event)
		vmx_write_event(hv);
	if (vmx_quirk_if0)
		vmx_timer_arm(hv, this_cpu()->timer_programmed);
	if (vmx_enter(hv, hv->launched)) {
		/* A mistake of ours in this VMCS: this VM has to end, no other. */
		*exit = (struct virt_exit){.reason = VIRT_EXIT_BAD_STATE,
					   .why = vmx_entry_error()};
		return;
	}
	vmx_read_exit(hv, exit);
}
