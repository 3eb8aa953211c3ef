// SPDX-License-Identifier: MIT
/* vcpu/dev/uart.c: what drivers do to a 16550A to find it, and what they need of its
 * interrupts (PC16550D data sheet). */
#include "fake_vcpu.h"
#include "unit.h"

enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR };

#define VECTOR 0x44

static struct vm *vm;

static u8 in(unsigned reg)
{
	return uart_read(vm, reg);
}

static void out(unsigned reg, u8 value)
{
	uart_write(vm, reg, value);
}

/* Edge-triggered on vCPU 0, as Linux has it. */
static void start(void)
{
	vm = fake_vm(1);
	fake_enable_apics(vm);
	uart_reset(&vm->uart);
	ioapic_write(vm, 0, 0x10 + 2 * UART_PIN);
	ioapic_write(vm, 0x10, VECTOR);
}

/* Did the line rise since the last call? */
static bool interrupted(void)
{
	bool yes = fake_take(vm->vcpus[0]) == VECTOR;

	vlapic_mmio_write(vm->vcpus[0], 0xb0, 4, 0);
	return yes;
}

static void power_on(void)
{
	start();
	CHECK_EQ(in(IER), 0);
	CHECK_EQ(in(IIR), 1);
	CHECK_EQ(in(LCR), 0);
	CHECK_EQ(in(MCR), 0);
	CHECK_EQ(in(LSR), 0x60);
	CHECK_EQ(in(MSR), 0xb0);
	CHECK_EQ(in(RBR), 0);
	CHECK(!interrupted());
}

static void output(void)
{
	start();
	for (const char *p = "spur\n"; *p; p++) {
		CHECK(in(LSR)&0x20);
		out(RBR, (u8)*p);
	}
	CHECK_STR(fake.output, "spur\n");
}

/* With the host's ring full one who polls waits, one who uses the interrupt does not. */
static void host_is_slow(void)
{
	start();
	fake.console_full = true;
	CHECK_EQ(in(LSR), 0);
	out(IER, 2);
	CHECK_EQ(in(LSR), 0x60);
	out(IER, 0);
	CHECK_EQ(in(LSR), 0);
	fake.console_full = false;
	CHECK_EQ(in(LSR), 0x60);
}

static void found_by_linux(void)
{
	start();
	/* 8250_port.c, autoconfig(): IER, scratch, loopback, FIFO. */
	out(IER, 0);
	CHECK_EQ(in(IER), 0);
	out(IER, 0xff);
	CHECK_EQ(in(IER), 0x0f);
	out(IER, 0);
	out(SCR, 0x5a);
	CHECK_EQ(in(SCR), 0x5a);
	out(MCR, 0x1a);
	CHECK_EQ(in(MSR)&0xf0, 0x90);
	out(MCR, 0xff);
	CHECK_EQ(in(MCR), 0x1f);
	out(MCR, 0);
	in(MSR);
	CHECK_EQ(in(MSR), 0xb0);
	out(IIR, 1);
	CHECK_EQ(in(IIR), 0xc1);
	out(IIR, 0);
	CHECK_EQ(in(IIR), 0x01);
	/* Enabled twice, the transmitter interrupts twice (THRE test). */
	for (unsigned i = 0; i < 2; i++) {
		out(IER, 2);
		CHECK_EQ(in(IIR), 0x02);
		CHECK_EQ(in(IIR), 0x01);
		out(IER, 0);
	}
}

static void divisor_latch(void)
{
	start();
	out(IER, 5);
	out(LCR, 0x83);
	out(RBR, 0x0c);
	out(IER, 0x34);
	CHECK_EQ(in(RBR), 0x0c);
	CHECK_EQ(in(IER), 0x34);
	CHECK_EQ(fake.output_bytes, 0);
	out(LCR, 0x03);
	CHECK_EQ(in(IER), 5);
	CHECK_EQ(in(LCR), 3);
}

static void input(void)
{
	start();
	out(IER, 1);
	uart_input(vm, 'a');
	CHECK(interrupted());
	uart_input(vm, 'b');
	CHECK(!interrupted()); /* the line is still up */
	CHECK_EQ(in(IIR), 0x04);
	CHECK_EQ(in(LSR), 0x61);
	CHECK_EQ(in(RBR), 'a');
	CHECK_EQ(in(RBR), 'b');
	CHECK_EQ(in(LSR), 0x60);
	CHECK_EQ(in(IIR), 0x01);
	uart_input(vm, 'c');
	CHECK(interrupted());
}

