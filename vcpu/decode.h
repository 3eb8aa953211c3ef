// SPDX-License-Identifier: MIT
/* Decoder for the instructions with which guests touch device registers (SDM 2A,
 * "Instruction Format"; SDM 2D, "Opcode Map"). Pure; any context. */
#pragma once
#include "types.h"

enum cpu_mode { CPU_MODE_16, CPU_MODE_32, CPU_MODE_64 }; /* of the code segment */

/* The first eight are in the order of their encoding ("Opcode Extensions for One-
 * and Two-byte Opcodes by Group Number", group 1). */
enum decode_op {
	DECODE_ADD,
	DECODE_OR,
	DECODE_ADC,
	DECODE_SBB,
	DECODE_AND,
	DECODE_SUB,
	DECODE_XOR,
	DECODE_CMP,
	DECODE_TEST,
	DECODE_MOV,
	DECODE_XCHG,
};

/* One instruction with one operand in memory; the other is a register or an
 * immediate. The address is not decoded: the exit has it. */
struct decoded {
	u8 length;      /* of the instruction, 1-15 */
	u8 op;          /* enum decode_op */
	u8 bytes;       /* accessed in memory: 1, 2, 4, 8 */
	u8 reg_bytes;   /* of the register; more than bytes if it is extended */
	bool to_memory; /* memory is the first operand, where the result goes */
	bool immediate; /* the other operand is imm, and not reg */
	bool sign;      /* a load is sign-extended to reg_bytes, else with zeroes */
	u8 reg;         /* REG_RAX... in virt.h */
	u8 reg_shift;   /* 8: the register is AH, CH, DH or BH of reg */
	u64 imm;        /* sign-extended */
};

/* Decode what lies at bytes; available of them may be read (more than 15 are not
 * looked at). False: not one of these instructions, or cut short. */
bool decode_mmio(const u8 *bytes, unsigned available, enum cpu_mode mode,
		 struct decoded *out);
