// SPDX-License-Identifier: MIT
/* One instruction, one function, named as the instruction (SDM volume 2).
 * Root mode at CPL 0, any context. */
#pragma once
#include "types.h"

static inline void outb(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}
static inline void outw(u16 port, u16 v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}
static inline void outl(u16 port, u32 v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}
static inline u8 inb(u16 port)
{
	u8 v;
	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline u16 inw(u16 port)
{
	u16 v;
	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline u32 inl(u16 port)
{
	u32 v;
	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;
	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (u64)hi << 32 | lo;
}
static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32))
			 : "memory");
}
/* RDMSR and WRMSR of a register that may not exist: false on #GP, found
 * through the exception table (trap.c). */
static inline bool rdmsr_safe(u32 msr, u64 *v)
{
	u32 lo, hi, ok = 1;
	__asm__ volatile("1: rdmsr\n"
			 "2:\n"
			 ".pushsection .extable, \"a\"\n"
			 ".quad 1b, 2b, 0\n"
			 ".popsection"
			 : "=a"(lo), "=d"(hi), "+b"(ok)
			 : "c"(msr)
			 : "memory");
	*v = (u64)hi << 32 | lo;
	return ok;
}
static inline bool wrmsr_safe(u32 msr, u64 v)
{
	u32 ok = 1;
	__asm__ volatile("1: wrmsr\n"
			 "2:\n"
			 ".pushsection .extable, \"a\"\n"
			 ".quad 1b, 2b, 0\n"
			 ".popsection"
			 : "+b"(ok)
			 : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32))
			 : "memory");
	return ok;
}

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};
static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;
	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;
	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

#define DEFINE_CR(n)                                                                     \
	static inline u64 read_cr##n(void)                                               \
	{                                                                                \
		u64 v;                                                                   \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v));                        \
		return v;                                                                \
	}                                                                                \
	static inline void write_cr##n(u64 v)                                            \
	{                                                                                \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory");               \
	}
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)
DEFINE_CR(8)
#undef DEFINE_CR

#define DEFINE_DR(n)                                                                     \
	static inline u64 read_dr##n(void)                                               \
	{                                                                                \
		u64 v;                                                                   \
		__asm__ volatile("mov %%dr" #n ", %0" : "=r"(v));                        \
		return v;                                                                \
	}                                                                                \
	static inline void write_dr##n(u64 v)                                            \
	{                                                                                \
		__asm__ volatile("mov %0, %%dr" #n : : "r"(v));                          \
	}
DEFINE_DR(0)
DEFINE_DR(1)
DEFINE_DR(2)
DEFINE_DR(3)
DEFINE_DR(6)
DEFINE_DR(7)
#undef DEFINE_DR

static inline u64 xgetbv(u32 index)
{
	u32 lo, hi;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(index));
	return (u64)hi << 32 | lo;
}
static inline void xsetbv(u32 index, u64 v)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(index), "a"((u32)v), "d"((u32)(v >> 32))
			 : "memory");
}
static inline void xsave(void *area, u64 mask)
{
	__asm__ volatile("xsave64 (%0)"
			 :
			 : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32))
			 : "memory");
}
static inline void xsavec(void *area, u64 mask)
{
	__asm__ volatile("xsavec64 (%0)"
			 :
			 : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32))
			 : "memory");
}
static inline void xrstor(const void *area, u64 mask)
{
	__asm__ volatile("xrstor64 (%0)"
			 :
			 : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32))
			 : "memory");
}
static inline void fxsave(void *area)
{
	__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}
static inline void fxrstor(const void *area)
{
	__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

static inline void cli(void)
{
	__asm__ volatile("cli" : : : "memory");
}
static inline void hlt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}
static inline void invlpg(u64 va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}
static inline void wbinvd(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}
static inline void mfence(void)
{
	__asm__ volatile("mfence" : : : "memory");
}
static inline void lfence(void)
{
	__asm__ volatile("lfence" : : : "memory");
}

/* Limit and base, as LGDT and LIDT read them. */
struct table_register {
	u16 limit;
	u64 base;
} __attribute__((packed));

static inline void lgdt(const struct table_register *t)
{
	__asm__ volatile("lgdt %0" : : "m"(*t));
}
static inline void lidt(const struct table_register *t)
{
	__asm__ volatile("lidt %0" : : "m"(*t));
}
static inline void ltr(u16 selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector));
}

/* Memory-mapped registers: exactly one access of this size. */
static inline u32 mmio_read32(u64 addr)
{
	return *(const volatile u32 *)(uintptr_t)addr;
}
static inline void mmio_write32(u64 addr, u32 v)
{
	*(volatile u32 *)(uintptr_t)addr = v;
}
