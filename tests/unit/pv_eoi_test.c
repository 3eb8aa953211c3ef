// SPDX-License-Identifier: MIT
/* vcpu/pv_eoi.c: which interrupts' EOIs are offered, what becomes of an offer, and what a
 * guest may write to the MSR. */
#include "arch/x86/regs.h"
#include "fake_vcpu.h"
#include "string.h"
#include "unit.h"
#include "vcpu/pv_eoi.h"
#include "vcpu/vlapic_regs.h"

#define WORD 0x1000
#define OFFERED 1u

static struct vm *vm;
static struct vcpu *cpu;

static void start(void)
{
	vm = fake_vm(2);
	cpu = vm->vcpus[0];
	fake_enable_apics(vm);
	CHECK(pv_eoi_write(cpu, WORD | 1));
}

static u32 word(void)
{
	u32 value;

	memcpy(&value, fake.ram + WORD, sizeof(value));
	return value;
}

static void set_word(u32 value)
{
	memcpy(fake.ram + WORD, &value, sizeof(value));
}

static void inject(u8 vector)
{
	vlapic_accept(cpu, vector);
	pv_eoi_offer(cpu);
}

static void taken(void)
{
	start();
	CHECK(vlapic_set_irr(cpu, 0x40, false));
	set_word(0xabcd0000);
	inject(0x40);
	CHECK_EQ(word(), 0xabcd0000 | OFFERED);
	set_word(0xabcd0000); /* the guest's EOI */
	CHECK(vlapic_set_irr(cpu, 0x40, false));
	CHECK_EQ(vlapic_highest_pending(cpu), -1); /* not yet known */
	pv_eoi_settle(cpu);
	CHECK_EQ(vlapic_serving(&cpu->lapic), -1);
	CHECK_EQ(vlapic_highest_pending(cpu), 0x40);
	pv_eoi_settle(cpu); /* once only */
	CHECK_EQ(cpu->stats.pv_eois, 1);
}

static void withdrawn(void)
{
	start();
	CHECK(vlapic_set_irr(cpu, 0x40, false));
	inject(0x40);
	pv_eoi_settle(cpu);
	CHECK_EQ(word(), 0);
	CHECK_EQ(vlapic_serving(&cpu->lapic), 0x40);
	CHECK_EQ(cpu->stats.pv_eois, 0);
	/* A register that shows what is served asks by itself; so does an EOI. */
	pv_eoi_offer(cpu);
	CHECK_EQ(word(), OFFERED);
	CHECK(!vlapic_fast_wrmsr(cpu, MSR_X2APIC_BASE + APIC_EOI, 0));
	CHECK(vlapic_mmio_write(cpu, APIC_EOI * 16, 4, 0));
	CHECK_EQ(word(), 0);
	CHECK_EQ(vlapic_serving(&cpu->lapic), -1);
}

/* Those whose EOI means more than that it is over. */
static void not_offered(void)
{
	start();
	CHECK(vlapic_set_irr(cpu, 0x40, true)); /* a level: the IOAPIC wants to know */
	inject(0x40);
	CHECK_EQ(word(), 0);
	start();
	CHECK(vlapic_set_irr(cpu, 0x40, false)); /* one waits for the EOI */
	CHECK(vlapic_set_irr(cpu, 0x41, false));
	inject(0x41);
	CHECK_EQ(word(), 0);
	start();
	CHECK(vlapic_set_irr(cpu, 0x40, false)); /* nested in another */
	vlapic_accept(cpu, 0x40);
	CHECK(vlapic_set_irr(cpu, 0x80, false));
	inject(0x80);
	CHECK_EQ(word(), 0);
	start();
	CHECK(pv_eoi_write(cpu, 0)); /* switched off */
	CHECK(vlapic_set_irr(cpu, 0x40, false));
	inject(0x40);
	CHECK_EQ(word(), 0);
}

static void bad_addresses(void)
{
	start();
	CHECK(!pv_eoi_write(cpu, (WORD + 2) | 1));
	CHECK_EQ(cpu->pv_eoi_gpa, 0);
	CHECK(!pv_eoi_write(cpu, FAKE_RAM_BYTES | 1));
	CHECK(!pv_eoi_write(cpu, ~3ul | 1));
	CHECK_EQ(cpu->pv_eoi_gpa, 0);
	/* The last word of RAM. */
	CHECK(pv_eoi_write(cpu, (FAKE_RAM_BYTES - 4) | 1));
}

/* A new address, or none, while an offer stands: the old word is put in order. */
static void moved(void)
{
	start();
	CHECK(vlapic_set_irr(cpu, 0x40, false));
	inject(0x40);
	CHECK(pv_eoi_write(cpu, (WORD + 8) | 1));
	CHECK_EQ(word(), 0);
	CHECK_EQ(vlapic_serving(&cpu->lapic), 0x40);
	pv_eoi_offer(cpu);
	pv_eoi_reset(cpu);
	pv_eoi_settle(cpu);
	CHECK_EQ(cpu->stats.pv_eois, 0);
}

static const struct unit_test tests[] = {
	UNIT_TEST(taken),         UNIT_TEST(withdrawn), UNIT_TEST(not_offered),
	UNIT_TEST(bad_addresses), UNIT_TEST(moved),
};

int main(void)
{
	return UNIT_RUN(tests);
}
