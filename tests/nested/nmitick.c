// SPDX-License-Identifier: MIT
/* Makes the PIT interrupt CPU 0 by NMI, 250 times a second.
 * For the Linux that runs QEMU/KVM inside Bochs: there an interrupt does not make a
 * guest exit while the guest's interrupts are off (Bochs 2.7), and Spur runs with them
 * off. Without this, Spur waiting for another of its CPUs would keep the only real CPU
 * for ever. An NMI does make it exit, and then Linux takes what else is due. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/io.h>
#include <sys/mman.h>

#define IOAPIC 0xfec00000
#define IOAPIC_DATA 4          /* in words; the index is word 0 */
#define PIT_PIN 2              /* where the MADT says that ISA interrupt 0 is */
#define REDIRECTION(pin) (0x10 + 2 * (pin))
#define DELIVER_NMI 0x400

#define PIT_COUNT 0x40
#define PIT_MODE 0x43
#define RATE_GENERATOR 0x34    /* channel 0, low then high byte, mode 2 */
#define DIVISOR (1193182 / 250)

int main(void)
{
	int memory = open("/dev/mem", O_RDWR | O_SYNC);
	volatile uint32_t *ioapic = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
					 memory, IOAPIC);

	if (ioapic == MAP_FAILED || ioperm(PIT_COUNT, 4, 1)) {
		perror("nmitick");
		return 1;
	}
	ioapic[0] = REDIRECTION(PIT_PIN) + 1;
	ioapic[IOAPIC_DATA] = 0; /* to the CPU with APIC ID 0 */
	ioapic[0] = REDIRECTION(PIT_PIN);
	ioapic[IOAPIC_DATA] = DELIVER_NMI;
	outb(RATE_GENERATOR, PIT_MODE);
	outb(DIVISOR & 0xff, PIT_COUNT);
	outb(DIVISOR >> 8, PIT_COUNT);
	return 0;
}
