// SPDX-License-Identifier: MIT
/* MMIO: finds the device, and carries out the decoded instruction on it and on the
 * vCPU's registers. Called by the nested page fault's exit handler. Takes the lock
 * that the device needs. */
#include "vcpu/mmio.h"
#include "arch/x86/regs.h"
#include "vcpu/alu.h"
#include "vcpu/decode.h"
#include "vcpu/dev/virtio_mmio.h"
#include "vcpu/vm.h"

/* --- devices --- */

struct mmio_device {
	const char *name;
	u64 (*read)(struct vcpu *vcpu, u32 offset, unsigned bytes);
	void (*write)(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 value);
};

/* An access to a device: which, and where in it. */
struct mmio_access {
	const struct mmio_device *device;
	u32 offset;
};

static u64 lapic_read(struct vcpu *vcpu, u32 offset, unsigned bytes)
{
	u64 value;

	/* Without the page (disabled, or x2APIC mode) there is nothing on the bus. */
	return vlapic_mmio_read(vcpu, offset, bytes, &value) ? value : ~0UL;
}

static void lapic_write(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 value)
{
	vlapic_mmio_write(vcpu, offset, bytes, value);
}

static u64 ioapic_page_read(struct vcpu *vcpu, u32 offset, unsigned bytes)
{
	u64 value;

	spin_lock(&vcpu->vm->device_lock);
	value = ioapic_read(vcpu->vm, offset);
	spin_unlock(&vcpu->vm->device_lock);
	return value;
}

static void ioapic_page_write(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 value)
{
	spin_lock(&vcpu->vm->device_lock);
	ioapic_write(vcpu->vm, offset, (u32)value);
	spin_unlock(&vcpu->vm->device_lock);
}

static u64 hpet_page_read(struct vcpu *vcpu, u32 offset, unsigned bytes)
{
	u64 value;

	spin_lock(&vcpu->vm->device_lock);
	value = hpet_read(&vcpu->vm->hpet, offset, bytes);
	spin_unlock(&vcpu->vm->device_lock);
	return value;
}

static void hpet_page_write(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 value)
{
	spin_lock(&vcpu->vm->device_lock);
	hpet_write(&vcpu->vm->hpet, offset, bytes, value);
	spin_unlock(&vcpu->vm->device_lock);
}

static u64 nothing_read(struct vcpu *vcpu, u32 offset, unsigned bytes)
{
	return ~0UL;
}

static void nothing_write(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 value)
{
}

static const struct mmio_device lapic_device = {"local APIC", lapic_read, lapic_write};
static const struct mmio_device ioapic_device = {"IOAPIC", ioapic_page_read,
						 ioapic_page_write};
static const struct mmio_device virtio_device = {"virtio", virtio_mmio_read,
						 virtio_mmio_write};
static const struct mmio_device hpet_device = {"HPET", hpet_page_read, hpet_page_write};
static const struct mmio_device test_ram_device = {"test RAM", testdev_ram_read,
						   testdev_ram_write};
/* Where a local APIC's page was before the guest moved it. */
static const struct mmio_device no_device = {"nothing", nothing_read, nothing_write};

static bool find(struct vcpu *vcpu, gpa_t gpa, struct mmio_access *out)
{
	const struct {
		u64 base, bytes;
		const struct mmio_device *device;
	} map[] = {
		{vlapic_page(vcpu), VLAPIC_PAGE_BYTES, &lapic_device},
		{IOAPIC_PAGE, IOAPIC_PAGE_BYTES, &ioapic_device},
		{VIRTIO_PAGE, vcpu->vm->virtio.count * VIRTIO_PAGE_BYTES, &virtio_device},
		{VLAPIC_PAGE_DEFAULT, VLAPIC_PAGE_BYTES, &no_device},
		{HPET_PAGE, HPET_PAGE_BYTES, &hpet_device},
		{TESTDEV_RAM, TESTDEV_RAM_BYTES, &test_ram_device},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(map); i++) {
		if (gpa.v < map[i].base || gpa.v - map[i].base >= map[i].bytes)
			continue;
		out->device = map[i].device;
		out->offset = (u32)(gpa.v - map[i].base);
		return true;
	}
	return false;
}

