// SPDX-License-Identifier: MIT
/* Random instructions: a grammar of those that are the hypervisor's business or the
 * processor's to check, with operands that are worth trying, in any mode. Each piece of
 * code ends in #UD, which brings us back. */
#include "fuzz.h"

#define CODE_BYTES 768 /* more than INSNS_MAX take */
#define INT3_BYTES 32  /* behind the code, and what it may run into */
#define INSNS_MAX 12
#define INT3 0xcc
#define CR0_PG BIT(31)
#define CR4_PSE BIT(4)
#define CR4_PAE BIT(5)
#define CR4_USUAL (CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT)

/* What a register is given before the instruction. */
enum {
	K_NONE,
	K_VALUE,
	K_PORT,
	K_MSR,
	K_LEAF,
	K_ADDRESS,
	K_DEVICE,
	K_COUNT,
	K_SMALL,
	K_CR0,
	K_CR3,
	K_CR4,
	K_XCR0,
	K_ICR,
	K_SELECTOR,
	K_EFER,
	K_APIC_BASE,
	K_LOW
};
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

/* What follows the opcode. */
enum { F_PLAIN, F_MODRM, F_MODRM8, F_MODRM32, F_IMM8, F_IMM32, F_REG };
#define F_DIGIT 0x10 /* | n << 5: ModRM with that in place of a register */
#define DIGIT(n) (F_DIGIT | (n) << 5)
#define F_LETHAL 0x08    /* only where the VM may end */
#define F_EXACT 0x100    /* another register, made so by a prefix, would be lethal */
#define F_LONG 0x400     /* another instruction in other modes */
#define F_NOT_REAL 0x200 /* would leave real mode for nowhere */

struct insn {
	u8 length, bytes[8];
	u16 form;
	struct {
		u8 reg, kind;
	} loads[3];
};

#define AX(k)                                                                            \
	{                                                                                \
		RAX, k                                                                   \
	}
#define CX(k)                                                                            \
	{                                                                                \
		RCX, k                                                                   \
	}
#define DX(k)                                                                            \
	{                                                                                \
		RDX, k                                                                   \
	}
#define BX(k)                                                                            \
	{                                                                                \
		RBX, k                                                                   \
	}
#define SI(k)                                                                            \
	{                                                                                \
		RSI, k                                                                   \
	}
#define DI(k)                                                                            \
	{                                                                                \
		RDI, k                                                                   \
	}
#define MEM SI(K_ADDRESS)
#define DEV SI(K_DEVICE) /* the hypervisor knows this instruction there */

