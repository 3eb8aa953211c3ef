// SPDX-License-Identifier: MIT
/* vcpu/pvclock.c: the scale at many frequencies, the records as a guest reads them
 * (Linux, Documentation/virt/kvm/x86/msr.rst). */
#include "fake_vcpu.h"
#include "string.h"
#include "unit.h"
#include "vcpu/pvclock.h"

static struct vm *vm;
static struct vcpu *cpu;

static u64 ram(u64 at, unsigned bytes)
{
	u64 value = 0;

	memcpy(&value, fake.ram + at, bytes);
	return value;
}

static void start(void)
{
	vm = fake_vm(2);
	cpu = vm->vcpus[0];
	vm->rtc.boot_seconds = 1700000000;
	vm->rtc.boot_tsc = fake.tsc;
}

static u64 scaled(u64 cycles, u32 mul, int shift)
{
	cycles = shift < 0 ? cycles >> -shift : cycles << shift;
	return (u64)((unsigned __int128)cycles * mul >> 32);
}

/* As Linux's __pvclock_read_cycles(). */
static u64 guest_ns(u64 record, u64 tsc)
{
	u64 cycles = tsc - ram(record + 8, 8);

	return ram(record + 16, 8) + scaled(cycles, (u32)ram(record + 24, 4),
					    (int8_t)ram(record + 28, 1));
}

static void scales(void)
{
	u64 seed = 3;

	for (unsigned i = 0; i < 20000; i++) {
		u64 most = 1ul << (10 + i % 14);
		u64 khz = i < 10 ? i + 1 : 1 + unit_random(&seed) % most;
		u32 mul;
		int8_t shift;
		u64 ns;

		pvclock_scale(khz, &mul, &shift);
		CHECK(mul >= 1u << 31);
		/* One hour: wrong by less than a microsecond. */
		ns = scaled(khz * 3600 * 1000, mul, shift);
		CHECK(ns <= 3600000000000ul);
		CHECK(3600000000000ul - ns < 1000000);
	}
}

static void known_scales(void)
{
	u32 mul;
	int8_t shift;

	pvclock_scale(1000000, &mul, &shift);
	CHECK_EQ(mul, 1u << 31);
	CHECK_EQ(shift, 1);
	pvclock_scale(2000000, &mul, &shift);
	CHECK_EQ(mul, 1u << 31);
	CHECK_EQ(shift, 0);
	pvclock_scale(4000000, &mul, &shift);
	CHECK_EQ(mul, 1u << 31);
	CHECK_EQ((u8)shift, 0xff);
}

static void system_time(void)
{
	start();
	CHECK(pvclock_write_system_time(cpu, 0x1001));
	CHECK_EQ(ram(0x1000, 4) % 2, 0);
	CHECK_EQ(ram(0x1000 + 29, 1), 1);
	CHECK_EQ(guest_ns(0x1000, vcpu_guest_tsc(cpu)), 0);
	fake.tsc += 1234 * FAKE_MS;
	CHECK_EQ(guest_ns(0x1000, vcpu_guest_tsc(cpu)), 1234000000);
	CHECK_EQ(cpu->pvclock_gpa, 0x1000);
	CHECK(pvclock_write_system_time(cpu, 0x1000));
	CHECK_EQ(cpu->pvclock_gpa, 0);
}

static void same_line_on_all(void)
{
	start();
	vm->vcpus[1]->tsc_offset = -777 * FAKE_MS;
	CHECK(pvclock_write_system_time(cpu, 0x1001));
	fake.tsc += 99 * FAKE_MS + 77;
	CHECK(pvclock_write_system_time(vm->vcpus[1], 0x2001));
	CHECK_EQ(guest_ns(0x1000, vcpu_guest_tsc(cpu)),
		 guest_ns(0x2000, vcpu_guest_tsc(vm->vcpus[1])));
}

static void moved_tsc(void)
{
	u64 before, version;

	start();
	CHECK(pvclock_write_system_time(cpu, 0x1001));
	fake.tsc += 5 * FAKE_MS;
	before = guest_ns(0x1000, vcpu_guest_tsc(cpu));
	version = ram(0x1000, 4);
	cpu->tsc_offset += 1000 * FAKE_MS;
	pvclock_update(cpu);
	CHECK_EQ(guest_ns(0x1000, vcpu_guest_tsc(cpu)), before);
	CHECK(ram(0x1000, 4) != version);
	CHECK_EQ(ram(0x1000, 4) % 2, 0);
	/* Off: nothing is written. */
	CHECK(pvclock_write_system_time(cpu, 0));
	version = ram(0x1000, 4);
	pvclock_update(cpu);
	CHECK_EQ(ram(0x1000, 4), version);
}

static void wall_clock(void)
{
	start();
	fake.ram[0x800] = 7; /* whatever the guest left there */
	CHECK(pvclock_write_wall_clock(cpu, 0x800));
	CHECK_EQ(ram(0x800, 4) % 2, 0);
	CHECK_EQ(ram(0x804, 4), 1700000000);
	CHECK_EQ(ram(0x808, 4), 0);
}

static void bad_addresses(void)
{
	start();
	CHECK(!pvclock_write_system_time(cpu, FAKE_RAM_BYTES | 1));
	CHECK(!pvclock_write_system_time(cpu, (FAKE_RAM_BYTES - 16) | 1));
	CHECK(!pvclock_write_system_time(cpu, 0x1003));
	CHECK(!pvclock_write_system_time(cpu, ~0ul));
	CHECK_EQ(cpu->pvclock_gpa, 0);
	CHECK(!pvclock_write_wall_clock(cpu, FAKE_RAM_BYTES - 8));
	CHECK(!pvclock_write_wall_clock(cpu, 0x801));
	CHECK(!pvclock_write_wall_clock(cpu, -4ul));
}

static const struct unit_test tests[] = {
	UNIT_TEST(scales), UNIT_TEST(known_scales), UNIT_TEST(system_time),
	UNIT_TEST(same_line_on_all), UNIT_TEST(moved_tsc), UNIT_TEST(wall_clock),
	UNIT_TEST(bad_addresses),
};

int main(void)
{
	return UNIT_RUN(tests);
}
