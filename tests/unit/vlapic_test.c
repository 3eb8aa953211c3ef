// SPDX-License-Identifier: MIT
/* vcpu/vlapic*.c: priorities, EOI, registers by page and by MSR, the states of
 * IA32_APIC_BASE, errors, the fast path. SDM 3A, "Advanced Programmable Interrupt
 * Controller". */
#include "arch/x86/regs.h"
#include "fake_vcpu.h"
#include "unit.h"
#include "vcpu/vlapic_regs.h"

#define NOTHING ~0ul

static struct vm *vm;
static struct vcpu *cpu;

static void write(unsigned slot, u32 value)
{
	CHECK(vlapic_mmio_write(cpu, slot * 16, 4, value));
}

static u32 read(unsigned slot)
{
	u64 value = NOTHING;

	CHECK(vlapic_mmio_read(cpu, slot * 16, 4, &value));
	return (u32)value;
}

static bool wrmsr(u32 msr, u64 value)
{
	return vlapic_msr_write(cpu, msr, value);
}

static u64 rdmsr(u32 msr)
{
	u64 value = NOTHING;

	return vlapic_msr_read(cpu, msr, &value) ? value : NOTHING;
}

static void start(unsigned vcpus)
{
	vm = fake_vm(vcpus);
	cpu = vm->vcpus[0];
	fake_enable_apics(vm);
}

static void start_x2(unsigned vcpus)
{
	start(vcpus);
	fake_enable_x2apics(vm);
}

static void end(void)
{
	CHECK_EQ(fake.lock_errors, 0);
	CHECK_EQ(fake.order_errors, 0);
	CHECK_EQ(fake.timer_errors, 0);
}

static void power_on_state(void)
{
	vm = fake_vm(2);
	cpu = vm->vcpus[1];
	CHECK_EQ(read(APIC_ID), 1u << 24);
	CHECK_EQ(read(APIC_VERSION), 0x50014);
	CHECK_EQ(read(APIC_SVR), 0xff);
	CHECK_EQ(read(APIC_DFR), 0xffffffff);
	CHECK_EQ(read(APIC_LDR), 0);
	for (unsigned slot = APIC_LVT_TIMER; slot <= APIC_LVT_ERROR; slot++)
		CHECK_EQ(read(slot), APIC_LVT_MASKED);
	CHECK_EQ(rdmsr(MSR_APIC_BASE), 0xfee00800);
	cpu = vm->vcpus[0];
	CHECK_EQ(rdmsr(MSR_APIC_BASE), 0xfee00900);
	CHECK(!vlapic_set_irr(cpu, 0x40, false));
	CHECK_EQ(fake_take(cpu), 0);
	end();
}

static void highest_class_first(void)
{
	start(1);
	CHECK(vlapic_set_irr(cpu, 0x31, false));
	CHECK(vlapic_set_irr(cpu, 0x52, false));
	CHECK(vlapic_set_irr(cpu, 0x35, false));
	CHECK_EQ(read(APIC_IRR + 1), 1u << 17 | 1u << 21);
	CHECK(vlapic_has_work(cpu));
	CHECK_EQ(fake_take(cpu), 0x52);
	CHECK_EQ(read(APIC_PPR), 0x50);
	CHECK_EQ(fake_take(cpu), 0);
	write(APIC_EOI, 0);
	CHECK_EQ(cpu->gate.requests, BIT(REQ_NR_EVENT));
	CHECK_EQ(fake_take(cpu), 0x35);
	/* The same class waits, a higher one does not. */
	CHECK_EQ(fake_take(cpu), 0);
	vlapic_set_irr(cpu, 0xfe, false);
	CHECK_EQ(fake_take(cpu), 0xfe);
	CHECK_EQ(read(APIC_ISR + 7), 1u << 30);
	write(APIC_EOI, 0);
	CHECK_EQ(fake_take(cpu), 0);
	write(APIC_EOI, 0);
	CHECK_EQ(fake_take(cpu), 0x31);
	write(APIC_EOI, 0);
	write(APIC_EOI, 0);
	CHECK_EQ(read(APIC_PPR), 0);
	CHECK_EQ(fake_take(cpu), 0);
	end();
}

