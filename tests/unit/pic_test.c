// SPDX-License-Identifier: MIT
/* vcpu/dev/pic.c: priorities, masks, EOIs and the cascade of two 8259As, as drivers use
 * them (Intel data sheet 231468). */
#include "fake_vcpu.h"
#include "unit.h"
#include "vcpu/dev/pic.h"
#include "vcpu/vlapic_regs.h"

#define NONE 0x100

static struct vm *vm;
static struct vcpu *cpu;

static void out(u16 port, u8 value)
{
	pic_write(cpu, port, 1, value);
}

static u8 in(u16 port)
{
	return (u8)pic_read(cpu, port, 1);
}

static void line(unsigned n, bool level)
{
	pic_set_line(vm, n, level);
}

static void pulse(unsigned n)
{
	line(n, true);
	line(n, false);
}

/* What the processor gets: the vector, or NONE. */
static unsigned take(void)
{
	return pic_has_work(cpu) ? pic_acknowledge(vm) : NONE;
}

static void start(void)
{
	vm = fake_vm(2);
	cpu = vm->vcpus[0];
	pic_init(&vm->pic);
	vlapic_wire_extint(cpu);
}

/* As Linux does: vectors 0x30, masked but for the cascade. */
static void initialize(void)
{
	start();
	for (u16 port = 0x20; port <= 0xa0; port += 0x80) {
		out(port, 0x11);
		out(port + 1, port == 0x20 ? 0x30 : 0x38);
		out(port + 1, port == 0x20 ? 4 : 2);
		out(port + 1, 1);
		CHECK_EQ(in(port + 1), 0); /* initialized: nothing is masked */
	}
}

static void as_a_bios_leaves_it(void)
{
	start();
	CHECK_EQ(take(), NONE);
	pulse(11); /* an edge is remembered */
	CHECK_EQ(fake.counts[0].kicks, 1);
	CHECK(!pic_has_work(vm->vcpus[1]));
	CHECK_EQ(take(), 0x73);
	CHECK_EQ(take(), NONE);
	pulse(11); /* in service until its EOIs */
	CHECK_EQ(take(), NONE);
	out(0xa0, 0x20);
	CHECK_EQ(take(), NONE);
	out(0x20, 0x20);
	CHECK_EQ(take(), 0x73);
}

static void lint0_decides(void)
{
	start();
	pulse(1);
	CHECK(pic_has_work(cpu));
	vlapic_mmio_write(cpu, APIC_LVT_LINT0 * 16, 4, APIC_LVT_MASKED | 0x700);
	CHECK(!pic_has_work(cpu));
	vlapic_mmio_write(cpu, APIC_LVT_LINT0 * 16, 4, 0x400); /* NMI */
	CHECK(!pic_has_work(cpu));
	cpu->gate.requests = 0;
	vlapic_mmio_write(cpu, APIC_LVT_LINT0 * 16, 4, 0x700);
	CHECK(cpu->gate.requests); /* to look again */
	CHECK_EQ(take(), 9);
}

static void priorities(void)
{
	initialize();
	pulse(14);
	pulse(5);
	pulse(1);
	pulse(9);
	CHECK_EQ(in(0x20), 0x26); /* IRR: the slave's asks, too */
	CHECK_EQ(take(), 0x31);
	CHECK_EQ(take(), NONE);
	pulse(0); /* above what is in service */
	CHECK_EQ(take(), 0x30);
	out(0x20, 0x0b);
	CHECK_EQ(in(0x20), 3); /* ISR */
	out(0x20, 0x20);
	CHECK_EQ(in(0x20), 2);
	CHECK_EQ(take(), NONE);
	out(0x20, 0x61); /* EOI of line 1 by name */
	CHECK_EQ(take(), 0x39);
	CHECK_EQ(take(), NONE); /* not 5, behind the slave's */
	out(0xa0, 0x20);
	out(0x20, 0x62);
	CHECK_EQ(take(), 0x3e);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	CHECK_EQ(take(), 0x35);
}

