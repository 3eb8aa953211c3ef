// SPDX-License-Identifier: MIT
/* EOIs without an exit (KVM's PV EOI): the word is offered when it may be used, taken as
 * the EOI when it is, and withdrawn when it is not; bad addresses fault. */
#include "guest.h"

#define KVM_FEATURES 0x40000001
#define FEATURE_PV_EOI BIT(6)
#define MSR_PV_EOI 0x4b564d04
#define LOW 0x40
#define HIGH 0x80
#define ROUNDS 1000

static volatile u32 word __attribute__((aligned(4)));
static unsigned came[256], offered[256];
static bool use; /* the word, where it is offered */

/* An EOI as a guest gives it: by the word if it is offered, else by the register. */
static void on_interrupt(struct frame *frame)
{
	unsigned vector = (unsigned)frame->vector;

	came[vector]++;
	offered[vector] += word & 1;
	if (use && word & 1)
		word &= ~1u;
	else
		apic_eoi();
}

static void self(unsigned vector)
{
	apic_send(0, APIC_TO_SELF | APIC_ASSERT | vector);
}

static void clear(void)
{
	memset(came, 0, sizeof(came));
	memset(offered, 0, sizeof(offered));
}

static void test_used(void)
{
	clear();
	use = true;
	for (unsigned i = 0; i < ROUNDS; i++) {
		self(LOW);
		sti();
		pause();
		cli();
	}
	check_equal(came[LOW], ROUNDS, "each interrupt comes, EOIs by the word");
	check_equal(offered[LOW], ROUNDS, "each EOI is offered");
	check_equal(apic_read(APIC_ISR + LOW / 32), 0, "none is served any more");
}

static void test_not_used(void)
{
	clear();
	use = false;
	for (unsigned i = 0; i < ROUNDS; i++) {
		self(LOW);
		sti();
		pause();
		cli();
	}
	check_equal(came[LOW], ROUNDS, "each interrupt comes, EOIs by the register");
	check_equal(word & 1, 0, "the offer was withdrawn");
	check_equal(apic_read(APIC_ISR + LOW / 32), 0, "none is served any more");
}

/* The higher one's EOI lets the lower one come, which only an exit can do. */
static void test_two(void)
{
	clear();
	use = true;
	self(LOW);
	self(HIGH);
	sti();
	pause();
	cli();
	check_equal(came[LOW], 1, "of two that wait the lower comes");
	check_equal(came[HIGH], 1, "and the higher");
	check_equal(offered[HIGH], 0, "whose EOI is not offered");
}

static bool enable(u64 value)
{
	return try_wrmsr(MSR_PV_EOI, value);
}

static void test_addresses(void)
{
	check(!enable(((u64)&word + 2) | 1), "an address that is not aligned faults");
	check(!enable(0x7ffffff0 | 1), "one where no RAM is");
	check(!enable(APIC_PAGE | 1), "one of a device");
	check(!enable(~3UL | 1), "one beyond all memory");
	check(enable(0), "off");
	clear();
	use = true;
	self(LOW);
	sti();
	pause();
	cli();
	check_equal(offered[LOW], 0, "then nothing is offered");
	check_equal(came[LOW], 1, "and the register serves");
}

int main(void)
{
	bool has = cpuid(KVM_FEATURES, 0).eax & FEATURE_PV_EOI;

	trap_set(LOW, on_interrupt);
	trap_set(HIGH, on_interrupt);
	if (x2apic_offered())
		x2apic_enable();
	apic_write(APIC_SVR, APIC_SVR_ENABLE | 0xff);
	if (has_option("off")) {
		check(!has, "CPUID does not show it");
		check(!enable((u64)&word | 1), "its MSR is not there");
		return 0;
	}
	check(has, "CPUID shows it");
	check(enable((u64)&word | 1), "its MSR takes an address");
	test_used();
	test_not_used();
	test_two();
	test_addresses();
	return 0;
}