static void task_priority(void)
{
	start(1);
	write(APIC_TPR, 0x45);
	CHECK_EQ(vlapic_tpr(cpu), 0x45);
	CHECK_EQ(read(APIC_PPR), 0x45);
	vlapic_set_irr(cpu, 0x4f, false);
	CHECK_EQ(fake_take(cpu), 0);
	CHECK(!vlapic_has_work(cpu));
	/* Lowering it makes the home look again. */
	vlapic_set_tpr(cpu, 0x30);
	CHECK_EQ(cpu->gate.requests, BIT(REQ_NR_EVENT));
	CHECK_EQ(fake_take(cpu), 0x4f);
	CHECK_EQ(read(APIC_PPR), 0x40);
	write(APIC_TPR, 0x50);
	CHECK_EQ(read(APIC_PPR), 0x50);
	end();
}

static void one_kick_for_a_set_bit(void)
{
	start(1);
	vlapic_set_irr(cpu, 0x40, false);
	vlapic_set_irr(cpu, 0x40, false);
	CHECK_EQ(fake.counts[0].kicks, 1);
	CHECK_EQ(fake_take(cpu), 0x40);
	vlapic_set_irr(cpu, 0x40, false);
	CHECK_EQ(fake.counts[0].kicks, 2);
	end();
}

static void trigger_mode(void)
{
	start(1);
	vlapic_set_irr(cpu, 0x41, true);
	CHECK_EQ(read(APIC_TMR + 2), 2);
	vlapic_set_irr(cpu, 0x41, false);
	CHECK_EQ(read(APIC_TMR + 2), 0);
	end();
}

static void level_eoi_reaches_the_ioapic(void)
{
	start(1);
	ioapic_write(vm, 0, 0x10);
	ioapic_write(vm, 0x10, 0x8040);
	ioapic_set_line(vm, 0, true);
	CHECK_EQ(fake_take(cpu), 0x40);
	CHECK_EQ(fake_take(cpu), 0);
	write(APIC_EOI, 0);
	CHECK_EQ(fake_take(cpu), 0x40);
	ioapic_set_line(vm, 0, false);
	write(APIC_EOI, 0);
	CHECK_EQ(fake_take(cpu), 0);
	end();
}

static void software_disable(void)
{
	start(1);
	write(APIC_LVT_TIMER, 0x30);
	write(APIC_LVT_LINT0, 0xffffffff);
	CHECK_EQ(read(APIC_LVT_LINT0), 0x1a7ff);
	vlapic_set_irr(cpu, 0x60, false);
	write(APIC_SVR, 0xff);
	CHECK_EQ(read(APIC_LVT_TIMER), 0x10030);
	write(APIC_LVT_TIMER, 0x30);
	CHECK_EQ(read(APIC_LVT_TIMER), 0x10030);
	/* What waits is held, new ones are not taken. */
	CHECK(!vlapic_set_irr(cpu, 0x61, false));
	CHECK_EQ(fake_take(cpu), 0x60);
	write(APIC_SVR, 0xfffff1ff);
	CHECK_EQ(read(APIC_SVR), 0x1ff);
	end();
}

static void errors(void)
{
	start(1);
	write(APIC_LVT_ERROR, 0x50);
	CHECK(!vlapic_set_irr(cpu, 15, false));
	CHECK_EQ(read(APIC_ESR), 0);
	CHECK_EQ(fake_take(cpu), 0x50);
	/* Not again before the guest rearms it. */
	CHECK(!vlapic_set_irr(cpu, 3, false));
	CHECK_EQ(fake_take(cpu), 0);
	write(APIC_ESR, 0);
	CHECK_EQ(read(APIC_ESR), APIC_ESR_RECEIVE_ILLEGAL);
	write(APIC_ESR, 0);
	CHECK_EQ(read(APIC_ESR), 0);
	/* A register that is not there. */
	CHECK_EQ(read(0x05), 0);
	write(APIC_ESR, 0);
	CHECK_EQ(read(APIC_ESR), APIC_ESR_REGISTER);
	write(APIC_EOI, 0);
	/* An illegal vector in the error entry itself ends there. */
	write(APIC_LVT_ERROR, 0x05);
	CHECK(!vlapic_set_irr(cpu, 3, false));
	write(APIC_ESR, 0);
	CHECK_EQ(read(APIC_ESR), APIC_ESR_RECEIVE_ILLEGAL);
	end();
}

