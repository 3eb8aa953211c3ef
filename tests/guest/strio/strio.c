// SPDX-License-Identifier: MIT
/* INS and OUTS with REP, both directions, all widths and address sizes; through the
 * guest's own page tables, over a page's end; and a page that is not present is a #PF
 * in the middle, after which the instruction goes on (SDM 2A, INS; SDM 2B, OUTS). The
 * ports are a latch of four bytes. */
#include "guest.h"

#define DF "std\n"
#define WINDOW 0x1c00000UL /* three pages of address space that we map as we like */
#define RAM_A 0xa00000UL
#define RAM_B 0xb00000UL
#define RESERVED BIT(51) /* no processor has so many address bits */
#define PF_RESERVED 8
#define FLAGS (PAGE_PRESENT | PAGE_WRITE)

static u8 buffer[64];
static u64 faults, last_error;

struct string_regs {
	u64 at, count;
};

/* Both return the index register and the count afterwards. */
#define DEFINE_STRING(name, insn, index)                                                 \
	static struct string_regs name(u16 port, const void *at, u64 count)              \
	{                                                                                \
		struct string_regs r = {(u64)at, count};                                 \
		__asm__ volatile(insn "\ncld"                                            \
				 : "+" index(r.at), "+c"(r.count)                        \
				 : "d"(port)                                             \
				 : "memory");                                            \
		return r;                                                                \
	}
DEFINE_STRING(rep_outsb, "rep outsb", "S")
DEFINE_STRING(rep_outsw, "rep outsw", "S")
DEFINE_STRING(rep_outsl, "rep outsl", "S")
DEFINE_STRING(rep_insb, "rep insb", "D")
DEFINE_STRING(rep_insw, "rep insw", "D")
DEFINE_STRING(rep_insl, "rep insl", "D")
DEFINE_STRING(down_outsb, DF "rep outsb", "S")
DEFINE_STRING(down_insw, DF "rep insw", "D")
DEFINE_STRING(short_insb, "rep insb (%%dx), %%es:(%%edi)", "D")
DEFINE_STRING(one_outsb, "outsb", "S")
DEFINE_STRING(one_insl, "insl", "D")

static void check_regs(struct string_regs r, u64 at, u64 count, const char *name)
{
	check(r.at == at && r.count == count, name);
}

static void fill(void)
{
	for (unsigned i = 0; i < sizeof(buffer); i++)
		buffer[i] = (u8)(i + 1);
}

static void test_out(void)
{
	u64 at = (u64)buffer;

	fill();
	check_regs(rep_outsb(LATCH_PORT, buffer, 5), at + 5, 0, "REP OUTSB: RSI, RCX");
	check_equal(inb(LATCH_PORT), 5, "the last byte is in the latch");
	check_regs(rep_outsw(LATCH_PORT, buffer, 3), at + 6, 0, "REP OUTSW: RSI, RCX");
	check_equal(inw(LATCH_PORT), 0x0605, "the last word is in the latch");
	check_regs(rep_outsl(LATCH_PORT, buffer, 4), at + 16, 0, "REP OUTSD: RSI, RCX");
	check_equal(inl(LATCH_PORT), 0x100f0e0d, "the last doubleword is in the latch");
	check_regs(down_outsb(LATCH_PORT, buffer + 9, 4), at + 5, 0,
		   "backwards: RSI, RCX");
	check_equal(inb(LATCH_PORT), 7, "and the lowest came last");
	check_regs(one_outsb(LATCH_PORT, buffer + 20, 9), at + 21, 9,
		   "without REP: once");
	check_equal(inb(LATCH_PORT), 21, "its byte is in the latch");
	check_regs(rep_outsb(LATCH_PORT, buffer, 0), at, 0, "a count of 0 does nothing");
	check_equal(inb(LATCH_PORT), 21, "and the latch keeps its byte");
}

static bool all(const u8 *from, unsigned bytes, u8 value)
{
	for (unsigned i = 0; i < bytes; i++) {
		if (from[i] != value)
			return false;
	}
	return true;
}