static const struct insn insns[] = {
	/* ports */
	{1, {0xec}, F_PLAIN, {DX(K_PORT)}},
	{1, {0xed}, F_PLAIN, {DX(K_PORT)}},
	{2, {0x66, 0xed}, F_PLAIN, {DX(K_PORT)}},
	{1, {0xee}, F_PLAIN, {DX(K_PORT), AX(K_VALUE)}},
	{1, {0xef}, F_PLAIN, {DX(K_PORT), AX(K_VALUE)}},
	{2, {0x66, 0xef}, F_PLAIN, {DX(K_PORT), AX(K_VALUE)}},
	{2, {0xe4, 0x71}, F_PLAIN, {}},
	{2, {0xe5, 0x3f}, F_PLAIN, {}},
	{1, {0x6c}, F_PLAIN, {DX(K_PORT), DI(K_ADDRESS)}},
	{1, {0x6d}, F_PLAIN, {DX(K_PORT), DI(K_ADDRESS)}},
	{1, {0x6e}, F_PLAIN, {DX(K_PORT), SI(K_ADDRESS)}},
	{1, {0x6f}, F_PLAIN, {DX(K_PORT), SI(K_ADDRESS)}},
	{2, {0xf3, 0x6c}, F_PLAIN, {DX(K_PORT), DI(K_ADDRESS), CX(K_COUNT)}},
	{2, {0xf3, 0x6d}, F_PLAIN, {DX(K_PORT), DI(K_ADDRESS), CX(K_COUNT)}},
	{2, {0xf3, 0x6e}, F_PLAIN, {DX(K_PORT), SI(K_ADDRESS), CX(K_COUNT)}},
	{3, {0x66, 0xf3, 0x6f}, F_PLAIN, {DX(K_PORT), SI(K_ADDRESS), CX(K_COUNT)}},
	/* MSRs, CPUID, time */
	{2, {0x0f, 0x32}, F_PLAIN, {CX(K_MSR)}},
	{2, {0x0f, 0x30}, F_PLAIN, {CX(K_MSR), AX(K_VALUE), DX(K_VALUE)}},
	{2, {0x0f, 0x30}, F_PLAIN, {CX(K_MSR), AX(K_SMALL), DX(K_NONE)}},
	{2, {0x0f, 0x30}, F_PLAIN, {CX(K_EFER), AX(K_VALUE), DX(K_NONE)}},
	{2, {0x0f, 0x30}, F_PLAIN, {CX(K_ICR), AX(K_ICR), DX(K_SMALL)}},
	{2, {0x0f, 0x30}, F_PLAIN, {CX(K_APIC_BASE), AX(K_APIC_BASE), DX(K_NONE)}},
	{2, {0x0f, 0xa2}, F_PLAIN, {AX(K_LEAF), CX(K_SMALL)}},
	{2, {0x0f, 0xa2}, F_PLAIN, {AX(K_VALUE), CX(K_VALUE)}},
	{2, {0x0f, 0x31}, F_PLAIN, {}},
	{3, {0x0f, 0x01, 0xf9}, F_PLAIN, {}},
	{2, {0x0f, 0x33}, F_PLAIN, {CX(K_SMALL)}},
	/* control, debug and segment registers */
	{3, {0x0f, 0x22, 0xc0}, F_PLAIN | F_EXACT, {AX(K_CR0)}},
	{3, {0x0f, 0x22, 0xd0}, F_PLAIN, {AX(K_VALUE)}},
	{3, {0x0f, 0x22, 0xd8}, F_PLAIN | F_EXACT, {AX(K_CR3)}},
	{3, {0x0f, 0x22, 0xe0}, F_PLAIN | F_EXACT, {AX(K_CR4)}},
	{4, {0x44, 0x0f, 0x22, 0xc0}, F_PLAIN | F_LONG, {AX(K_SMALL)}},
	{4, {0x44, 0x0f, 0x22, 0xc0}, F_PLAIN | F_LONG, {AX(K_VALUE)}},
	{4, {0x44, 0x0f, 0x20, 0xc0}, F_PLAIN, {}},
	{2, {0x0f, 0x20}, F_REG, {}},
	{2, {0x0f, 0x22}, F_REG | F_LETHAL, {AX(K_VALUE), CX(K_VALUE)}},
	{2, {0x0f, 0x21}, F_REG, {}},
	{2, {0x0f, 0x23}, F_REG, {AX(K_VALUE), CX(K_VALUE)}},
	{2, {0x0f, 0x06}, F_PLAIN, {}},
	{2, {0x0f, 0x01}, DIGIT(6) | F_NOT_REAL, {MEM}},
	{3, {0x0f, 0x01, 0xf0}, F_PLAIN | F_EXACT, {AX(K_CR0)}},
	{2, {0x8e, 0xd8}, F_PLAIN, {AX(K_SELECTOR)}},
	{1, {0x8e}, F_REG, {AX(K_SELECTOR), CX(K_SELECTOR)}},
	{2, {0x0f, 0x00}, DIGIT(2), {MEM}},
	{3, {0x0f, 0x00, 0xd0}, F_PLAIN, {AX(K_SELECTOR)}},
	{3, {0x0f, 0x00, 0xd8}, F_PLAIN | F_LETHAL, {AX(K_SELECTOR)}},
	{2, {0x0f, 0x01}, DIGIT(0), {MEM}},
	{2, {0x0f, 0x01}, DIGIT(1), {MEM}},
	{2, {0x0f, 0x01}, DIGIT(2) | F_LETHAL, {MEM}},
	{2, {0x0f, 0x01}, DIGIT(3) | F_LETHAL, {MEM}},
	{2, {0x0f, 0x01}, DIGIT(4), {MEM}},
	{2, {0x0f, 0x01}, DIGIT(7), {MEM}},
	{2, {0x0f, 0x02}, F_MODRM, {MEM}},
	{2, {0x0f, 0xb2}, F_MODRM, {MEM}},
	{3, {0x0f, 0x01, 0xd1}, F_PLAIN, {CX(K_NONE), AX(K_XCR0), DX(K_NONE)}},
	{3, {0x0f, 0x01, 0xd1}, F_PLAIN, {CX(K_SMALL), AX(K_VALUE), DX(K_VALUE)}},
	{3, {0x0f, 0x01, 0xd0}, F_PLAIN, {CX(K_SMALL)}},
	{3, {0x0f, 0x01, 0xf8}, F_PLAIN, {}},
	/* caches and translations */
	{2, {0x0f, 0x08}, F_PLAIN, {}},
	{2, {0x0f, 0x09}, F_PLAIN, {}},
	{2, {0x0f, 0xae}, DIGIT(7), {MEM}},
	{4, {0x66, 0x0f, 0x38, 0x82}, F_MODRM, {AX(K_SMALL), CX(K_SMALL), MEM}},
	/* what is not offered */
	{3, {0x0f, 0x01, 0xc8}, F_PLAIN, {AX(K_ADDRESS), CX(K_SMALL), DX(K_SMALL)}},
	{3, {0x0f, 0x01, 0xc9}, F_PLAIN, {AX(K_SMALL), CX(K_SMALL)}},
	{3, {0x0f, 0x01, 0xc1}, F_PLAIN, {AX(K_SMALL), BX(K_VALUE), CX(K_VALUE)}},
	{3, {0x0f, 0x01, 0xc1}, F_PLAIN, {AX(K_VALUE), BX(K_ADDRESS), CX(K_ADDRESS)}},
	{3, {0x0f, 0x01, 0xd9}, F_PLAIN, {AX(K_SMALL)}},
	{3, {0x0f, 0x01, 0xd4}, F_PLAIN, {AX(K_SMALL), CX(K_SMALL)}},
	{3, {0x0f, 0x01, 0xc2}, F_PLAIN, {}},
	{3, {0x0f, 0x01, 0xc3}, F_PLAIN, {}},
	{3, {0x0f, 0x01, 0xc4}, F_PLAIN, {}},
	{3, {0xf3, 0x0f, 0xc7}, DIGIT(6), {MEM}},
	{3, {0x66, 0x0f, 0xc7}, DIGIT(6), {MEM}},
	{2, {0x0f, 0xc7}, DIGIT(6), {MEM}},
	{2, {0x0f, 0x78}, F_MODRM, {MEM}},
	{2, {0x0f, 0x79}, F_MODRM, {MEM}},
	{4, {0x66, 0x0f, 0x38, 0x80}, F_MODRM, {MEM}},
	{4, {0x66, 0x0f, 0x38, 0x81}, F_MODRM, {MEM}},
	{2, {0x0f, 0xaa}, F_PLAIN, {}},
	{3, {0x0f, 0x01, 0xcf}, F_PLAIN, {AX(K_SMALL)}},
	{2, {0x0f, 0x37}, F_PLAIN, {AX(K_SMALL)}},
	/* control flow, events */
	{2, {0x0f, 0x34}, F_PLAIN, {}},
	{2, {0x0f, 0x35}, F_PLAIN, {CX(K_ADDRESS), DX(K_ADDRESS)}},
	{2, {0x0f, 0x05}, F_PLAIN, {}},
	{2, {0x0f, 0x07}, F_PLAIN, {CX(K_ADDRESS)}},
	{1, {0xcd}, F_IMM8, {}},
	{1, {0xcc}, F_PLAIN, {}},
	{1, {0xce}, F_PLAIN, {}},
	{1, {0xf1}, F_PLAIN, {}},
	{2, {0x0f, 0xff}, F_PLAIN, {}},
	{1, {0xff}, DIGIT(5) | F_NOT_REAL, {MEM}},
	{1, {0xff}, DIGIT(3) | F_NOT_REAL, {MEM}},
	{2, {0xff, 0xe6}, F_PLAIN | F_NOT_REAL, {MEM}},
	{2, {0xff, 0xd6}, F_PLAIN | F_NOT_REAL, {MEM}},
	{7,
	 {0x50, 0x51, 0x52, 0x51, 0x50, 0x48, 0xcf},
	 F_PLAIN | F_NOT_REAL,
	 {AX(K_SELECTOR), CX(K_ADDRESS), DX(K_VALUE)}},
	{4,
	 {0x50, 0x51, 0x52, 0xcf},
	 F_PLAIN | F_NOT_REAL,
	 {AX(K_VALUE), CX(K_SELECTOR), DX(K_ADDRESS)}},
	{2, {0x50, 0x9d}, F_PLAIN, {AX(K_LOW)}},
	{2, {0x50, 0x9d}, F_PLAIN, {AX(K_VALUE)}},
	{3, {0x50, 0x51, 0xcb}, F_PLAIN | F_NOT_REAL, {AX(K_SELECTOR), CX(K_ADDRESS)}},
	{7, {0xea, 0, 0, 0, 0, 0x50, 0}, F_PLAIN | F_LETHAL, {}},
	{1, {0xf4}, F_PLAIN | F_LETHAL, {}},
	{2, {0xfb, 0x90}, F_PLAIN, {}},
	{2, {0xf3, 0x90}, F_PLAIN, {}},
	/* memory and device registers, by every MOV and what else there is */
	{1, {0x88}, F_MODRM, {DEV, AX(K_VALUE)}},
	{1, {0x89}, F_MODRM, {DEV, AX(K_VALUE), CX(K_ICR)}},
	{1, {0x8a}, F_MODRM, {DEV}},
	{1, {0x8b}, F_MODRM, {DEV}},
	{1, {0x8c}, F_MODRM, {MEM}},
	{1, {0x8e}, F_MODRM, {MEM}},
	{1, {0xc6}, DIGIT(0) | F_MODRM8, {DEV}},
	{1, {0xc7}, DIGIT(0) | F_MODRM32, {DEV}},
	{2, {0x0f, 0xb6}, F_MODRM, {DEV}},
	{2, {0x0f, 0xb7}, F_MODRM, {DEV}},
	{2, {0x0f, 0xbe}, F_MODRM, {DEV}},
	{2, {0x0f, 0xbf}, F_MODRM, {DEV}},
	{1, {0x63}, F_MODRM | F_LONG, {DEV}},
	{1, {0xa0}, F_IMM32, {}},
	{1, {0xa4}, F_PLAIN, {SI(K_ADDRESS), DI(K_ADDRESS)}},
	{2, {0xf3, 0xa5}, F_PLAIN, {SI(K_ADDRESS), DI(K_ADDRESS), CX(K_COUNT)}},
	{1, {0xaa}, F_PLAIN, {DI(K_ADDRESS), AX(K_VALUE)}},
	{2, {0xf3, 0xab}, F_PLAIN, {DI(K_ADDRESS), AX(K_VALUE), CX(K_COUNT)}},
	{1, {0xad}, F_PLAIN, {SI(K_ADDRESS)}},
	{1, {0xa7}, F_PLAIN, {SI(K_ADDRESS), DI(K_ADDRESS)}},
	{1, {0xaf}, F_PLAIN, {DI(K_ADDRESS)}},
	{1, {0x86}, F_MODRM, {DEV, AX(K_VALUE)}},
	{1, {0x87}, F_MODRM, {DEV, AX(K_VALUE)}},
	{1, {0x01}, F_MODRM, {DEV, AX(K_VALUE)}},
	{1, {0x09}, F_MODRM, {DEV, AX(K_VALUE)}},
	{1, {0x21}, F_MODRM, {DEV, AX(K_VALUE)}},
	{1, {0x33}, F_MODRM, {DEV, AX(K_VALUE)}},
	{1, {0x39}, F_MODRM, {DEV, AX(K_VALUE)}},
	{1, {0x85}, F_MODRM, {DEV, AX(K_VALUE)}},
	{1, {0x80}, F_MODRM8, {DEV}},
	{1, {0x81}, F_MODRM32, {DEV}},
	{1, {0x83}, F_MODRM8, {DEV}},
	{1, {0xf6}, DIGIT(0) | F_MODRM8, {DEV}},
	{1, {0xf7}, DIGIT(0) | F_MODRM32, {DEV}},
	{1, {0xf6}, F_MODRM, {MEM}},
	{1, {0xff}, F_MODRM, {MEM}},
	{1, {0x8f}, DIGIT(0), {MEM}},
	{1, {0xd1}, F_MODRM, {MEM}},
	{2, {0x0f, 0xba}, F_MODRM8, {MEM}},
	{2, {0x0f, 0xb1}, F_MODRM, {MEM, AX(K_VALUE)}},
	{2, {0x0f, 0xc1}, F_MODRM, {MEM, AX(K_VALUE)}},
	{2, {0x0f, 0xc7}, DIGIT(1), {MEM}},
	{2, {0x0f, 0xc3}, F_MODRM, {MEM}},
	{3, {0x0f, 0x38, 0xf0}, F_MODRM, {MEM}},
	{2, {0x0f, 0x6f}, F_MODRM, {MEM}},
	{2, {0x0f, 0x11}, F_MODRM, {MEM}},
	{2, {0x0f, 0xae}, DIGIT(0), {MEM}},
	{2, {0x0f, 0xae}, DIGIT(1), {MEM}},
	{2, {0x0f, 0xae}, DIGIT(4), {MEM, AX(K_VALUE), DX(K_VALUE)}},
	{2, {0x0f, 0xae}, DIGIT(5), {MEM, AX(K_VALUE), DX(K_VALUE)}},
	{1, {0xdd}, F_MODRM, {MEM}},
};

