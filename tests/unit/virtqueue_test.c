// SPDX-License-Identifier: MIT
/* vcpu/dev/virtqueue.c: chains as a driver makes them, rings that break each rule, and
 * memory full of junk. */
#include "bytes.h"
#include "fake_driver.h"
#include "unit.h"

#define ROUNDS 20000

static struct virtqueue q;
static struct virtq_chain chain;
static struct driver driver;
static struct vcpu *vcpu;

static void start(bool event_idx)
{
	driver = (struct driver){.vm = fake_vm(1)};
	vcpu = driver.vm->vcpus[0];
	q = (struct virtqueue){
		.desc = driver_desc_at(0),
		.avail = driver_avail_at(0),
		.used = driver_used_at(0),
		.size = FAKE_QUEUE,
		.ready = true,
		.event_idx = event_idx,
	};
	CHECK(virtqueue_is_valid(&q));
}

static enum virtq_result take(void)
{
	return virtqueue_take(&q, vcpu, &chain);
}

static void takes_chains(void)
{
	u8 text[8];

	start(false);
	CHECK_EQ(take(), VIRTQ_EMPTY);
	driver_desc(0, 3, FAKE_BUFFERS, 4, FAKE_NEXT, 5);
	driver_desc(0, 5, FAKE_BUFFERS + 16, 4, FAKE_NEXT, 1);
	driver_desc(0, 1, FAKE_BUFFERS + 32, 100, FAKE_WRITE, 7);
	driver_offer(&driver, 0, 3);
	CHECK_EQ(take(), VIRTQ_CHAIN);
	CHECK_EQ(chain.head, 3);
	CHECK_EQ(chain.count, 3);
	CHECK_EQ(chain.readable, 2);
	CHECK_EQ(chain.read_bytes, 8);
	CHECK_EQ(chain.write_bytes, 100);
	memcpy(fake.ram + FAKE_BUFFERS, "abcd", 4);
	memcpy(fake.ram + FAKE_BUFFERS + 16, "efgh", 4);
	CHECK(virtqueue_read(&q, vcpu, &chain, 2, text, 4));
	CHECK(!memcmp(text, "cdef", 4));
	CHECK(virtqueue_write(&q, vcpu, &chain, 98, "xy", 2));
	CHECK(!memcmp(fake.ram + FAKE_BUFFERS + 32 + 98, "xy", 2));
	CHECK_EQ(take(), VIRTQ_EMPTY);
	CHECK(virtqueue_give(&q, vcpu, chain.head, 77));
	CHECK_EQ(driver_used(0), 1);
	CHECK_EQ(driver_used_head(0, 0), 3);
	CHECK_EQ(driver_used_bytes(0, 0), 77);
	CHECK(!q.why);
	CHECK(!virtqueue_read(&q, vcpu, &chain, 5, text, 4));
	CHECK_HAS(q.why, "too short");
}

/* Indexes run past 65535 and past the ring's end. */
static void wraps(void)
{
	start(false);
	driver_desc(0, 2, FAKE_BUFFERS, 4, 0, 0);
	for (u32 i = 0; i < 70000; i++) {
		driver_offer(&driver, 0, 2);
		if (!CHECK_EQ(take(), VIRTQ_CHAIN))
			return;
		CHECK(virtqueue_give(&q, vcpu, 2, i));
		CHECK_EQ(driver_used_bytes(0, (u16)i), i);
	}
	CHECK_EQ(driver_used(0), (u16)70000);
}

static void flags_say_whether_to_interrupt(void)
{
	start(false);
	driver_desc(0, 0, FAKE_BUFFERS, 4, 0, 0);
	CHECK(!virtqueue_wants_interrupt(&q, vcpu));
	driver_offer(&driver, 0, 0);
	take();
	virtqueue_give(&q, vcpu, 0, 0);
	CHECK(virtqueue_wants_interrupt(&q, vcpu));
	CHECK(!virtqueue_wants_interrupt(&q, vcpu));
	store_u16(fake.ram + q.avail, 1);
	driver_offer(&driver, 0, 0);
	take();
	virtqueue_give(&q, vcpu, 0, 0);
	CHECK(!virtqueue_wants_interrupt(&q, vcpu));
	CHECK(!virtqueue_want_notify(&q, vcpu));
	CHECK_EQ(load_u16(fake.ram + q.used), 0);
}

static void event_indexes(void)
{
	start(true);
	driver_desc(0, 0, FAKE_BUFFERS, 4, 0, 0);
	/* Interrupt when the index passes 3. */
	store_u16(fake.ram + q.avail + 4 + 2 * FAKE_QUEUE, 2);
	for (u16 i = 0; i < 6; i++) {
		driver_offer(&driver, 0, 0);
		CHECK_EQ(take(), VIRTQ_CHAIN);
		virtqueue_give(&q, vcpu, 0, 0);
		CHECK_EQ(virtqueue_wants_interrupt(&q, vcpu), i == 2);
	}
	CHECK(!virtqueue_want_notify(&q, vcpu));
	CHECK_EQ(load_u16(fake.ram + q.used + 4 + 8 * FAKE_QUEUE), 6);
	driver_offer(&driver, 0, 0);
	CHECK(virtqueue_want_notify(&q, vcpu));
}

