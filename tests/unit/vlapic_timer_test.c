// SPDX-License-Identifier: MIT
/* vcpu/vlapic_timer.c: the three modes, counting, mode changes, migration, and TSC
 * values at the edge (SDM 3A, "APIC Timer"). Time is a variable. */
#include "arch/x86/regs.h"
#include "fake_vcpu.h"
#include "unit.h"
#include "vcpu/vlapic_regs.h"

#define VECTOR 0x66
#define MS FAKE_MS

static struct vm *vm;
static struct vcpu *cpu;

static void set(unsigned slot, u32 value)
{
	vlapic_mmio_write(cpu, slot * 16, 4, value);
}

static u32 current(void)
{
	u64 value;

	vlapic_mmio_read(cpu, APIC_TIMER_CURRENT * 16, 4, &value);
	return (u32)value;
}

static bool fired(void)
{
	bool yes = fake_take(cpu) == VECTOR;

	set(APIC_EOI, 0);
	return yes;
}

/* How often it fires while time passes in small steps. */
static unsigned fires_in(u64 cycles, u64 step)
{
	unsigned count = 0;

	for (u64 done = 0; done < cycles; done += step) {
		fake_advance(vm, step);
		count += fired();
	}
	return count;
}

static void start(u32 mode)
{
	vm = fake_vm(1);
	cpu = vm->vcpus[0];
	fake_enable_apics(vm);
	set(APIC_TIMER_DIVIDE, 0xb); /* by 1 */
	set(APIC_LVT_TIMER, VECTOR | mode);
}

static void end(void)
{
	CHECK_EQ(fake.timer_errors, 0);
	CHECK_EQ(fake.order_errors, 0);
}

static void one_shot(void)
{
	start(APIC_LVT_ONE_SHOT);
	CHECK_EQ(current(), 0);
	set(APIC_TIMER_INITIAL, 10 * MS);
	CHECK_EQ(current(), 10 * MS);
	fake_advance(vm, 4 * MS);
	CHECK_EQ(current(), 6 * MS);
	CHECK(!fired());
	fake_advance(vm, 6 * MS - 1);
	CHECK(!fired());
	fake_advance(vm, 1);
	CHECK(fired());
	CHECK_EQ(current(), 0);
	fake_advance(vm, 100 * MS);
	CHECK(!fired());
	/* 0 stops it. */
	set(APIC_TIMER_INITIAL, 10 * MS);
	set(APIC_TIMER_INITIAL, 0);
	fake_advance(vm, 100 * MS);
	CHECK(!fired());
	end();
}

static void divisors(void)
{
	static const u8 code[] = {0xb, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa};

	for (unsigned i = 0; i < sizeof(code); i++) {
		start(APIC_LVT_ONE_SHOT);
		set(APIC_TIMER_DIVIDE, code[i]);
		set(APIC_TIMER_INITIAL, MS);
		fake_advance(vm, (MS << i) - 1);
		CHECK(!fired());
		fake_advance(vm, 1);
		CHECK(fired());
		end();
	}
}

static void divisor_change_keeps_the_count(void)
{
	start(APIC_LVT_ONE_SHOT);
	set(APIC_TIMER_INITIAL, 10 * MS);
	fake_advance(vm, 5 * MS);
	set(APIC_TIMER_DIVIDE, 0x0); /* by 2 */
	CHECK_EQ(current(), 5 * MS);
	fake_advance(vm, 10 * MS - 1);
	CHECK(!fired());
	fake_advance(vm, 1);
	CHECK(fired());
	end();
}

static void periodic(void)
{
	start(APIC_LVT_PERIODIC);
	set(APIC_TIMER_INITIAL, MS);
	CHECK_EQ(fires_in(100 * MS, MS / 4), 100);
	fake_advance(vm, MS / 4);
	CHECK_EQ(current(), MS - MS / 4);
	/* 1000 late calls of the host drift nothing away. */
	set(APIC_TIMER_INITIAL, MS);
	for (unsigned i = 0; i < 1000; i++) {
		fake.tsc += MS + 777;
		fake_serve_timers(vm);
		fired();
		fake.tsc -= 777;
	}
	CHECK_EQ(current(), MS);
	end();
}

