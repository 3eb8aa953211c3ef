// SPDX-License-Identifier: MIT
/* What each host vector means: NMI and machine check to their recorders,
 * other exceptions to the exception table or to the panic, everything else is an
 * interrupt. */
#include "trap.h"
#include "cpu.h"
#include "lapic.h"
#include "regs.h"
#include "x86.h"

#define FIRST_INTERRUPT 32

/* Where an instruction that may fault continues, with register RBX := value
 * (x86.h, rdmsr_safe). Filled by the assembler, bounded by linker.ld. */
struct extable_entry {
	u64 fault_rip, continue_rip, value;
};
extern const struct extable_entry extable_start[], extable_end[];
extern const u8 idle_hlt[], idle_hlt_end[];

static bool extable_fixup(struct trap_frame *frame)
{
	for (const struct extable_entry *e = extable_start; e < extable_end; e++) {
		if (e->fault_rip != frame->rip)
			continue;
		frame->rip = e->continue_rip;
		frame->rbx = e->value;
		return true;
	}
	return false;
}

/* Whoever interrupts between STI and HLT has brought work: do not sleep over it. */
static void leave_idle(struct trap_frame *frame)
{
	if (frame->rip == (u64)(uintptr_t)idle_hlt)
		frame->rip = (u64)(uintptr_t)idle_hlt_end;
}

void irq_dispatch(u8 vector)
{
	this_cpu()->irq_count++;
	/* No in-service bit is set for it, so no EOI (SDM 3A "Spurious Interrupt"). */
	if (vector == VECTOR_SPURIOUS) {
		this_cpu()->spurious_count++;
		return;
	}
	irq_handle(vector);
	lapic_eoi();
}

void nmi_dispatch(void)
{
	__asm__ volatile("int %0" : : "i"(VEC_NMI) : "memory");
}

void machine_check_dispatch(void)
{
	__asm__ volatile("int %0" : : "i"(VEC_MC) : "memory");
}

void trap_handle(struct trap_frame *frame)
{
	leave_idle(frame);
	if (frame->vector >= FIRST_INTERRUPT)
		irq_dispatch((u8)frame->vector);
	else if (frame->vector == VEC_NMI)
		nmi_handle(frame);
	else if (frame->vector == VEC_MC)
		machine_check_handle(frame);
	else if (!extable_fixup(frame))
		fatal_trap(frame);
}