struct code {
	u8 *at;
	enum fuzz_mode mode;
};

static void put(struct code *c, u64 value, unsigned bytes)
{
	memcpy(c->at, &value, bytes);
	c->at += bytes;
}

static void put_load(struct code *c, unsigned reg, u64 value)
{
	if (c->mode == M_LONG || c->mode == M_USER) {
		put(c, 0x48, 1);
		put(c, 0xb8 + reg, 1);
		put(c, value, 8);
		return;
	}
	if (c->mode == M_REAL)
		put(c, 0x66, 1);
	put(c, 0xb8 + reg, 1);
	put(c, value, 4);
}

static u64 flip_some(struct fuzz_cpu *f, u64 value)
{
	value ^= BIT(random_below(f, 32));
	return random_once_in(f, 2) ? value : value ^ BIT(random_below(f, 64));
}

static u64 address(struct fuzz_cpu *f, unsigned kind)
{
	bool device = kind == K_DEVICE && !random_once_in(f, 4);

	return device || random_may_die(f) ? random_device(f) : random_address(f);
}

/* A control register's next value. What it would take the way back from us only where
 * the VM may end: in long mode a processor refuses most of that itself. */
static u64 control(struct fuzz_cpu *f, const struct code *c, unsigned kind)
{
	u64 now = kind == K_CR0 ? read_cr0() : kind == K_CR4 ? CR4_USUAL : read_cr3();
	u64 keep = kind == K_CR0 ? CR0_PE | CR0_PG : CR4_PSE | CR4_PAE;
	u64 next;

	if (c->mode == M_PROTECTED && kind == K_CR3)
		now = paging_directory();
	if (c->mode == M_PROTECTED && kind == K_CR4)
		now = CR4_PSE;
	if (c->mode == M_REAL && kind == K_CR0)
		now &= ~(CR0_PE | CR0_PG);
	if (random_may_die(f))
		return random_value(f);
	if (kind == K_CR3)
		return now | random_below(f, 4096);
	next = flip_some(f, now);
	if (c->mode == M_LONG || c->mode == M_USER)
		return next;
	return (next & ~keep) | (now & keep);
}