static void receive_trigger(void)
{
	start();
	out(IIR, 0x81); /* 8 bytes */
	out(IER, 1);
	uart_input(vm, 'x');
	CHECK_EQ(in(IIR), 0xcc);
	for (unsigned i = 0; i < 7; i++)
		uart_input(vm, 'x');
	CHECK_EQ(in(IIR), 0xc4);
	out(IIR, 0x83); /* clear */
	CHECK_EQ(in(LSR), 0x60);
	CHECK_EQ(in(IIR), 0xc1);
}

static void overrun(void)
{
	start();
	out(IER, 4);
	for (unsigned i = 0; i < UART_INPUT_BYTES; i++)
		uart_input(vm, (u8)i);
	CHECK(!interrupted());
	uart_input(vm, 'z');
	CHECK(interrupted());
	CHECK_EQ(in(IIR), 0x06);
	CHECK_EQ(in(LSR), 0x63);
	CHECK_EQ(in(LSR), 0x61);
	for (unsigned i = 0; i < UART_INPUT_BYTES; i++)
		CHECK_EQ(in(RBR), (u8)i);
	CHECK_EQ(in(LSR), 0x60);
}

static void transmitter_interrupts(void)
{
	start();
	out(IER, 2);
	CHECK(interrupted());
	CHECK_EQ(in(IIR), 2);
	CHECK(!interrupted());
	/* Each write is a new edge, whether or not IIR was read. */
	out(RBR, 'a');
	CHECK(interrupted());
	out(RBR, 'b');
	CHECK(interrupted());
	out(IER, 0);
	out(RBR, 'c');
	CHECK(!interrupted());
	CHECK_STR(fake.output, "abc");
}

static void priorities(void)
{
	start();
	out(MCR, 0x10);
	in(MSR);
	out(MCR, 0x1f); /* modem lines change */
	out(IER, 0x0f);
	for (unsigned i = 0; i < UART_INPUT_BYTES + 1; i++)
		out(RBR, 'x'); /* looped back */
	CHECK_EQ(fake.output_bytes, 0);
	CHECK_EQ(in(IIR), 6);
	in(LSR);
	CHECK_EQ(in(IIR), 4);
	out(IIR, 3);
	CHECK_EQ(in(IIR), 0xc2);
	CHECK_EQ(in(IIR), 0xc0);
	CHECK_EQ(in(MSR), 0xfb); /* RI counts only when it goes away */
	CHECK_EQ(in(IIR), 0xc1);
	out(MCR, 0x10);
	CHECK_EQ(in(MSR), 0x0f);
}

static void loopback_is_closed(void)
{
	start();
	out(MCR, 0x10);
	uart_input(vm, 'q');
	CHECK_EQ(in(LSR), 0x60);
	out(RBR, 'w');
	CHECK_EQ(in(RBR), 'w');
	CHECK_EQ(fake.output_bytes, 0);
	CHECK_EQ(fake.lock_errors, 0);
}

static void random_accesses(void)
{
	u64 seed = 3;

	start();
	for (unsigned i = 0; i < 300000; i++) {
		u64 r = unit_random(&seed);

		if (r & 1)
			out(r >> 8 & 7, (u8)(r >> 16));
		else if (r & 2)
			in(r >> 8 & 7);
		else
			uart_input(vm, (u8)(r >> 16));
		CHECK(vm->uart.count <= UART_INPUT_BYTES);
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(power_on),
	UNIT_TEST(output),
	UNIT_TEST(host_is_slow),
	UNIT_TEST(found_by_linux),
	UNIT_TEST(divisor_latch),
	UNIT_TEST(input),
	UNIT_TEST(receive_trigger),
	UNIT_TEST(overrun),
	UNIT_TEST(transmitter_interrupts),
	UNIT_TEST(priorities),
	UNIT_TEST(loopback_is_closed),
	UNIT_TEST(random_accesses),
};

int main(void)
{
	return UNIT_RUN(tests);
}
