// SPDX-License-Identifier: MIT
/* The 16550A. Owns vm->uart, under device_lock; called by port I/O and by the host
 * console's input. The interrupt line is the OR of the enabled sources, recomputed
 * after every change; it is not gated by OUT2, since small guests leave that off.
 * The receive FIFO is longer than 16, so that typing ahead is not lost, and its
 * time-out interrupt comes at once. */
#include "bits.h"
#include "console.h"
#include "vcpu/guest_console.h"
#include "vcpu/vm.h"

enum { RBR_THR, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_RECEIVE BIT(0)
#define IER_EMPTY BIT(1)
#define IER_LINE_STATUS BIT(2)
#define IER_MODEM BIT(3)
#define IER_MASK MASK(3, 0)

#define IIR_NONE 0x01
#define IIR_MODEM 0x00
#define IIR_EMPTY 0x02
#define IIR_RECEIVE 0x04
#define IIR_LINE_STATUS 0x06
#define IIR_TIMEOUT 0x0c
#define IIR_FIFOS 0xc0

#define FCR_ENABLE BIT(0)
#define FCR_CLEAR_RECEIVE BIT(1)
#define FCR_KEPT (MASK(7, 6) | FCR_ENABLE)
#define FCR_TRIGGER_SHIFT 6

#define LCR_DLAB BIT(7)

#define MCR_MASK MASK(4, 0)
#define MCR_LOOP BIT(4)

#define LSR_READY BIT(0)
#define LSR_OVERRUN BIT(1)
#define LSR_EMPTY (BIT(5) | BIT(6)) /* holding register and transmitter */

#define MSR_CTS BIT(4)
#define MSR_DSR BIT(5)
#define MSR_RI BIT(6)
#define MSR_DCD BIT(7)
#define MSR_DELTA_SHIFT 4
#define MSR_DELTA_RI BIT(2) /* only the trailing edge of RI counts */

/* --- the interrupt --- */

static bool has_fifos(const struct uart *uart)
{
	return uart->fcr & FCR_ENABLE;
}

static unsigned receive_source(const struct uart *uart)
{
	static const u8 trigger[] = {1, 4, 8, 14};

	if (has_fifos(uart) && uart->count < trigger[uart->fcr >> FCR_TRIGGER_SHIFT])
		return IIR_TIMEOUT;
	return IIR_RECEIVE;
}

/* The source with the highest priority (data sheet, "Interrupt Identification
 * Register"). */
static unsigned source(const struct uart *uart)
{
	if (uart->ier & IER_LINE_STATUS && uart->overrun)
		return IIR_LINE_STATUS;
	if (uart->ier & IER_RECEIVE && uart->count)
		return receive_source(uart);
	if (uart->ier & IER_EMPTY && uart->empty_pending)
		return IIR_EMPTY;
	if (uart->ier & IER_MODEM && uart->msr_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update_line(struct vm *vm)
{
	ioapic_set_line(vm, UART_PIN, source(&vm->uart) != IIR_NONE);
}

/* --- modem lines --- */

/* In loopback the four outputs are the four inputs; else somebody is there. */
static unsigned modem_lines(const struct uart *uart)
{
	unsigned lines = 0;

	if (!(uart->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	if (uart->mcr & BIT(0))
		lines |= MSR_DSR;
	if (uart->mcr & BIT(1))
		lines |= MSR_CTS;
	if (uart->mcr & BIT(2))
		lines |= MSR_RI;
	if (uart->mcr & BIT(3))
		lines |= MSR_DCD;
	return lines;
}

static void mcr_write(struct uart *uart, u8 value)
{
	unsigned old = modem_lines(uart);
	unsigned now, changed;

	uart->mcr = value & MCR_MASK;
	now = modem_lines(uart);
	changed = (old ^ now) >> MSR_DELTA_SHIFT;
	if (now & MSR_RI)
		changed &= ~MSR_DELTA_RI;
	uart->msr_delta |= changed;
}

/* --- data --- */

static void receive(struct uart *uart, u8 byte)
{
	if (uart->count == UART_INPUT_BYTES) {
		uart->overrun = true;
		return;
	}
	uart->input[(uart->head + uart->count) % UART_INPUT_BYTES] = byte;
	uart->count++;
}

static u8 take_input(struct uart *uart)
{
	u8 byte;

	if (!uart->count)
		return 0;
	byte = uart->input[uart->head];
	uart->head = (uart->head + 1) % UART_INPUT_BYTES;
	uart->count--;
	return byte;
}

static void transmit(struct vm *vm, u8 byte)
{
	struct uart *uart = &vm->uart;

	/* Full, and empty again: an edge-triggered pin needs to see both. */
	uart->empty_pending = false;
	update_line(vm);
	if (uart->mcr & MCR_LOOP)
		receive(uart, byte);
	else
		console_guest_output(vm, byte);
	uart->empty_pending = true;
}

/* --- registers --- */

static void ier_write(struct uart *uart, u8 value)
{
	value &= IER_MASK;
	/* Enabled with the transmitter empty, it interrupts at once. */
	if (value & ~uart->ier & IER_EMPTY)
		uart->empty_pending = true;
	uart->ier = value;
}

static void fcr_write(struct uart *uart, u8 value)
{
	if (value & FCR_CLEAR_RECEIVE || (value ^ uart->fcr) & FCR_ENABLE)
		uart->count = 0;
	uart->fcr = value & FCR_ENABLE ? value & FCR_KEPT : 0;
}

static u8 iir_read(struct uart *uart)
{
	unsigned iir = source(uart);

	if (iir == IIR_EMPTY)
		uart->empty_pending = false;
	return iir | (has_fifos(uart) ? IIR_FIFOS : 0);
}

static u8 lsr_read(struct uart *uart)
{
	/* A driver that polls can wait for the host's line; one that uses the interrupt
	 * would wait for one that nobody raises. */
	bool wait = !(uart->ier & IER_EMPTY) && !console_has_room();
	unsigned lsr = wait ? 0 : LSR_EMPTY;

	if (uart->count)
		lsr |= LSR_READY;
	if (uart->overrun)
		lsr |= LSR_OVERRUN;
	uart->overrun = false;
	return lsr;
}

static u8 msr_read(struct uart *uart)
{
	unsigned msr = modem_lines(uart) | uart->msr_delta;

	uart->msr_delta = 0;
	return msr;
}

static u8 register_read(struct uart *uart, unsigned reg)
{
	if (uart->lcr & LCR_DLAB && reg <= IER)
		return uart->divisor[reg];
	switch (reg) {
	case RBR_THR:
		return take_input(uart);
	case IER:
		return uart->ier;
	case IIR_FCR:
		return iir_read(uart);
	case LCR:
		return uart->lcr;
	case MCR:
		return uart->mcr;
	case LSR:
		return lsr_read(uart);
	case MSR:
		return msr_read(uart);
	default:
		return uart->scratch;
	}
}

u8 uart_read(struct vm *vm, unsigned reg)
{
	u8 value = register_read(&vm->uart, reg % UART_PORTS);

	update_line(vm);
	return value;
}

static void register_write(struct vm *vm, unsigned reg, u8 value)
{
	struct uart *uart = &vm->uart;

	switch (reg) {
	case RBR_THR:
		transmit(vm, value);
		break;
	case IER:
		ier_write(uart, value);
		break;
	case IIR_FCR:
		fcr_write(uart, value);
		break;
	case LCR:
		uart->lcr = value;
		break;
	case MCR:
		mcr_write(uart, value);
		break;
	case SCR:
		uart->scratch = value;
		break;
	}
}

void uart_write(struct vm *vm, unsigned reg, u8 value)
{
	reg %= UART_PORTS;
	if (vm->uart.lcr & LCR_DLAB && reg <= IER)
		vm->uart.divisor[reg] = value;
	else
		register_write(vm, reg, value);
	update_line(vm);
}

void uart_input(struct vm *vm, u8 byte)
{
	spin_lock(&vm->device_lock);
	/* In loopback the line's input is cut off. */
	if (!(vm->uart.mcr & MCR_LOOP))
		receive(&vm->uart, byte);
	update_line(vm);
	spin_unlock(&vm->device_lock);
}

void uart_reset(struct uart *uart)
{
	*uart = (struct uart){.divisor = {1, 0}};
}
