// SPDX-License-Identifier: MIT
/* Port accesses. A string instruction does one element an exit: RIP stays on a REP
 * until RCX has run out, so no guest can keep a pCPU here. */
#include "arch/x86/regs.h"
#include "bits.h"
#include "vcpu/io.h"
#include "vcpu/pio.h"
#include "vcpu/vm.h"

/* The low bytes of a register change, as the address size says. */
static void add_to_reg(struct vcpu *vcpu, unsigned reg, u64 delta)
{
	u64 mask = vcpu->exit.io.address_bytes == 8
			   ? ~0UL
			   : MASK(8 * vcpu->exit.io.address_bytes - 1, 0);
	u64 old = virt_reg(vcpu->hv, reg), value = (old + delta) & mask;

	/* A 32-bit result clears the upper half, a 16-bit one leaves it. */
	if (vcpu->exit.io.address_bytes == 2)
		value |= old & ~mask;
	virt_set_reg(vcpu->hv, reg, value);
}

static u64 count_left(struct vcpu *vcpu)
{
	u64 count = virt_reg(vcpu->hv, REG_RCX);

	if (vcpu->exit.io.address_bytes == 8)
		return count;
	return count & MASK(8 * vcpu->exit.io.address_bytes - 1, 0);
}

/* One element between port and memory; returns the bytes that memory took or gave. */
static u64 move_element(struct vcpu *vcpu)
{
	unsigned bytes = vcpu->exit.io.bytes;
	u64 gva = vcpu->exit.gva, done;
	u32 value = 0;

	if (vcpu->exit.io.in) {
		/* The operand first: what is read from a device is gone from there. */
		done = guest_writable_virtual(vcpu, gva, bytes);
		if (done != bytes)
			return done;
		value = pio_read(vcpu, vcpu->exit.io.port, bytes);
		return guest_write_virtual(vcpu, gva, &value, bytes);
	}
	done = guest_read_virtual(vcpu, gva, &value, bytes, false);
	if (done == bytes)
		pio_write(vcpu, vcpu->exit.io.port, bytes, value);
	return done;
}

/* The exit came before the processor looked at the operand, so its page fault is ours
 * to raise (SDM 3C "Relative Priority of Faults and VM Exits"). */
static void operand_fault(struct vcpu *vcpu, u64 gva)
{
	bool in = vcpu->exit.io.in;
	gpa_t at;

	if (guest_translate(vcpu, gva, in, false, &at)) {
		vm_kill(vcpu->vm,
			"vcpu%u: string I/O on port %x with memory at %lx that is "
			"not there",
			vcpu->index, vcpu->exit.io.port, at.v);
		return;
	}
	virt_set_cr2(vcpu->hv, gva);
	virt_inject_exception(vcpu->hv, VEC_PF, true, guest_fault_error(vcpu, gva, in));
}

static void string_io(struct vcpu *vcpu)
{
	struct virt_sregs s;
	u64 step, done;

	if (vcpu->exit.io.rep && !count_left(vcpu)) {
		virt_skip(vcpu->hv, vcpu->exit.length);
		return;
	}
	done = move_element(vcpu);
	if (done != vcpu->exit.io.bytes) {
		operand_fault(vcpu, vcpu->exit.gva + done);
		return;
	}
	virt_get_sregs(vcpu->hv, &s);
	step = s.rflags & RFLAGS_DF ? -(u64)vcpu->exit.io.bytes : vcpu->exit.io.bytes;
	add_to_reg(vcpu, vcpu->exit.io.in ? REG_RDI : REG_RSI, step);
	if (vcpu->exit.io.rep)
		add_to_reg(vcpu, REG_RCX, -1UL);
	if (!vcpu->exit.io.rep || !count_left(vcpu))
		virt_skip(vcpu->hv, vcpu->exit.length);
}

void exit_io(struct vcpu *vcpu)
{
	u64 rax = virt_reg(vcpu->hv, REG_RAX);
	unsigned bytes = vcpu->exit.io.bytes;
	u64 mask = MASK(8 * bytes - 1, 0);

	if (vcpu->exit.io.string) {
		string_io(vcpu);
		return;
	}
	if (vcpu->exit.io.in) {
		u64 value = pio_read(vcpu, vcpu->exit.io.port, bytes) & mask;

		/* EAX is zero-extended, AX and AL are not. */
		virt_set_reg(vcpu->hv, REG_RAX,
			     bytes == 4 ? value : (rax & ~mask) | value);
	} else {
		pio_write(vcpu, vcpu->exit.io.port, bytes, (u32)(rax & mask));
	}
	virt_skip(vcpu->hv, vcpu->exit.length);
}
