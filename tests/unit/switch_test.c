// SPDX-License-Identifier: MIT
/* vcpu/dev/switch.c and virtio_net.c: who gets a frame, what is learned and from whom,
 * full queues, and frames through rings. */
#include "fake_driver.h"
#include "string.h"
#include "unit.h"

#define PORTS 4
#define HEADER_BYTES 12
#define ALL 0xff

static struct vm *vm;
static struct switch_port *port[PORTS];

static void mac_of(unsigned n, u8 mac[6])
{
	const u8 made[] = {2, 0, 0, 0, 0, (u8)n};

	memcpy(mac, made, 6);
}

static struct switch_port *attach(unsigned n, const char *name)
{
	u8 mac[6];

	mac_of(n, mac);
	return switch_attach(vm, n, name, mac);
}

static void start(void)
{
	vm = fake_vm(1);
	for (unsigned i = 0; i < PORTS; i++) {
		port[i] = attach(i, i == 3 ? "other" : "lan");
		CHECK(port[i]);
		switch_open(port[i], true);
	}
}

static void end(void)
{
	for (unsigned i = 0; i < PORTS; i++)
		switch_detach(port[i]);
	CHECK_EQ(unit_pages_live(), 0);
	CHECK_EQ(fake.lock_errors, 0);
}

/* A frame between addresses n; ALL: broadcast. */
static unsigned send(unsigned by, unsigned to, unsigned from)
{
	u8 frame[60] = {0};

	mac_of(to, frame);
	if (to == ALL)
		memset(frame, 0xff, 6);
	mac_of(from, frame + 6);
	frame[14] = (u8)to;
	return switch_send(port[by], frame, sizeof(frame));
}

/* Take what waits at a port; returns how many. */
static unsigned taken(unsigned at)
{
	unsigned count = 0;

	for (; switch_peek(port[at]); count++)
		switch_take(port[at]);
	return count;
}

static struct switch_stats stats_of(unsigned at)
{
	struct switch_stats stats;

	switch_get_stats(port[at], &stats);
	return stats;
}

static void known_and_unknown(void)
{
	start();
	CHECK_EQ(send(0, 1, 0), 1);
	CHECK_EQ(taken(1), 1);
	CHECK_EQ(taken(2) + taken(3) + taken(0), 0);
	CHECK_EQ(send(0, ALL, 0), 2);
	CHECK_EQ(taken(1) + taken(2), 2);
	CHECK_EQ(taken(3), 0);
	CHECK_EQ(send(0, 77, 0), 2);
	CHECK_EQ(taken(1) + taken(2), 2);
	/* Learned from its source, then alone. */
	CHECK_EQ(send(2, 0, 77), 1);
	CHECK_EQ(send(0, 77, 0), 1);
	CHECK_EQ(taken(2), 1);
	CHECK_EQ(taken(1), 0);
	/* To itself, and to another switch: nowhere. */
	CHECK_EQ(send(0, 0, 0), 0);
	taken(0);
	CHECK_EQ(send(0, 3, 0), 2);
	CHECK_EQ(taken(3), 0);
	end();
}

static void sources_are_protected(void)
{
	start();
	CHECK_EQ(send(2, 0, 1), 0); /* the address of port 1 */
	CHECK_EQ(stats_of(2).refused, 1);
	CHECK_EQ(send(0, 1, 0), 1);
	CHECK_EQ(taken(1), 1);
	CHECK_EQ(send(1, 0, 50), 1);
	CHECK_EQ(send(2, 0, 50), 0); /* learned at port 1, and fresh */
	CHECK_EQ(send(0, 50, 0), 1);
	CHECK_EQ(taken(1), 1);
	/* After its age it may move. */
	fake_advance(vm, FAKE_KHZ * 1000 * (SWITCH_AGE_S + 1));
	CHECK_EQ(send(2, 0, 50), 1);
	CHECK_EQ(send(0, 50, 0), 1);
	CHECK_EQ(taken(2), 1);
	/* A group is no source. */
	CHECK_EQ(switch_send(port[0], (const u8 *)"\2\0\0\0\0\1\1\0\0\0\0\0..", 14), 0);
	end();
}