/* --- registers --- */

static u64 reg_read(struct vcpu *vcpu, const struct decoded *insn)
{
	u64 value = virt_reg(vcpu->hv, insn->reg) >> insn->reg_shift;

	return value & MASK(insn->reg_bytes * 8 - 1, 0);
}

/* A 32-bit result clears the upper half, shorter ones leave the rest alone. */
static void reg_write(struct vcpu *vcpu, const struct decoded *insn, u64 value)
{
	u64 mask = MASK(insn->reg_bytes * 8 - 1, 0);
	u64 old = virt_reg(vcpu->hv, insn->reg);

	if (insn->reg_bytes < 4)
		value = (old & ~(mask << insn->reg_shift)) | (value & mask)
								     << insn->reg_shift;
	virt_set_reg(vcpu->hv, insn->reg, insn->reg_bytes == 4 ? value & mask : value);
}

static u64 extend(const struct decoded *insn, u64 value)
{
	u64 sign = BIT(insn->bytes * 8 - 1);

	value &= MASK(insn->bytes * 8 - 1, 0);
	return insn->sign ? (value ^ sign) - sign : value;
}

/* --- the instruction --- */

static u64 memory_read(struct vcpu *vcpu, const struct mmio_access *at,
		       const struct decoded *insn)
{
	return extend(insn, at->device->read(vcpu, at->offset, insn->bytes));
}

static void memory_write(struct vcpu *vcpu, const struct mmio_access *at,
			 const struct decoded *insn, u64 value)
{
	at->device->write(vcpu, at->offset, insn->bytes,
			  value & MASK(insn->bytes * 8 - 1, 0));
}

static void calculate(struct vcpu *vcpu, const struct mmio_access *at,
		      const struct decoded *insn, u64 source, struct virt_sregs *sregs)
{
	u64 memory = memory_read(vcpu, at, insn);
	u64 first = insn->to_memory ? memory : source;
	u64 second = insn->to_memory ? source : memory;
	u64 result = alu_do(insn->op, first, second, insn->bytes, &sregs->rflags);

	virt_set_sregs(vcpu->hv, sregs);
	if (insn->op == DECODE_CMP || insn->op == DECODE_TEST)
		return;
	if (insn->to_memory)
		memory_write(vcpu, at, insn, result);
	else
		reg_write(vcpu, insn, result);
}

static void execute(struct vcpu *vcpu, const struct mmio_access *at,
		    const struct decoded *insn, struct virt_sregs *sregs)
{
	u64 source = insn->immediate ? insn->imm : reg_read(vcpu, insn);

	if (insn->op == DECODE_MOV && insn->to_memory) {
		memory_write(vcpu, at, insn, source);
	} else if (insn->op == DECODE_MOV) {
		reg_write(vcpu, insn, memory_read(vcpu, at, insn));
	} else if (insn->op == DECODE_XCHG) {
		u64 memory = memory_read(vcpu, at, insn);

		memory_write(vcpu, at, insn, source);
		reg_write(vcpu, insn, memory);
	} else {
		calculate(vcpu, at, insn, source, sregs);
	}
}

static enum cpu_mode mode_of(const struct virt_sregs *sregs)
{
	u32 cs = sregs->seg[SEG_CS].access;

	if (sregs->efer & EFER_LMA && cs & VIRT_SEG_LONG)
		return CPU_MODE_64;
	return cs & VIRT_SEG_BIG ? CPU_MODE_32 : CPU_MODE_16;
}

bool mmio_emulate(struct vcpu *vcpu, gpa_t gpa, const u8 *insn, unsigned insn_bytes)
{
	struct virt_sregs sregs;
	struct mmio_access at;
	struct decoded decoded;

	if (!find(vcpu, gpa, &at))
		return false;
	virt_get_sregs(vcpu->hv, &sregs);
	if (!decode_mmio(insn, insn_bytes, mode_of(&sregs), &decoded))
		return false;
	execute(vcpu, &at, &decoded, &sregs);
	virt_skip(vcpu->hv, decoded.length);
	return true;
}
