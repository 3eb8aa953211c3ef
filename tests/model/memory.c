// SPDX-License-Identifier: MIT
/* What all memory models do alike. The arena always holds the newest value. */
#include "explore.h"
#include <string.h>

const struct memory_model *model;

u64 memory_read(const void *address, unsigned size)
{
	u64 value = 0;

	memcpy(&value, address, size);
	return value;
}

void memory_write(void *address, unsigned size, u64 value)
{
	if (model_touch(address, size))
		memcpy(address, &value, size);
}

static u64 cut_to(u64 value, unsigned size)
{
	return size == 8 ? value : value & ((1ul << 8 * size) - 1);
}

bool modified_value(const struct op *op, u64 old, u64 *value)
{
	switch (op->how) {
	case MODIFY_COMPARE:
		*value = op->value;
		if (old != cut_to(op->expected, op->size))
			return false;
		break;
	case MODIFY_EXCHANGE:
		*value = op->value;
		break;
	case MODIFY_ADD:
		*value = old + op->value;
		break;
	case MODIFY_OR:
		*value = old | op->value;
		break;
	default:
		*value = old & op->value;
	}
	*value = cut_to(*value, op->size);
	return true;
}

void memory_changed(unsigned cpu, int shared)
{
	for (unsigned other = 0; other < MODEL_CPUS; other++) {
		if (other != cpu && sim[other].watched[shared / 64] >> shared % 64 & 1)
			sim[other].changed = 1;
	}
}