static void odd_page_accesses(void)
{
	u64 value;

	start(1);
	write(APIC_TPR, 0x35);
	CHECK(vlapic_mmio_read(cpu, APIC_TPR * 16, 1, &value));
	CHECK_EQ(value, 0x35);
	CHECK(vlapic_mmio_read(cpu, APIC_VERSION * 16 + 2, 2, &value));
	CHECK_EQ(value, 5);
	CHECK(vlapic_mmio_read(cpu, APIC_TPR * 16 + 4, 4, &value));
	CHECK_EQ(value, 0);
	CHECK(vlapic_mmio_write(cpu, APIC_TPR * 16, 1, 0x44));
	CHECK(vlapic_mmio_write(cpu, APIC_TPR * 16 + 4, 4, 0x44));
	CHECK_EQ(read(APIC_TPR), 0x35);
	for (u32 offset = 0; offset < 0x1000; offset++) {
		for (unsigned bytes = 1; bytes <= 8; bytes *= 2)
			CHECK(vlapic_mmio_read(cpu, offset, bytes, &value));
	}
	write(APIC_ID, 0xff000000);
	CHECK_EQ(read(APIC_ID), 0xff000000);
	write(APIC_LDR, 0xffffffff);
	CHECK_EQ(read(APIC_LDR), 0xff000000);
	write(APIC_DFR, 0);
	CHECK_EQ(read(APIC_DFR), 0x0fffffff);
	end();
}

static void base_states(void)
{
	u64 value;

	start(1);
	vlapic_set_irr(cpu, 0x40, false);
	CHECK(!wrmsr(MSR_APIC_BASE, 0xfee00801));
	CHECK(!wrmsr(MSR_APIC_BASE, 1ul << 39 | 0xfee00800));
	CHECK(!wrmsr(MSR_APIC_BASE, 0xfee00400)); /* the invalid state */
	CHECK(wrmsr(MSR_APIC_BASE, 0xfee00d00)); /* xAPIC -> x2APIC */
	CHECK_EQ(rdmsr(MSR_APIC_BASE), 0xfee00d00);
	CHECK(!vlapic_mmio_read(cpu, 0x20, 4, &value));
	CHECK(!vlapic_mmio_write(cpu, 0xb0, 4, 0));
	CHECK_EQ(fake_take(cpu), 0x40);
	CHECK(!wrmsr(MSR_APIC_BASE, 0xfee00900)); /* x2APIC -> xAPIC */
	CHECK(wrmsr(MSR_APIC_BASE, 0xfee00100)); /* x2APIC -> disabled */
	CHECK(!vlapic_enabled(cpu));
	CHECK_EQ(rdmsr(0x802), NOTHING);
	CHECK(!vlapic_set_irr(cpu, 0x41, false));
	CHECK(!wrmsr(MSR_APIC_BASE, 0xfee00d00)); /* disabled -> x2APIC */
	CHECK(wrmsr(MSR_APIC_BASE, 0xfee00900)); /* disabled -> xAPIC */
	CHECK_EQ(read(APIC_SVR), 0xff);
	CHECK_EQ(read(APIC_ISR + 2), 0);
	CHECK(wrmsr(MSR_APIC_BASE, 0x42000900));
	CHECK_EQ(vlapic_page(cpu), 0x42000000);
	end();
}

