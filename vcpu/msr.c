// SPDX-License-Identifier: MIT
/* MSR policy: a table of registers that a guest may touch and what happens; all others
 * are #GP. The registers that the back end lets through never come here. */
#include "arch/x86/regs.h"
#include "bits.h"
#include "vcpu/policy.h"
#include "vcpu/pv_eoi.h"
#include "vcpu/pvclock.h"
#include "vcpu/vm.h"

#define MSR_PLATFORM_ID 0x17
#define MSR_MISC_FEATURES 0x140
#define MSR_PLATFORM_INFO 0xce
#define MSR_X2APIC_LAST 0x83f
#define MSR_PERF_STATUS 0x198
#define MSR_MCG_CAP 0x179
#define MSR_MCG_STATUS 0x17a
/* SDM 4 "IA32_MISC_ENABLE": fast strings, thermal control, SpeedStep, MONITOR, CPUID
 * limit, xTPR, XD off. They are kept for the guest and mean nothing. There are no
 * branch trace store and no PEBS. */
#define MISC_ENABLE_WRITABLE                                                             \
	(BIT(0) | BIT(3) | BIT(16) | BIT(18) | BIT(22) | BIT(23) | BIT(34))
#define MISC_ENABLE_FIXED (BIT(11) | BIT(12))
#define MICROCODE_REVISION (1UL << 32)
#define MSR_KVM_OLD_WALL_CLOCK 0x11
#define MSR_KVM_OLD_SYSTEM_TIME 0x12
#define MSR_KVM_WALL_CLOCK 0x4b564d00
#define MSR_KVM_SYSTEM_TIME 0x4b564d01
#define MSR_KVM_PV_EOI 0x4b564d04

struct msr_rule {
	u32 first, last;
	bool (*read)(struct vcpu *vcpu, u32 msr, u64 *value); /* NULL: #GP */
	bool (*write)(struct vcpu *vcpu, u32 msr, u64 value); /* NULL: #GP */
};

static bool read_zero(struct vcpu *vcpu, u32 msr, u64 *value)
{
	*value = 0;
	return true;
}

static bool write_nothing(struct vcpu *vcpu, u32 msr, u64 value)
{
	return true;
}

static bool read_tsc(struct vcpu *vcpu, u32 msr, u64 *value)
{
	*value = vcpu_guest_tsc(vcpu);
	return true;
}

static void move_tsc(struct vcpu *vcpu, u64 delta)
{
	vcpu->tsc_offset += delta;
	virt_set_tsc_offset(vcpu->hv, vcpu->tsc_offset);
	vlapic_tsc_moved(vcpu, delta);
	pvclock_update(vcpu);
}

/* A write of the TSC moves TSC_ADJUST by as much (SDM 3B "IA32_TSC_ADJUST"). */
static bool write_tsc(struct vcpu *vcpu, u32 msr, u64 value)
{
	u64 delta = value - vcpu_guest_tsc(vcpu);

	vcpu->tsc_adjust += delta;
	move_tsc(vcpu, delta);
	return true;
}

static bool read_tsc_adjust(struct vcpu *vcpu, u32 msr, u64 *value)
{
	*value = vcpu->tsc_adjust;
	return true;
}

static bool write_tsc_adjust(struct vcpu *vcpu, u32 msr, u64 value)
{
	u64 delta = value - vcpu->tsc_adjust;

	vcpu->tsc_adjust = value;
	move_tsc(vcpu, delta);
	return true;
}

static bool read_microcode(struct vcpu *vcpu, u32 msr, u64 *value)
{
	*value = MICROCODE_REVISION;
	return true;
}

static bool read_misc_enable(struct vcpu *vcpu, u32 msr, u64 *value)
{
	*value = vcpu->misc_enable | MISC_ENABLE_FIXED;
	return true;
}

static bool write_misc_enable(struct vcpu *vcpu, u32 msr, u64 value)
{
	vcpu->misc_enable = value & MISC_ENABLE_WRITABLE;
	return true;
}

static bool write_apic_base(struct vcpu *vcpu, u32 msr, u64 value)
{
	if (!vlapic_msr_write(vcpu, msr, value))
		return false;
	cpuid_apic_changed(vcpu);
	return true;
}

