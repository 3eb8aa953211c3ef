// SPDX-License-Identifier: MIT
/* The serial port a guest sees: a 16550A at 0x3f8, IOAPIC pin 4 (National
 * Semiconductor PC16550D data sheet). It has no baud rate: a byte is sent at
 * once, and the transmitter is always empty again. */
#pragma once
#include "types.h"

struct vm;

#define UART_PORT 0x3f8
#define UART_PORTS 8
#define UART_PIN 4
#define UART_INPUT_BYTES 256 /* typed ahead; a power of two */

/* [L] vm->device_lock */
struct uart {
	u8 ier, fcr, lcr, mcr, scratch;   /* [L] as written */
	u8 msr_delta;                     /* [L] modem lines changed since MSR was read */
	u8 divisor[2];                    /* [L] latch, low and high */
	bool overrun;                     /* [L] input was lost since LSR was read */
	bool empty_pending;               /* [L] the transmitter-empty interrupt waits */
	u32 head, count;                  /* [L] input ring */
	u8 input[UART_INPUT_BYTES];
};

/* Power-on state, the line down. device_lock held, or nothing runs yet. */
void uart_reset(struct uart *uart);
/* Registers 0-7. device_lock held. Output goes to console_guest_output(). */
u8 uart_read(struct vm *vm, unsigned reg);
void uart_write(struct vm *vm, unsigned reg, u8 value);
/* A byte comes in over the line. Any CPU, root mode; takes device_lock. A byte
 * that does not fit is lost, and the guest sees an overrun. */
void uart_input(struct vm *vm, u8 byte);
