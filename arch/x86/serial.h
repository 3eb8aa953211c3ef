// SPDX-License-Identifier: MIT
/* The real 16550 on COM1, the text screen, the 8259s and the IOAPICs: what the
 * console and the interrupt set-up need of the board. */
#pragma once
#include "acpi.h"
#include "types.h"

/* 8N1, 115200 baud, FIFOs on, no interrupts. False: no UART there. */
bool serial_init(void);
/* Receive and transmit interrupts on; transmit only while there is output. */
void serial_irq_enable(bool receive, bool transmit);
/* How many bytes the transmitter takes right now (0 or 16). */
unsigned serial_tx_room(void);
void serial_tx(u8 byte);
/* A received byte, or -1. */
int serial_rx(void);

/* Write to the 80x25 text screen, scrolling. */
void screen_write(const char *text, size_t bytes);
void screen_clear(void);

/* Mask both 8259s, after moving their vectors away from the exceptions. */
void pic_disable(void);
/* Program every IOAPIC of the table masked, then route the ISA interrupt to a
 * CPU's vector, with the MADT's overrides. False: no IOAPIC serves it. */
#define ISA_IRQ_COM1 4
void ioapic_mask_all(const struct acpi_info *acpi);
/* by_nmi: as an NMI instead of the vector. */
bool ioapic_route_isa(const struct acpi_info *acpi, unsigned isa_irq, u32 apic_id,
		      u8 vector, bool by_nmi);