static u64 operand(struct fuzz_cpu *f, const struct code *c, unsigned kind)
{
	static const u32 leaves[] = {0, 0x40000000, 0x80000000};

	switch (kind) {
	case K_PORT:
		return random_port(f);
	case K_MSR:
		return random_msr(f);
	case K_LEAF:
		return leaves[random_below(f, 3)] + random_below(f, 34);
	case K_ADDRESS:
	case K_DEVICE:
		return address(f, kind);
	case K_COUNT:
		return random_below(f, 48);
	case K_SMALL:
		return random_below(f, 16);
	case K_NONE:
		return 0;
	case K_CR0:
	case K_CR3:
	case K_CR4:
		return control(f, c, kind);
	case K_XCR0:
		return random_below(f, 1024);
	case K_SELECTOR:
		return random_below(f, 2) ? random_below(f, 0x88) : random_value(f);
	case K_EFER:
		return MSR_EFER;
	case K_LOW:
		return random_below(f, 1 << 22);
	default:
		return random_value(f);
	}
}

/* The same kind means the register's number in RCX, and what goes in in RAX. */
static u64 special(struct fuzz_cpu *f, unsigned reg, unsigned kind)
{
	if (kind == K_ICR)
		return reg == RCX ? MSR_X2APIC + APIC_ICR : random_icr(f);
	return reg == RCX ? MSR_APIC_BASE
			  : APIC_PAGE | random_below(f, 8) << 9 | random_below(f, 2) << 8;
}

