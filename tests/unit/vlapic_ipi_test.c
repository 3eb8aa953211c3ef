// SPDX-License-Identifier: MIT
/* vcpu/vlapic_ipi.c: who receives an IPI, in every destination mode and for every
 * shorthand (SDM 3A, "Determining IPI Destination"). */
#include "arch/x86/regs.h"
#include "fake_vcpu.h"
#include "unit.h"
#include "vcpu/vlapic_regs.h"

#define VECTOR 0x77

static struct vm *vm;

static void xapic_icr(unsigned from, u32 dest, u32 low)
{
	vlapic_mmio_write(vm->vcpus[from], APIC_ICR_HIGH * 16, 4, dest << 24);
	vlapic_mmio_write(vm->vcpus[from], APIC_ICR * 16, 4, low);
}

static bool x2apic_icr(unsigned from, u32 dest, u32 low)
{
	return vlapic_msr_write(vm->vcpus[from], 0x830, (u64)dest << 32 | low);
}

/* Who has got the vector since the last call. */
static u64 receivers(void)
{
	u64 set = 0;

	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		struct vcpu *vcpu = vm->vcpus[i];

		if (fake_take(vcpu) != VECTOR)
			continue;
		set |= BIT(i);
		vlapic_mmio_write(vcpu, APIC_EOI * 16, 4, 0);
		vlapic_msr_write(vcpu, 0x80b, 0);
	}
	return set;
}

static void physical(void)
{
	vm = fake_vm(4);
	fake_enable_apics(vm);
	xapic_icr(0, 2, VECTOR);
	CHECK_EQ(receivers(), 4);
	xapic_icr(2, 2, VECTOR);
	CHECK_EQ(receivers(), 4);
	xapic_icr(0, 9, VECTOR);
	CHECK_EQ(receivers(), 0);
	xapic_icr(1, 0xff, VECTOR);
	CHECK_EQ(receivers(), 0xf);
	fake_enable_x2apics(vm);
	CHECK(x2apic_icr(0, 3, VECTOR));
	CHECK_EQ(receivers(), 8);
	CHECK(x2apic_icr(0, 0xff, VECTOR));
	CHECK_EQ(receivers(), 0);
	CHECK(x2apic_icr(0, 0xffffffff, VECTOR));
	CHECK_EQ(receivers(), 0xf);
}

/* Software may give a local APIC another ID in xAPIC mode, or two of them the same. */
static void ids_of_their_own(void)
{
	u64 base;

	vm = fake_vm(3);
	fake_enable_apics(vm);
	vlapic_mmio_write(vm->vcpus[1], APIC_ID * 16, 4, 0x42abcdef);
	xapic_icr(0, 0x42, VECTOR);
	CHECK_EQ(receivers(), 2);
	xapic_icr(0, 1, VECTOR);
	CHECK_EQ(receivers(), 0);
	vlapic_mmio_write(vm->vcpus[2], APIC_ID * 16, 4, 0x42000000);
	xapic_icr(0, 0x42, VECTOR);
	CHECK_EQ(receivers(), 6);
	vlapic_reset(vm->vcpus[1], false); /* INIT leaves it alone */
	vlapic_mmio_write(vm->vcpus[1], APIC_SVR * 16, 4, 0x1ff);
	xapic_icr(0, 0x42, VECTOR);
	CHECK_EQ(receivers(), 6);
	/* x2APIC mode has the first one; so has xAPIC mode after off and on. */
	vlapic_msr_read(vm->vcpus[2], MSR_APIC_BASE, &base);
	CHECK(vlapic_msr_write(vm->vcpus[2], MSR_APIC_BASE, base | APIC_BASE_EXTD));
	xapic_icr(0, 2, VECTOR);
	CHECK_EQ(receivers(), 4);
	CHECK(vlapic_msr_write(vm->vcpus[2], MSR_APIC_BASE, base & ~APIC_BASE_EN));
	CHECK(vlapic_msr_write(vm->vcpus[2], MSR_APIC_BASE, base));
	vlapic_mmio_write(vm->vcpus[2], APIC_SVR * 16, 4, 0x1ff);
	xapic_icr(0, 2, VECTOR);
	CHECK_EQ(receivers(), 4);
}

static void shorthands(void)
{
	vm = fake_vm(4);
	fake_enable_apics(vm);
	xapic_icr(1, 3, VECTOR | 1 << 18);
	CHECK_EQ(receivers(), 2);
	xapic_icr(1, 3, VECTOR | 2 << 18);
	CHECK_EQ(receivers(), 0xf);
	xapic_icr(1, 3, VECTOR | 3 << 18);
	CHECK_EQ(receivers(), 0xd);
	fake_enable_x2apics(vm);
	CHECK(vlapic_msr_write(vm->vcpus[2], 0x83f, VECTOR));
	CHECK_EQ(receivers(), 4);
	CHECK(x2apic_icr(0, 0, VECTOR | 3 << 18));
	CHECK_EQ(receivers(), 0xe);
}

static void logical_flat(void)
{
	vm = fake_vm(8);
	fake_enable_apics(vm);
	for (unsigned i = 0; i < 8; i++)
		vlapic_mmio_write(vm->vcpus[i], APIC_LDR * 16, 4, 1u << (24 + i));
	xapic_icr(0, 0x81, VECTOR | 1 << 11);
	CHECK_EQ(receivers(), 0x81);
	xapic_icr(0, 0xff, VECTOR | 1 << 11);
	CHECK_EQ(receivers(), 0xff);
	xapic_icr(0, 0, VECTOR | 1 << 11);
	CHECK_EQ(receivers(), 0);
}