/* One that makes up addresses pushes out its own only. */
static void few_addresses_each(void)
{
	start();
	send(1, 0, 60);
	for (unsigned i = 100; i < 200; i++) {
		fake_advance(vm, FAKE_MS);
		send(2, 0, i);
	}
	CHECK_EQ(send(0, 60, 0), 1);
	CHECK_EQ(taken(1), 1);
	taken(2);
	CHECK_EQ(send(0, 199, 0), 1);
	CHECK_EQ(send(0, 200 - SWITCH_LEARNED, 0), 1);
	CHECK_EQ(send(0, 199 - SWITCH_LEARNED, 0), 2);
	end();
}

static void full_queue(void)
{
	start();
	fake_clear_counts();
	for (unsigned i = 0; i < SWITCH_QUEUE + 5; i++)
		send(0, 1, 0);
	CHECK_EQ(stats_of(1).dropped, 5);
	/* It was told once; the others are not held up. */
	CHECK_EQ(fake.counts[0].kicks, 1);
	CHECK_EQ(send(0, 2, 0), 1);
	CHECK_EQ(taken(2), 1);
	CHECK_EQ(taken(1), SWITCH_QUEUE);
	CHECK_EQ(stats_of(1).received, SWITCH_QUEUE);
	CHECK_EQ(stats_of(0).sent, SWITCH_QUEUE + 6);
	send(0, 1, 0);
	CHECK_EQ(fake.counts[0].kicks, 3);
	end();
}

static void closed_and_pulled_out(void)
{
	start();
	send(0, 1, 0);
	switch_open(port[1], false);
	CHECK(!switch_peek(port[1]));
	send(0, 1, 0);
	switch_open(port[1], true);
	CHECK(!switch_peek(port[1]));
	switch_detach(port[1]);
	CHECK_EQ(send(0, 1, 0), 1); /* unknown by now: to port 2 */
	CHECK_EQ(taken(2), 1);
	port[1] = attach(1, "lan");
	CHECK(!attach(2, "lan")); /* the address is taken */
	switch_open(port[1], true);
	CHECK_EQ(send(0, 1, 0), 1);
	CHECK_EQ(taken(1), 1);
	end();
}

static void so_many_ports(void)
{
	struct switch_port *more[SWITCH_PORTS_MAX];

	vm = fake_vm(1);
	for (unsigned i = 0; i < SWITCH_PORTS_MAX; i++)
		CHECK(more[i] = attach(i, "big"));
	CHECK(!attach(40, "big"));
	for (unsigned i = 0; i < SWITCH_PORTS_MAX; i++)
		switch_detach(more[i]);
	CHECK_EQ(unit_pages_live(), 0);
}

/* --- through rings: two devices of one VM --- */

static struct driver a;

static void start_devices(void)
{
	struct vm_desc *desc;

	vm = fake_vm(1);
	desc = (struct vm_desc *)(uintptr_t)vm->desc;
	desc->nic_count = 2;
	string_copy(desc->nics[0].name, "lan", VM_NAME_MAX);
	string_copy(desc->nics[1].name, "lan", VM_NAME_MAX);
	CHECK(!virtio_init(vm));
	desc->nic_count = 0;
	driver_start(&a, vm, 0, VIRTIO_F_VERSION_1 | BIT(5));
}

static void end_devices(void)
{
	while (virtio_free_some(vm))
		;
	CHECK_EQ(unit_pages_live(), 0);
}