static void masks(void)
{
	initialize();
	out(0x21, 0xfb);
	out(0xa1, 0xff);
	pulse(3);
	pulse(12);
	CHECK_EQ(take(), NONE);
	out(0xa1, 0xef);
	CHECK_EQ(take(), 0x3c);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	out(0x21, 0);
	CHECK_EQ(take(), 0x33);
	CHECK_EQ(in(0xa1), 0xef);
	/* Special mask mode: what is in service and masked blocks nobody. */
	pulse(6);
	out(0x21, 0x08);
	CHECK_EQ(take(), NONE);
	out(0x20, 0x68);
	CHECK_EQ(take(), 0x36);
}

static void levels(void)
{
	initialize();
	out(0x4d0, 0xff);
	CHECK_EQ(in(0x4d0), 0xf8); /* the timer, keyboard and cascade are edges */
	out(0x4d1, 0xff);
	CHECK_EQ(in(0x4d1), 0xde);
	line(5, true);
	CHECK_EQ(take(), 0x35);
	out(0x20, 0x20);
	CHECK_EQ(take(), 0x35); /* still asserted */
	line(5, false);
	out(0x20, 0x20);
	CHECK_EQ(take(), NONE);
	line(10, true);
	line(10, false); /* taken back in time */
	CHECK_EQ(take(), NONE);
	CHECK_EQ(pic_acknowledge(vm), 0x37); /* acknowledged all the same: spurious */
	out(0x20, 0x0b);
	CHECK_EQ(in(0x20), 0);
}

static void automatic_eoi_and_rotation(void)
{
	start();
	out(0x20, 0x13); /* single */
	out(0x21, 0x40);
	out(0x21, 3); /* automatic EOI */
	out(0x20, 0x80); /* and rotation with it */
	pulse(3);
	CHECK_EQ(take(), 0x43);
	pulse(3);
	pulse(4);
	CHECK_EQ(take(), 0x44); /* 3 has become the last */
	CHECK_EQ(take(), 0x43);
	out(0x20, 0xc6); /* set priority: 6 is the lowest, so 7 the highest */
	pulse(0);
	pulse(7);
	CHECK_EQ(take(), 0x47);
	pulse(1);
	out(0x20, 0x0c); /* poll */
	CHECK_EQ(in(0x20), 0x80);
	CHECK_EQ(in(0x20), 2); /* IRR again */
}

static void absent(void)
{
	start();
	vm->pic = (struct pic){0};
	pulse(3);
	CHECK(!pic_has_work(cpu));
	out(0x21, 0);
	CHECK_EQ(in(0x21), 0xff);
	CHECK_EQ(in(0x4d0), 0xff);
}

/* Whatever is written, a vector comes from one of the bases, and nothing breaks. */
static void junk(void)
{
	static const u16 ports[] = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1};
	u64 seed = 21;

	start();
	for (unsigned i = 0; i < 200000; i++) {
		u64 random = unit_random(&seed);

		switch (random % 4) {
		case 0:
			out(ports[random / 4 % 6], (u8)(random >> 32));
			break;
		case 1:
			in(ports[random / 4 % 6]);
			break;
		case 2:
			line(random / 4 % 20, random >> 32 & 1);
			break;
		default:
			if (pic_has_work(cpu))
				pic_acknowledge(vm);
		}
	}
	CHECK_EQ(fake.lock_errors, 0);
}

static const struct unit_test tests[] = {
	UNIT_TEST(as_a_bios_leaves_it), UNIT_TEST(lint0_decides),
	UNIT_TEST(priorities),          UNIT_TEST(masks),
	UNIT_TEST(levels),              UNIT_TEST(automatic_eoi_and_rotation),
	UNIT_TEST(absent),              UNIT_TEST(junk),
};

int main(void)
{
	return UNIT_RUN(tests);
}
