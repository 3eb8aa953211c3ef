// SPDX-License-Identifier: MIT
/* vcpu/dev/ioapic.c: registers, edge and level, Remote IRR, destinations (82093AA
 * data sheet). */
#include "fake_vcpu.h"
#include "unit.h"
#include "vcpu/vlapic_regs.h"

#define LEVEL 0x8000u
#define MASKED 0x10000u
#define REMOTE_IRR 0x4000u
#define VECTOR 0x51

static struct vm *vm;

static u32 read(u32 reg)
{
	ioapic_write(vm, 0, reg);
	return ioapic_read(vm, 0x10);
}

static void write(u32 reg, u32 value)
{
	ioapic_write(vm, 0, reg);
	ioapic_write(vm, 0x10, value);
}

static void route(unsigned pin, u32 low, u8 dest)
{
	write(0x11 + 2 * pin, (u32)dest << 24);
	write(0x10 + 2 * pin, low);
}

static void eoi(unsigned vcpu)
{
	vlapic_mmio_write(vm->vcpus[vcpu], APIC_EOI * 16, 4, 0);
}

/* Takes what is pending and ends it; 0: nothing. */
static unsigned served(unsigned vcpu)
{
	unsigned vector = fake_take(vm->vcpus[vcpu]);

	if (vector)
		eoi(vcpu);
	return vector;
}

static void start(unsigned vcpus)
{
	vm = fake_vm(vcpus);
	fake_enable_apics(vm);
}

static void registers(void)
{
	start(1);
	CHECK_EQ(read(1), 0x170011);
	write(0, 0xffffffff);
	CHECK_EQ(read(0), 0x0f000000);
	write(1, 0);
	CHECK_EQ(read(1), 0x170011);
	for (unsigned reg = 0x10; reg < 0x40; reg += 2) {
		CHECK_EQ(read(reg), MASKED);
		write(reg, 0xffffffff);
		CHECK_EQ(read(reg), 0x1afff);
		write(reg + 1, 0x5fffffff);
		CHECK_EQ(read(reg + 1), 0x5f000000);
	}
	CHECK_EQ(read(0x40), 0);
	CHECK_EQ(read(0xff), 0);
	ioapic_write(vm, 0, 0xffffff02);
	CHECK_EQ(ioapic_read(vm, 0), 2);
	CHECK_EQ(ioapic_read(vm, 0x20), 0);
	ioapic_set_line(vm, 24, true);
	ioapic_set_line(vm, 1000, true);
}

static void edge(void)
{
	start(1);
	route(4, VECTOR, 0);
	ioapic_set_line(vm, 4, true);
	ioapic_set_line(vm, 4, true);
	CHECK_EQ(served(0), VECTOR);
	CHECK_EQ(served(0), 0);
	ioapic_set_line(vm, 4, false);
	CHECK_EQ(served(0), 0);
	ioapic_set_line(vm, 4, true);
	CHECK_EQ(served(0), VECTOR);
	CHECK_EQ(read(0x18), VECTOR);
}

static void masked_edge_is_lost(void)
{
	start(1);
	route(4, VECTOR | MASKED, 0);
	ioapic_set_line(vm, 4, true);
	route(4, VECTOR, 0);
	CHECK_EQ(served(0), 0);
}

static void level(void)
{
	start(1);
	route(4, VECTOR | LEVEL, 0);
	ioapic_set_line(vm, 4, true);
	CHECK_EQ(read(0x18), VECTOR | LEVEL | REMOTE_IRR);
	CHECK_EQ(fake_take(vm->vcpus[0]), VECTOR);
	ioapic_set_line(vm, 4, false);
	ioapic_set_line(vm, 4, true);
	CHECK_EQ(fake_take(vm->vcpus[0]), 0);
	/* Still asserted at its EOI: again. */
	eoi(0);
	CHECK_EQ(fake_take(vm->vcpus[0]), VECTOR);
	ioapic_set_line(vm, 4, false);
	eoi(0);
	CHECK_EQ(served(0), 0);
	CHECK_EQ(read(0x18), VECTOR | LEVEL);
}

