// SPDX-License-Identifier: MIT
/* vcpu/msr.c: the MSRs that a guest may touch behave as they should, all others are
 * refused; and the three ways to move the TSC belong together. */
#include "arch/x86/regs.h"
#include "bytes.h"
#include "fake_vcpu.h"
#include "unit.h"
#include "vcpu/policy.h"

#define KVM_WALL_CLOCK 0x4b564d00
#define KVM_SYSTEM_TIME 0x4b564d01

static struct vm *vm;
static struct vcpu *cpu;
static u64 hardware_offset; /* last given to the back end */
static u32 hardware_writes;

void virt_set_tsc_offset(struct virt_vcpu *hv, u64 offset)
{
	CHECK(hv == cpu->hv);
	hardware_offset = offset;
	hardware_writes++;
}

static u32 apic_changes;

void cpuid_apic_changed(struct vcpu *vcpu)
{
	CHECK(vcpu == cpu);
	apic_changes++;
}

static struct vm_desc *options(void)
{
	return (struct vm_desc *)vm->desc;
}

static void begin(void)
{
	vm = fake_vm(2);
	cpu = vm->vcpus[1];
	options()->kvm = true;
	hardware_offset = 0;
	hardware_writes = 0;
	apic_changes = 0;
}

static u64 rd(u32 msr)
{
	u64 value = 0xbad;

	CHECK(msr_read(cpu, msr, &value));
	return value;
}

static void wr(u32 msr, u64 value)
{
	CHECK(msr_write(cpu, msr, value));
}

/* --- the table --- */

static const struct allowed {
	u32 msr;
	bool writes; /* a write of 0 is taken */
} allowed[] = {
	{0x10, true},            /* IA32_TIME_STAMP_COUNTER */
	{0x11, true},            /* KVM's wall clock, old */
	{0x12, true},            /* KVM's system time, old */
	{0x17, false},           /* IA32_PLATFORM_ID */
	{0x1b, true},            /* IA32_APIC_BASE: 0 switches the APIC off */
	{0x3b, true},            /* IA32_TSC_ADJUST */
	{0x8b, true},            /* IA32_BIOS_SIGN_ID */
	{0xce, false},           /* MSR_PLATFORM_INFO */
	{0x140, true},           /* MSR_MISC_FEATURES_ENABLES */
	{0x179, false},          /* IA32_MCG_CAP */
	{0x17a, true},           /* IA32_MCG_STATUS */
	{0x198, false},          /* IA32_PERF_STATUS */
	{0x1a0, true},           /* IA32_MISC_ENABLE */
	{0x1d9, true},           /* IA32_DEBUGCTL */
	{0x6e0, true},           /* IA32_TSC_DEADLINE */
	{KVM_WALL_CLOCK, true},  /* KVM's wall clock */
	{KVM_SYSTEM_TIME, true}, /* KVM's system time */
};

static const struct allowed *find(u32 msr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(allowed); i++) {
		if (allowed[i].msr == msr)
			return &allowed[i];
	}
	return NULL;
}

/* With the number, so that a failure names it. */
static u64 outcome(u32 msr, bool reads, bool writes)
{
	return (u64)msr << 8 | reads << 4 | writes;
}

static void check_range(u32 first, u32 last)
{
	for (u32 msr = first; msr <= last; msr++) {
		const struct allowed *a = find(msr);
		u64 value;
		bool reads;

		begin();
		reads = msr_read(cpu, msr, &value);
		CHECK_EQ(outcome(msr, reads, msr_write(cpu, msr, 0)),
			 outcome(msr, a, a && a->writes));
		CHECK(a || !msr_write(cpu, msr, ~0UL));
	}
}

static void all_others_refused(void)
{
	check_range(0, 0x2000); /* in xAPIC mode, so without 0x800-0x8ff */
	check_range(0x40000000, 0x40000100);
	check_range(0x4b564cf0, 0x4b564d10);
	check_range(0xc0000000, 0xc0000400);
	check_range(0xc0010000, 0xc0010200);
	check_range(0xfffffff0, 0xfffffffe);
}

static void constants(void)
{
	static const struct {
		u32 msr;
		u64 value;
	} values[] = {
		{0x17, 0},  {0x8b, BIT(32)}, {0xce, 0},  {0x140, 0},
		{0x179, 0}, {0x17a, 0},      {0x198, 0}, {0x1d9, 0},
	};

	begin();
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		CHECK_EQ(rd(values[i].msr), values[i].value);
		msr_write(cpu, values[i].msr, ~0UL);
		CHECK_EQ(rd(values[i].msr), values[i].value);
	}
	CHECK_EQ(hardware_writes, 0);
}

static void misc_enable(void)
{
	begin();
	CHECK_EQ(rd(0x1a0), 0x1800); /* no branch trace store, no PEBS */
	wr(0x1a0, ~0UL);
	CHECK_EQ(rd(0x1a0), 0x400c51809);
	wr(0x1a0, 0);
	CHECK_EQ(rd(0x1a0), 0x1800);
}

static void apic_registers(void)
{
	u64 value;

	begin();
	CHECK_EQ(rd(0x1b), 0xfee00800); /* not the boot processor */
	fake_enable_x2apics(vm);
	CHECK_EQ(rd(0x1b), 0xfee00c00);
	CHECK_EQ(rd(0x802), 1); /* its ID */
	CHECK_EQ(apic_changes, 0);
	CHECK(!msr_write(cpu, 0x1b, 0xfee00800 | BIT(8) | 1)); /* refused */
	CHECK_EQ(apic_changes, 0);
	wr(0x1b, 0xfee00c00);
	CHECK_EQ(apic_changes, 1); /* CPUID may have to say so */
	wr(0x808, 0x20);
	CHECK_EQ(rd(0x808), 0x20);
	CHECK(!msr_write(cpu, 0x802, 0) && !msr_read(cpu, 0x80e, &value));
	CHECK(!msr_read(cpu, 0x83f, &value)); /* self IPI: write only */
	wr(0x83f, 0x61);
	CHECK_EQ(fake_take(cpu), 0x61);
	for (u32 msr = 0x840; msr < 0x900; msr++)
		CHECK(!msr_read(cpu, msr, &value) && !msr_write(cpu, msr, 0));
}

