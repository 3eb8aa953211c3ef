// SPDX-License-Identifier: MIT
/* What exits cost, in ticks of the TSC: the cheapest of many, and off it the cheapest of
 * the same without the operation. With one CPU in Bochs a tick is an instruction, so
 * the figures are exact; they include the guest's one instruction that exits. */
#include "guest.h"
#include "ops.h"

#define WARM_UP 10
#define REPEATS 200

#define OPERATIONS(X)                                                                    \
	X(cpuid)                                                                         \
	X(vmcall)                                                                        \
	X(rdmsr_apic_base) X(rdmsr_x2apic_id) X(wrmsr_deadline) X(wrmsr_tpr) X(self_ipi) \
		X(in_lsr) X(out_latch)

#define DECLARE(name)                                                                    \
	u64 op_##name(void);                                                             \
	u64 op_##name##_empty(void);
OPERATIONS(DECLARE)

void self_handler(void);

static const struct {
	const char *name;
	u64 (*run)(void), (*empty)(void);
} operations[] = {
#define ROW(name) {#name, op_##name, op_##name##_empty},
	OPERATIONS(ROW)};

static u64 cheapest(u64 (*run)(void))
{
	u64 least = ~0UL;

	for (unsigned i = 0; i < WARM_UP + REPEATS; i++) {
		u64 ticks = run();

		if (i >= WARM_UP && ticks < least)
			least = ticks;
	}
	return least;
}

int main(void)
{
	x2apic_enable();
	apic_write(APIC_LVT_TIMER, APIC_DEADLINE | APIC_MASKED);
	gate_set(SELF_VECTOR, self_handler);
	sti();
	for (unsigned i = 0; i < ARRAY_SIZE(operations); i++) {
		u64 empty = cheapest(operations[i].empty);

		print("bench %s %lu\n", operations[i].name,
		      cheapest(operations[i].run) - empty);
	}
	return 0;
}
