// SPDX-License-Identifier: MIT
/* A triple fault ends the VM with that reason, and other VMs go on (SDM 3C "Other
 * Causes of VM Exits": triple fault). */
#include "guest.h"

int main(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) no_idt = {0, 0};

	print("triple: an exception without an IDT\n");
	__asm__ volatile("lidt %0; ud2" : : "m"(no_idt));
	return 3;
}
