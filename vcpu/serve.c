// SPDX-License-Identifier: MIT
/* What each request means, in the order in which they must be served: death first,
 * then what keeps it outside, then translations, then what is injected. */
#include "arch/x86/regs.h"
#include "atomic.h"
#include "string.h"
#include "vcpu/pv_eoi.h"
#include "vcpu/run.h"
#include "vcpu/vm.h"

#define SEG_CS_SHIFT 8 /* SIPI: CS selector = vector << 8 */
#define SEG_BASE_SHIFT 12

static void serve_init(struct vcpu *vcpu)
{
	virt_vcpu_reset(vcpu->hv);
	virt_vcpu_flush(vcpu->hv);
	xchg(&vcpu->nmi_pending, 0); /* KICK: payload; what came before is forgotten */
	pv_eoi_reset(vcpu);
	vlapic_reset(vcpu, false);
	/* The boot processor starts again at the reset vector; there is no firmware. */
	vcpu->activity = VCPU_WAIT_FOR_SIPI;
	vcpu->check_events = true;
}

static void serve_sipi(struct vcpu *vcpu, u8 vector)
{
	struct virt_sregs s;

	if (vcpu->activity != VCPU_WAIT_FOR_SIPI)
		return; /* SDM 3A "MP Initialization Protocol": ignored otherwise */
	virt_get_sregs(vcpu->hv, &s);
	s.seg[SEG_CS].selector = (u16)(vector << SEG_CS_SHIFT);
	s.seg[SEG_CS].base = (u64)vector << SEG_BASE_SHIFT;
	s.rip = 0;
	virt_set_sregs(vcpu->hv, &s);
	vcpu->activity = VCPU_RUNNABLE;
}

static void serve_init_sipi(struct vcpu *vcpu)
{
	u32 events;

	if (!READ_ONCE(vcpu->events)) /* KICK: only a hint, the xchg decides */
		return;
	WRITE_ONCE(vcpu->hopeless, 0); /* VMEND: before the events, see is_hopeless() */
	/* KICK: pairs with the atomic or of the sender. A SIPI that came after an INIT
	 * is in the same word, so it is not lost. */
	events = xchg(&vcpu->events, 0);
	if (events & VCPU_INIT_PENDING)
		serve_init(vcpu);
	if (events & VCPU_SIPI_PENDING)
		/* KICK: after the xchg; pairs with vcpu_post_sipi(). */
		serve_sipi(vcpu, (u8)READ_ONCE(vcpu->sipi_vector));
	/* A SIPI that is ignored leaves it asleep as it was. */
	if (vcpu->activity == VCPU_WAIT_FOR_SIPI ||
	    (vcpu->activity == VCPU_HALTED && !vcpu->halted_with_if))
		vcpu_now_hopeless(vcpu);
}

static bool serve_death(struct vcpu *vcpu, enum run_result *result)
{
	/* Sticky: tested, never cleared. */
	if (!vcpu_test_request(REQ_VM_DEAD, vcpu))
		return true;
	vcpu->activity = VCPU_ENDED;
	*result = RUN_DEAD;
	return false;
}

static void serve_test(struct vcpu *vcpu)
{
	/* KICK: payload; it was there before the request. */
	void (*handler)(struct vcpu *) = READ_ONCE(vcpu->test_handler);

	if (handler)
		handler(vcpu);
}

bool vcpu_serve_requests(struct vcpu *vcpu, enum run_result *result)
{
	if (!serve_death(vcpu, result))
		return false;
	if (vcpu_test_request(REQ_PAUSE, vcpu)) {
		*result = RUN_BLOCKED;
		return false;
	}
	if (vcpu_check_request(REQ_TLB_FLUSH, vcpu))
		virt_vcpu_flush(vcpu->hv);
	if (vcpu_check_request(REQ_TEST, vcpu))
		serve_test(vcpu);
	vcpu_check_request(REQ_UNBLOCK, vcpu);
	if (vcpu_check_request(REQ_NMI, vcpu))
		vcpu->check_events = true;
	if (vcpu_check_request(REQ_EVENT, vcpu)) {
		serve_init_sipi(vcpu);
		vcpu->check_events = true;
	}
	if (vcpu_check_request(REQ_DEVICE, vcpu))
		virtio_serve(vcpu);
	if (vcpu_check_request(REQ_RESCHED, vcpu)) {
		*result = RUN_AGAIN;
		return false;
	}
	return true;
}