static void masked_level_waits(void)
{
	start(1);
	route(4, VECTOR | LEVEL | MASKED, 0);
	ioapic_set_line(vm, 4, true);
	CHECK_EQ(served(0), 0);
	route(4, VECTOR | LEVEL, 0);
	CHECK_EQ(fake_take(vm->vcpus[0]), VECTOR);
	/* Masked while in service: its EOI clears Remote IRR, no more. */
	write(0x18, VECTOR | LEVEL | MASKED);
	eoi(0);
	CHECK_EQ(read(0x18), VECTOR | LEVEL | MASKED);
	CHECK_EQ(served(0), 0);
}

static void edge_clears_remote_irr(void)
{
	start(1);
	route(4, VECTOR | LEVEL, 0);
	ioapic_set_line(vm, 4, true);
	write(0x18, VECTOR | MASKED);
	CHECK_EQ(read(0x18), VECTOR | MASKED);
	/* The bit itself cannot be written. */
	write(0x18, VECTOR | LEVEL | MASKED | REMOTE_IRR);
	CHECK_EQ(read(0x18), VECTOR | LEVEL | MASKED);
}

static void not_taken_is_not_remote(void)
{
	start(1);
	vlapic_mmio_write(vm->vcpus[0], APIC_SVR * 16, 4, 0xff);
	route(4, VECTOR | LEVEL, 0);
	ioapic_set_line(vm, 4, true);
	CHECK_EQ(read(0x18), VECTOR | LEVEL);
	vlapic_mmio_write(vm->vcpus[0], APIC_SVR * 16, 4, 0x1ff);
	route(4, VECTOR | LEVEL, 0);
	CHECK_EQ(read(0x18), VECTOR | LEVEL | REMOTE_IRR);
}

static void two_pins_one_vector(void)
{
	start(1);
	route(4, VECTOR | LEVEL, 0);
	route(5, VECTOR | LEVEL, 0);
	ioapic_set_line(vm, 4, true);
	ioapic_set_line(vm, 5, true);
	CHECK_EQ(fake_take(vm->vcpus[0]), VECTOR);
	ioapic_set_line(vm, 4, false);
	eoi(0);
	CHECK_EQ(fake_take(vm->vcpus[0]), VECTOR);
	ioapic_set_line(vm, 5, false);
	eoi(0);
	CHECK_EQ(served(0), 0);
}

static void pulse(unsigned pin)
{
	ioapic_set_line(vm, pin, true);
	ioapic_set_line(vm, pin, false);
}

static void destinations(void)
{
	start(4);
	route(1, VECTOR, 2);
	pulse(1);
	CHECK_EQ(served(2), VECTOR);
	route(1, VECTOR, 0xff);
	pulse(1);
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(served(i), VECTOR);
	for (unsigned i = 0; i < 4; i++)
		vlapic_mmio_write(vm->vcpus[i], APIC_LDR * 16, 4, 1u << (24 + i));
	route(1, VECTOR | 0x800, 0x0a);
	pulse(1);
	CHECK_EQ(served(0), 0);
	CHECK_EQ(served(1), VECTOR);
	CHECK_EQ(served(2), 0);
	CHECK_EQ(served(3), VECTOR);
	/* Lowest priority: one of them. */
	route(1, VECTOR | 0x900, 0x0c);
	pulse(1);
	CHECK_EQ(served(2) + served(3), VECTOR);
	/* NMI; the SIPI mode is reserved here. */
	route(1, 0x400, 3);
	pulse(1);
	CHECK_EQ(fake.counts[3].nmis, 1);
	route(1, 0x600, 3);
	pulse(1);
	CHECK_EQ(fake.counts[3].sipis, 0);
	/* In x2APIC mode an 8-bit destination is enough for the first cluster. */
	fake_enable_x2apics(vm);
	route(1, VECTOR | 0x800, 0x02);
	pulse(1);
	CHECK_EQ(fake_take(vm->vcpus[1]), VECTOR);
}

static const struct unit_test tests[] = {
	UNIT_TEST(registers), UNIT_TEST(edge), UNIT_TEST(masked_edge_is_lost),
	UNIT_TEST(level), UNIT_TEST(masked_level_waits),
	UNIT_TEST(edge_clears_remote_irr),
	UNIT_TEST(not_taken_is_not_remote), UNIT_TEST(two_pins_one_vector),
	UNIT_TEST(destinations),
};

int main(void)
{
	return UNIT_RUN(tests);
}