static void logical_cluster(void)
{
	vm = fake_vm(8);
	fake_enable_apics(vm);
	for (unsigned i = 0; i < 8; i++) {
		u32 ldr = (i / 4) << 4 | 1u << i % 4;

		vlapic_mmio_write(vm->vcpus[i], APIC_DFR * 16, 4, 0);
		vlapic_mmio_write(vm->vcpus[i], APIC_LDR * 16, 4, ldr << 24);
	}
	xapic_icr(0, 0x05, VECTOR | 1 << 11);
	CHECK_EQ(receivers(), 0x05);
	xapic_icr(0, 0x1a, VECTOR | 1 << 11);
	CHECK_EQ(receivers(), 0xa0);
	xapic_icr(0, 0x2f, VECTOR | 1 << 11);
	CHECK_EQ(receivers(), 0);
	xapic_icr(0, 0xff, VECTOR | 1 << 11);
	CHECK_EQ(receivers(), 0xff);
}

static void logical_x2apic(void)
{
	vm = fake_vm(40);
	fake_enable_x2apics(vm);
	CHECK(x2apic_icr(0, 0x00018001, VECTOR | 1 << 11));
	CHECK_EQ(receivers(), 1ul << 16 | 1ul << 31);
	CHECK(x2apic_icr(0, 0x00020080, VECTOR | 1 << 11));
	CHECK_EQ(receivers(), 1ul << 39);
	CHECK(x2apic_icr(0, 0x00030001, VECTOR | 1 << 11));
	CHECK_EQ(receivers(), 0);
	CHECK(x2apic_icr(0, 0xffffffff, VECTOR | 1 << 11));
	CHECK_EQ(receivers(), BIT(40) - 1);
}

static void lowest_priority_is_one(void)
{
	vm = fake_vm(4);
	fake_enable_apics(vm);
	for (unsigned i = 0; i < 4; i++)
		vlapic_mmio_write(vm->vcpus[i], APIC_LDR * 16, 4, 1u << (24 + i));
	xapic_icr(0, 0x0e, VECTOR | 1 << 8 | 1 << 11);
	CHECK_EQ(receivers(), 2);
	/* One that takes it. */
	vlapic_mmio_write(vm->vcpus[1], APIC_SVR * 16, 4, 0xff);
	xapic_icr(0, 0x0e, VECTOR | 1 << 8 | 1 << 11);
	CHECK_EQ(receivers(), 4);
}

static void nmi_init_sipi(void)
{
	vm = fake_vm(3);
	/* INIT, NMI and SIPI reach software-disabled APICs. */
	xapic_icr(0, 0, 0xc4500);
	CHECK_EQ(fake.counts[0].inits, 0);
	CHECK_EQ(fake.counts[1].inits, 1);
	CHECK_EQ(fake.counts[2].inits, 1);
	xapic_icr(0, 0, 0xc4608);
	CHECK_EQ(fake.counts[2].sipis, 1);
	CHECK_EQ(fake.counts[2].sipi_vector, 8);
	/* Level de-assert, SMI, ExtINT, the reserved mode: nothing. */
	xapic_icr(0, 1, 0x8500);
	xapic_icr(0, 1, 0x4200);
	xapic_icr(0, 1, 0x4700);
	xapic_icr(0, 1, 0x4300);
	CHECK_EQ(fake.counts[1].inits, 1);
	xapic_icr(0, 1, 0xc500);
	CHECK_EQ(fake.counts[1].inits, 2);
	xapic_icr(0, 1, 0x4400);
	CHECK_EQ(fake.counts[1].nmis, 1);
	CHECK_EQ(fake.counts[1].kicks, 0);
}

static void illegal_vector(void)
{
	u64 esr;

	vm = fake_vm(2);
	fake_enable_apics(vm);
	xapic_icr(0, 1, 0x0f);
	CHECK_EQ(fake.counts[1].kicks, 0);
	vlapic_mmio_write(vm->vcpus[0], APIC_ESR * 16, 4, 0);
	vlapic_mmio_read(vm->vcpus[0], APIC_ESR * 16, 4, &esr);
	CHECK_EQ(esr, APIC_ESR_SEND_ILLEGAL);
}

static void disabled_targets(void)
{
	vm = fake_vm(3);
	fake_enable_apics(vm);
	vlapic_msr_write(vm->vcpus[1], MSR_APIC_BASE, 0xfee00000);
	xapic_icr(0, 0, VECTOR | 2 << 18);
	CHECK_EQ(receivers(), 5);
	xapic_icr(0, 1, 0x4400);
	CHECK_EQ(fake.counts[1].nmis, 0);
}

static const struct unit_test tests[] = {
	UNIT_TEST(physical), UNIT_TEST(ids_of_their_own),
	UNIT_TEST(shorthands), UNIT_TEST(logical_flat),
	UNIT_TEST(logical_cluster), UNIT_TEST(logical_x2apic),
	UNIT_TEST(lowest_priority_is_one), UNIT_TEST(nmi_init_sipi),
	UNIT_TEST(illegal_vector), UNIT_TEST(disabled_targets),
};

int main(void)
{
	return UNIT_RUN(tests);
}
