// SPDX-License-Identifier: MIT
/* Descriptor tables of this CPU: GDT with a TSS, IDT, IST stacks. */
#pragma once
#include "cpu.h"

/* Interrupt stack table slots (SDM 3A "Interrupt Stack Table"): these three may
 * hit at any instruction, also where the stack is not to be trusted. */
enum { IST_NONE, IST_NMI, IST_DF, IST_MC };

/* Build the shared IDT. Boot CPU, once, before the first desc_load(). */
void desc_init(void);
/* Load GDT, TSS, IDT and GS for the CPU; from then on this_cpu() works. */
void desc_load(struct cpu *cpu);
/* Call guard() for the page below each of the CPU's interrupt stacks. */
void desc_guard(unsigned id, void (*guard)(const void *page));
/* What the back end writes into the hardware's host state. */
u64 desc_gdt_base(const struct cpu *cpu);
u64 desc_tss_base(const struct cpu *cpu);
u64 desc_idt_base(void);
