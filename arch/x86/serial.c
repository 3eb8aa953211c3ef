// SPDX-License-Identifier: MIT
/* COM1 (16550), one byte or one FIFO at a time; never waits. */
#include "serial.h"
#include "x86.h"

#define COM1 0x3f8
#define UART_DATA (COM1 + 0)
#define UART_IER (COM1 + 1)
#define IER_RX 1
#define IER_TX 2
#define UART_FCR (COM1 + 2)
#define FCR_ENABLE_CLEAR 0x07
#define UART_LCR (COM1 + 3)
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define UART_MCR (COM1 + 4)
#define MCR_DTR_RTS_OUT2 0x0b /* OUT2 gates the interrupt line on a PC */
#define UART_LSR (COM1 + 5)
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY 0x20
#define LSR_ABSENT 0xff
#define DIVISOR_115200 1
#define FIFO_BYTES 16

bool serial_init(void)
{
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_DLAB);
	outb(UART_DATA, DIVISOR_115200);
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_8N1);
	outb(UART_FCR, FCR_ENABLE_CLEAR);
	outb(UART_MCR, MCR_DTR_RTS_OUT2);
	return inb(UART_LSR) != LSR_ABSENT;
}

void serial_irq_enable(bool receive, bool transmit)
{
	outb(UART_IER, (receive ? IER_RX : 0) | (transmit ? IER_TX : 0));
}

unsigned serial_tx_room(void)
{
	return inb(UART_LSR) & LSR_THR_EMPTY ? FIFO_BYTES : 0;
}

void serial_tx(u8 byte)
{
	outb(UART_DATA, byte);
}

int serial_rx(void)
{
	return inb(UART_LSR) & LSR_DATA_READY ? inb(UART_DATA) : -1;
}
