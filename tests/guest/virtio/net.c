// SPDX-License-Identifier: MIT
/* Frames between guests: an echo, one that counts what comes back, and a flood. The only
 * device is the network's. */
#include "net.h"
#include "driver.h"

#define DEVICE 0
#define RECEIVE 0
#define TRANSMIT 1
#define BUFFERS 32
#define HEADER 12
#define FRAME 1514
#define TYPE 0x88b5 /* IEEE 802: for local experiments */
#define PINGS 300
#define TRIES 200
#define PATIENCE 300000 /* ticks to wait for an answer */
#define REPORT 1000     /* frames of the flood, between two lines */

struct buffer {
	u8 header[HEADER];
	u8 to[6], from[6];
	u8 type[2];
	u32 number;
	u8 rest[FRAME - 18];
} __attribute__((packed));

static struct buffer in[BUFFERS], out;
static u8 own[6];

static void offer_buffer(unsigned i)
{
	driver_desc(RECEIVE, i, &in[i], sizeof(in[i]), WRITE, 0);
	driver_offer(RECEIVE, (u16)i);
}

static bool same(const u8 *a, const u8 *b)
{
	for (unsigned i = 0; i < 6; i++) {
		if (a[i] != b[i])
			return false;
	}
	return true;
}

static void start(void)
{
	driver_start(DEVICE);
	for (unsigned i = 0; i < 6; i++)
		own[i] = *(volatile u8 *)(VIRTIO_PAGE + REG_CONFIG + i);
	for (unsigned i = 0; i < BUFFERS; i++)
		offer_buffer(i);
	reg_write(DEVICE, REG_NOTIFY, RECEIVE);
}

static void send(const u8 *to, const u8 *from, u32 number, u32 bytes)
{
	u32 unused;

	memset(out.header, 0, HEADER);
	memcpy(out.to, to, 6);
	memcpy(out.from, from, 6);
	out.type[0] = TYPE >> 8;
	out.type[1] = TYPE & 0xff;
	out.number = number;
	driver_desc(TRANSMIT, 0, &out, HEADER + bytes, 0, 0);
	driver_offer(TRANSMIT, 0);
	reg_write(DEVICE, REG_NOTIFY, TRANSMIT);
	while (!driver_back(TRANSMIT, &unused))
		;
}

/* The next frame of ours that came, copied; gives the buffer back. */
static bool receive(struct buffer *frame)
{
	struct rings *r = &rings[RECEIVE];
	u32 bytes, head = r->used.ring[r->seen % QUEUE].head;

	if (!driver_back(RECEIVE, &bytes))
		return false;
	memcpy(frame, &in[head], sizeof(*frame));
	offer_buffer(head);
	reg_write(DEVICE, REG_NOTIFY, RECEIVE);
	return frame->type[0] == TYPE >> 8 && frame->type[1] == (TYPE & 0xff);
}

static const u8 all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

void net_echo(void)
{
	static struct buffer frame;

	start();
	for (;;) {
		if (receive(&frame) && frame.number)
			send(frame.from, own, frame.number, 60);
	}
}

static bool answered(u8 *peer, u32 number)
{
	static struct buffer frame;
	u64 until = rdtsc() + PATIENCE;

	while (rdtsc() < until) {
		if (receive(&frame) && frame.number == number && same(frame.to, own)) {
			memcpy(peer, frame.from, 6);
			return true;
		}
	}
	return false;
}

void net_ping(void)
{
	u8 peer[6];
	u32 lost = 0, number = 1;

	start();
	memcpy(peer, all, 6);
	while (number <= PINGS && lost < TRIES) {
		send(peer, own, number, 60 + number % (FRAME - 60));
		if (answered(peer, number))
			number++;
		else
			lost++;
	}
	print("virtio: %u frames came back, %u sent again\n", number - 1, lost);
	check_equal(number - 1, PINGS, "all frames come back, if not at once");
}

/* Break the ring and begin again. */
static void break_ring(void)
{
	driver_desc(TRANSMIT, 0, &out, 60, NEXT, 0);
	driver_offer(TRANSMIT, 0);
	reg_write(DEVICE, REG_NOTIFY, TRANSMIT);
	if (!(reg_read(DEVICE, REG_STATUS) & NEEDS_RESET))
		print("not ok: a chain that goes round was taken\n");
	start();
}

void net_flood(void)
{
	u8 to[6] = {2, 1}, from[6] = {2, 2};

	start();
	for (u32 i = 0;; i++) {
		to[5] = from[5] = (u8)i;
		to[4] = from[4] = (u8)(i >> 8);
		send(i % 2 ? all : to, i % 3 ? from : own, 0, FRAME);
		if (i % 64 == 0)
			break_ring();
		if (i % REPORT == 0)
			print("virtio: flood goes on\n");
	}
}