/* KVM's registers: written with an address, they read as 0; without KVM's leaves they
 * are not there. */
static bool read_kvm(struct vcpu *vcpu, u32 msr, u64 *value)
{
	*value = 0;
	return vcpu->vm->desc->kvm;
}

static bool write_wall_clock(struct vcpu *vcpu, u32 msr, u64 value)
{
	return vcpu->vm->desc->kvm && pvclock_write_wall_clock(vcpu, value);
}

static bool write_system_time(struct vcpu *vcpu, u32 msr, u64 value)
{
	return vcpu->vm->desc->kvm && pvclock_write_system_time(vcpu, value);
}

static bool read_pv_eoi(struct vcpu *vcpu, u32 msr, u64 *value)
{
	*value = vcpu->pv_eoi_gpa ? vcpu->pv_eoi_gpa | 1 : 0;
	return vcpu->vm->desc->kvm && vcpu->vm->desc->pv_eoi;
}

static bool write_pv_eoi(struct vcpu *vcpu, u32 msr, u64 value)
{
	return vcpu->vm->desc->kvm && vcpu->vm->desc->pv_eoi && pv_eoi_write(vcpu, value);
}

static const struct msr_rule rules[] = {
	{MSR_TSC, MSR_TSC, read_tsc, write_tsc},
	{MSR_KVM_OLD_WALL_CLOCK, MSR_KVM_OLD_WALL_CLOCK, read_kvm, write_wall_clock},
	{MSR_KVM_OLD_SYSTEM_TIME, MSR_KVM_OLD_SYSTEM_TIME, read_kvm, write_system_time},
	{MSR_PLATFORM_ID, MSR_PLATFORM_ID, read_zero, NULL},
	{MSR_APIC_BASE, MSR_APIC_BASE, vlapic_msr_read, write_apic_base},
	{MSR_TSC_ADJUST, MSR_TSC_ADJUST, read_tsc_adjust, write_tsc_adjust},
	{MSR_BIOS_SIGN_ID, MSR_BIOS_SIGN_ID, read_microcode, write_nothing},
	{MSR_PLATFORM_INFO, MSR_PLATFORM_INFO, read_zero, NULL},
	{MSR_MISC_FEATURES, MSR_MISC_FEATURES, read_zero, write_nothing},
	{MSR_PERF_STATUS, MSR_PERF_STATUS, read_zero, NULL},
	{MSR_MISC_ENABLE, MSR_MISC_ENABLE, read_misc_enable, write_misc_enable},
	{MSR_MCG_CAP, MSR_MCG_CAP, read_zero, NULL}, /* no banks */
	{MSR_MCG_STATUS, MSR_MCG_STATUS, read_zero, write_nothing},
	{MSR_DEBUGCTL, MSR_DEBUGCTL, read_zero, write_nothing},
	{MSR_TSC_DEADLINE, MSR_TSC_DEADLINE, vlapic_msr_read, vlapic_msr_write},
	{MSR_X2APIC_BASE, MSR_X2APIC_LAST, vlapic_msr_read, vlapic_msr_write},
	{MSR_KVM_WALL_CLOCK, MSR_KVM_WALL_CLOCK, read_kvm, write_wall_clock},
	{MSR_KVM_SYSTEM_TIME, MSR_KVM_SYSTEM_TIME, read_kvm, write_system_time},
	{MSR_KVM_PV_EOI, MSR_KVM_PV_EOI, read_pv_eoi, write_pv_eoi},
};

static const struct msr_rule *find(u32 msr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
		if (msr >= rules[i].first && msr <= rules[i].last)
			return &rules[i];
	}
	return NULL;
}

bool msr_read(struct vcpu *vcpu, u32 msr, u64 *value)
{
	const struct msr_rule *rule = find(msr);

	return rule && rule->read && rule->read(vcpu, msr, value);
}

bool msr_write(struct vcpu *vcpu, u32 msr, u64 value)
{
	const struct msr_rule *rule = find(msr);

	return rule && rule->write && rule->write(vcpu, msr, value);
}
