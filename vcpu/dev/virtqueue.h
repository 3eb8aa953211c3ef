// SPDX-License-Identifier: MIT
/* Split virtqueues (virtio 1.2, section 2.7), the device's side. What lies in guest
 * memory is hostile: each field is read once, indexes and lengths are bounded, and a
 * ring that breaks the rules is told from an empty one.
 * All calls: the owner of vcpu, its mode OUTSIDE, the device's lock held. */
#pragma once
#include "types.h"

struct vcpu;

#define VIRTQ_SIZE_MAX 128 /* descriptors of a queue; a power of two */
#define VIRTQ_CHAIN_MAX 32 /* descriptors of one chain */

struct virtq_segment {
	u64 gpa;
	u32 bytes;
};

/* A chain of buffers: those for the device to read come first. */
struct virtq_chain {
	u16 head;  /* names it in the used ring */
	u8 count;  /* of seg[] */
	u8 readable; /* so many of them are for the device to read */
	u64 read_bytes, write_bytes;
	struct virtq_segment seg[VIRTQ_CHAIN_MAX];
};

struct virtqueue {
	u64 desc, avail, used; /* guest-physical: table and rings */
	u16 size;
	bool ready;
	bool event_idx;   /* VIRTIO_F_EVENT_IDX was negotiated */
	u16 next_avail;   /* free-running: the next entry to take */
	u16 seen_avail;   /* the driver's index, as last read */
	u16 next_used;    /* free-running: the next entry to fill */
	u16 signalled;    /* next_used when an interrupt was last thought of */
	const char *why;  /* NULL, or what is wrong with the ring */
};

enum virtq_result { VIRTQ_EMPTY, VIRTQ_CHAIN, VIRTQ_BROKEN };

/* Are size and addresses what section 2.7 asks for? Before it becomes ready. */
bool virtqueue_is_valid(const struct virtqueue *q);
/* Take the next chain. BROKEN: see q->why; the queue is of no use any more. */
enum virtq_result virtqueue_take(struct virtqueue *q, struct vcpu *vcpu,
				 struct virtq_chain *chain);
/* Nothing was left to take: ask the driver to notify for the next one. True: one has
 * come in the meantime, take again. */
bool virtqueue_want_notify(struct virtqueue *q, struct vcpu *vcpu);
/* Give a chain back, so many bytes of it written. */
bool virtqueue_give(struct virtqueue *q, struct vcpu *vcpu, u16 head, u32 written);
/* Something was given since this was last asked: does the driver want an interrupt? */
bool virtqueue_wants_interrupt(struct virtqueue *q, struct vcpu *vcpu);
/* Copy from the readable part, or into the writable part, at an offset within it.
 * False: not all of it is there, or some of it is not RAM; q->why says which. */
bool virtqueue_read(struct virtqueue *q, struct vcpu *vcpu,
		    const struct virtq_chain *chain, u64 offset, void *buf, u64 bytes);
bool virtqueue_write(struct virtqueue *q, struct vcpu *vcpu,
		     const struct virtq_chain *chain, u64 offset, const void *buf,
		     u64 bytes);