static void test_in(void)
{
	u64 at = (u64)buffer;

	outl(LATCH_PORT, 0x55555555);
	fill();
	check_regs(rep_insb(LATCH_PORT, buffer, 7), at + 7, 0, "REP INSB: RDI, RCX");
	check(all(buffer, 7, 0x55) && buffer[7] == 8, "7 bytes came and no more");
	fill();
	check_regs(rep_insw(LATCH_PORT, buffer, 7), at + 14, 0, "REP INSW: RDI, RCX");
	check(all(buffer, 14, 0x55) && buffer[14] == 15, "7 words came and no more");
	fill();
	check_regs(rep_insl(LATCH_PORT, buffer, 7), at + 28, 0, "REP INSD: RDI, RCX");
	check(all(buffer, 28, 0x55) && buffer[28] == 29,
	      "7 doublewords came and no more");
	fill();
	check_regs(down_insw(LATCH_PORT, buffer + 10, 3), at + 4, 0,
		   "backwards: RDI, RCX");
	check(all(buffer + 6, 6, 0x55) && buffer[5] == 6 && buffer[12] == 13,
	      "3 words came where they should");
	fill();
	check_regs(one_insl(LATCH_PORT, buffer, 5), at + 4, 5, "without REP: once");
	check(all(buffer, 4, 0x55) && buffer[4] == 5, "4 bytes came and no more");
	fill();
	check_regs(short_insb(LATCH_PORT, buffer, 3), at + 3, 0, "32-bit addresses");
	check(all(buffer, 3, 0x55) && buffer[3] == 4, "3 bytes came and no more");
}

/* --- paging --- */

static void map(unsigned page, u64 entry)
{
	const u8 *at = (const u8 *)WINDOW + page * PAGE_BYTES;

	*page_entry(at) = entry;
	invlpg(at);
}

static void test_mapped(void)
{
	u8 *window = (u8 *)WINDOW;

	map(0, RAM_B | FLAGS);
	map(1, RAM_A | FLAGS);
	outl(LATCH_PORT, 0x66666666);
	rep_insl(LATCH_PORT, window + PAGE_BYTES - 6, 3);
	check(all((u8 *)RAM_B + PAGE_BYTES - 6, 6, 0x66) && all((u8 *)RAM_A, 6, 0x66),
	      "input goes where the page tables say, over a page's end");
	*(u8 *)(RAM_A + 1) = 0x77;
	rep_outsb(LATCH_PORT, window + PAGE_BYTES - 2, 4);
	check_equal(inb(LATCH_PORT), 0x77, "and output comes from there");
}

static void on_page_fault(struct frame *frame)
{
	faults++;
	last_error = frame->error;
	if (read_cr2() != WINDOW + PAGE_BYTES)
		print("not ok CR2 is %lx\n", read_cr2());
	map(1, RAM_A | FLAGS);
}

static void test_fault(void)
{
	u8 *window = (u8 *)WINDOW;

	trap_set(VEC_PF, on_page_fault);
	map(1, 0);
	memset((void *)RAM_A, 0, 16);
	outl(LATCH_PORT, 0x44444444);
	check_regs(rep_insb(LATCH_PORT, window + PAGE_BYTES - 4, 8),
		   WINDOW + PAGE_BYTES + 4, 0, "input over a page not present: RDI, RCX");
	check_equal(faults, 1, "it was one #PF");
	check(all((u8 *)RAM_A, 4, 0x44) && *(u8 *)(RAM_A + 4) == 0, "and all came");
	map(1, 0);
	*(u8 *)(RAM_A + 3) = 0x33;
	rep_outsb(LATCH_PORT, window + PAGE_BYTES - 4, 8);
	check_equal(faults, 2, "output the same: one more #PF");
	check_equal(inb(LATCH_PORT), 0x33, "and all went");
	map(1, RAM_A | PAGE_PRESENT);
	write_cr0(read_cr0() | BIT(16)); /* WP */
	rep_insb(LATCH_PORT, window + PAGE_BYTES, 1);
	check_equal(faults, 3, "input to a page that is read-only: one more #PF");
	map(1, RAM_A | FLAGS | RESERVED);
	rep_insb(LATCH_PORT, window + PAGE_BYTES, 1);
	check_equal(faults, 4, "through an entry with a reserved bit: one more #PF");
	check_equal(last_error, PF_RESERVED | PAGE_WRITE | PAGE_PRESENT, "which says so");
}

int main(void)
{
	test_out();
	test_in();
	test_mapped();
	test_fault();
	return 0;
}
