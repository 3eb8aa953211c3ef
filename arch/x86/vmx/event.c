// SPDX-License-Identifier: MIT
/* Events for the guest: inject at the next entry, keep what an exit interrupted,
 * ask for a window (SDM 3C "Event Injection", "Information for VM Exits That
 * Occur During Event Delivery"). */
#include "arch/x86/regs.h"
#include "insn.h"
#include "state.h"

static bool has_insn_length(u32 info)
{
	u32 type = info & INTR_TYPE_MASK;

	return type == INTR_TYPE_SOFT_INTERRUPT || type == INTR_TYPE_SOFT_EXCEPTION ||
	       type == INTR_TYPE_PRIV_SOFT_EXCEPTION;
}

void vmx_write_event(struct virt_vcpu *hv)
{
	/* An injected NMI blocks further ones itself; entry refuses it while the guest
	 * is marked as blocked. */
	if ((hv->event & INTR_TYPE_MASK) == INTR_TYPE_NMI)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY,
			vmread(VMCS_GUEST_INTERRUPTIBILITY) & ~BLOCKED_BY_NMI);
	vmwrite(VMCS_ENTRY_INTR_INFO, hv->event);
	if (hv->event & INTR_HAS_ERROR)
		vmwrite(VMCS_ENTRY_EXCEPTION_ERROR, hv->event_error);
	if (has_insn_length(hv->event))
		vmwrite(VMCS_ENTRY_INSN_LENGTH, hv->event_length);
	hv->event = 0;
}

void vmx_keep_interrupted_event(struct virt_vcpu *hv)
{
	u32 info = (u32)vmread(VMCS_VECTORING_INFO);

	if (!(info & INTR_VALID))
		return;
	hv->event = info &
		    (INTR_VALID | INTR_HAS_ERROR | INTR_TYPE_MASK | INTR_VECTOR_MASK);
	if (info & INTR_HAS_ERROR)
		hv->event_error = (u32)vmread(VMCS_VECTORING_ERROR);
	if (has_insn_length(info))
		hv->event_length = (u32)vmread(VMCS_EXIT_INSN_LENGTH);
}

/* Contributory exceptions (SDM 3A "Interrupt 8: Double Fault Exception"). */
static bool is_contributory(u8 vector)
{
	return vector == VEC_DE || (vector >= VEC_TS && vector <= VEC_GP);
}

/* Does a second exception, raised while the first is delivered, make a #DF? */
static bool makes_double_fault(u8 first, u8 second)
{
	return (is_contributory(first) && is_contributory(second)) ||
	       (first == VEC_PF && (second == VEC_PF || is_contributory(second)));
}

void virt_inject_exception(struct virt_vcpu *hv, u8 vector, bool has_error, u32 error)
{
	bool during_exception = hv->event & INTR_VALID &&
				(hv->event & INTR_TYPE_MASK) == INTR_TYPE_HARD_EXCEPTION;

	if (during_exception && makes_double_fault((u8)hv->event, vector)) {
		vector = VEC_DF;
		has_error = true;
		error = 0;
	}
	if (hv->event && (hv->event & INTR_TYPE_MASK) == INTR_TYPE_EXTERNAL)
		hv->displaced = (s32)(hv->event & INTR_VECTOR_MASK);
	hv->event = INTR_VALID | INTR_TYPE_HARD_EXCEPTION | vector;
	hv->event_error = error;
	/* Real mode pushes no error codes (SDM 3C "VM-Entry Controls for Event
	 * Injection"). */
	if (has_error && vmread(VMCS_GUEST_CR0) & CR0_PE)
		hv->event |= INTR_HAS_ERROR;
	/* A fault pushes RF, so that an instruction breakpoint does not strike again when
	 * the instruction is restarted (SDM 3B "Instruction-Breakpoint Exception
	 * Condition"); delivery of an injected one pushes RFLAGS as it is. */
	if (vector != VEC_DB)
		vmwrite(VMCS_GUEST_RFLAGS, vmread(VMCS_GUEST_RFLAGS) | RFLAGS_RF);
}

