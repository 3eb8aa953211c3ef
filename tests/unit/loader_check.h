// SPDX-License-Identifier: MIT
/* What must hold for every plan of the guest loader, whatever the image. */
#pragma once
#include "unit.h"
#include "vcpu/loader_parts.h"

static inline bool check_disjoint(u64 a, u64 a_bytes, u64 b, u64 b_bytes)
{
	return a + a_bytes <= b || b + b_bytes <= a;
}

static inline bool check_in_ram(u64 gpa, u64 bytes, u64 ram_bytes)
{
	u64 low = MIN(ram_bytes, GUEST_HOLE_GPA);

	if (gpa + bytes < gpa)
		return false;
	if (gpa + bytes <= LOADER_AREA_GPA)
		return true;
	if (gpa >= GUEST_HIGH_GPA && gpa + bytes <= low)
		return true;
	return gpa >= GUEST_HOLE_END && gpa + bytes <= GUEST_HOLE_END + (ram_bytes - low);
}

static inline void check_plan(const struct load_plan *plan, u64 file_bytes, u64 ram_bytes)
{
	bool entry_loaded = false;

	CHECK(plan->segment_count >= 1 && plan->segment_count <= LOADER_SEGMENTS_MAX);
	for (unsigned i = 0; i < plan->segment_count; i++) {
		const struct load_segment *s = &plan->segments[i];

		CHECK(range_within(s->file_offset, s->file_bytes, file_bytes));
		CHECK(s->file_bytes <= s->mem_bytes);
		CHECK(check_in_ram(s->gpa, s->mem_bytes, ram_bytes));
		entry_loaded |= plan->entry - s->gpa < s->mem_bytes;
		for (unsigned j = 0; j < i; j++)
			CHECK(check_disjoint(s->gpa, s->mem_bytes, plan->segments[j].gpa,
					     plan->segments[j].mem_bytes));
		CHECK(!plan->initrd_bytes ||
		      check_disjoint(s->gpa, s->mem_bytes, plan->initrd_gpa,
				     plan->initrd_bytes));
	}
	CHECK(entry_loaded);
	CHECK(plan->entry < GUEST_HOLE_END);
	CHECK(IS_ALIGNED(plan->initrd_gpa, PAGE_SIZE));
	if (plan->initrd_bytes)
		CHECK(check_in_ram(plan->initrd_gpa, plan->initrd_bytes, ram_bytes));
}

/* Plan from a heap copy of exactly that size; a plan that succeeds is checked and
 * built, one that does not has a reason. */
static inline int check_loader(const u8 *bytes, u64 size, u64 initrd_bytes, u64 ram_bytes,
			       struct load_plan *plan, u8 *area)
{
	struct guest_e820 map[LOADER_E820_MAX];
	const char *why = NULL;
	u8 *exact = unit_copy(bytes, size);
	int result = loader_plan(exact, size, initrd_bytes, "a b", ram_bytes, plan, &why);

	CHECK(result ? result < 0 && why : true);
	if (!result) {
		check_plan(plan, size, ram_bytes);
		loader_build(plan, exact, size, "a b", map, loader_e820(ram_bytes, map),
			     GUEST_ACPI_GPA, area);
	}
	unit_free(exact);
	return result;
}
