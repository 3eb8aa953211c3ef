// SPDX-License-Identifier: MIT
/* Host exceptions and interrupts. entry.S builds the frame, trap.c decides. */
#pragma once
#include "types.h"

/* As entry.S pushes it, lowest address first. */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss; /* pushed by the processor */
};

/* Called by entry.S for every vector, interrupts off. */
void trap_handle(struct trap_frame *frame);

/* Handle a host interrupt that a VM exit acknowledged: same as if it had come
 * through the IDT. Sends the EOI. */
void irq_dispatch(u8 vector);
/* Take the interrupts that are pending, in root mode, own vCPU OUTSIDE: at the top of a
 * CPU's loop and while it waits for others. Cheaper than the VM exit that each would
 * cost at the next entry; and a host that runs us nested gets its own in. */
static inline void irq_window(void)
{
	/* STI takes effect after the next instruction (SDM 2B, STI). */
	__asm__ volatile("sti; nop; cli" : : : "memory");
}
/* Handle a host NMI that a VM exit took: runs the NMI handler through the IDT,
 * whose IRET unblocks NMIs (SDM 3A "Handling Multiple NMIs"). */
void nmi_dispatch(void);
/* The same for a machine check taken by an exit or an entry. */
void machine_check_dispatch(void);

/* Vectors of our own. Priority is the upper digit (SDM 3A "Interrupt, Task, and
 * Processor Priority"): the kick above everything. */
#define VECTOR_SERIAL 0x30
#define VECTOR_TIMER 0xe0
#define VECTOR_DOORBELL 0xf0 /* something was pushed into an inbox */
#define VECTOR_KICK 0xf1
#define VECTOR_ERROR 0xfe
#define VECTOR_SPURIOUS 0xff

/* --- upcalls, implemented above --- */

/* kernel/irq.c: what a device or IPI vector means. Before the EOI. */
void irq_handle(u8 vector);
/* kernel/panic.c: an exception nobody expected. */
void fatal_trap(const struct trap_frame *frame) __attribute__((noreturn));
/* kernel/panic.c: true while a panic stops this CPU; then it does not return. */
void nmi_handle(struct trap_frame *frame);
void machine_check_handle(struct trap_frame *frame);
/* vmx/enter.S's window: if this NMI hit between the last-chance test and the
 * entry, make the entry exit at once by a kick to ourselves. */
void nmi_in_entry_window(const struct trap_frame *frame);
