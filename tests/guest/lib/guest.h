// SPDX-License-Identifier: MIT
/* The library of the test guests: flat 64-bit kernels of one file, main() on the boot
 * CPU with interrupts off. A guest tests one property; its verdict is a line a
 * check and the code it ends its VM with (0: all checks passed). */
#pragma once
#include "insn.h"
#include "layout.h"

#define UART_PORT 0x3f8
#define PM_TIMER_PORT 0x608
#define PM_TIMER_HZ 3579545
#define LATCH_PORT 0xe0
#define EXIT_PORT 0xf4
#define FW_SELECT_PORT 0x510
#define FW_DATA_PORT 0x511
#define LINES_PORT 0x2000 /* + IOAPIC pin: its level */

int main(void);

/* --- this CPU --- */

#define NO_FAULT 256

struct fault {
	unsigned vector; /* NO_FAULT: none since fault_clear() */
	u64 error;
	u64 cr2;
};

struct cpu {
	unsigned index; /* and the APIC ID */
	bool x2apic;
	struct fault fault;
};

/* At the low end of the stack, so that no register need be kept for it. */
static inline struct cpu *this_cpu(void)
{
	u64 rsp;
	__asm__ volatile("movq %%rsp, %0" : "=r"(rsp));
	return (struct cpu *)(rsp & ~(u64)(STACK_BYTES - 1));
}

unsigned cpu_count(void); /* of the VM, from fw_cfg */
/* Start all others by INIT-SIPI-SIPI and wait until they are up; fn(index) runs on
 * each, interrupts off; when it returns that CPU halts for ever. */
void cpu_start_all(void (*fn)(unsigned index));

/* --- exceptions and interrupts --- */

struct frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

enum {
	VEC_DE = 0,
	VEC_DB = 1,
	VEC_NMI = 2,
	VEC_UD = 6,
	VEC_NM = 7,
	VEC_GP = 13,
	VEC_PF = 14,
	VEC_AC = 17
};

/* Run fn at this vector; NULL: an exception ends the VM, an interrupt is ignored. */
void trap_set(unsigned vector, void (*fn)(struct frame *frame));
/* The same, with an EOI afterwards. */
void irq_set(unsigned vector, void (*fn)(struct frame *frame));
/* The gate itself, for handlers in assembly. Interrupt gate, DPL 0. */
void gate_set(unsigned vector, const void *entry);
void idt_load(void);
/* SDM 3A "64-Bit Mode IDT". */
struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};
extern struct gate idt[256];

/* An instruction that may fault: then execution goes on behind it, and the fault is
 * in this_cpu()->fault. */
#define GUARDED(insn)                                                                    \
	"1: " insn "\n2:\n.pushsection .extable, \"a\"\n.quad 1b, 2b\n.popsection"

static inline void fault_clear(void)
{
	this_cpu()->fault.vector = NO_FAULT;
}
static inline unsigned fault_vector(void)
{
	return ((volatile struct cpu *)this_cpu())->fault.vector;
}
static inline bool try_rdmsr(u32 msr, u64 *value)
{
	u32 lo = 0, hi = 0;

	fault_clear();
	__asm__ volatile(GUARDED("rdmsr") : "+a"(lo), "+d"(hi) : "c"(msr) : "memory");
	*value = (u64)hi << 32 | lo;
	return fault_vector() == NO_FAULT;
}
static inline bool try_wrmsr(u32 msr, u64 v)
{
	fault_clear();
	__asm__ volatile(GUARDED("wrmsr")
			 :
			 : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32))
			 : "memory");
	return fault_vector() == NO_FAULT;
}
static inline bool try_write_cr0(u64 v)
{
	fault_clear();
	__asm__ volatile(GUARDED("mov %0, %%cr0") : : "r"(v) : "memory");
	return fault_vector() == NO_FAULT;
}
static inline bool try_write_cr4(u64 v)
{
	fault_clear();
	__asm__ volatile(GUARDED("mov %0, %%cr4") : : "r"(v) : "memory");
	return fault_vector() == NO_FAULT;
}
static inline bool try_write_cr8(u64 v)
{
	fault_clear();
	__asm__ volatile(GUARDED("mov %0, %%cr8") : : "r"(v) : "memory");
	return fault_vector() == NO_FAULT;
}
static inline bool try_xsetbv(u32 index, u64 v)
{
	fault_clear();
	__asm__ volatile(GUARDED("xsetbv")
			 :
			 : "c"(index), "a"((u32)v), "d"((u32)(v >> 32))
			 : "memory");
	return fault_vector() == NO_FAULT;
}