static void no_x2apic_offered(void)
{
	start(1);
	((struct vm_desc *)vm->desc)->x2apic = false;
	vlapic_init(cpu, 39);
	CHECK(!wrmsr(MSR_APIC_BASE, 0xfee00d00));
	CHECK(wrmsr(MSR_APIC_BASE, 0xfee00900));
	end();
}

static void x2apic_registers(void)
{
	start_x2(40);
	cpu = vm->vcpus[37];
	CHECK_EQ(rdmsr(0x802), 37);
	CHECK_EQ(rdmsr(0x80d), 2u << 16 | 1u << 5);
	CHECK_EQ(rdmsr(0x803), 0x50014);
	/* Not readable, not writable, not there. */
	CHECK_EQ(rdmsr(0x80b), NOTHING);
	CHECK_EQ(rdmsr(0x83f), NOTHING);
	CHECK_EQ(rdmsr(0x80e), NOTHING);
	CHECK_EQ(rdmsr(0x831), NOTHING);
	CHECK_EQ(rdmsr(0x82f), NOTHING);
	CHECK_EQ(rdmsr(0x840), NOTHING);
	CHECK(!wrmsr(0x802, 1));
	CHECK(!wrmsr(0x80d, 1));
	CHECK(!wrmsr(0x839, 1));
	CHECK(!wrmsr(0x810, 1));
	CHECK(!wrmsr(0x800, 0));
	/* Reserved bits. */
	CHECK(!wrmsr(0x808, 0x100));
	CHECK(!wrmsr(0x80b, 1));
	CHECK(!wrmsr(0x828, 1));
	CHECK(!wrmsr(0x80f, 1ul << 32));
	CHECK(!wrmsr(0x83f, 0x100));
	CHECK(!wrmsr(0x830, 1u << 20 | 0x40));
	CHECK(wrmsr(0x808, 0xf0));
	CHECK_EQ(rdmsr(0x808), 0xf0);
	CHECK(wrmsr(0x830, 37ul << 32 | 0x1040));
	CHECK_EQ(rdmsr(0x830), 37ul << 32 | 0x40);
	CHECK(wrmsr(0x80b, 0));
	end();
}

static void init_keeps_base_and_id(void)
{
	start_x2(2);
	cpu = vm->vcpus[1];
	vlapic_set_irr(cpu, 0x40, true);
	vlapic_reset(cpu, false);
	CHECK_EQ(rdmsr(MSR_APIC_BASE), 0xfee00c00);
	CHECK_EQ(rdmsr(0x802), 1);
	CHECK_EQ(rdmsr(0x80f), 0xff);
	CHECK_EQ(fake_take(cpu), 0);
	CHECK_EQ(rdmsr(0x81a), 0);
	vlapic_reset(cpu, true);
	CHECK_EQ(rdmsr(MSR_APIC_BASE), 0xfee00800);
	end();
}