/* One that breaks a rule must say which. */
static void expect_broken(const char *why)
{
	driver_offer(&driver, 0, 0);
	if (CHECK_EQ(take(), VIRTQ_BROKEN) && CHECK(q.why))
		CHECK_HAS(q.why, why);
}

static void index_jumps(void)
{
	start(false);
	driver_desc(0, 0, FAKE_BUFFERS, 4, 0, 0);
	driver.avail[0] = FAKE_QUEUE;
	expect_broken("jumps");
	start(false);
	driver.avail[0] = 0xfff0;
	expect_broken("jumps");
}

static void bad_descriptors(void)
{
	start(false);
	driver_desc(0, 0, FAKE_BUFFERS, 4, FAKE_NEXT, 1);
	driver_desc(0, 1, FAKE_BUFFERS, 4, FAKE_NEXT, 0);
	expect_broken("goes round");
	start(false);
	driver_desc(0, 0, FAKE_BUFFERS, 4, FAKE_NEXT, FAKE_QUEUE);
	expect_broken("beyond the table");
	start(false);
	driver_desc(0, 0, FAKE_BUFFERS, 4, FAKE_NEXT | FAKE_WRITE, 1);
	driver_desc(0, 1, FAKE_BUFFERS, 4, 0, 0);
	expect_broken("behind one to write");
	start(false);
	driver_desc(0, 0, FAKE_BUFFERS, 16, FAKE_INDIRECT, 0);
	expect_broken("indirect");
	start(false);
	driver_offer(&driver, 0, FAKE_QUEUE);
	CHECK_EQ(take(), VIRTQ_BROKEN);
}

static void not_in_ram(void)
{
	u8 byte;

	start(false);
	q.avail = ~0ul - 3;
	CHECK_EQ(take(), VIRTQ_BROKEN);
	CHECK_HAS(q.why, "not in its RAM");
	start(false);
	q.desc = FAKE_RAM_BYTES;
	expect_broken("not in its RAM");
	start(false);
	driver_desc(0, 0, ~0ul - 1, 4, FAKE_WRITE, 0);
	driver_offer(&driver, 0, 0);
	CHECK_EQ(take(), VIRTQ_CHAIN);
	CHECK(!virtqueue_write(&q, vcpu, &chain, 0, "abcd", 4));
	start(false);
	driver_desc(0, 0, 0, 0xffffffff, 0, 0);
	driver_offer(&driver, 0, 0);
	CHECK_EQ(take(), VIRTQ_CHAIN);
	CHECK(!virtqueue_read(&q, vcpu, &chain, 0xfffffffe, &byte, 1));
	start(false);
	q.used = FAKE_RAM_BYTES - 4;
	CHECK(!virtqueue_give(&q, vcpu, 0, 0));
}

static void sizes_and_alignment(void)
{
	static const u16 bad[] = {0, 3, 6, 100, 129, 256, 0x8000};

	start(false);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		q.size = bad[i];
		CHECK(!virtqueue_is_valid(&q));
	}
	for (q.size = 1; q.size <= VIRTQ_SIZE_MAX; q.size = (u16)(q.size * 2))
		CHECK(virtqueue_is_valid(&q));
	q.size = 1;
	q.desc += 8;
	CHECK(!virtqueue_is_valid(&q));
	q.desc -= 8;
	q.avail++;
	CHECK(!virtqueue_is_valid(&q));
	q.avail--;
	q.used += 2;
	CHECK(!virtqueue_is_valid(&q));
}

/* Junk everywhere: no fault, no endless loop; ends in a ring that is broken, or not. */
static void junk(void)
{
	u64 seed = 7, chains = 0, breaks = 0;
	u8 text[64];

	for (unsigned round = 0; round < ROUNDS; round++) {
		start(round & 1);
		for (u64 i = 0; i < 0x800; i += 8)
			store_u64(fake.ram + i, unit_random(&seed) & unit_random(&seed) &
							0x000f000700ff3fff);
		for (unsigned n = 0; n < 20 && !q.why; n++) {
			if (take() != VIRTQ_CHAIN)
				break;
			chains++;
			virtqueue_read(&q, vcpu, &chain, n, text, n);
			virtqueue_write(&q, vcpu, &chain, n, text, n);
			virtqueue_give(&q, vcpu, chain.head, n);
			virtqueue_wants_interrupt(&q, vcpu);
			virtqueue_want_notify(&q, vcpu);
		}
		breaks += q.why != NULL;
	}
	CHECK(chains > ROUNDS / 100);
	CHECK(breaks > ROUNDS / 100);
}

static const struct unit_test tests[] = {
	UNIT_TEST(takes_chains),
	UNIT_TEST(wraps),
	UNIT_TEST(flags_say_whether_to_interrupt),
	UNIT_TEST(event_indexes),
	UNIT_TEST(index_jumps),
	UNIT_TEST(bad_descriptors),
	UNIT_TEST(not_in_ram),
	UNIT_TEST(sizes_and_alignment),
	UNIT_TEST(junk),
};

int main(void)
{
	return UNIT_RUN(tests);
}
