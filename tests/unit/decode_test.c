// SPDX-License-Identifier: MIT
/* vcpu/decode.c: every form, cut at every byte, and junk. The bytes are what an
 * assembler makes of the text. */
#include "unit.h"
#include "vcpu/decode.h"
#include "virt.h"

#define M16 CPU_MODE_16
#define M32 CPU_MODE_32
#define M64 CPU_MODE_64

/* Flags of an expectation. */
enum { ST = 1, SX = 2, HI = 4, IM = 8 };

struct form {
	const char *text;
	enum cpu_mode mode;
	u8 length;
	u8 bytes[15];
	u8 op, size, reg_size, reg, flags;
	u64 imm;
};

#define LOAD(size, reg) DECODE_MOV, size, size, REG_##reg, 0, 0
#define STORE(size, reg) DECODE_MOV, size, size, REG_##reg, ST, 0
#define IMM(op, size, value) DECODE_##op, size, size, 0, ST | IM, value

static const struct form forms[] = {
	/* MOV, registers and sizes */
	{"mov %al,(%rdi)", M64, 2, {0x88, 0x07}, STORE(1, RAX)},
	{"mov %eax,(%rdi)", M64, 2, {0x89, 0x07}, STORE(4, RAX)},
	{"mov (%rdi),%cl", M64, 2, {0x8a, 0x0f}, LOAD(1, RCX)},
	{"mov (%rdi),%edx", M64, 2, {0x8b, 0x17}, LOAD(4, RDX)},
	{"mov %ax,(%rdi)", M64, 3, {0x66, 0x89, 0x07}, STORE(2, RAX)},
	{"mov %rax,(%rdi)", M64, 3, {0x48, 0x89, 0x07}, STORE(8, RAX)},
	{"mov %r9d,(%r15)", M64, 3, {0x45, 0x89, 0x0f}, STORE(4, R9)},
	{"mov %ah,(%rdi)", M64, 2, {0x88, 0x27}, DECODE_MOV, 1, 1, REG_RAX, ST | HI, 0},
	{"mov (%rdi),%bh", M64, 2, {0x8a, 0x3f}, DECODE_MOV, 1, 1, REG_RBX, HI, 0},
	{"mov %spl,(%rdi)", M64, 3, {0x40, 0x88, 0x27}, STORE(1, RSP)},
	{"mov %r12b,(%rdi)", M64, 3, {0x44, 0x88, 0x27}, STORE(1, R12)},
	/* addressing */
	{"mov 0x20(%rax),%eax", M64, 3, {0x8b, 0x40, 0x20}, LOAD(4, RAX)},
	{"mov 0x320(%rax),%eax", M64, 6, {0x8b, 0x80, 0x20, 0x03, 0, 0}, LOAD(4, RAX)},
	{"mov (%rax,%rbx,4),%eax", M64, 3, {0x8b, 0x04, 0x98}, LOAD(4, RAX)},
	{"mov 8(%rsp),%eax", M64, 4, {0x8b, 0x44, 0x24, 0x08}, LOAD(4, RAX)},
	{"mov %eax,0xffffffffff5fd0b0", M64, 7,
	 {0x89, 0x04, 0x25, 0xb0, 0xd0, 0x5f, 0xff}, STORE(4, RAX)},
	{"mov 0x1234(%rip),%esi", M64, 6, {0x8b, 0x35, 0x34, 0x12, 0, 0}, LOAD(4, RSI)},
	{"mov 0x80(%r13),%eax", M64, 7, {0x41, 0x8b, 0x85, 0x80, 0, 0, 0}, LOAD(4, RAX)},
	{"mov (%rbp,%rcx),%eax", M64, 4, {0x8b, 0x44, 0x0d, 0x00}, LOAD(4, RAX)},
	{"mov %gs:(%edi),%eax", M64, 4, {0x65, 0x67, 0x8b, 0x07}, LOAD(4, RAX)},
	{"mov 0xfee00020,%ecx", M32, 6, {0x8b, 0x0d, 0x20, 0x00, 0xe0, 0xfe},
	 LOAD(4, RCX)},
	{"mov (%bx,%si),%eax", M32, 3, {0x67, 0x8b, 0x00}, LOAD(4, RAX)},
	{"mov (%bx),%ax", M16, 2, {0x8b, 0x07}, LOAD(2, RAX)},
	{"mov 0x1234,%ax", M16, 4, {0x8b, 0x06, 0x34, 0x12}, LOAD(2, RAX)},
	{"mov 5(%bp),%ax", M16, 3, {0x8b, 0x46, 0x05}, LOAD(2, RAX)},
	{"mov 0x500(%si),%ax", M16, 4, {0x8b, 0x84, 0x00, 0x05}, LOAD(2, RAX)},
	{"mov 0xfee00020,%eax", M16, 8,
	 {0x67, 0x66, 0x8b, 0x05, 0x20, 0x00, 0xe0, 0xfe}, LOAD(4, RAX)},
	/* moffs */
	{"movabs 0xfee00020,%al", M64, 9, {0xa0, 0x20, 0, 0xe0, 0xfe, 0, 0, 0, 0},
	 LOAD(1, RAX)},
	{"movabs 0xfee00020,%eax", M64, 9, {0xa1, 0x20, 0, 0xe0, 0xfe, 0, 0, 0, 0},
	 LOAD(4, RAX)},
	{"movabs 0xfee00020,%rax", M64, 10, {0x48, 0xa1, 0x20, 0, 0xe0, 0xfe, 0, 0, 0, 0},
	 LOAD(8, RAX)},
	{"addr32 mov 0xfee00020,%eax", M64, 6, {0x67, 0xa1, 0x20, 0, 0xe0, 0xfe},
	 LOAD(4, RAX)},
	{"mov %al,0xfee00020", M32, 5, {0xa2, 0x20, 0, 0xe0, 0xfe}, STORE(1, RAX)},
	{"mov %eax,0xfee000b0", M32, 5, {0xa3, 0xb0, 0, 0xe0, 0xfe}, STORE(4, RAX)},
	{"addr16 mov 0x1234,%eax", M32, 4, {0x67, 0xa1, 0x34, 0x12}, LOAD(4, RAX)},
	{"mov 0x1234,%ax", M16, 3, {0xa1, 0x34, 0x12}, LOAD(2, RAX)},
	/* immediates */
	{"movb $0x80,(%rdi)", M64, 3, {0xc6, 0x07, 0x80}, IMM(MOV, 1, -128ul)},
	{"movw $0x1234,(%rdi)", M64, 5, {0x66, 0xc7, 0x07, 0x34, 0x12},
	 IMM(MOV, 2, 0x1234)},
	{"movl $0,0xb0(%rdi)", M64, 10, {0xc7, 0x87, 0xb0, 0, 0, 0, 0, 0, 0, 0},
	 IMM(MOV, 4, 0)},
	{"movq $-2,(%rdi)", M64, 7, {0x48, 0xc7, 0x07, 0xfe, 0xff, 0xff, 0xff},
	 IMM(MOV, 8, -2ul)},
	{"movl $0x1ff,0x12345678(%rip)", M64, 10,
	 {0xc7, 0x05, 0x78, 0x56, 0x34, 0x12, 0xff, 0x01, 0, 0}, IMM(MOV, 4, 0x1ff)},
	{"movw $0x1234,(%bx)", M16, 4, {0xc7, 0x07, 0x34, 0x12}, IMM(MOV, 2, 0x1234)},
	/* extended loads */
	{"movzbl (%rdi),%eax", M64, 3, {0x0f, 0xb6, 0x07},
	 DECODE_MOV, 1, 4, REG_RAX, 0, 0},
	{"movzwl (%rdi),%esp", M64, 3, {0x0f, 0xb7, 0x27},
	 DECODE_MOV, 2, 4, REG_RSP, 0, 0},
	{"movzbw (%rdi),%ax", M64, 4, {0x66, 0x0f, 0xb6, 0x07},
	 DECODE_MOV, 1, 2, REG_RAX, 0, 0},
	{"movzbq (%rdi),%r8", M64, 4, {0x4c, 0x0f, 0xb6, 0x07},
	 DECODE_MOV, 1, 8, REG_R8, 0, 0},
	{"movsbl (%rdi),%esi", M64, 3, {0x0f, 0xbe, 0x37},
	 DECODE_MOV, 1, 4, REG_RSI, SX, 0},
	{"movswq (%rdi),%rax", M64, 4, {0x48, 0x0f, 0xbf, 0x07},
	 DECODE_MOV, 2, 8, REG_RAX, SX, 0},
	{"movslq (%rdi),%rax", M64, 3, {0x48, 0x63, 0x07},
	 DECODE_MOV, 4, 8, REG_RAX, SX, 0},
	{"movnti %eax,(%rdi)", M64, 3, {0x0f, 0xc3, 0x07}, STORE(4, RAX)},
	/* group 1 */
	{"add %al,(%rdi)", M64, 2, {0x00, 0x07}, DECODE_ADD, 1, 1, REG_RAX, ST, 0},
	{"add %eax,(%rdi)", M64, 2, {0x01, 0x07}, DECODE_ADD, 4, 4, REG_RAX, ST, 0},
	{"or %ecx,(%rdi)", M64, 2, {0x09, 0x0f}, DECODE_OR, 4, 4, REG_RCX, ST, 0},
	{"or (%rdi),%ecx", M64, 2, {0x0b, 0x0f}, DECODE_OR, 4, 4, REG_RCX, 0, 0},
	{"adc (%rdi),%cl", M64, 2, {0x12, 0x0f}, DECODE_ADC, 1, 1, REG_RCX, 0, 0},
	{"sbb %rcx,(%rdi)", M64, 3, {0x48, 0x19, 0x0f}, DECODE_SBB, 8, 8, REG_RCX, ST, 0},
	{"lock and %eax,(%rdi)", M64, 3, {0xf0, 0x21, 0x07},
	 DECODE_AND, 4, 4, REG_RAX, ST, 0},
	{"and (%rdi),%eax", M64, 2, {0x23, 0x07}, DECODE_AND, 4, 4, REG_RAX, 0, 0},
	{"sub %ax,(%rdi)", M64, 3, {0x66, 0x29, 0x07}, DECODE_SUB, 2, 2, REG_RAX, ST, 0},
	{"xor %eax,(%rdi)", M64, 2, {0x31, 0x07}, DECODE_XOR, 4, 4, REG_RAX, ST, 0},
	{"cmp %eax,(%rdi)", M64, 2, {0x39, 0x07}, DECODE_CMP, 4, 4, REG_RAX, ST, 0},
	{"cmp (%rdi),%eax", M64, 2, {0x3b, 0x07}, DECODE_CMP, 4, 4, REG_RAX, 0, 0},
	{"orb $1,(%rdi)", M64, 3, {0x80, 0x0f, 0x01}, IMM(OR, 1, 1)},
	{"andl $0x12345,(%rdi)", M64, 6, {0x81, 0x27, 0x45, 0x23, 0x01, 0x00},
	 IMM(AND, 4, 0x12345)},
	{"cmpw $0x1234,(%rdi)", M64, 5, {0x66, 0x81, 0x3f, 0x34, 0x12},
	 IMM(CMP, 2, 0x1234)},
	{"addq $-1,(%rdi)", M64, 4, {0x48, 0x83, 0x07, 0xff}, IMM(ADD, 8, -1ul)},
	{"xorl $0x7f,8(%rdi)", M64, 4, {0x83, 0x77, 0x08, 0x7f}, IMM(XOR, 4, 0x7f)},
	/* TEST, XCHG */
	{"test %al,(%rdi)", M64, 2, {0x84, 0x07}, DECODE_TEST, 1, 1, REG_RAX, ST, 0},
	{"test %eax,(%rdi)", M64, 2, {0x85, 0x07}, DECODE_TEST, 4, 4, REG_RAX, ST, 0},
	{"testb $0x10,1(%rdi)", M64, 4, {0xf6, 0x47, 0x01, 0x10}, IMM(TEST, 1, 0x10)},
	{"testl $0x1000,(%rdi)", M64, 6, {0xf7, 0x07, 0, 0x10, 0, 0},
	 IMM(TEST, 4, 0x1000)},
	{"xchg %cl,(%rdi)", M64, 2, {0x86, 0x0f}, DECODE_XCHG, 1, 1, REG_RCX, ST, 0},
	{"xchg %eax,(%rdi)", M64, 2, {0x87, 0x07}, DECODE_XCHG, 4, 4, REG_RAX, ST, 0},
	/* 0x40-0x4f are no prefix here, nor is 0x63 MOVSXD. */
	{"mov %cs:(%edi),%eax", M32, 3, {0x2e, 0x8b, 0x07}, LOAD(4, RAX)},
};

