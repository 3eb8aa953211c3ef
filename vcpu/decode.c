// SPDX-License-Identifier: MIT
/* Decoder for MMIO: prefixes, opcode, ModR/M, displacement, immediate, in this
 * order, each taken from a reader that remembers if it came to the end. MOV in all
 * its forms, the eight operations of group 1, TEST and XCHG. Pure. */
#include "vcpu/decode.h"
#include "bits.h"
#include "virt.h"

#define INSN_MAX 15

#define PREFIX_OPERAND_SIZE 0x66
#define PREFIX_ADDRESS_SIZE 0x67
#define REX_MASK 0xf0
#define REX 0x40
#define REX_W BIT(3)
#define REX_R BIT(2)
#define ESCAPE 0x0f

#define OPCODE_WIDE BIT(0)      /* of most opcodes: not the byte form */
#define OPCODE_REG_FIRST BIT(1) /* of MOV and group 1: register <- memory */

struct reader {
	const u8 *bytes;
	unsigned at, end;
	bool ended; /* a byte was wanted that is not there */
};

struct insn {
	struct reader in;
	enum cpu_mode mode;
	bool operand_override, address_override;
	u8 rex;
	u8 opcode;
	bool escaped; /* 0f before the opcode */
	u8 modrm;
};

static u8 next_byte(struct reader *in)
{
	if (in->at == in->end) {
		in->ended = true;
		return 0;
	}
	return in->bytes[in->at++];
}

/* A little-endian number of 0, 1, 2, 4 or 8 bytes, sign-extended. */
static u64 next_number(struct reader *in, unsigned bytes)
{
	u64 value = 0, sign;

	if (bytes == 0)
		return 0;
	for (unsigned i = 0; i < bytes; i++)
		value |= (u64)next_byte(in) << i * 8;
	sign = BIT(bytes * 8 - 1);
	return (value ^ sign) - sign;
}

/* --- prefixes and opcode --- */

static bool is_ignored_prefix(u8 byte)
{
	/* Segments, LOCK, REPNE and REP: nothing here depends on them. */
	return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e ||
	       byte == 0x64 || byte == 0x65 || byte == 0xf0 || byte == 0xf2 ||
	       byte == 0xf3;
}

/* Returns the first byte that is none. */
static u8 read_prefixes(struct insn *insn)
{
	u8 byte;

	for (;;) {
		byte = next_byte(&insn->in);
		if (insn->in.ended)
			return 0;
		if (byte == PREFIX_OPERAND_SIZE)
			insn->operand_override = true;
		else if (byte == PREFIX_ADDRESS_SIZE)
			insn->address_override = true;
		else if (!is_ignored_prefix(byte))
			return byte;
	}
}

static void read_opcode(struct insn *insn)
{
	insn->opcode = read_prefixes(insn);
	/* REX counts only right before the opcode. */
	if (insn->mode == CPU_MODE_64 && (insn->opcode & REX_MASK) == REX) {
		insn->rex = insn->opcode;
		insn->opcode = next_byte(&insn->in);
	}
	if (insn->opcode == ESCAPE) {
		insn->escaped = true;
		insn->opcode = next_byte(&insn->in);
	}
}

/* --- sizes --- */

static unsigned operand_bytes(const struct insn *insn)
{
	if (insn->rex & REX_W)
		return 8;
	return (insn->mode == CPU_MODE_16) != insn->operand_override ? 2 : 4;
}

/* Of an opcode whose lowest bit tells the byte form. */
static unsigned opcode_bytes(const struct insn *insn)
{
	return insn->opcode & OPCODE_WIDE ? operand_bytes(insn) : 1;
}

static unsigned address_bytes(const struct insn *insn)
{
	switch (insn->mode) {
	case CPU_MODE_16:
		return insn->address_override ? 4 : 2;
	case CPU_MODE_32:
		return insn->address_override ? 2 : 4;
	default:
		return insn->address_override ? 4 : 8;
	}
}

/* --- ModR/M --- */

static unsigned modrm_mod(const struct insn *insn)
{
	return insn->modrm >> 6;
}

static unsigned modrm_digit(const struct insn *insn)
{
	return insn->modrm >> 3 & 7;
}

/* SDM 2A, "16-Bit Addressing Forms with the ModR/M Byte". */
static unsigned displacement_16(const struct insn *insn)
{
	if (modrm_mod(insn) == 0)
		return (insn->modrm & 7) == 6 ? 2 : 0;
	return modrm_mod(insn);
}

/* SDM 2A, "32-Bit Addressing Forms with the ModR/M Byte", and with the SIB byte. */
static unsigned displacement_32(struct insn *insn)
{
	unsigned base = insn->modrm & 7;

	if (base == 4)
		base = next_byte(&insn->in) & 7;
	if (modrm_mod(insn) == 0)
		return base == 5 ? 4 : 0;
	return modrm_mod(insn) == 1 ? 1 : 4;
}

/* False: both operands are registers. */
static bool read_modrm(struct insn *insn)
{
	insn->modrm = next_byte(&insn->in);
	if (modrm_mod(insn) == 3)
		return false;
	next_number(&insn->in, address_bytes(insn) == 2 ? displacement_16(insn)
							: displacement_32(insn));
	return true;
}

/* --- forms --- */