/* Before an access to a device only those that the hypervisor knows. */
static void put_prefixes(struct fuzz_cpu *f, struct code *c, bool device)
{
	static const u8 prefixes[] = {0x66, 0x2e, 0x36, 0x3e, 0x26, 0x48, 0x4c,
				      0x67, 0xf0, 0xf2, 0xf3, 0x64, 0x65, 0x41};
	u64 count = device && !random_may_die(f) ? 7 : sizeof(prefixes);

	while (random_once_in(f, 5))
		put(c, prefixes[random_below(f, count)], 1);
}

static void put_modrm(struct fuzz_cpu *f, struct code *c, unsigned form)
{
	unsigned reg = form & F_DIGIT ? form >> 5 & 7 : (unsigned)random_below(f, 8);
	unsigned rm = c->mode == M_REAL ? 4 : RSI; /* [SI] or [RSI] */

	if (random_once_in(f, 16)) /* any register, or any address */
		put(c, random_next(f), 1);
	else
		put(c, reg << 3 | rm, 1);
}

static void put_operands(struct fuzz_cpu *f, struct code *c, unsigned form)
{
	unsigned kind = form & 7;

	if (kind == F_REG)
		put(c, 0xc0 | random_below(f, 64), 1);
	else if (form & F_DIGIT || kind == F_MODRM || kind == F_MODRM8 ||
		 kind == F_MODRM32)
		put_modrm(f, c, form);
	if (kind == F_MODRM8 || kind == F_IMM8)
		put(c, random_value(f), 1);
	else if (kind == F_MODRM32 || kind == F_IMM32)
		put(c, random_value(f), 4);
}

