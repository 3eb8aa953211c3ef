// SPDX-License-Identifier: MIT
/* Arithmetic with flags, for emulated instructions (mmio.c). Pure. */
#include "vcpu/alu.h"
#include "bits.h"
#include "vcpu/decode.h"

#define FLAG_CF BIT(0)
#define FLAG_PF BIT(2)
#define FLAG_AF BIT(4)
#define FLAG_ZF BIT(6)
#define FLAG_SF BIT(7)
#define FLAG_OF BIT(11)
#define FLAGS_STATUS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

static bool has_even_parity(u64 value)
{
	value ^= value >> 4;
	value ^= value >> 2;
	value ^= value >> 1;
	return !(value & 1);
}

static u64 result_flags(u64 result, u64 sign)
{
	u64 flags = has_even_parity(result & 0xff) ? FLAG_PF : 0;

	if (result == 0)
		flags |= FLAG_ZF;
	if (result & sign)
		flags |= FLAG_SF;
	return flags;
}

/* carries: in which bit positions there was a carry or borrow out; of a sum or
 * difference the one out of the sign is CF, and it differs from the one into it
 * when the signed result does not fit. */
static u64 carry_flags(u64 carries, u64 sign)
{
	bool out = carries & sign;
	bool into = carries & sign >> 1;

	return (out ? FLAG_CF : 0) | (out != into ? FLAG_OF : 0) |
	       (carries & BIT(3) ? FLAG_AF : 0);
}

static u64 sum_carries(u64 a, u64 b, u64 sum)
{
	return (a & b) | ((a | b) & ~sum);
}

static u64 difference_borrows(u64 a, u64 b, u64 difference)
{
	return (~a & b) | (~(a ^ b) & difference);
}

static u64 logic(unsigned op, u64 a, u64 b)
{
	switch (op) {
	case DECODE_OR:
		return a | b;
	case DECODE_XOR:
		return a ^ b;
	default: /* AND, TEST */
		return a & b;
	}
}

u64 alu_do(unsigned op, u64 a, u64 b, unsigned bytes, u64 *rflags)
{
	u64 mask = MASK(bytes * 8 - 1, 0);
	u64 sign = BIT(bytes * 8 - 1);
	u64 carry = *rflags & FLAG_CF;
	u64 flags = 0, result;

	a &= mask;
	b &= mask;
	if (op == DECODE_ADD || op == DECODE_ADC) {
		result = a + b + (op == DECODE_ADC ? carry : 0);
		flags = carry_flags(sum_carries(a, b, result), sign);
	} else if (op == DECODE_SUB || op == DECODE_CMP || op == DECODE_SBB) {
		result = a - b - (op == DECODE_SBB ? carry : 0);
		flags = carry_flags(difference_borrows(a, b, result), sign);
	} else {
		result = logic(op, a, b);
	}
	result &= mask;
	*rflags = (*rflags & ~FLAGS_STATUS) | flags | result_flags(result, sign);
	return result;
}