/* --- the TSC --- */

static u64 guest_tsc(void)
{
	return fake.tsc + cpu->tsc_offset;
}

static void check_tsc(u64 tsc, u64 adjust)
{
	CHECK_EQ(rd(0x10), tsc);
	CHECK_EQ(rd(0x3b), adjust);
	CHECK_EQ(guest_tsc(), tsc);
	CHECK_EQ(hardware_offset, cpu->tsc_offset);
}

static void tsc_and_adjust(void)
{
	begin();
	check_tsc(fake.tsc, 0);
	fake.tsc += 77;
	check_tsc(fake.tsc, 0);
	wr(0x10, 5000); /* a write of the one moves the other by as much */
	check_tsc(5000, 5000 - fake.tsc);
	CHECK_EQ(hardware_writes, 1);
	fake.tsc += 10;
	check_tsc(5010, 5010 - fake.tsc);
	wr(0x3b, 0); /* as if nobody had ever written it */
	check_tsc(fake.tsc, 0);
	wr(0x3b, 1000);
	check_tsc(fake.tsc + 1000, 1000);
	wr(0x3b, 1000); /* the same again: nothing moves */
	check_tsc(fake.tsc + 1000, 1000);
	wr(0x3b, -5UL);
	check_tsc(fake.tsc - 5, -5UL);
	wr(0x10, 0);
	check_tsc(0, -fake.tsc);
	CHECK_EQ(vm->vcpus[0]->tsc_offset, 0); /* the other vCPU's is its own */
	CHECK_EQ(vm->vcpus[0]->tsc_adjust, 0);
}

static void random_moves(void)
{
	u64 seed = 11, moved = 0;

	begin();
	for (unsigned i = 0; i < 5000; i++) {
		u64 value = unit_random(&seed);

		fake.tsc += value >> 40;
		if (value & 1) {
			wr(0x10, value);
			moved = value - fake.tsc;
		} else {
			wr(0x3b, value);
			moved = value;
		}
		check_tsc(fake.tsc + moved, moved);
	}
}

/* Who moves the TSC moves what hangs on it: the deadline and the clock's record. */
static void what_hangs_on_the_tsc(void)
{
	u64 start;

	begin();
	fake_enable_apics(vm);
	vlapic_mmio_write(cpu, 0x320, 4, 2 << 17 | 0x55); /* TSC deadline */
	start = fake.tsc;
	wr(0x6e0, start + 10000);
	CHECK_EQ(cpu->lapic_timer.deadline, start + 10000);
	wr(0x3b, 4000); /* the guest's TSC is nearer to it now */
	CHECK_EQ(cpu->lapic_timer.deadline, start + 6000);
	wr(0x10, start + 1000);
	CHECK_EQ(cpu->lapic_timer.deadline, start + 9000);
	CHECK_EQ(rd(0x6e0), start + 10000);
	fake_advance(vm, 9000);
	CHECK_EQ(fake_take(cpu), 0x55);
	CHECK_EQ(rd(0x6e0), 0);
	wr(KVM_SYSTEM_TIME, 0x1000 | 1);
	CHECK_EQ(load_u32(fake.ram + 0x1000), 2); /* its version */
	wr(0x10, 123456);
	CHECK_EQ(load_u32(fake.ram + 0x1000), 4);
	wr(0x3b, 99);
	CHECK_EQ(load_u32(fake.ram + 0x1000), 6);
	CHECK_EQ(load_u64(fake.ram + 0x1008), vm->rtc.boot_tsc + 99);
}

/* --- KVM's clock --- */

static void clock_needs_kvm(void)
{
	static const struct {
		u32 msr;
		u64 value;
	} clocks[] = {
		{0x11, 0x2000},
		{0x12, 0x2001},
		{KVM_WALL_CLOCK, 0x2000},
		{KVM_SYSTEM_TIME, 0x2001},
	};
	static u8 before[FAKE_RAM_BYTES];
	u64 value;

	for (unsigned i = 0; i < ARRAY_SIZE(clocks); i++) {
		begin();
		memcpy(before, fake.ram, sizeof(before));
		options()->kvm = false;
		CHECK(!msr_write(cpu, clocks[i].msr, clocks[i].value));
		CHECK(!msr_write(cpu, clocks[i].msr, 0));
		CHECK(!msr_read(cpu, clocks[i].msr, &value));
		CHECK(!memcmp(before, fake.ram, sizeof(before)));
		options()->kvm = true;
		wr(clocks[i].msr, clocks[i].value);
		CHECK_EQ(load_u32(fake.ram + 0x2000), 2);
		CHECK(!msr_write(cpu, clocks[i].msr, FAKE_RAM_BYTES | 1)); /* no RAM */
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(all_others_refused),    UNIT_TEST(constants),
	UNIT_TEST(misc_enable),           UNIT_TEST(apic_registers),
	UNIT_TEST(tsc_and_adjust),        UNIT_TEST(random_moves),
	UNIT_TEST(what_hangs_on_the_tsc), UNIT_TEST(clock_needs_kvm),
};

int main(void)
{
	return UNIT_RUN(tests);
}