static void put_insn(struct fuzz_cpu *f, struct code *c)
{
	const struct insn *insn = &insns[random_below(f, ARRAY_SIZE(insns))];

	bool lethal = insn->form & F_LETHAL ||
		      (insn->form & F_NOT_REAL && c->mode == M_REAL);

	if (lethal && !random_may_die(f))
		return;
	if (insn->form & F_LONG && c->mode != M_LONG && c->mode != M_USER)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(insn->loads); i++) {
		unsigned reg = insn->loads[i].reg, kind = insn->loads[i].kind;

		if (!reg && !kind)
			continue;
		put_load(c, reg,
			 kind == K_ICR || kind == K_APIC_BASE ? special(f, reg, kind)
							      : operand(f, c, kind));
	}
	if (!(insn->form & F_EXACT))
		put_prefixes(f, c, insn->loads[0].kind == K_DEVICE);
	memcpy(c->at, insn->bytes, insn->length);
	c->at += insn->length;
	put_operands(f, c, insn->form);
}

static void tell(enum fuzz_mode mode, const u8 *at, const u8 *end)
{
	static const char *const names[M_COUNT] = {"long", "user", "compat", "protected",
						   "real"};

	print("  %s:", names[mode]);
	for (; at < end; at++)
		print(" %x%x", *at >> 4, *at & 15);
	print("\n");
}

void code_run(struct fuzz_cpu *f)
{
	static void (*const jump[M_COUNT])(u64 code, u64 stack, u64 directory) = {
		fuzz_jump, fuzz_jump_user, fuzz_jump_compat, fuzz_jump_protected,
		fuzz_jump_real};
	enum fuzz_mode mode = random_below(f, 2) ? M_LONG : random_below(f, M_COUNT);
	u64 start = mode == M_REAL ? REAL_CODE + f->index * REAL_CODE_BYTES
				   : SCRATCH_CODE(f->index);
	struct code c = {(u8 *)start, mode};
	u64 insns_wanted = 1 + random_below(f, INSNS_MAX);

	while (insns_wanted--)
		put_insn(f, &c);
	put(&c, 0x0b0f, 2); /* UD2 */
	memset(c.at, INT3, INT3_BYTES);
	if (mode == M_REAL)
		recover_real_mode();
	if (random_once_in(f, 2))
		sti();
	if (fuzz_traced(f))
		tell(mode, (u8 *)start, c.at);
	jump[mode](start, SCRATCH_STACK(f->index),
		   random_may_die(f) ? 0 : paging_directory());
}