/* Memory of `bytes` and the register that ModR/M names, of `reg_bytes`. */
static bool with_reg(struct insn *insn, struct decoded *out, unsigned bytes,
		     unsigned reg_bytes)
{
	if (!read_modrm(insn))
		return false;
	out->bytes = (u8)bytes;
	out->reg_bytes = (u8)reg_bytes;
	out->reg = (u8)modrm_digit(insn);
	if (reg_bytes == 1 && !insn->rex && out->reg >= 4) {
		out->reg -= 4;
		out->reg_shift = 8;
	}
	if (insn->rex & REX_R)
		out->reg += 8;
	return true;
}

static bool with_imm(struct insn *insn, struct decoded *out, unsigned imm_bytes)
{
	out->bytes = (u8)opcode_bytes(insn);
	out->reg_bytes = out->bytes;
	out->to_memory = true;
	out->immediate = true;
	out->imm = next_number(&insn->in, MIN(imm_bytes, 4u));
	return true;
}

/* Both byte and wide form, memory first. */
static bool memory_reg(struct insn *insn, struct decoded *out, enum decode_op op)
{
	unsigned bytes = opcode_bytes(insn);

	out->op = op;
	out->to_memory = true;
	return with_reg(insn, out, bytes, bytes);
}

static bool arithmetic(struct insn *insn, struct decoded *out)
{
	unsigned bytes = opcode_bytes(insn);

	out->op = insn->opcode >> 3;
	out->to_memory = !(insn->opcode & OPCODE_REG_FIRST);
	return with_reg(insn, out, bytes, bytes);
}

static bool load_extended(struct insn *insn, struct decoded *out, unsigned bytes,
			  bool sign)
{
	out->op = DECODE_MOV;
	out->sign = sign;
	return with_reg(insn, out, bytes, operand_bytes(insn));
}

/* MOV with an address in the instruction and AL, AX, EAX or RAX. */
static bool accumulator(struct insn *insn, struct decoded *out)
{
	next_number(&insn->in, address_bytes(insn));
	out->op = DECODE_MOV;
	out->bytes = (u8)opcode_bytes(insn);
	out->reg_bytes = out->bytes;
	out->reg = REG_RAX;
	out->to_memory = insn->opcode & OPCODE_REG_FIRST;
	return true;
}

/* Group 1, 80, 81, 83: the digit is the operation. */
static bool group1(struct insn *insn, struct decoded *out)
{
	bool short_imm = insn->opcode == 0x83;

	if (!read_modrm(insn))
		return false;
	out->op = (u8)modrm_digit(insn);
	return with_imm(insn, out, short_imm ? 1 : opcode_bytes(insn));
}

/* C6, C7 /0: MOV. F6, F7 /0 and /1: TEST. */
static bool group_imm(struct insn *insn, struct decoded *out, enum decode_op op,
		      unsigned digits)
{
	if (!read_modrm(insn) || modrm_digit(insn) >= digits)
		return false;
	out->op = op;
	return with_imm(insn, out, opcode_bytes(insn));
}

static bool decode_escaped(struct insn *insn, struct decoded *out)
{
	unsigned bytes = insn->opcode & OPCODE_WIDE ? 2 : 1;

	switch (insn->opcode) {
	case 0xb6: /* MOVZX */
	case 0xb7:
		return load_extended(insn, out, bytes, false);
	case 0xbe: /* MOVSX */
	case 0xbf:
		return load_extended(insn, out, bytes, true);
	case 0xc3: /* MOVNTI */
		return memory_reg(insn, out, DECODE_MOV);
	default:
		return false;
	}
}

static bool decode_plain(struct insn *insn, struct decoded *out)
{
	if (insn->opcode < 0x40 && (insn->opcode & 7) < 4)
		return arithmetic(insn, out);
	switch (insn->opcode) {
	case 0x63: /* MOVSXD; in other modes it is ARPL */
		return insn->mode == CPU_MODE_64 &&
		       load_extended(insn, out, MIN(operand_bytes(insn), 4u), true);
	case 0x80:
	case 0x81:
	case 0x83:
		return group1(insn, out);
	case 0x84:
	case 0x85:
		return memory_reg(insn, out, DECODE_TEST);
	case 0x86:
	case 0x87:
		return memory_reg(insn, out, DECODE_XCHG);
	case 0x88:
	case 0x89:
		return memory_reg(insn, out, DECODE_MOV);
	case 0x8a:
	case 0x8b:
		out->op = DECODE_MOV;
		return with_reg(insn, out, opcode_bytes(insn), opcode_bytes(insn));
	case 0xa0 ... 0xa3:
		return accumulator(insn, out);
	case 0xc6:
	case 0xc7:
		return group_imm(insn, out, DECODE_MOV, 1);
	case 0xf6:
	case 0xf7:
		return group_imm(insn, out, DECODE_TEST, 2);
	default:
		return false;
	}
}

bool decode_mmio(const u8 *bytes, unsigned available, enum cpu_mode mode,
		 struct decoded *out)
{
	struct insn insn = {
		.in = {.bytes = bytes, .end = MIN(available, INSN_MAX)},
		.mode = mode,
	};
	bool known;

	*out = (struct decoded){0};
	read_opcode(&insn);
	known = insn.escaped ? decode_escaped(&insn, out) : decode_plain(&insn, out);
	out->length = (u8)insn.in.at;
	return known && !insn.in.ended;
}
