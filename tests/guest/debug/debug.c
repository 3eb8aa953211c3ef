// SPDX-License-Identifier: MIT
/* Debug exceptions as the manual has them (SDM 3B "Debug Exceptions"): what DR6 tells
 * and keeps, what a MOV SS before them does, a HLT that is single-stepped, and RF in the
 * image that a fault pushes. */
#include "guest.h"

#define DEBUGS_MAX 8
#define DR6_NONE 0xffff0ff0UL
#define DR6_B1 BIT(1)
#define DR6_B2 BIT(2)
#define DR6_BD BIT(13)
#define DR6_BS BIT(14)
#define DR7_GLOBAL_2 (BIT(5) | BIT(10))
#define RFLAGS_RF BIT(16)

void breakpoint(void);
void step_icebp(void);
void step_general_detect(void);
void step_hlt(void);
extern const u8 breakpoint_here[], icebp_1[], icebp_2[], icebp_3[], icebp_4[];
extern const u8 detect_here[], detect_1[], detect_2[], detect_3[];
extern const u8 hlt_here[], hlt_1[], hlt_2[], hlt_3[];

struct debug {
	const u8 *rip;
	u64 dr6;
};

static volatile unsigned debug_count;
static struct debug debugs[DEBUGS_MAX];

static void on_debug(struct frame *frame)
{
	if (debug_count < DEBUGS_MAX)
		debugs[debug_count] = (struct debug){(const u8 *)frame->rip, read_dr6()};
	debug_count++;
	/* One on an instruction is a fault: on return it must not strike again. */
	if (read_dr6() & DR6_B2)
		frame->rflags |= RFLAGS_RF;
	write_dr6(0);
}

static void begin(void)
{
	debug_count = 0;
	write_dr6(0);
}

static void check_debugs(const struct debug *wanted, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count && i < debug_count; i++) {
		if (debugs[i].rip == wanted[i].rip && debugs[i].dr6 == wanted[i].dr6)
			continue;
		print("  #DB %u at %lx with DR6 %lx, wanted %lx with %lx\n", i,
		      (u64)debugs[i].rip, debugs[i].dr6, (u64)wanted[i].rip,
		      wanted[i].dr6);
		check(false, name);
		return;
	}
	check_equal(debug_count, count, name);
}

static void test_breakpoint(void)
{
	const struct debug clear = {breakpoint_here, DR6_NONE | DR6_B2};
	const struct debug kept = {breakpoint_here, DR6_NONE | DR6_B2 | DR6_BS};

	write_dr2((u64)breakpoint_here);
	write_dr7(DR7_GLOBAL_2);
	begin();
	breakpoint();
	check_debugs(&clear, 1, "a breakpoint says which it is, and not BS");
	begin();
	write_dr6(DR6_BS | DR6_B1);
	breakpoint();
	check_debugs(&kept, 1, "it clears B1, which did not match, and leaves BS alone");
	write_dr7(BIT(10));
}

static void test_icebp(void)
{
	const struct debug wanted[] = {
		{icebp_1, DR6_NONE},
		{icebp_2, DR6_NONE},
		{icebp_3, DR6_NONE | DR6_BS},
		{icebp_4, DR6_NONE | DR6_BS},
	};

	begin();
	step_icebp();
	check_debugs(wanted, ARRAY_SIZE(wanted),
		     "INT1 under MOV SS is no single step, and sets nothing in DR6");
}

static void test_general_detect(void)
{
	const struct debug wanted[] = {
		{detect_here, DR6_NONE | DR6_BD},
		{detect_1, DR6_NONE | DR6_BS},
		{detect_2, DR6_NONE | DR6_BS},
		{detect_3, DR6_NONE | DR6_BS},
	};

	begin();
	step_general_detect();
	check_debugs(wanted, ARRAY_SIZE(wanted),
		     "MOV SS does not hold back general detect, which comes alone");
}

static void test_hlt(void)
{
	const struct debug wanted[] = {
		{hlt_here, DR6_NONE | DR6_BS},
		{hlt_1, DR6_NONE | DR6_BS},
		{hlt_2, DR6_NONE | DR6_BS},
		{hlt_3, DR6_NONE | DR6_BS},
	};

	begin();
	step_hlt();
	check_debugs(wanted, ARRAY_SIZE(wanted),
		     "a single-stepped HLT ends with its trap");
}

static volatile u64 fault_rflags;

static void on_gp(struct frame *frame)
{
	fault_rflags = frame->rflags;
	frame->rip += 3; /* the guarded instruction's length */
}

static void test_resume_flag(void)
{
	trap_set(VEC_GP, on_gp);
	__asm__ volatile("movq %0, %%cr4" : : "r"(~0UL) : "memory");
	check(fault_rflags & RFLAGS_RF, "a #GP that the hypervisor raises pushes RF");
	fault_rflags = 0;
	__asm__ volatile("rex.W wrmsr" : : "c"(0x480), "a"(0), "d"(0));
	check(fault_rflags & RFLAGS_RF, "one of a denied MSR, too");
}

int main(void)
{
	trap_set(VEC_DB, on_debug);
	test_breakpoint();
	test_icebp();
	test_general_detect();
	test_hlt();
	test_resume_flag();
	return 0;
}
