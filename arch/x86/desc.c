// SPDX-License-Identifier: MIT
/* GDT, TSS and IDT as data (SDM 3A "System Descriptor Types", "64-Bit TSS",
 * "64-Bit Mode IDT"). Each CPU has a GDT and TSS of its own; the IDT is shared. */
#include "desc.h"
#include "regs.h"
#include "string.h"
#include "x86.h"

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap_base;
} __attribute__((packed));
static_assert(sizeof(struct tss) == 104, "SDM 3A, figure '64-Bit TSS Format'");

struct idt_gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_mid;
	u32 offset_high;
	u32 reserved;
};
static_assert(sizeof(struct idt_gate) == 16,
	      "SDM 3A, figure '64-Bit IDT Gate Descriptors'");

#define GATE_INTERRUPT 0x8e /* present, DPL 0, 64-bit interrupt gate */
#define DESC_CODE64 0x00af9b000000ffffUL
#define DESC_DATA 0x00cf93000000ffffUL
#define DESC_TSS_AVAILABLE (0x89UL << 40)
#define IST_STACK_SIZE PAGE_SIZE
#define IST_COUNT 3

struct cpu_desc {
	u64 gdt[5]; /* null, code, data, TSS (two slots) */
	struct tss tss;
} __attribute__((aligned(64)));

/* [I] each CPU's own, written before it uses it. */
static struct cpu_desc descs[MAX_CPUS];
/* One page each, a guard page below. */
static u8 ist_stacks[MAX_CPUS][IST_COUNT][PAGE_SIZE + IST_STACK_SIZE]
	__attribute__((aligned(4096)));
static struct idt_gate idt[256] __attribute__((aligned(16)));

/* entry.S: one stub per vector, 16 bytes apart. */
extern const u8 vector_stubs[];
#define STUB_BYTES 16

static void idt_set(unsigned vector, unsigned ist)
{
	u64 handler = (u64)(uintptr_t)vector_stubs + vector * STUB_BYTES;
	idt[vector] = (struct idt_gate){
		.offset_low = (u16)handler,
		.selector = SEL_CODE,
		.ist = (u8)ist,
		.type = GATE_INTERRUPT,
		.offset_mid = (u16)(handler >> 16),
		.offset_high = (u32)(handler >> 32),
	};
}

void desc_init(void)
{
	for (unsigned vector = 0; vector < ARRAY_SIZE(idt); vector++)
		idt_set(vector, IST_NONE);
	idt_set(VEC_NMI, IST_NMI);
	idt_set(VEC_DF, IST_DF);
	idt_set(VEC_MC, IST_MC);
}

static void gdt_build(struct cpu_desc *d)
{
	u64 base = (u64)(uintptr_t)&d->tss;

	d->gdt[SEL_CODE / 8] = DESC_CODE64;
	d->gdt[SEL_DATA / 8] = DESC_DATA;
	d->gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 |
			      DESC_TSS_AVAILABLE | (base >> 24 & 0xff) << 56;
	d->gdt[SEL_TSS / 8 + 1] = base >> 32;
}

void desc_load(struct cpu *cpu)
{
	struct cpu_desc *d = &descs[cpu->id];
	struct table_register gdtr = {sizeof(d->gdt) - 1, (u64)(uintptr_t)d->gdt};
	struct table_register idtr = {sizeof(idt) - 1, desc_idt_base()};

	for (unsigned i = 0; i < IST_COUNT; i++)
		d->tss.ist[i] = (u64)(uintptr_t)(ist_stacks[cpu->id][i] +
						 sizeof(ist_stacks[0][0]));
	d->tss.iomap_base = sizeof(struct tss);
	gdt_build(d);
	lgdt(&gdtr);
	/* Reload CS by a far return, and the data segments. */
	__asm__ volatile("pushq %0\n"
			 "leaq 1f(%%rip), %%rax\n"
			 "pushq %%rax\n"
			 "lretq\n"
			 "1: movl %1, %%eax\n"
			 "movl %%eax, %%ds\n"
			 "movl %%eax, %%es\n"
			 "movl %%eax, %%ss\n"
			 :
			 : "i"(SEL_CODE), "i"(SEL_DATA)
			 : "rax", "memory");
	ltr(SEL_TSS);
	lidt(&idtr);
	wrmsr(MSR_GS_BASE, (u64)(uintptr_t)cpu);
}

void desc_guard(unsigned id, void (*guard)(const void *page))
{
	for (unsigned i = 0; i < IST_COUNT; i++)
		guard(ist_stacks[id][i]);
}

u64 desc_gdt_base(const struct cpu *cpu)
{
	return (u64)(uintptr_t)descs[cpu->id].gdt;
}

u64 desc_tss_base(const struct cpu *cpu)
{
	return (u64)(uintptr_t)&descs[cpu->id].tss;
}

u64 desc_idt_base(void)
{
	return (u64)(uintptr_t)idt;
}