static void periodic_catches_up_at_once(void)
{
	start(APIC_LVT_PERIODIC);
	set(APIC_TIMER_INITIAL, MS);
	fake.tsc += 1000 * MS + MS / 2;
	CHECK_EQ(current(), MS / 2);
	fake_serve_timers(vm);
	CHECK(fired());
	CHECK(!fired());
	CHECK_EQ(fires_in(10 * MS, MS / 4), 10);
	end();
}

static void periodic_too_fast(void)
{
	start(APIC_LVT_PERIODIC);
	set(APIC_TIMER_INITIAL, 1);
	CHECK(fires_in(10 * MS, 1000) <= 101);
	CHECK(fires_in(10 * MS, 1000) >= 90);
	CHECK(current() <= 1);
	/* The shortest period there is loses nothing. */
	set(APIC_TIMER_INITIAL, 100 * FAKE_US);
	CHECK_EQ(fires_in(10 * MS, 25 * FAKE_US), 100);
	end();
}

static void mode_changes(void)
{
	start(APIC_LVT_ONE_SHOT);
	set(APIC_TIMER_INITIAL, 10 * MS);
	fake_advance(vm, 4 * MS);
	set(APIC_LVT_TIMER, VECTOR | APIC_LVT_PERIODIC);
	CHECK_EQ(current(), 6 * MS);
	fake_advance(vm, 7 * MS);
	CHECK(fired());
	CHECK_EQ(current(), 9 * MS);
	set(APIC_LVT_TIMER, VECTOR | APIC_LVT_ONE_SHOT);
	CHECK_EQ(current(), 9 * MS);
	fake_advance(vm, 9 * MS);
	CHECK(fired());
	CHECK_EQ(current(), 0);
	/* Run out, it does not begin again by becoming periodic. */
	set(APIC_LVT_TIMER, VECTOR | APIC_LVT_PERIODIC);
	fake_advance(vm, 50 * MS);
	CHECK(!fired());
	CHECK_EQ(current(), 0);
	end();
}

static void masked_it_counts_on(void)
{
	start(APIC_LVT_PERIODIC | APIC_LVT_MASKED);
	set(APIC_TIMER_INITIAL, MS);
	CHECK_EQ(fires_in(10 * MS, MS / 2), 0);
	set(APIC_LVT_TIMER, VECTOR | APIC_LVT_PERIODIC);
	CHECK_EQ(fires_in(10 * MS, MS / 2), 10);
	end();
}

static void deadline(void)
{
	u64 value;

	start(APIC_LVT_DEADLINE);
	vlapic_msr_write(cpu, MSR_TSC_DEADLINE, fake.tsc + 5 * MS);
	vlapic_msr_read(cpu, MSR_TSC_DEADLINE, &value);
	CHECK_EQ(value, fake.tsc + 5 * MS);
	CHECK_EQ(current(), 0);
	set(APIC_TIMER_INITIAL, MS); /* ignored */
	fake_advance(vm, 5 * MS - 1);
	CHECK(!fired());
	fake_advance(vm, 1);
	CHECK(fired());
	vlapic_msr_read(cpu, MSR_TSC_DEADLINE, &value);
	CHECK_EQ(value, 0);
	/* In the past: at once. 0: disarmed. */
	vlapic_msr_write(cpu, MSR_TSC_DEADLINE, 1);
	CHECK(fired());
	CHECK(!timer_is_set(&cpu->lapic_timer));
	vlapic_msr_write(cpu, MSR_TSC_DEADLINE, fake.tsc + MS);
	vlapic_msr_write(cpu, MSR_TSC_DEADLINE, 0);
	fake_advance(vm, 2 * MS);
	CHECK(!fired());
	/* Another mode disarms it, and in another mode it is ignored. */
	vlapic_msr_write(cpu, MSR_TSC_DEADLINE, fake.tsc + MS);
	set(APIC_LVT_TIMER, VECTOR);
	vlapic_msr_write(cpu, MSR_TSC_DEADLINE, fake.tsc + MS);
	fake_advance(vm, 2 * MS);
	CHECK(!fired());
	end();
}

static void deadline_by_the_fast_path(void)
{
	start(APIC_LVT_DEADLINE);
	fake.forbid_locks = true;
	CHECK(vlapic_fast_wrmsr(cpu, MSR_TSC_DEADLINE, fake.tsc + MS));
	fake_advance(vm, MS);
	CHECK(fired());
	/* Expired already: the vCPU kicks itself, so that it is not entered again. */
	fake_clear_counts();
	CHECK(vlapic_fast_wrmsr(cpu, MSR_TSC_DEADLINE, fake.tsc - 1));
	CHECK_EQ(fake.counts[0].kicks, 1);
	CHECK_EQ(cpu->gate.requests, BIT(REQ_NR_EVENT));
	CHECK(fired());
	CHECK_EQ(fake.lock_errors, 0);
	end();
}

