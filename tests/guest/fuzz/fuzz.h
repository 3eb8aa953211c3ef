/* SPDX-License-Identifier: MIT */
/* The fuzzing guest: each vCPU does by itself, from its own seed, one random operation
 * after the other, and gets back to its loop whatever came of it. */
#pragma once

/* Where a test on the host side finds how far we are: struct fuzz_cpu, one a vCPU. Also
 * numbers that recover.S uses. */
#define FUZZ_CPUS_GPA 0x6000
#define FUZZ_CPU_BYTES 64
#define FUZZ_CPUS_MAX 4

#define FC_RSP 0
#define FC_ACTIVE 8
#define FC_OPS 16
#define FC_NMI_OPS 24
#define FC_NMIS 32
#define FC_IRQS 40

/* Low memory, for real mode: where it comes back, and each vCPU's copy of its code. */
#define REAL_RETURN 0x9000
#define REAL_CODE 0x10000
#define REAL_CODE_BYTES 0x1000

/* Segments behind those of the library; a TSS takes two places. */
#define SEL_TSS 0x20
#define SEL_USER_CODE64 0x63
#define SEL_USER_DATA 0x6b
#define SEL_CODE16 0x70
#define SEL_DATA16 0x78

#define RECOVERED_LOW 300 /* fuzz_try(): back from a mode without 64-bit gates */
#define RECOVERED_IRQS 301 /* ... from too many interrupts */
#define IRQS_MAX 64
#define IST_BYTES 4096

#ifndef __ASSEMBLER__
#include "guest.h"

struct fuzz_cpu {
	u64 rsp;     /* where fuzz_try() goes on */
	u64 active;  /* in fuzz_try() */
	u64 ops;     /* done so far; the last one may be under way */
	u64 nmi_ops; /* ops at the last NMI: the same again means that it is stuck */
	u64 nmis, irqs;
	u64 random; /* state of the generator */
	u64 index;
};
_Static_assert(sizeof(struct fuzz_cpu) == FUZZ_CPU_BYTES, "recover.S uses it");
#define FUZZ_CPUS ((struct fuzz_cpu *)FUZZ_CPUS_GPA)

enum fuzz_mode { M_LONG, M_USER, M_COMPAT, M_PROTECTED, M_REAL, M_COUNT };

/* --- recover.S --- */

/* Call fn(f); returns NO_FAULT, or the vector of the exception that ended it, or
 * RECOVERED_LOW. Segments, CR0, CR3, CR4 and DR7 are the usual ones again. */
u64 fuzz_try(struct fuzz_cpu *f, void (*fn)(struct fuzz_cpu *f));
/* Jump to code in that mode, on a stack of its own; it ends by an exception. The page
 * directory (32-bit paging; 0: no paging) matters to protected mode alone. */
void fuzz_jump(u64 code, u64 stack, u64 directory) __attribute__((noreturn));
void fuzz_jump_user(u64 code, u64 stack, u64 directory) __attribute__((noreturn));
void fuzz_jump_compat(u64 code, u64 stack, u64 directory) __attribute__((noreturn));
void fuzz_jump_protected(u64 code, u64 stack, u64 directory) __attribute__((noreturn));
void fuzz_jump_real(u64 code, u64 stack, u64 directory) __attribute__((noreturn));

/* --- recover.c --- */

/* Once, on the boot vCPU: segments, gates, the ways back. */
void recover_prepare(void);
/* The vectors of real mode and the way in, which real-mode code may overwrite. */
void recover_real_mode(void);
/* On each vCPU. */
void recover_cpu(struct fuzz_cpu *f);
/* What an operation may have left changed and fuzz_try() has not put right. */
void recover_tidy(struct fuzz_cpu *f);

/* --- random.c --- */

u64 random_next(struct fuzz_cpu *f);
u64 random_below(struct fuzz_cpu *f, u64 limit);
bool random_once_in(struct fuzz_cpu *f, u64 many);
/* May the VM end by the next thing done? Rare, and rarer by lethal=N: N in a million. */
bool random_may_die(struct fuzz_cpu *f);
void random_set_lethal(u64 per_million);
/* Bit patterns that are worth more than evenly random ones. */
u64 random_value(struct fuzz_cpu *f);
u16 random_port(struct fuzz_cpu *f);
u32 random_msr(struct fuzz_cpu *f);
u64 random_address(struct fuzz_cpu *f); /* memory, or nothing mapped */
u64 random_device(struct fuzz_cpu *f);
void random_set_virtio(u64 devices); /* so many are there */
u64 random_virtio_devices(void);
u64 random_icr(struct fuzz_cpu *f);

/* Memory that operations may write, readable by user code: 2 MiB, then nothing. */
#define SCRATCH 0x800000UL
#define SCRATCH_BYTES 0x200000UL
/* ... of which: each vCPU's code and stack; the paging tables that all share. */
#define SCRATCH_CODE(index) (SCRATCH + 0x10000 + (index) * 0x2000UL)
#define SCRATCH_STACK(index) (SCRATCH + 0x30000 + (index) * 0x2000UL)
#define SCRATCH_TABLES (SCRATCH + 0x40000)
#define SCRATCH_DATA (SCRATCH + 0x100000)
#define IOAPIC_GPA 0xfec00000UL
#define VIRTIO_GPA 0xfeb00000UL

/* --- the classes of operations; each is called inside fuzz_try() --- */

void code_run(struct fuzz_cpu *f);   /* code.c: 1 to 6 random instructions */
void paging_run(struct fuzz_cpu *f); /* paging.c: page tables */
void ipi_run(struct fuzz_cpu *f);    /* events.c: IPIs, INIT, SIPI, NMI */
void device_run(struct fuzz_cpu *f); /* events.c: IOAPIC, lines, timers */
void nap_run(struct fuzz_cpu *f);    /* events.c: HLT with a timer set */
void many_run(struct fuzz_cpu *f);   /* many.c: one exit, many times */
void virtio_run(struct fuzz_cpu *f); /* virtio.c: queues */
void paging_prepare(void);
/* A page directory for protected mode. */
u64 paging_directory(void);
/* Is this operation to be told? fuzz.c */
bool fuzz_traced(const struct fuzz_cpu *f);
/* On to the next life; fuzz.c */
void fuzz_reset(void) __attribute__((noreturn));
#endif
