// SPDX-License-Identifier: MIT
/* Control registers as the processor has them: bits that the host keeps for itself read
 * as the guest wrote them, bad values are #GP, XSETBV checks XCR0, CLTS and LMSW change
 * what they may, and CR8 is the task priority that holds interrupts back (SDM 3A
 * "Control Registers", "Task and Processor Priorities"). */
#include "guest.h"

#define VECTOR_LOW 0x41
#define VECTOR_HIGH 0x91
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define LEAF1_XSAVE BIT(26)

static volatile u32 low, high;

static void on_low(struct frame *frame)
{
	low++;
}

static void on_high(struct frame *frame)
{
	high++;
}

static bool refuses_cr0(u64 value)
{
	return !try_write_cr0(value) && fault_vector() == VEC_GP;
}

static bool refuses_cr4(u64 value)
{
	return !try_write_cr4(value) && fault_vector() == VEC_GP;
}

static bool cr0_keeps(u64 value)
{
	return try_write_cr0(value) && read_cr0() == value;
}

static void test_cr0(void)
{
	u64 cr0 = read_cr0() & ~(CR0_CD | CR0_NW);

	check(read_cr0() & BIT(4), "CR0.ET is 1");
	check(cr0_keeps(cr0 | CR0_CD), "CR0.CD reads as written");
	check(cr0_keeps(cr0 | CR0_CD | CR0_NW), "and CR0.NW with it");
	check(cr0_keeps(cr0), "and both off again");
	check(refuses_cr0(cr0 | CR0_NW), "CR0.NW without CD");
	check(cr0_keeps(cr0 & ~CR0_NE), "CR0.NE can be off");
	check(cr0_keeps(cr0 | CR0_NE), "and on");
	check(refuses_cr0(cr0 | 1UL << 32), "an upper bit of CR0");
	check(refuses_cr0(cr0 & ~CR0_PE), "paging without protection");
	check(cr0_keeps(cr0 | CR0_AM), "CR0.AM");
	write_cr0(cr0);
}

static void test_cr4(void)
{
	u64 cr4 = read_cr4();

	check(refuses_cr4(cr4 | CR4_VMXE), "CR4.VMXE");
	check_equal(read_cr4(), cr4, "CR4 is what it was");
	check(refuses_cr4(cr4 | BIT(15)), "a reserved bit of CR4");
	check(refuses_cr4(cr4 | 1UL << 32), "an upper bit of CR4");
	check(refuses_cr4(cr4 & ~CR4_PAE), "long mode without PAE");
	check(try_write_cr4(cr4 | CR4_MCE) && read_cr4() == (cr4 | CR4_MCE),
	      "CR4.MCE reads as written");
	check(try_write_cr4(cr4) && read_cr4() == cr4, "and off again");
}

static bool refuses_xcr0(u32 index, u64 value)
{
	return !try_xsetbv(index, value) && fault_vector() == VEC_GP;
}

static void test_xcr0(void)
{
	u64 offered = cpuid(0xd, 0).eax | (u64)cpuid(0xd, 0).edx << 32;

	if (!(cpuid(1, 0).ecx & LEAF1_XSAVE))
		return;
	check(!try_xsetbv(0, 1) && fault_vector() == VEC_UD, "XSETBV before OSXSAVE");
	write_cr4(read_cr4() | CR4_OSXSAVE);
	check_equal(xgetbv(0), 1, "XCR0 at reset");
	check(try_xsetbv(0, 3) && xgetbv(0) == 3, "XCR0 takes SSE");
	check(try_xsetbv(0, offered) && xgetbv(0) == offered, "and all that is offered");
	check(refuses_xcr0(0, 0), "XCR0 without x87");
	check(refuses_xcr0(0, 2), "SSE without x87");
	check(refuses_xcr0(0, 5), "AVX without SSE");
	check(refuses_xcr0(0, 1UL << 63), "a reserved bit");
	check(refuses_xcr0(0, BIT(5) | 7), "a third of AVX-512");
	check(refuses_xcr0(0, ~offered | 1), "what is not offered");
	check(refuses_xcr0(1, 1), "an XCR that is not there");
	check_equal(xgetbv(0), offered, "XCR0 is what it was");
	try_xsetbv(0, 1);
	write_cr4(read_cr4() & ~CR4_OSXSAVE);
}

static void test_ts(void)
{
	write_cr0(read_cr0() | CR0_TS | CR0_MP);
	fault_clear();
	__asm__ volatile(GUARDED("fnop"));
	check_equal(fault_vector(), VEC_NM, "x87 with CR0.TS is #NM");
	__asm__ volatile("clts");
	check(!(read_cr0() & CR0_TS), "CLTS clears TS");
	fault_clear();
	__asm__ volatile(GUARDED("fnop"));
	check_equal(fault_vector(), NO_FAULT, "and x87 works");
}

static void test_lmsw(void)
{
	u64 cr0 = read_cr0(), word;

	__asm__ volatile("lmsw %w0" : : "r"(CR0_TS | CR0_MP) : "memory");
	check_equal(read_cr0(), (cr0 & ~CR0_EM) | CR0_TS | CR0_MP,
		    "LMSW sets TS and MP, and leaves PE and PG");
	__asm__ volatile("lmsw %w0" : : "r"(CR0_PE) : "memory");
	check_equal(read_cr0(), cr0 & ~(CR0_TS | CR0_MP | CR0_EM), "LMSW clears them");
	__asm__ volatile("smsw %0" : "=r"(word));
	check_equal(word & 0xffff, read_cr0() & 0xffff, "SMSW is CR0's low half");
	write_cr0(cr0);
}

static void test_cr8(void)
{
	irq_set(VECTOR_LOW, on_low);
	irq_set(VECTOR_HIGH, on_high);
	write_cr8(9);
	check_equal(read_cr8(), 9, "CR8 reads as written");
	check_equal(apic_read(APIC_TPR), 0x90, "and is the APIC's TPR");
	check(!try_write_cr8(16) && fault_vector() == VEC_GP, "CR8 has four bits");
	sti();
	apic_send(0, APIC_TO_SELF | VECTOR_LOW);
	apic_send(0, APIC_TO_SELF | VECTOR_HIGH);
	delay_tsc(20000);
	check(!low && !high, "its class and lower ones wait");
	write_cr8(8);
	check(high && !low, "lowered, the higher class comes at once");
	write_cr8(4);
	check(!low, "its own class still waits");
	write_cr8(3);
	check(low == 1 && high == 1, "until it is lowered below");
	apic_write(APIC_TPR, 0x57);
	check_equal(read_cr8(), 5, "the TPR is CR8");
	apic_write(APIC_TPR, 0);
	cli();
}

int main(void)
{
	test_cr0();
	test_cr4();
	test_xcr0();
	test_ts();
	test_lmsw();
	test_cr8();
	return 0;
}
