// SPDX-License-Identifier: MIT
/* The 16550 (National Semiconductor PC16550D data sheet): registers that keep what is
 * written, the divisor latch, FIFO identification, loopback with its modem lines, the
 * interrupts through IOAPIC pin 4; and what is typed comes in, polled and by interrupt.
 * Whoever runs this types what it asks for. */
#include "guest.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

#define IIR_NONE 0x01
#define IIR_EMPTY 0x02
#define IIR_RECEIVE 0x04
#define IIR_TIMEOUT 0x0c
#define IIR_FIFOS 0xc0
#define IER_RECEIVE 1
#define IER_EMPTY 2
#define FCR_ON 1
#define FCR_CLEAR 7
#define LCR_8N1 3
#define LCR_DLAB 0x80
#define LSR_READY 1
#define LSR_EMPTY 0x60
#define MCR_LOOP 0x10
#define MCR_LINES 0x0f
#define VECTOR 0x54
#define PIN 4
#define IOAPIC 0xfec00000UL
#define IOAPIC_ENTRY 0x10
#define LINE_BYTES 64

static u8 get(unsigned reg)
{
	return inb((u16)(UART_PORT + reg));
}

static void set(unsigned reg, u8 value)
{
	outb((u16)(UART_PORT + reg), value);
}

static void test_registers(void)
{
	u8 divisor;

	set(SCR, 0x5a);
	check_equal(get(SCR), 0x5a, "the scratch register keeps its value");
	set(LCR, LCR_DLAB | LCR_8N1);
	set(DATA, 12);
	set(IER, 0);
	divisor = get(DATA);
	set(LCR, LCR_8N1);
	check_equal(divisor, 12, "the divisor latch keeps its value");
	check_equal(get(LCR), LCR_8N1, "LCR keeps its value");
	set(IER, 0xff);
	divisor = get(IER);
	set(IER, 0);
	check_equal(divisor, 0x0f, "IER has four bits");
	check_equal(get(LSR) & LSR_EMPTY, LSR_EMPTY, "the transmitter is empty");
	set(IIR, 0);
	check_equal(get(IIR), IIR_NONE, "without FIFOs nothing waits");
	set(IIR, FCR_ON);
	check_equal(get(IIR), IIR_FIFOS | IIR_NONE, "with FIFOs it says so");
}

struct loopback {
	u8 empty, ready, byte, after, lines, none;
};

/* Nothing may be printed while the loop is closed. */
static void test_loopback(void)
{
	struct loopback seen;

	set(IIR, FCR_ON | FCR_CLEAR);
	set(MCR, MCR_LOOP | MCR_LINES);
	seen.lines = get(MSR) >> 4;
	seen.empty = get(LSR) & LSR_READY;
	set(DATA, 0xa5);
	seen.ready = get(LSR) & LSR_READY;
	seen.byte = get(DATA);
	seen.after = get(LSR) & LSR_READY;
	set(MCR, MCR_LOOP);
	seen.none = get(MSR) >> 4;
	set(MCR, 0);
	check(!seen.empty && seen.ready && !seen.after,
	      "loopback: the byte comes and goes");
	check_equal(seen.byte, 0xa5, "loopback: as it was sent");
	check_equal(seen.lines, 0x0f, "loopback: all modem lines on");
	check_equal(seen.none, 0, "loopback: all modem lines off");
}

static void test_transmit_interrupt(void)
{
	u8 first, second, third;

	set(IER, IER_EMPTY);
	first = get(IIR);
	second = get(IIR);
	set(DATA, '\n');
	third = get(IIR);
	set(IER, 0);
	check_equal(first, IIR_FIFOS | IIR_EMPTY, "enabled and empty, it interrupts");
	check_equal(second, IIR_FIFOS | IIR_NONE, "reading IIR ends that");
	check_equal(third, IIR_FIFOS | IIR_EMPTY, "and the next byte makes it again");
}

/* --- input --- */

static void test_polled(void)
{
	char got[4] = {0};

	print("uart: type three\n");
	for (unsigned i = 0; i < 3; i++) {
		while (!(get(LSR) & LSR_READY))
			pause();
		got[i] = (char)get(DATA);
	}
	print("uart: got %s\n", got);
	check(!strcmp(got, "abc"), "polled input");
}

static char line[LINE_BYTES];
static volatile unsigned length;
static volatile bool complete, odd_source;

static void on_uart(struct frame *frame)
{
	u8 source = get(IIR) & 0x0f;

	if (source != IIR_RECEIVE && source != IIR_TIMEOUT)
		odd_source = true;
	while (get(LSR) & LSR_READY) {
		char c = (char)get(DATA);

		if (c == '\n' || length == LINE_BYTES - 1)
			complete = true;
		else
			line[length++] = c;
	}
}

static void ioapic_write(u32 reg, u32 value)
{
	*(volatile u32 *)IOAPIC = reg;
	*(volatile u32 *)(IOAPIC + 0x10) = value;
}

static void test_interrupts(void)
{
	irq_set(VECTOR, on_uart);
	ioapic_write(IOAPIC_ENTRY + 2 * PIN + 1, 0);
	ioapic_write(IOAPIC_ENTRY + 2 * PIN, VECTOR);
	set(IER, IER_RECEIVE);
	print("uart: type a line\n");
	while (!complete) {
		sti_hlt();
		cli();
	}
	set(IER, 0);
	print("uart: got %s\n", line);
	check(!strcmp(line, "Spur 16550"), "input by interrupt, from HLT");
	check(!odd_source, "each for received data");
}

int main(void)
{
	test_registers();
	test_loopback();
	test_transmit_interrupt();
	test_polled();
	test_interrupts();
	return 0;
}