static void guest_tsc_offset(void)
{
	start(APIC_LVT_DEADLINE);
	cpu->tsc_offset = 5000 * MS;
	vlapic_msr_write(cpu, MSR_TSC_DEADLINE, fake.tsc + 5001 * MS);
	fake_advance(vm, MS - 1);
	CHECK(!fired());
	fake_advance(vm, 1);
	CHECK(fired());
	/* The guest moves its TSC: its deadline comes sooner, a count does not. */
	vlapic_msr_write(cpu, MSR_TSC_DEADLINE, fake.tsc + 5010 * MS);
	cpu->tsc_offset += 10 * MS;
	vlapic_tsc_moved(cpu, 10 * MS);
	CHECK(fired());
	set(APIC_LVT_TIMER, VECTOR);
	set(APIC_TIMER_INITIAL, 10 * MS);
	cpu->tsc_offset -= 7000 * MS;
	vlapic_tsc_moved(cpu, -7000 * MS);
	CHECK_EQ(current(), 10 * MS);
	fake_advance(vm, 10 * MS);
	CHECK(fired());
	end();
}

static void edges_of_the_tsc(void)
{
	start(APIC_LVT_DEADLINE);
	/* Near 0 by an offset, the farthest deadline must not wrap on the host. */
	cpu->tsc_offset = -fake.tsc;
	vlapic_msr_write(cpu, MSR_TSC_DEADLINE, ~0ul);
	CHECK(timer_is_set(&cpu->lapic_timer));
	CHECK(cpu->lapic_timer.deadline > fake.tsc + 1000000 * MS);
	/* Near the end, a count goes over the wrap. */
	cpu->tsc_offset = -fake.tsc - 5 * MS;
	set(APIC_LVT_TIMER, VECTOR | APIC_LVT_PERIODIC);
	set(APIC_TIMER_INITIAL, 10 * MS);
	CHECK_EQ(current(), 10 * MS);
	fake_advance(vm, 9 * MS);
	CHECK(!fired());
	CHECK_EQ(current(), MS);
	CHECK_EQ(fires_in(100 * MS, MS), 10);
	end();
}

static void migration(void)
{
	start(APIC_LVT_ONE_SHOT);
	set(APIC_TIMER_INITIAL, 10 * MS);
	fake_advance(vm, MS);
	vlapic_timer_evict(cpu);
	CHECK(!timer_is_set(&cpu->lapic_timer));
	fake.tsc += MS;
	vlapic_timer_arrive(cpu);
	CHECK_EQ(current(), 8 * MS);
	fake_advance(vm, 8 * MS);
	CHECK(fired());
	/* Due while it was on its way. */
	set(APIC_TIMER_INITIAL, 10 * MS);
	vlapic_timer_evict(cpu);
	fake.tsc += 20 * MS;
	vlapic_timer_arrive(cpu);
	CHECK(fired());
	/* Nothing armed: nothing happens. */
	vlapic_timer_evict(cpu);
	vlapic_timer_arrive(cpu);
	CHECK(!timer_is_set(&cpu->lapic_timer));
	end();
}

static void reset_stops_it(void)
{
	start(APIC_LVT_PERIODIC);
	set(APIC_TIMER_INITIAL, MS);
	vlapic_reset(cpu, false);
	CHECK(!timer_is_set(&cpu->lapic_timer));
	CHECK_EQ(current(), 0);
	end();
}

static const struct unit_test tests[] = {
	UNIT_TEST(one_shot), UNIT_TEST(divisors),
	UNIT_TEST(divisor_change_keeps_the_count),
	UNIT_TEST(periodic), UNIT_TEST(periodic_catches_up_at_once),
	UNIT_TEST(periodic_too_fast), UNIT_TEST(mode_changes),
	UNIT_TEST(masked_it_counts_on), UNIT_TEST(deadline),
	UNIT_TEST(deadline_by_the_fast_path), UNIT_TEST(guest_tsc_offset),
	UNIT_TEST(edges_of_the_tsc), UNIT_TEST(migration), UNIT_TEST(reset_stops_it),
};

int main(void)
{
	return UNIT_RUN(tests);
}
