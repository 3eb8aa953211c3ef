// SPDX-License-Identifier: MIT
/* From a hardware exit to plain facts (struct virt_exit): reason in our own words,
 * operands decoded, host interrupts and NMIs taken. Reads only what the reason needs. */
#include "arch/x86/regs.h"
#include "arch/x86/trap.h"
#include "arch/x86/x86.h"
#include "bits.h"
#include "insn.h"
#include "state.h"
#include "string.h"

static const u8 reasons[REASON_COUNT] = {
	[REASON_EXCEPTION_NMI] = VIRT_EXIT_EXCEPTION,
	[REASON_EXTERNAL_INTERRUPT] = VIRT_EXIT_INTERRUPT,
	[REASON_TRIPLE_FAULT] = VIRT_EXIT_TRIPLE_FAULT,
	[REASON_INTERRUPT_WINDOW] = VIRT_EXIT_WINDOW,
	[REASON_NMI_WINDOW] = VIRT_EXIT_WINDOW,
	[REASON_TASK_SWITCH] = VIRT_EXIT_TASK_SWITCH,
	[REASON_CPUID] = VIRT_EXIT_CPUID,
	[REASON_HLT] = VIRT_EXIT_HLT,
	[REASON_INVD] = VIRT_EXIT_CACHE,
	[REASON_RDPMC] = VIRT_EXIT_UNDEFINED,
	[REASON_VMCALL] = VIRT_EXIT_HYPERCALL,
	[REASON_VMCLEAR... REASON_VMXON] = VIRT_EXIT_UNDEFINED,
	[REASON_CR_ACCESS] = VIRT_EXIT_CR,
	[REASON_DR_ACCESS] = VIRT_EXIT_DR,
	[REASON_IO] = VIRT_EXIT_IO,
	[REASON_RDMSR] = VIRT_EXIT_RDMSR,
	[REASON_WRMSR] = VIRT_EXIT_WRMSR,
	[REASON_BAD_GUEST_STATE] = VIRT_EXIT_BAD_STATE,
	[REASON_BAD_MSR_LOAD] = VIRT_EXIT_BAD_STATE,
	[REASON_MWAIT] = VIRT_EXIT_UNDEFINED,
	[REASON_MONITOR] = VIRT_EXIT_UNDEFINED,
	[REASON_PAUSE] = VIRT_EXIT_PAUSE,
	[REASON_MACHINE_CHECK] = VIRT_EXIT_MACHINE_CHECK,
	[REASON_EPT_VIOLATION] = VIRT_EXIT_NPF,
	[REASON_INVEPT] = VIRT_EXIT_UNDEFINED,
	[REASON_INVVPID] = VIRT_EXIT_UNDEFINED,
	[REASON_PREEMPTION_TIMER] = VIRT_EXIT_PREEMPT,
	[REASON_WBINVD] = VIRT_EXIT_CACHE,
	[REASON_XSETBV] = VIRT_EXIT_XSETBV,
};

static void read_io(struct virt_exit *exit)
{
	u64 q = exit->qualification;

	exit->io.bytes = (u8)((q & IO_QUAL_SIZE_MASK) + 1);
	exit->io.in = q & IO_QUAL_IN;
	exit->io.string = q & IO_QUAL_STRING;
	exit->io.rep = q & IO_QUAL_REP;
	exit->io.port = (u16)(q >> IO_QUAL_PORT_SHIFT);
	if (!exit->io.string)
		return;
	/* The linear address is that of the memory operand (SDM 3C "Guest-Linear
	 * Address"). */
	exit->gva = vmread(VMCS_GUEST_LINEAR);
	exit->io.address_bytes =
		(u8)(2 << (vmread(VMCS_EXIT_INSN_INFO) >> INSN_INFO_ADDRESS_SHIFT & 7));
}

static void read_cr(struct virt_exit *exit)
{
	u64 q = exit->qualification;

	exit->cr.number = (u8)(q & CR_QUAL_NUMBER);
	exit->cr.op = q >> CR_QUAL_TYPE_SHIFT & 3;
	exit->cr.reg = (u8)(q >> CR_QUAL_REG_SHIFT & 0xf);
	exit->cr.lmsw = (u16)(q >> CR_QUAL_LMSW_SHIFT);
}

/* An IRET that faulted has already unblocked NMIs; it will run again, so block them
 * once more (SDM 3C "Information for VM Exits Due to Vectored Events"). */
static void block_nmi_again(void)
{
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY,
		vmread(VMCS_GUEST_INTERRUPTIBILITY) | BLOCKED_BY_NMI);
}

