// SPDX-License-Identifier: MIT
/* Events arrive where the architecture says: a single step after an instruction that
 * exits is one trap behind it; STI and MOV SS hold events back over one instruction,
 * also over one that exits (SDM 3A "Masking Interrupts", SDM 3B "Single-Step"); a
 * gate that is absent or on a page not present makes the fault it should (SDM 3A
 * "Error Code", "Interrupt 8: Double Fault Exception"). */
#include "guest.h"

#define VECTOR 0x70
#define TRAPS_MAX 32
#define IDT_BYTES 4096
#define SPLIT_GATE 64 /* this one is the first on the second page */
#define WINDOW 0xc00000UL
#define GATE_PRESENT 0x80u
#define DR6_BS BIT(14)
#define ERROR_IDT 2
#define ERROR_EXT 1
#define VEC_DF 8
#define VEC_NP 11

#define CODE(name) extern const u8 name[];
CODE(after_cpuid)
CODE(after_mov)
CODE(after_in) CODE(after_out) CODE(after_mov2) CODE(after_rdmsr) CODE(after_mov3)
	CODE(after_vmcall) CODE(after_read_cr8) CODE(after_write_cr8) CODE(after_clts)
		CODE(after_wbinvd) CODE(after_pushfq) CODE(after_andq) CODE(after_popfq)
			CODE(after_ss_cpuid) CODE(after_ss_pushfq) CODE(after_ss_andq)
				CODE(after_ss_popfq) CODE(after_sti_nop)
					CODE(after_sti_cpuid) CODE(soft_int)
						CODE(after_int) CODE(after_icebp)

							void step_exits(void);
void step_mov_ss(void);
void shadow_nop(void);
void shadow_cpuid(void);
void shadow_cli(void);
void icebp(void);

static volatile u64 traps[TRAPS_MAX], trap_count, interrupts, interrupt_rip;
static volatile u64 fault_count, fault_rip, fault_error, fault_address;
static bool all_single_steps;

/* --- single steps --- */

static void on_debug(struct frame *frame)
{
	if (trap_count < TRAPS_MAX)
		traps[trap_count++] = frame->rip;
	all_single_steps &= (read_dr6() & DR6_BS) != 0;
	write_dr6(0xffff0ff0);
}

static void check_traps(const u8 *const *wanted, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count && i < trap_count; i++) {
		if (traps[i] == (u64)wanted[i])
			continue;
		print("  trap %u at %lx, wanted %lx\n", i, traps[i], (u64)wanted[i]);
		check(false, name);
		return;
	}
	check_equal(trap_count, count, name);
}

static void test_steps(void)
{
	static const u8 *const exits[] = {
		after_cpuid, after_mov,    after_in,     after_out,      after_mov2,
		after_rdmsr, after_mov3,   after_vmcall, after_read_cr8, after_write_cr8,
		after_clts,  after_wbinvd, after_pushfq, after_andq,     after_popfq,
	};
	static const u8 *const mov_ss[] = {
		after_ss_cpuid,
		after_ss_pushfq,
		after_ss_andq,
		after_ss_popfq,
	};

	trap_set(VEC_DB, on_debug);
	all_single_steps = true;
	step_exits();
	check_traps(exits, ARRAY_SIZE(exits),
		    "one trap behind each instruction that exits");
	check(all_single_steps, "DR6.BS in each");
	trap_count = 0;
	step_mov_ss();
	check_traps(mov_ss, ARRAY_SIZE(mov_ss), "none between MOV SS and CPUID");
	trap_count = 0;
	icebp();
	check(trap_count == 1 && traps[0] == (u64)after_icebp,
	      "INT1 traps behind itself");
}

/* --- shadows --- */

static void on_interrupt(struct frame *frame)
{
	interrupts++;
	interrupt_rip = frame->rip;
}

static void shadow(void (*code)(void), const u8 *wanted, const char *name)
{
	interrupts = interrupt_rip = 0;
	apic_send(0, APIC_TO_SELF | VECTOR);
	code();
	if (wanted) {
		check(interrupts == 1 && interrupt_rip == (u64)wanted, name);
		return;
	}
	check_equal(interrupts, 0, name);
	sti();
	cli();
	check_equal(interrupts, 1, "but after that");
}

