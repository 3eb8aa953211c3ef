// SPDX-License-Identifier: MIT
/* An AP starts by INIT and SIPI in real mode at the vector's page with the registers of
 * an INIT (SDM 3A "Processor State After Reset", "MP Initialization Protocol"); before
 * the SIPI it takes nothing else, after it no second one; and INIT starts it over. */
#include "guest.h"
#include "probe.h"

#define WAIT 20000000UL
#define SETTLE 30000
#define CR0_AFTER_INIT 0x60000010 /* CD, NW, ET */
#define DR6_AFTER_INIT 0xffff0ff0
#define DR7_AFTER_INIT 0x400
#define VECTOR 0x40
#define REAL_MODE_NMI (VEC_NMI * 4UL) /* in the interrupt vector table at 0 */

/* The layout is the probe's. */
struct record {
	u32 eax, ebx, ecx, edx, esi, edi, ebp, esp;
	u16 cs, ds, es, ss, fs, gs;
	u32 flags;
	u16 ip, unused;
	u32 cr0, cr2, cr3, cr4, dr6, dr7, efer, apic_base;
	u16 gdt_limit, gdt_base[2], unused2;
	u16 idt_limit, idt_base[2], unused3;
	u32 visits, wakes;
};

_Static_assert(sizeof(struct record) == 108, "the probe writes it field by field");

extern const u8 probe[], probe_nmi[], probe_end[];

static const u8 pages[] = {0x12, 0x01, 0x7f};

static volatile struct record *place(u8 page)
{
	u8 *at = (u8 *)((u64)page << 12);

	memset(at, 0, PAGE_BYTES);
	memcpy(at, probe, (u64)(probe_end - probe));
	*(volatile u32 *)REAL_MODE_NMI = (u32)page << 24 | (u32)(probe_nmi - probe);
	return (volatile struct record *)(at + PROBE_RECORD);
}

static bool visited(volatile struct record *r, u32 times)
{
	for (u64 i = 0; i < WAIT && r->visits != times; i++)
		pause();
	delay_tsc(SETTLE);
	return r->visits == times;
}

static void send_init(u32 id)
{
	apic_send(id, APIC_ASSERT | APIC_INIT);
	delay_tsc(SETTLE);
}

static void check_place(volatile struct record *r, u8 page)
{
	check_equal(r->cs, (u64)page << 8, "CS is the vector's");
	check_equal(r->ip, 0, "IP is 0");
	check((r->ds | r->es | r->ss | r->fs | r->gs) == 0, "the other segments are 0");
	check_equal(r->cr0, CR0_AFTER_INIT, "CR0: real mode, caches off");
	check((r->cr2 | r->cr3 | r->cr4) == 0, "CR2, CR3, CR4 are 0");
	check_equal(r->efer, 0, "EFER is 0");
	check_equal(r->flags, 2, "EFLAGS is 2");
}

static void check_registers(volatile struct record *r)
{
	check((r->eax | r->ebx | r->ecx | r->esi | r->edi | r->ebp | r->esp) == 0,
	      "general registers are 0");
	check_equal(r->edx & 0xf00, 0x600, "EDX is the processor's signature: family 6");
	check_equal(r->dr6, DR6_AFTER_INIT, "DR6");
	check_equal(r->dr7, DR7_AFTER_INIT, "DR7");
	check_equal(r->gdt_limit, 0xffff, "GDTR limit");
	check((r->gdt_base[0] | r->gdt_base[1]) == 0, "GDTR base");
	check_equal(r->idt_limit, 0xffff, "IDTR limit");
	check((r->idt_base[0] | r->idt_base[1]) == 0, "IDTR base");
	check_equal(r->apic_base, APIC_PAGE | APIC_BASE_EN,
		    "APIC on, not the boot CPU's");
}

static void test_start(u32 id, u8 page)
{
	volatile struct record *r = place(page);

	print("sipi: CPU %u, page %x\n", id, page);
	send_init(id);
	apic_send(id, APIC_FIXED | VECTOR);
	apic_send(id, APIC_NMI);
	delay_tsc(SETTLE);
	check_equal(r->visits, 0, "before the SIPI nothing starts it");
	apic_send(id, APIC_ASSERT | APIC_SIPI | page);
	check(visited(r, 1), "the SIPI starts it");
	check_place(r, page);
	check_registers(r);
	/* Whether an NMI of before the SIPI is kept is not said; one may be. */
	check(r->wakes <= 1, "what came before wakes it once at most");
	apic_send(id, APIC_ASSERT | APIC_SIPI | page);
	check(visited(r, 1), "a second SIPI is ignored");
}

static void test_again(u32 id, u8 page)
{
	volatile struct record *r = place(page);

	send_init(id);
	apic_send(id, APIC_ASSERT | APIC_SIPI | page);
	check(visited(r, 1), "INIT makes it ready for another SIPI");
	check_place(r, page);
}

static void nothing(unsigned index)
{
}

int main(void)
{
	unsigned count = cpu_count();

	for (u32 id = 1; id < count && id <= ARRAY_SIZE(pages); id++)
		test_start(id, pages[id - 1]);
	test_again(1, 0x33);
	cpu_start_all(nothing);
	check(true, "and all come up in long mode");
	return 0;
}