/* --- the local APIC, in the mode that this CPU's is in --- */

/* A register's number: offset in the page / 16, MSR - 0x800. */
enum {
	APIC_ID = 0x02,
	APIC_VERSION = 0x03,
	APIC_TPR = 0x08,
	APIC_PPR = 0x0a,
	APIC_EOI = 0x0b,
	APIC_LDR = 0x0d,
	APIC_DFR = 0x0e,
	APIC_SVR = 0x0f,
	APIC_ISR = 0x10,
	APIC_TMR = 0x18,
	APIC_IRR = 0x20,
	APIC_ESR = 0x28,
	APIC_ICR = 0x30,
	APIC_ICR_HIGH = 0x31,
	APIC_LVT_TIMER = 0x32,
	APIC_LVT_LINT0 = 0x35,
	APIC_LVT_LINT1 = 0x36,
	APIC_LVT_ERROR = 0x37,
	APIC_TIMER_INITIAL = 0x38,
	APIC_TIMER_CURRENT = 0x39,
	APIC_TIMER_DIVIDE = 0x3e,
	APIC_SELF_IPI = 0x3f,
};

#define APIC_PAGE 0xfee00000UL
#define APIC_BASE_EXTD BIT(10)
#define APIC_BASE_EN BIT(11)
#define APIC_SVR_ENABLE 0x100u
#define APIC_FIXED 0u
#define APIC_NMI 0x400u
#define APIC_INIT 0x500u
#define APIC_SIPI 0x600u
#define APIC_LOGICAL 0x800u
#define APIC_ASSERT 0x4000u
#define APIC_TO_SELF 0x40000u
#define APIC_TO_ALL 0x80000u
#define APIC_TO_OTHERS 0xc0000u
#define APIC_MASKED 0x10000u
#define APIC_ONE_SHOT 0u
#define APIC_PERIODIC 0x20000u
#define APIC_DEADLINE 0x40000u
#define APIC_DIVIDE_BY_1 0xbu

bool x2apic_offered(void);
bool deadline_offered(void);
void x2apic_enable(void); /* on this CPU; APs started later begin in the same mode */
u32 apic_read(unsigned reg);
void apic_write(unsigned reg, u32 value);
void apic_eoi(void);
/* dest: an APIC ID, or a logical destination; low: mode, vector, shorthand. */
void apic_send(u32 dest, u32 low);

/* --- paging --- */

#define PAGE_BYTES 4096
#define PAGE_PRESENT 1UL
#define PAGE_WRITE 2UL
#define PAGE_USER 4UL

/* The 4 KiB page table entry that maps this address; what was mapped stays so. Change
 * it, then invlpg(). At most 4 different 2 MiB regions. */
u64 *page_entry(const void *at);

/* --- time --- */

u32 pm_timer(void);
void delay_tsc(u64 ticks); /* spins */

bool within(u64 got, u64 wanted, u64 per_mille);

/* --- the command line: what stands behind -- on the module line --- */

bool has_option(const char *word);
/* "key=" and a decimal number behind it. */
u64 option_number(const char *key, u64 otherwise);

/* --- the verdict --- */

void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Print "ok NAME" or "not ok NAME". */
void check(bool good, const char *name);
/* The same, and on failure the two numbers. */
void check_equal(u64 got, u64 wanted, const char *name);
void guest_exit(u32 code) __attribute__((noreturn));

/* --- memory --- */

void *memset(void *to, int byte, u64 bytes);
void *memcpy(void *to, const void *from, u64 bytes);
int strcmp(const char *a, const char *b);
