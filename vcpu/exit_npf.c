// SPDX-License-Identifier: MIT
/* Nested page faults: a device's registers are emulated, anything else is memory that is
 * not there. */
#include "arch/x86/regs.h"
#include "bits.h"
#include "string.h"
#include "vcpu/decode.h"
#include "vcpu/io.h"
#include "vcpu/mmio.h"
#include "vcpu/vm.h"

#define INSN_MAX 15 /* SDM 2A "Instruction Format" */

static u64 fetch_address(const struct virt_sregs *s)
{
	bool long_mode = s->efer & EFER_LMA && s->seg[SEG_CS].access & VIRT_SEG_LONG;

	return long_mode ? s->rip : (u32)(s->seg[SEG_CS].base + s->rip);
}

/* Did another CPU map it, or a split go on, since the processor looked? Then the
 * instruction is simply run again. */
static bool is_there_by_now(struct vcpu *vcpu)
{
	u8 byte;

	return !vcpu->exit.write && guest_read(vcpu, vcpu->exit.gpa, &byte, 1);
}

static const char *access_name(const struct virt_exit *exit)
{
	return exit->fetch ? "fetch from" : exit->write ? "write to" : "read of";
}

void exit_npf(struct vcpu *vcpu)
{
	const struct virt_exit *exit = &vcpu->exit;
	struct virt_sregs s;
	u8 insn[INSN_MAX];
	u64 bytes;

	virt_get_sregs(vcpu->hv, &s);
	bytes = exit->fetch || exit->walk ? 0
					  : guest_read_virtual(vcpu, fetch_address(&s),
							       insn, INSN_MAX, true);
	if (bytes && mmio_emulate(vcpu, exit->gpa, insn, (unsigned)bytes))
		return;
	if (is_there_by_now(vcpu))
		return;
	vm_kill(vcpu->vm, "vcpu%u: %s guest-physical %lx, where nothing is, at rip %lx",
		vcpu->index, access_name(exit), exit->gpa.v, s.rip);
}