static void test_shadows(void)
{
	irq_set(VECTOR, on_interrupt);
	shadow(shadow_nop, after_sti_nop, "STI holds an interrupt back over a NOP");
	shadow(shadow_cpuid, after_sti_cpuid, "and over a CPUID");
	shadow(shadow_cli, NULL, "STI and CLI at once let none through");
}

/* --- gates --- */

static void load_idt(u64 base)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) pointer = {IDT_BYTES - 1, base};

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

static void on_fault(struct frame *frame)
{
	fault_count++;
	fault_rip = frame->rip;
	fault_error = frame->error;
	fault_address = read_cr2();
}

static u64 second_page;

static void map_second(bool present)
{
	const u8 *at = (const u8 *)WINDOW + PAGE_BYTES;

	*page_entry(at) = present ? second_page | PAGE_PRESENT | PAGE_WRITE : 0;
	invlpg(at);
}

static void on_page_fault(struct frame *frame)
{
	on_fault(frame);
	map_second(true);
}

/* Copied so that the gates up to SPLIT_GATE end a page and the others begin one. */
static u64 split_idt(void)
{
	u64 base = WINDOW + PAGE_BYTES - SPLIT_GATE * sizeof(struct gate);

	second_page = *page_entry((u8 *)WINDOW + PAGE_BYTES) & ~0xfffUL;
	memcpy((void *)base, idt, IDT_BYTES);
	return base;
}

static void test_absent_page(void)
{
	u64 base = split_idt(), gate = base + VECTOR * sizeof(struct gate);

	trap_set(VEC_PF, on_page_fault);
	irq_set(VECTOR, on_interrupt);
	load_idt(base);
	map_second(false);
	fault_count = interrupts = 0;
	((void (*)(void))soft_int)();
	check_equal(fault_count, 1, "INT n with its gate's page absent is one #PF");
	check_equal(fault_address, gate, "CR2 is the gate's address");
	check_equal(fault_rip, (u64)soft_int, "at the INT");
	check(interrupts == 1 && interrupt_rip == (u64)after_int,
	      "and then it is done again");
	/* An external interrupt is gone then: it has been acknowledged. */
	map_second(false);
	fault_count = interrupts = 0;
	apic_send(0, APIC_TO_SELF | VECTOR);
	sti();
	delay_tsc(2000);
	cli();
	check_equal(fault_count, 1,
		    "an interrupt with its gate's page absent is one #PF");
	check_equal(fault_address, gate, "CR2 is the gate's address, too");
	check(interrupts == 1 || apic_read(APIC_ISR + VECTOR / 32) & BIT(VECTOR % 32),
	      "it was delivered after that, or is in service");
	apic_eoi();
	idt_load();
}

static bool denied_rdmsr(void)
{
	u64 value;

	return !try_rdmsr(0x480, &value);
}

/* The gate of #GP is absent: #NP in its delivery is a double fault. The handler of
 * that must not go back; the table of guarded instructions takes care. */
static void test_double_fault(void)
{
	u8 type = idt[VEC_GP].type;

	idt[VEC_GP].type = type & ~GATE_PRESENT;
	check(denied_rdmsr(), "a #GP that the hypervisor injects");
	check_equal(fault_vector(), VEC_DF, "without a gate it is #DF");
	check_equal(this_cpu()->fault.error, 0, "its error code is 0");
	fault_clear();
	__asm__ volatile(GUARDED("movw %w0, %%fs") : : "r"(0xfff8));
	check_equal(fault_vector(), VEC_DF, "and one of the processor's own is, too");
	idt[VEC_GP].type = type;
}

static void on_absent(struct frame *frame)
{
	on_fault(frame);
	idt[VEC_DB].type |= GATE_PRESENT;
}

/* #DB is benign: #NP in its delivery is delivered, and INT1 done again after it. */
static void test_absent_gate(void)
{
	trap_set(VEC_NP, on_absent);
	fault_count = trap_count = 0;
	idt[VEC_DB].type &= ~GATE_PRESENT;
	icebp();
	check_equal(fault_count, 1, "INT1 without a gate is one #NP");
	check_equal(fault_error, VEC_DB * 8 + ERROR_IDT + ERROR_EXT,
		    "with its error code");
	check_equal(fault_rip, (u64)icebp, "at the INT1");
	check(trap_count == 1 && traps[0] == (u64)after_icebp,
	      "and then it is done again");
}

int main(void)
{
	test_steps();
	test_shadows();
	test_absent_page();
	test_double_fault();
	test_absent_gate();
	return 0;
}
