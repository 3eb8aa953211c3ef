// SPDX-License-Identifier: MIT
/* vcpu/dev/hpet.c: a counter of 10 ns that runs when it is told to, read and written in
 * halves or whole. */
#include "fake_vcpu.h"
#include "unit.h"
#include "vcpu/dev/hpet.h"

static struct hpet hpet;

static u64 rd(u32 offset)
{
	return hpet_read(&hpet, offset, 8);
}

static void start(void)
{
	fake_vm(1);
	hpet = (struct hpet){0};
}

/* A millisecond of the host's TSC is 100000 counts. */
static void pass_ms(u64 ms)
{
	fake.tsc += ms * FAKE_KHZ;
}

static void identity(void)
{
	start();
	CHECK_EQ(rd(0) >> 32, 10000000); /* femtoseconds */
	CHECK(rd(0) & BIT(13));          /* 64 bits wide */
	CHECK_EQ(rd(0) & 0xff, 1);       /* revision */
	CHECK_EQ(rd(0x100), 0);
	hpet_write(&hpet, 0, 8, 0);
	CHECK_EQ(rd(0) >> 32, 10000000);
}

static void counts(void)
{
	start();
	pass_ms(3);
	CHECK_EQ(rd(0xf0), 0);
	hpet_write(&hpet, 0x10, 8, ~0UL);
	CHECK_EQ(rd(0x10), 1); /* enabled; no legacy routing */
	pass_ms(3);
	CHECK_EQ(rd(0xf0), 300000);
	pass_ms(1000000000);
	CHECK_EQ(rd(0xf0), 300000 + 100000000000000);
	hpet_write(&hpet, 0x10, 8, 0);
	pass_ms(5);
	CHECK_EQ(rd(0xf0), 300000 + 100000000000000);
	hpet_write(&hpet, 0x10, 8, 1); /* and on from there */
	pass_ms(1);
	CHECK_EQ(rd(0xf0), 400000 + 100000000000000);
	hpet_write(&hpet, 0x18, 8, 77); /* of a register that is not there: nothing */
	hpet_write(&hpet, 0x10, 8, 1);  /* once more: it loses nothing */
	CHECK_EQ(rd(0xf0), 400000 + 100000000000000);
}

static void is_set(void)
{
	start();
	hpet_write(&hpet, 0xf0, 8, 0x123456789abcdef0);
	CHECK_EQ(rd(0xf0), 0x123456789abcdef0);
	CHECK_EQ(hpet_read(&hpet, 0xf0, 4), 0x9abcdef0);
	CHECK_EQ(hpet_read(&hpet, 0xf4, 4), 0x12345678);
	hpet_write(&hpet, 0xf4, 4, 5);
	CHECK_EQ(rd(0xf0), 0x59abcdef0);
	hpet_write(&hpet, 0xf0, 4, 7);
	CHECK_EQ(rd(0xf0), 0x500000007);
	/* Neither bytes nor odd places. */
	hpet_write(&hpet, 0xf0, 1, 1);
	hpet_write(&hpet, 0xf4, 8, 1);
	hpet_write(&hpet, 0xf2, 4, 1);
	CHECK_EQ(rd(0xf0), 0x500000007);
	CHECK_EQ(hpet_read(&hpet, 0xf0, 2) | hpet_read(&hpet, 0xf2, 4) |
			 hpet_read(&hpet, 0xf4, 8),
		 0);
}

/* However the time passes, in whatever pieces, it never goes back. */
static void monotonic(void)
{
	u64 seed = 3, last = 0;

	start();
	for (unsigned i = 0; i < 20000; i++) {
		u64 random = unit_random(&seed), now;

		fake.tsc += random >> 50;
		if (random % 7 == 0)
			hpet_write(&hpet, 0x10, 8, random >> 8 & 1);
		now = rd(0xf0);
		CHECK(now >= last);
		last = now;
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(identity),
	UNIT_TEST(counts),
	UNIT_TEST(is_set),
	UNIT_TEST(monotonic),
};

int main(void)
{
	return UNIT_RUN(tests);
}
