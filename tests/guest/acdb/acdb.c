// SPDX-License-Identifier: MIT
/* Deliveries of #AC, and with "db" of #DB, that cause the same exception again, for ever
 * and without one instruction in between (CVE-2015-5307, CVE-2015-8104). The pCPU must
 * not hang in it: an innocent guest beside this one finishes. */
#include "guest.h"

#define SEL_TSS 0x20
#define TSS_BYTES 104
#define TSS_TYPE 0x89UL
#define IST_SLOT 1

/* Global 0, length 8, data writes (SDM 3B "Debug Control Register (DR7)"). */
#define DR7_WRITE_8_BYTES (0x400UL | BIT(1) | 1UL << 16 | 2UL << 18)

void ac_loop(void);

extern u64 gdt[];

static u32 tss[TSS_BYTES / 4];
static u64 db_stack[64] __attribute__((aligned(16)));

/* Each delivery starts at the same address, whatever interrupted. */
static void own_stack_for_db(void)
{
	u64 base = (u64)tss, top = (u64)&db_stack[ARRAY_SIZE(db_stack)];

	tss[9] = (u32)top; /* IST1 */
	gdt[SEL_TSS / 8] = (TSS_BYTES - 1) | (base & 0xffffff) << 16 | TSS_TYPE << 40;
	gdt[SEL_TSS / 8 + 1] = 0;
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
	idt[VEC_DB].ist = IST_SLOT;
}

/* An emulator may not see that the push hits the breakpoint. Then there is no loop. */
static void on_db(struct frame *frame)
{
	write_dr7(0);
	print("acdb: the handler runs, this processor has no such loop\n");
}

static void db_loop(void)
{
	volatile u64 *pushed = &db_stack[ARRAY_SIZE(db_stack) - 1]; /* SS */

	trap_set(VEC_DB, on_db);
	own_stack_for_db();
	write_dr0((u64)pushed);
	write_dr7(DR7_WRITE_8_BYTES);
	*pushed = 0;
}

int main(void)
{
	if (has_option("db")) {
		print("acdb: #DB\n");
		db_loop();
	} else {
		print("acdb: #AC\n");
		ac_loop();
	}
	for (;;)
		pause();
}
