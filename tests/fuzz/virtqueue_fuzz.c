// SPDX-License-Identifier: MIT
/* vcpu/dev/virtqueue.c: the input is where the rings are, what the device does, and the
 * guest's memory. */
#include "fuzz.h"
#include "string.h"
#include "tests/unit/fake_vcpu.h"
#include "vcpu/dev/virtqueue.h"

#define STEPS_MAX 64

static void check_chain(const struct virtqueue *q, const struct virtq_chain *chain)
{
	u64 readable = 0, writable = 0;

	CHECK(chain->head < q->size);
	CHECK(chain->count >= 1 && chain->count <= VIRTQ_CHAIN_MAX);
	CHECK(chain->readable <= chain->count);
	for (unsigned i = 0; i < chain->count; i++) {
		if (i < chain->readable)
			readable += chain->seg[i].bytes;
		else
			writable += chain->seg[i].bytes;
	}
	CHECK_EQ(readable, chain->read_bytes);
	CHECK_EQ(writable, chain->write_bytes);
}

static bool serve(struct virtqueue *q, struct vcpu *cpu, const struct virtq_chain *chain,
		  u8 what)
{
	u8 buf[32] = {what};
	u64 bytes = what % sizeof(buf), offset = what >> 5;

	if (what & 1 && virtqueue_read(q, cpu, chain, offset, buf, bytes))
		CHECK(offset + bytes <= chain->read_bytes);
	if (what & 2 && virtqueue_write(q, cpu, chain, offset, buf, bytes))
		CHECK(offset + bytes <= chain->write_bytes);
	return virtqueue_give(q, cpu, chain->head, what);
}

static void run(struct virtqueue *q, struct vcpu *cpu, const u8 *what)
{
	struct virtq_chain chain;

	for (unsigned i = 0; i < STEPS_MAX; i++) {
		enum virtq_result result = virtqueue_take(q, cpu, &chain);

		CHECK(result != VIRTQ_BROKEN || q->why);
		if (result == VIRTQ_BROKEN)
			return;
		if (result == VIRTQ_EMPTY && !virtqueue_want_notify(q, cpu))
			return;
		if (result != VIRTQ_CHAIN)
			continue;
		check_chain(q, &chain);
		if (!serve(q, cpu, &chain, what[i % 8]))
			return;
		if (what[i % 8] & 4)
			virtqueue_wants_interrupt(q, cpu);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	struct input in = {data, bytes};
	struct vcpu *cpu = fake_vm(1)->vcpus[0];
	struct virtqueue q = {.ready = true};
	u8 what[8];

	q.size = take_u8(&in);
	q.event_idx = take_u8(&in) & 1;
	q.next_avail = q.seen_avail = take_u16(&in);
	q.next_used = q.signalled = take_u16(&in);
	q.desc = take_u16(&in);
	q.avail = take_u16(&in);
	q.used = take_u16(&in);
	take(&in, what, sizeof(what));
	memcpy(fake.ram, in.at, in.left < FAKE_RAM_BYTES ? in.left : FAKE_RAM_BYTES);
	if (virtqueue_is_valid(&q))
		run(&q, cpu, what);
	return 0;
}