void virt_inject_interrupt(struct virt_vcpu *hv, u8 vector)
{
	ASSERT(!hv->event);
	hv->event = INTR_VALID | INTR_TYPE_EXTERNAL | vector;
}

void virt_inject_nmi(struct virt_vcpu *hv)
{
	ASSERT(!hv->event);
	hv->event = INTR_VALID | INTR_TYPE_NMI | VEC_NMI;
}

bool virt_debug_trap_pending(struct virt_vcpu *hv)
{
	(void)hv;
	return vmread(VMCS_GUEST_PENDING_DEBUG) & PENDING_DEBUG_TRAPS;
}

/* A debug trap goes before interrupts and NMIs (SDM 3A "Priority Among Concurrent
 * Events"), and an injected event would make the processor forget it. */
bool virt_event_pending(struct virt_vcpu *hv)
{
	return hv->event || virt_debug_trap_pending(hv);
}

bool virt_interrupt_flag(struct virt_vcpu *hv)
{
	(void)hv;
	return vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF;
}

bool virt_interrupts_open(struct virt_vcpu *hv)
{
	return virt_interrupt_flag(hv) &&
	       !(vmread(VMCS_GUEST_INTERRUPTIBILITY) & (SHADOW_STI | SHADOW_MOV_SS));
}

bool virt_nmi_blocked(struct virt_vcpu *hv)
{
	bool in_delivery = hv->event & INTR_VALID &&
			   (hv->event & INTR_TYPE_MASK) == INTR_TYPE_NMI;

	return in_delivery || vmread(VMCS_GUEST_INTERRUPTIBILITY) & BLOCKED_BY_NMI;
}

bool virt_nmi_open(struct virt_vcpu *hv)
{
	(void)hv;
	return !(vmread(VMCS_GUEST_INTERRUPTIBILITY) &
		 (BLOCKED_BY_NMI | SHADOW_STI | SHADOW_MOV_SS));
}

static void set_proc_control(struct virt_vcpu *hv, u32 bit, bool on)
{
	u32 ctls = on ? hv->proc_ctls | bit : hv->proc_ctls & ~bit;

	if (ctls == hv->proc_ctls)
		return;
	hv->proc_ctls = ctls;
	vmwrite(VMCS_PROC_CTLS, ctls);
}

void virt_want_interrupt_window(struct virt_vcpu *hv, bool on)
{
	set_proc_control(hv, PROC_INTERRUPT_WINDOW, on);
}

void virt_want_nmi_window(struct virt_vcpu *hv, bool on)
{
	set_proc_control(hv, PROC_NMI_WINDOW, on);
}

/* Entry demands that a single-step trap be pending where TF is set and a shadow blocks
 * it (SDM 3C "Checks on Guest Non-Register State"). */
static void pend_single_step(void)
{
	u64 shadow = vmread(VMCS_GUEST_INTERRUPTIBILITY);

	if (shadow & (SHADOW_STI | SHADOW_MOV_SS) &&
	    vmread(VMCS_GUEST_RFLAGS) & RFLAGS_TF)
		vmwrite(VMCS_GUEST_PENDING_DEBUG, PENDING_DEBUG_BS);
}

void virt_reinject_exception(struct virt_vcpu *hv, const struct virt_exit *exit)
{
	u32 type = exit->intr_info & INTR_TYPE_MASK;

	if (exit->vector == VEC_DB)
		pend_single_step();

	if (type == INTR_TYPE_HARD_EXCEPTION) {
		virt_inject_exception(hv, exit->vector, exit->has_error_code,
				      exit->error_code);
		return;
	}
	/* INT1, INT3, INTO: traps, with a length to push the RIP behind them. */
	hv->event = INTR_VALID | type | exit->vector;
	hv->event_length = exit->length;
}

s32 virt_take_displaced(struct virt_vcpu *hv)
{
	s32 vector = hv->displaced;

	hv->displaced = NONE_DISPLACED;
	return vector;
}
