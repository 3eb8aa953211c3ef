// SPDX-License-Identifier: MIT
/* Single steps of root mode (RFLAGS.TF) and NMIs between two given instructions. An NMI
 * that a #DB handler sends to its own CPU would arrive in the handler. So the handler
 * lets one come first and does not return from it by IRET: now NMIs are blocked. The
 * second stays pending until the IRET that goes back to the stepped code, and hits right
 * there (SDM 3A "Handling Multiple NMIs"). */
#include "step.h"
#include "arch/x86/desc.h"
#include "arch/x86/lapic.h"
#include "arch/x86/regs.h"
#include "assert.h"
#include "atomic.h"
#include "cpu.h"

#define STUB_BYTES 16
#define RFLAGS_TF_BIT BIT(8)

/* SDM 3A, figure "64-Bit IDT Gate Descriptors". */
struct gate_descriptor {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
};

extern const u8 vector_stubs[], step_db[], step_nmi[];
bool step_on_db(struct trap_frame *frame);
void step_send_nmi(void);

/* The CPU that steps, and what step_db and step_nmi share. */
u64 step_resume_rsp, step_old_nmi, step_hit_rip;
struct cpu *step_cpu;
u8 step_blocking;
static bool (*ask)(struct trap_frame *frame);

__asm__(".text\n"
	".global step_db, step_nmi\n"
	"step_db:\n"
	"	pushq $0\n"
	"	pushq $1\n"
	"	push %rax; push %rbx; push %rcx; push %rdx; push %rsi; push %rdi\n"
	"	push %rbp; push %r8; push %r9; push %r10; push %r11; push %r12\n"
	"	push %r13; push %r14; push %r15\n"
	"	cld\n"
	"	mov %rsp, %rdi\n"
	"	call step_on_db\n"
	"	test %al, %al\n"
	"	jz 1f\n"
	"	mov %rsp, step_resume_rsp\n"
	"	movb $1, step_blocking\n"
	"	call step_send_nmi\n"
	"2:	pause\n"
	"	jmp 2b\n"
	"step_resume:\n"
	"	mov step_resume_rsp, %rsp\n"
	"	call step_send_nmi\n"
	"1:	pop %r15; pop %r14; pop %r13; pop %r12; pop %r11; pop %r10; pop %r9\n"
	"	pop %r8; pop %rbp; pop %rdi; pop %rsi; pop %rdx; pop %rcx; pop %rbx\n"
	"	pop %rax\n"
	"	add $16, %rsp\n"
	"	iretq\n"
	"step_nmi:\n"
	"	push %rax\n"
	"	mov %gs:0, %rax\n"
	"	cmp step_cpu, %rax\n"
	"	jne 4f\n"
	"	cmpb $0, step_blocking\n"
	"	jne 3f\n"
	"	cmpq $0, step_hit_rip\n"
	"	jne 4f\n"
	"	mov 8(%rsp), %rax\n"
	"	mov %rax, step_hit_rip\n"
	"4:	pop %rax\n"
	"	jmp *step_old_nmi\n"
	"3:	movb $0, step_blocking\n"
	"	jmp step_resume\n");

static void set_gate(unsigned vector, const u8 *entry)
{
	struct gate_descriptor *gate =
		(struct gate_descriptor *)(uintptr_t)desc_idt_base() + vector;
	u64 offset = (u64)(uintptr_t)entry;

	gate->offset_low = (u16)offset;
	gate->offset_mid = (u16)(offset >> 16);
	gate->offset_high = (u32)(offset >> 32);
}

void step_prepare(void)
{
	step_old_nmi = (u64)(uintptr_t)vector_stubs + VEC_NMI * STUB_BYTES;
	set_gate(VEC_DB, step_db);
	set_gate(VEC_NMI, step_nmi);
}

bool step_on_db(struct trap_frame *frame)
{
	bool hit = ask(frame);

	if (hit) {
		frame->rflags &= ~RFLAGS_TF_BIT;
		WRITE_ONCE(step_hit_rip, 0); /* TEST: for the stub of this CPU */
	}
	return hit;
}

void step_send_nmi(void)
{
	lapic_send_nmi(this_cpu()->apic_id);
}

void step_begin(bool (*on_step)(struct trap_frame *frame))
{
	ask = on_step;
	step_cpu = this_cpu();
	__asm__ volatile("pushfq\n"
			 "orq %0, (%%rsp)\n"
			 "popfq"
			 :
			 : "i"(RFLAGS_TF_BIT)
			 : "memory", "cc");
}

u64 step_nmi_hit(void)
{
	return READ_ONCE(step_hit_rip); /* TEST: written by the NMI stub of that CPU */
}