static void fast_path(void)
{
	start_x2(40);
	fake.forbid_locks = true;
	CHECK(vlapic_fast_wrmsr(cpu, 0x830, 1ul << 32 | 0x51));
	CHECK_EQ(rdmsr(0x830), 1ul << 32 | 0x51);
	CHECK_EQ(fake_take(vm->vcpus[1]), 0x51);
	CHECK_EQ(fake.counts[1].kicks, 1);
	/* NMI, self, a logical cluster of 16 but not all 39 others. */
	CHECK(vlapic_fast_wrmsr(cpu, 0x830, 2ul << 32 | 0x400));
	CHECK_EQ(fake.counts[2].nmis, 1);
	CHECK(vlapic_fast_wrmsr(cpu, 0x83f, 0x52));
	CHECK_EQ(fake_take(cpu), 0x52);
	CHECK(vlapic_fast_wrmsr(cpu, 0x830, 0x1fffful << 32 | 0x853));
	CHECK_EQ(fake_take(vm->vcpus[31]), 0x53);
	CHECK(!vlapic_fast_wrmsr(cpu, 0x830, 0xc0054));
	CHECK_EQ(fake_take(vm->vcpus[3]), 0);
	/* INIT, SIPI, lowest priority, illegal vectors, reserved bits: slow. */
	CHECK(!vlapic_fast_wrmsr(cpu, 0x830, 1ul << 32 | 0x500));
	CHECK(!vlapic_fast_wrmsr(cpu, 0x830, 1ul << 32 | 0x600));
	CHECK(!vlapic_fast_wrmsr(cpu, 0x830, 1ul << 32 | 0x141));
	CHECK(!vlapic_fast_wrmsr(cpu, 0x830, 1ul << 32 | 0x00f));
	CHECK(!vlapic_fast_wrmsr(cpu, 0x830, 1ul << 32 | 0x2041));
	CHECK(!vlapic_fast_wrmsr(cpu, 0x83f, 0x0f));
	CHECK(!vlapic_fast_wrmsr(cpu, 0x83f, 0x152));
	CHECK(!vlapic_fast_wrmsr(cpu, 0x808, 0));
	CHECK(!vlapic_fast_wrmsr(cpu, MSR_APIC_BASE, 0));
	/* EOI: edge here, level not. 0x52 is in service. */
	CHECK(!vlapic_fast_wrmsr(cpu, 0x80b, 1));
	vlapic_set_irr(cpu, 0x51, false);
	CHECK_EQ(fake_take(cpu), 0);
	CHECK(vlapic_fast_wrmsr(cpu, 0x80b, 0));
	CHECK_EQ(cpu->gate.requests, BIT(REQ_NR_EVENT));
	CHECK_EQ(fake_take(cpu), 0x51);
	vlapic_set_irr(cpu, 0x61, true);
	CHECK_EQ(fake_take(cpu), 0x61);
	CHECK(!vlapic_fast_wrmsr(cpu, 0x80b, 0));
	CHECK_EQ(rdmsr(0x813), 2);
	end();
}

static void fast_path_needs_x2apic(void)
{
	start(2);
	CHECK(!vlapic_fast_wrmsr(cpu, 0x830, 1ul << 32 | 0x51));
	CHECK(!vlapic_fast_wrmsr(cpu, 0x80b, 0));
	CHECK(!vlapic_fast_wrmsr(cpu, 0x83f, 0x51));
	CHECK_EQ(fake.counts[1].kicks, 0);
	end();
}

static void random_writes(void)
{
	u64 seed = 7, value;

	start_x2(3);
	for (unsigned i = 0; i < 200000; i++) {
		u64 r = unit_random(&seed);
		u32 msr = r & 1 ? 0x800 + (r >> 8) % 0x42 : r & 2 ? 0x6e0 : 0x1b;

		cpu = vm->vcpus[(r >> 32) % 3];
		value = unit_random(&seed) >> (r >> 58);
		if (r & 4)
			vlapic_fast_wrmsr(cpu, msr, value);
		else if (r & 8)
			vlapic_msr_write(cpu, msr, value);
		else if (r & 16)
			vlapic_mmio_write(cpu, r >> 16 & 0xfff, 4, value);
		else
			fake_advance(vm, value & 0xffff);
		fake_take(cpu);
	}
	end();
}

static const struct unit_test tests[] = {
	UNIT_TEST(power_on_state), UNIT_TEST(highest_class_first),
	UNIT_TEST(task_priority), UNIT_TEST(one_kick_for_a_set_bit),
	UNIT_TEST(trigger_mode), UNIT_TEST(level_eoi_reaches_the_ioapic),
	UNIT_TEST(software_disable), UNIT_TEST(errors), UNIT_TEST(odd_page_accesses),
	UNIT_TEST(base_states), UNIT_TEST(no_x2apic_offered), UNIT_TEST(x2apic_registers),
	UNIT_TEST(init_keeps_base_and_id), UNIT_TEST(fast_path),
	UNIT_TEST(fast_path_needs_x2apic), UNIT_TEST(random_writes),
};

int main(void)
{
	return UNIT_RUN(tests);
}