static void check_form(const struct form *f)
{
	u8 *exact = unit_copy(f->bytes, f->length);
	struct decoded d;
	bool ok = decode_mmio(exact, f->length, f->mode, &d);

	ok = ok && d.length == f->length && d.op == f->op && d.bytes == f->size &&
	     d.reg_bytes == f->reg_size && d.to_memory == !!(f->flags & ST) &&
	     d.sign == !!(f->flags & SX) && d.immediate == !!(f->flags & IM) &&
	     d.imm == f->imm;
	if (!(f->flags & IM))
		ok = ok && d.reg == f->reg && d.reg_shift == (f->flags & HI ? 8 : 0);
	CHECK_STR(ok ? f->text : "wrong", f->text);
	unit_free(exact);
}

static void every_form(void)
{
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		check_form(&forms[i]);
}

static void cut_at_every_byte(void)
{
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		for (unsigned n = 0; n < forms[i].length; n++) {
			u8 *exact = unit_copy(forms[i].bytes, n);
			struct decoded d;

			CHECK(!decode_mmio(exact, n, forms[i].mode, &d));
			unit_free(exact);
		}
	}
}

static void not_these(void)
{
	static const struct {
		enum cpu_mode mode;
		u8 bytes[6];
	} no[] = {
		{M64, {0x89, 0xc0}},       /* two registers */
		{M64, {0x0f, 0xb6, 0xc0}},
		{M64, {0x83, 0xc0, 0x01}},
		{M64, {0xc7, 0x0f}},       /* C7 /1 */
		{M64, {0xf7, 0x17}},       /* NOT */
		{M64, {0xff, 0x07}},       /* INC */
		{M64, {0xa4}},             /* MOVS */
		{M64, {0x0f, 0x10, 0x07}}, /* MOVUPS */
		{M64, {0xc5, 0xf8, 0x10, 0x07}},
		{M64, {0x48, 0x66, 0x89, 0x07}}, /* a prefix after REX */
		{M32, {0x63, 0x07}},       /* ARPL */
		{M32, {0x40, 0x89, 0x07}}, /* INC EAX */
		{M64, {0x04, 0x07}},       /* ADD AL, imm */
	};
	struct decoded d;

	for (unsigned i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		CHECK(!decode_mmio(no[i].bytes, 6, no[i].mode, &d));
}

static void prefixes_without_end(void)
{
	u8 bytes[32];
	struct decoded d;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0x66;
	CHECK(!decode_mmio(bytes, sizeof(bytes), M64, &d));
	/* 15 bytes at most: 13 prefixes and two more, but not 14. */
	bytes[13] = 0x89;
	bytes[14] = 0x07;
	CHECK(decode_mmio(bytes, sizeof(bytes), M64, &d));
	CHECK_EQ(d.length, 15);
	bytes[13] = 0x66;
	bytes[14] = 0x89;
	bytes[15] = 0x07;
	CHECK(!decode_mmio(bytes, sizeof(bytes), M64, &d));
}

static bool is_sane(const struct decoded *d, unsigned available)
{
	bool size = d->bytes == 1 || d->bytes == 2 || d->bytes == 4 || d->bytes == 8;
	bool reg = d->reg_bytes == 2 || d->reg_bytes == 4 || d->reg_bytes == 8 ||
		   (d->reg_bytes == 1 && d->bytes == 1);

	return size && reg && d->length >= 2 && d->length <= available &&
	       d->length <= 15 &&
	       d->reg < REG_COUNT && d->op <= DECODE_XCHG && d->reg_bytes >= d->bytes &&
	       (d->reg_shift == 0 || (d->reg_shift == 8 && d->reg < 4));
}

static void junk(void)
{
	u64 seed = 9, known = 0;

	for (unsigned i = 0; i < 500000; i++) {
		u64 n = unit_random(&seed) % 18;
		u8 *exact = unit_alloc(n);
		struct decoded d;

		for (u64 j = 0; j < n; j++)
			exact[j] = (u8)(unit_random(&seed) >> 32);
		if (decode_mmio(exact, (unsigned)n, (enum cpu_mode)(i % 3), &d)) {
			CHECK(is_sane(&d, (unsigned)n));
			known++;
		}
		unit_free(exact);
	}
	CHECK(known > 1000);
}

static const struct unit_test tests[] = {
	UNIT_TEST(every_form), UNIT_TEST(cut_at_every_byte), UNIT_TEST(not_these),
	UNIT_TEST(prefixes_without_end), UNIT_TEST(junk),
};

int main(void)
{
	return UNIT_RUN(tests);
}