/* A frame for all of `bytes`, header included, into descriptor 0 of the sender. */
static void offer_frame(u32 bytes)
{
	memset(fake.ram + FAKE_BUFFERS, 0, HEADER_BYTES);
	memset(fake.ram + FAKE_BUFFERS + HEADER_BYTES, 0xff, 6);
	memcpy(fake.ram + FAKE_BUFFERS + HEADER_BYTES + 6, vm->virtio.dev[0].config, 6);
	driver_desc(1, 0, FAKE_BUFFERS, bytes, 0, 0);
	driver_offer(&a, 1, 0);
}

static void sends(void)
{
	struct switch_port *other;
	const struct switch_frame *frame;
	u64 malformed;

	start_devices();
	other = vm->virtio.dev[1].net.port;
	switch_open(other, true);
	CHECK_EQ(driver_read(&a, 0x100), 0x00505302);
	offer_frame(HEADER_BYTES + 60);
	driver_notify(&a, 1);
	frame = switch_peek(other);
	if (CHECK(frame))
		CHECK_EQ(frame->bytes, 60);
	CHECK_EQ(driver_used(1), 1);
	CHECK_EQ(driver_used_bytes(1, 0), 0);
	switch_take(other);
	malformed = vm->virtio.dev[0].net.malformed;
	offer_frame(HEADER_BYTES + 13);
	offer_frame(HEADER_BYTES + SWITCH_FRAME_MAX + 1);
	offer_frame(4);
	driver_notify(&a, 1);
	CHECK_EQ(driver_used(1), 4);
	CHECK_EQ(vm->virtio.dev[0].net.malformed, malformed + 3);
	/* An offload that was not negotiated. */
	offer_frame(HEADER_BYTES + 60);
	fake.ram[FAKE_BUFFERS + 1] = 1;
	driver_notify(&a, 1);
	CHECK_EQ(vm->virtio.dev[0].net.malformed, malformed + 4);
	CHECK(!switch_peek(other));
	end_devices();
}

static void receives(void)
{
	u8 frame[100];

	start_devices();
	memset(frame, 0xff, 6);
	memcpy(frame + 6, vm->virtio.dev[1].config, 6);
	memset(frame + 12, 0x5a, sizeof(frame) - 12);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(switch_send(vm->virtio.dev[1].net.port, frame, sizeof(frame)),
			 1);
	driver_serve(&a);
	CHECK_EQ(driver_used(0), 0);
	driver_desc(0, 0, FAKE_BUFFERS, 60, FAKE_NEXT | FAKE_WRITE, 1);
	driver_desc(0, 1, FAKE_BUFFERS + 0x800, 1500, FAKE_WRITE, 0);
	driver_offer(&a, 0, 0);
	driver_notify(&a, 0);
	CHECK_EQ(driver_used(0), 1);
	CHECK_EQ(driver_used_bytes(0, 0), HEADER_BYTES + sizeof(frame));
	CHECK_EQ(fake.ram[FAKE_BUFFERS + 10], 1);
	CHECK(!memcmp(fake.ram + FAKE_BUFFERS + HEADER_BYTES, frame, 48));
	CHECK(!memcmp(fake.ram + FAKE_BUFFERS + 0x800, frame + 48, sizeof(frame) - 48));
	CHECK(driver_line(&a));
	/* A buffer that is too small is the driver's fault. */
	driver_desc(0, 0, FAKE_BUFFERS, 60, FAKE_WRITE, 0);
	driver_offer(&a, 0, 0);
	driver_notify(&a, 0);
	CHECK_EQ(driver_read(&a, 0x70), 15 | 0x40);
	end_devices();
}

static const struct unit_test tests[] = {
	UNIT_TEST(known_and_unknown),
	UNIT_TEST(sources_are_protected),
	UNIT_TEST(few_addresses_each),
	UNIT_TEST(full_queue),
	UNIT_TEST(closed_and_pulled_out),
	UNIT_TEST(so_many_ports),
	UNIT_TEST(sends),
	UNIT_TEST(receives),
};

int main(void)
{
	return UNIT_RUN(tests);
}
