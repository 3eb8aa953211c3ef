// SPDX-License-Identifier: MIT
/* A port where nothing is reads as all ones, as an empty bus does, and ignores writes; IN
 * changes no more of RAX than its size says (SDM 2A, IN). With "memory": an
 * access to guest-physical memory where nothing is ends the VM with a reason. */
#include "guest.h"

#define PORT 0x5000
#define HOLE 0xc8000000UL
#define FILL 0x1122334455667788UL

static void test_reads(void)
{
	u64 al = FILL, ax = FILL, eax = FILL;

	__asm__ volatile("inb %1, %%al" : "+a"(al) : "d"((u16)PORT));
	check_equal(al, 0x11223344556677ff, "IN AL reads ones, the rest of RAX stays");
	__asm__ volatile("inw %1, %%ax" : "+a"(ax) : "d"((u16)PORT));
	check_equal(ax, 0x112233445566ffff, "IN AX reads ones, the rest of RAX stays");
	__asm__ volatile("inl %1, %%eax" : "+a"(eax) : "d"((u16)PORT));
	check_equal(eax, 0xffffffff, "IN EAX reads ones, RAX is zero-extended");
}

static void test_writes(void)
{
	outb(PORT, 1);
	outw(PORT, 2);
	outl(PORT, 3);
	check_equal(inl(PORT), 0xffffffff, "writes leave no trace");
	outl(0xfffc, 4);
	check_equal(inb(0xffff), 0xff, "the last port is no different");
}

int main(void)
{
	if (has_option("memory")) {
		print("stray: a read of %lx\n", HOLE);
		print("not ok, it gave %x\n", *(volatile u32 *)HOLE);
		return 3;
	}
	test_reads();
	test_writes();
	return 0;
}
