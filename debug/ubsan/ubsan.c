// SPDX-License-Identifier: MIT
/* Undefined behaviour is a panic that says what and where ("make UBSAN=1"). gcc calls
 * these (-fsanitize=undefined -fno-sanitize-recover); the records that it hands over are
 * those of compiler-rt's lib/ubsan/ubsan_handlers.h. */
#include "assert.h"
#include "bits.h"
#include "printk.h"
#include "types.h"

struct location {
	const char *file;
	u32 line, column;
};

/* Of integers, info holds the sign in bit 0, and above it log2 of the width in bits. */
struct type {
	u16 kind, info;
	char name[];
};
#define KIND_INTEGER 0
#define INFO_SIGNED 1U

/* A record begins with its place; most name one type or two. */
struct record {
	struct location at;
	const struct type *type, *other;
};

struct mismatch {
	struct location at;
	const struct type *type;
	u8 log_alignment;
	u8 kind; /* load, store, ... */
};

static void __attribute__((noreturn, format(printf, 2, 3)))
report(const struct location *at, const char *fmt, ...)
{
	char what[160];
	va_list args;

	va_start(args, fmt);
	format_va(what, sizeof(what), fmt, args);
	va_end(args);
	panic("undefined behaviour at %s:%u:%u: %s", at->file, at->line, at->column,
	      what);
}

/* Up to 64 bits a value comes in the register itself, wider ones by their address. */
static u64 value_of(const struct type *type, u64 handed)
{
	u32 bits = 1U << (type->info >> 1);

	if (type->kind != KIND_INTEGER || bits > 64)
		return handed;
	if (bits == 64)
		return handed;
	handed &= BIT(bits) - 1;
	if (type->info & INFO_SIGNED && handed & BIT(bits - 1))
		handed |= ~(BIT(bits) - 1);
	return handed;
}

#define BINARY(what, sign)                                                               \
	void __ubsan_handle_##what##_abort(const struct record *r, u64 a, u64 b)         \
		__attribute__((noreturn));                                               \
	void __ubsan_handle_##what##_abort(const struct record *r, u64 a, u64 b)         \
	{                                                                                \
		report(&r->at, "%ld " sign " %ld does not fit %s",                       \
		       (s64)value_of(r->type, a), (s64)value_of(r->type, b),             \
		       r->type->name);                                                   \
	}

BINARY(add_overflow, "+")
BINARY(sub_overflow, "-")
BINARY(mul_overflow, "*")
BINARY(divrem_overflow, "/")

#define HANDLER(name, ...)                                                               \
	void __ubsan_handle_##name##_abort(__VA_ARGS__) __attribute__((noreturn));       \
	void __ubsan_handle_##name##_abort(__VA_ARGS__)

HANDLER(negate_overflow, const struct record *r, u64 a)
{
	report(&r->at, "-(%ld) does not fit %s", (s64)value_of(r->type, a),
	       r->type->name);
}

HANDLER(shift_out_of_bounds, const struct record *r, u64 a, u64 by)
{
	report(&r->at, "%s %ld shifted by %ld", r->type->name, (s64)value_of(r->type, a),
	       (s64)value_of(r->other, by));
}

HANDLER(out_of_bounds, const struct record *r, u64 index)
{
	report(&r->at, "index %ld is outside %s", (s64)value_of(r->other, index),
	       r->type->name);
}

HANDLER(pointer_overflow, const struct record *r, u64 base, u64 result)
{
	report(&r->at, "pointer %lx became %lx", base, result);
}

HANDLER(type_mismatch_v1, const struct mismatch *m, u64 address)
{
	if (!address)
		report(&m->at, "a null pointer to %s", m->type->name);
	if (address & (BIT(m->log_alignment) - 1))
		report(&m->at, "%lx is no aligned %s", address, m->type->name);
	report(&m->at, "no room for %s at %lx", m->type->name, address);
}

HANDLER(load_invalid_value, const struct record *r, u64 value)
{
	report(&r->at, "%lx is no %s", value, r->type->name);
}

HANDLER(vla_bound_not_positive, const struct record *r, u64 bound)
{
	report(&r->at, "an array of %ld elements", (s64)value_of(r->type, bound));
}

HANDLER(nonnull_arg, const struct record *r)
{
	report(&r->at, "a null pointer where none may be handed over");
}

HANDLER(invalid_builtin, const struct record *r)
{
	report(&r->at, "no bit is set where one must be");
}

/* No place to go on from: the name of these two has no suffix. */
void __ubsan_handle_builtin_unreachable(const struct record *r) __attribute__((noreturn));
void __ubsan_handle_missing_return(const struct record *r) __attribute__((noreturn));

void __ubsan_handle_builtin_unreachable(const struct record *r)
{
	report(&r->at, "what cannot be reached was");
}

void __ubsan_handle_missing_return(const struct record *r)
{
	report(&r->at, "a function ends without a value");
}
