// SPDX-License-Identifier: MIT
/* The network device. No offloads: a frame is one buffer with a header of zeros. Sends
 * from the guest's memory through a buffer of the device into other ports' queues;
 * receives from the own port's queue into the guest's memory. */
#include "vcpu/dev/virtio_net.h"
#include "string.h"
#include "vcpu/vm.h"

#define RECEIVE 0
#define TRANSMIT 1
/* A frame to or from a port is one unit: about 600 instructions with its ring. */
#define STEP_UNITS 8

/* Section 5.1.6 "Device Operation". */
struct net_header {
	u8 flags;
	u8 gso_type;
	u16 header_bytes, gso_bytes, checksum_start, checksum_offset;
	u16 buffers; /* 1: each frame is in one chain */
};

/* --- to the guest --- */

/* True: a frame went into the ring. */
static bool receive_one(struct virtio_dev *dev, struct vcpu *vcpu)
{
	static const struct net_header header = {.buffers = 1};
	struct virtqueue *q = &dev->queues[RECEIVE];
	const struct switch_frame *frame = switch_peek(dev->net.port);
	u32 bytes;

	if (!frame || !virtio_take(dev, vcpu, RECEIVE))
		return false;
	bytes = frame->bytes;
	if (!virtqueue_write(q, vcpu, &dev->chain, 0, &header, sizeof(header)) ||
	    !virtqueue_write(q, vcpu, &dev->chain, sizeof(header), frame->data, bytes)) {
		virtio_fail(dev, q->why);
		return false;
	}
	switch_take(dev->net.port);
	return virtio_give(dev, vcpu, RECEIVE, (u32)sizeof(header) + bytes);
}

/* --- from the guest --- */

/* The frame of dev->chain into dev->net.frame; 0: it is none. */
static u32 read_frame(struct virtio_dev *dev, struct vcpu *vcpu)
{
	struct virtqueue *q = &dev->queues[TRANSMIT];
	struct net_header header;
	u64 bytes = dev->chain.read_bytes - sizeof(header);

	if (dev->chain.read_bytes < sizeof(header) + SWITCH_FRAME_MIN ||
	    bytes > SWITCH_FRAME_MAX)
		return 0;
	if (!virtqueue_read(q, vcpu, &dev->chain, 0, &header, sizeof(header)) ||
	    !virtqueue_read(q, vcpu, &dev->chain, sizeof(header), dev->net.frame, bytes))
		return 0;
	return header.flags || header.gso_type ? 0 : (u32)bytes;
}

/* The units it cost; 0: there was nothing to send. */
static unsigned transmit_one(struct virtio_dev *dev, struct vcpu *vcpu)
{
	struct virtqueue *q = &dev->queues[TRANSMIT];
	unsigned units = 1;
	u32 bytes;

	if (!virtio_take(dev, vcpu, TRANSMIT))
		return 0;
	bytes = read_frame(dev, vcpu);
	if (q->why) {
		virtio_fail(dev, q->why);
		return 0;
	}
	if (bytes)
		units += switch_send(dev->net.port, dev->net.frame, bytes);
	else
		dev->net.malformed++;
	return virtio_give(dev, vcpu, TRANSMIT, 0) ? units : 0;
}

static bool step(struct virtio_dev *dev, struct vcpu *vcpu)
{
	unsigned done = 0, sent = 0, units;

	while (done < STEP_UNITS && virtio_is_live(dev) && receive_one(dev, vcpu))
		done++;
	if (done)
		virtio_signal(dev, vcpu, RECEIVE);
	if (done == STEP_UNITS)
		return true;
	while (done < STEP_UNITS && virtio_is_live(dev) &&
	       (units = transmit_one(dev, vcpu))) {
		done += units;
		sent = done;
	}
	if (sent)
		virtio_signal(dev, vcpu, TRANSMIT);
	return done >= STEP_UNITS;
}

static void live(struct virtio_dev *dev, bool on)
{
	switch_open(dev->net.port, on);
}

const struct virtio_ops virtio_net_ops = {
	.name = "network",
	.id = 1,
	.queues = 2,
	.step = step,
	.live = live,
	.features = VIRTIO_F_EVENT_IDX,
};
