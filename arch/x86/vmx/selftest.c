// SPDX-License-Identifier: MIT
/* The first guest, at boot: spinning with interrupts off, it must leave guest mode for an
 * external interrupt, as the SDM says ("External-
 * interrupt exiting": regardless of RFLAGS.IF). Bochs 2.7 does not do that after an
 * entry with IF = 0, so a kick could be lost there for ever: found here by doing it,
 * not by the emulator's name. The preemption timer bounds the try. */
#include "arch/x86/lapic.h"
#include "arch/x86/regs.h"
#include "arch/x86/trap.h"
#include "arch/x86/x86.h"
#include "insn.h"
#include "page.h"
#include "state.h"
#include "string.h"
#include "timer.h"

#define PATIENCE_US 5000 /* an entry alone takes long where we are nested */

bool vmx_quirk_if0;

/* nop; 1: jmp 1b */
static const u8 code[] = {0x90, 0xeb, 0xfe};

struct trial {
	struct virt_space *space;
	struct virt_vcpu *hv;
	void *page;
	struct gate gate;
};

static bool prepare(struct trial *t)
{
	t->page = page_alloc_zero();
	t->space = virt_space_create();
	if (!t->page || !t->space)
		return false;
	memcpy(t->page, code, sizeof(code));
	if (virt_space_map(t->space, gpa(0), ptr_to_hpa(t->page), PAGE_SIZE,
			   VIRT_READ | VIRT_WRITE | VIRT_EXEC))
		return false;
	t->hv = virt_vcpu_create(t->space, &t->gate, NULL);
	return t->hv;
}

static void start_guest(struct trial *t)
{
	struct virt_sregs s;

	virt_vcpu_load(t->hv);
	virt_get_sregs(t->hv, &s);
	s.seg[SEG_CS].selector = 0;
	s.seg[SEG_CS].base = 0;
	s.rip = 0;
	virt_set_sregs(t->hv, &s);
}

/* One entry with IF = 0 and an interrupt pending: does that end it? */
static bool interrupt_ends_guest(struct trial *t, struct virt_exit *exit)
{
	u64 patience = tsc_khz() * PATIENCE_US / 1000;

	vmwrite(VMCS_PREEMPTION_TIMER, patience >> vmx.timer_shift);
	vmwrite(VMCS_PIN_CTLS, vmx.pin | PIN_PREEMPTION_TIMER);
	lapic_send_self(VECTOR_KICK);
	virt_vcpu_run(t->hv, exit);
	if (exit->reason == VIRT_EXIT_INTERRUPT)
		irq_dispatch(exit->vector);
	irq_window(); /* so that the next try begins with nothing pending */
	return exit->reason == VIRT_EXIT_INTERRUPT;
}

static const char *judge(struct trial *t)
{
	struct virt_exit exit;
	bool quirk = false;

	start_guest(t);
	/* Without a preemption timer a machine that fails could not be left again. */
	if (!vmx.preemption_timer)
		return NULL;
	/* Twice: the first entry follows VMLAUNCH, the second VMRESUME. */
	for (unsigned i = 0; i < 2; i++) {
		if (interrupt_ends_guest(t, &exit))
			continue;
		if (exit.reason != VIRT_EXIT_PREEMPT)
			return "the first guest left VMX non-root operation for a wrong "
			       "reason";
		quirk = true;
	}
	vmx_quirk_if0 =
		quirk; /* only now: from here on entries arm the timer themselves */
	return NULL;
}

const char *virt_self_test(void)
{
	struct trial t = {0};
	const char *why;

	if (!prepare(&t))
		return "not enough memory for the first guest";
	why = judge(&t);
	virt_vcpu_put(t.hv);
	virt_vcpu_evict(t.hv);
	virt_vcpu_destroy(t.hv);
	virt_space_destroy(t.space);
	page_free(t.page, PAGE_ORDER_4K);
	return why;
}

bool virt_kick_by_nmi(void)
{
	return vmx_quirk_if0;
}