static void read_npf(struct virt_vcpu *hv, struct virt_exit *exit)
{
	u64 q = exit->qualification;

	exit->gpa = gpa(vmread(VMCS_GUEST_PHYSICAL));
	exit->write = q & EPT_QUAL_WRITE;
	exit->fetch = q & EPT_QUAL_FETCH;
	exit->gva_valid = q & EPT_QUAL_GVA_VALID;
	exit->walk = exit->gva_valid && !(q & EPT_QUAL_NOT_WALK);
	if (exit->gva_valid)
		exit->gva = vmread(VMCS_GUEST_LINEAR);
	if (q & EPT_QUAL_NMI_UNBLOCKED && !hv->event)
		block_nmi_again();
}

/* The processor leaves DR6 and DR7 for us to update (SDM 3C "Basic VM-Exit
 * Information", exit qualification for debug exceptions). */
static void update_debug_status(u64 qualification)
{
	u64 found = qualification & DR6_STATUS;

	/* General detect is a fault; a trap that MOV SS holds back does not come with it,
	 * though Bochs 2.7 says so. */
	if (found & DR6_BD)
		found = DR6_BD;
	/* Only the breakpoints' bits are ever cleared by the processor. */
	write_dr6((read_dr6() & ~DR6_BREAKPOINTS) | found | DR6_FIXED);
	vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~DR7_GD);
}

static void read_exception(struct virt_vcpu *hv, struct virt_exit *exit)
{
	u32 info = (u32)vmread(VMCS_EXIT_INTR_INFO), type = info & INTR_TYPE_MASK;

	exit->vector = (u8)info;
	exit->intr_info = info;
	if (type == INTR_TYPE_NMI) {
		exit->reason = VIRT_EXIT_NMI;
		nmi_dispatch();
		return;
	}
	if (exit->vector == VEC_MC) {
		machine_check_dispatch();
		return;
	}
	/* INT1 has no condition to report in DR6 (SDM 2A, INT1). */
	if (exit->vector == VEC_DB)
		update_debug_status(
			type == INTR_TYPE_PRIV_SOFT_EXCEPTION ? 0 : exit->qualification);
	exit->has_error_code = info & INTR_HAS_ERROR;
	if (exit->has_error_code)
		exit->error_code = (u32)vmread(VMCS_EXIT_INTR_ERROR);
	if (info & INTR_NMI_UNBLOCKED_BY_IRET && exit->vector != VEC_DF && !hv->event)
		block_nmi_again();
}

static void read_bad_state(struct virt_exit *exit)
{
	exit->why = exit->raw == REASON_BAD_GUEST_STATE
			    ? "guest state is not valid for entry"
			    : "an MSR could not be loaded at entry";
}

void vmx_read_exit(struct virt_vcpu *hv, struct virt_exit *exit)
{
	u32 raw;

	if (hv->finished) {
		hv->finished = false;
		hv->launched = true;
		exit->reason = VIRT_EXIT_NONE;
		return;
	}
	raw = (u32)vmread(VMCS_EXIT_REASON);
	if (!(raw & REASON_ENTRY_FAILED))
		hv->launched = true;
	if (raw == REASON_PREEMPTION_TIMER)
		vmx_timer_expired(hv);
	exit->raw = raw & REASON_BASIC_MASK;
	exit->reason = exit->raw < REASON_COUNT ? reasons[exit->raw] : VIRT_EXIT_NONE;
	if (exit->reason == VIRT_EXIT_NONE)
		exit->reason = VIRT_EXIT_UNKNOWN;
	/* The host's business first; a bad entry has no other facts. */
	if (exit->reason == VIRT_EXIT_INTERRUPT) {
		exit->vector = (u8)vmread(VMCS_EXIT_INTR_INFO);
		vmx_keep_interrupted_event(hv);
		return;
	}
	if (exit->reason == VIRT_EXIT_MACHINE_CHECK) {
		/* During the entry: the next test would be true as well. */
		machine_check_dispatch();
		return;
	}
	if (raw & REASON_ENTRY_FAILED) {
		read_bad_state(exit);
		return;
	}
	vmx_keep_interrupted_event(hv);
	exit->length = (u32)vmread(VMCS_EXIT_INSN_LENGTH);
	exit->qualification = vmread(VMCS_EXIT_QUALIFICATION);
	if (exit->reason == VIRT_EXIT_EXCEPTION)
		read_exception(hv, exit);
	else if (exit->reason == VIRT_EXIT_NPF)
		read_npf(hv, exit);
	else if (exit->reason == VIRT_EXIT_IO)
		read_io(exit);
	else if (exit->reason == VIRT_EXIT_CR)
		read_cr(exit);
}
