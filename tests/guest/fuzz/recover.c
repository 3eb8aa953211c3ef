// SPDX-License-Identifier: MIT
/* Sets up the ways back (recover.S): segments, gates for long, protected and real mode,
 * stacks; and puts right what an operation has left changed. */
#include "fuzz.h"

#define IST_EXCEPTION 1
#define IST_NMI 2
#define IST_IRQ 3
#define TSS_BYTES 104
#define TSS_TYPE 0x89UL
#define GATE32_INTERRUPT 0x8e00UL
#define EFER_USUAL 0x500UL /* LMA, LME */

extern u64 gdt[];
extern const u8 fuzz_exceptions[32][16];
extern const u8 real_return[], real_return_end[], gdt_pointer_copy[], gdt_pointer[];
void fuzz_nmi(void);
void fuzz_irq(void);
void recover32(void);
void fuzz_lost(unsigned vector) __attribute__((noreturn));

u64 fuzz_idt32[256];
static u32 tss[FUZZ_CPUS_MAX][TSS_BYTES / 4];
static u64 ist_stacks[FUZZ_CPUS_MAX][3][IST_BYTES / 8]
	__attribute__((aligned(IST_BYTES)));

void fuzz_lost(unsigned vector)
{
	print("fuzz: lost, exception %u outside an operation\n", vector);
	fuzz_reset();
}

static void write_segments(void)
{
	gdt[SEL_USER_CODE64 / 8] = 0x00affb000000ffff;
	gdt[SEL_USER_DATA / 8] = 0x00cff3000000ffff;
	gdt[SEL_CODE16 / 8] = 0x00009b000000ffff;
	gdt[SEL_DATA16 / 8] = 0x000093000000ffff;
}

void recover_real_mode(void)
{
	u32 *ivt = (u32 *)0;

	__asm__("" : "+r"(ivt));
	for (unsigned i = 0; i < 256; i++)
		ivt[i] = REAL_RETURN >> 4 << 16;
	memcpy((void *)REAL_RETURN, real_return, (u64)(real_return_end - real_return));
	memcpy((void *)(REAL_RETURN + (u64)(gdt_pointer_copy - real_return)), gdt_pointer,
	       6);
}

void recover_prepare(void)
{
	u64 low = (u64)recover32;

	write_segments();
	recover_real_mode();
	for (unsigned i = 0; i < 256; i++) {
		bool exception = i < 32 && i != VEC_NMI;

		gate_set(i, exception      ? fuzz_exceptions[i]
			    : i == VEC_NMI ? (void *)fuzz_nmi
					   : (void *)fuzz_irq);
		idt[i].ist = exception ? IST_EXCEPTION : i == VEC_NMI ? IST_NMI : IST_IRQ;
		fuzz_idt32[i] = (low & 0xffff) | SEL_CODE32 << 16 |
				GATE32_INTERRUPT << 32 | low >> 16 << 48;
	}
}

static void write_tss(struct fuzz_cpu *f)
{
	u64 base = (u64)tss[f->index];
	u64 *slot = &gdt[SEL_TSS / 8 + 2 * f->index];

	slot[0] = (TSS_BYTES - 1) | (base & 0xffffff) << 16 | TSS_TYPE << 40;
	slot[1] = 0;
	for (unsigned i = 0; i < 3; i++) {
		u64 *stack = ist_stacks[f->index][i];

		stack[0] = (u64)f;
		tss[f->index][9 + 2 * i] = (u32)(u64)&stack[IST_BYTES / 8];
		tss[f->index][10 + 2 * i] = 0;
	}
	tss[f->index][1] = tss[f->index][9];
}

void recover_cpu(struct fuzz_cpu *f)
{
	write_tss(f);
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS + 16 * f->index));
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	write_cr0(0x80000031);
}

/* Only what costs no exit is looked at each time. */
void recover_tidy(struct fuzz_cpu *f)
{
	u16 tr;

	__asm__ volatile("str %0" : "=r"(tr));
	if (tr != SEL_TSS + 16 * f->index)
		recover_cpu(f);
	if (rdmsr(MSR_EFER) != EFER_USUAL)
		wrmsr(MSR_EFER, EFER_USUAL);
	write_segments();
}
