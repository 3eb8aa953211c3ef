// SPDX-License-Identifier: MIT
/* Split virtqueues: what a driver offers is taken, checked and given back. Owns
 * struct virtqueue. Plain C over guest_read() and guest_write(), so that it runs on the
 * host under a checker or a fuzzer as it is. */
#include "vcpu/dev/virtqueue.h"
#include "atomic.h"
#include "bits.h"
#include "vcpu/vm.h"

/* Virtio 1.2, section 2.7.5 "The Virtqueue Descriptor Table". */
struct descriptor {
	u64 gpa;
	u32 bytes;
	u16 flags;
	u16 next;
};
#define DESC_NEXT 1
#define DESC_WRITE 2 /* for the device to write */
#define DESC_INDIRECT 4
#define DESC_ALIGN 16

/* Section 2.7.6, "Available Ring": flags, index, entries, used_event. */
#define AVAIL_INDEX 2
#define AVAIL_RING 4
#define AVAIL_ALIGN 2
#define AVAIL_NO_INTERRUPT 1

/* Section 2.7.8, "Used Ring": flags, index, entries, avail_event. */
struct used_entry {
	u32 head;
	u32 written;
};
#define USED_INDEX 2
#define USED_RING 4
#define USED_ALIGN 4

/* --- the rings in guest memory --- */

static bool broken(struct virtqueue *q, const char *why)
{
	q->why = why;
	return false;
}

static bool read_ring(struct virtqueue *q, struct vcpu *vcpu, u64 at, void *buf,
		      u64 bytes)
{
	return guest_read(vcpu, gpa(at), buf, bytes) ||
	       broken(q, "a ring is not in its RAM");
}

static bool write_ring(struct virtqueue *q, struct vcpu *vcpu, u64 at, const void *buf,
		       u64 bytes)
{
	return guest_write(vcpu, gpa(at), buf, bytes) ||
	       broken(q, "a ring is not in its RAM");
}

static unsigned slot(const struct virtqueue *q, u16 index)
{
	return index & (q->size - 1u);
}

/* The driver's index, and no more than a whole ring ahead. */
static bool read_avail_index(struct virtqueue *q, struct vcpu *vcpu)
{
	u16 index;

	if (!read_ring(q, vcpu, q->avail + AVAIL_INDEX, &index, sizeof(index)))
		return false;
	if ((u16)(index - q->next_avail) > q->size)
		return broken(q, "the index of the available ring jumps");
	q->seen_avail = index;
	return true;
}

bool virtqueue_is_valid(const struct virtqueue *q)
{
	return q->size && q->size <= VIRTQ_SIZE_MAX && !(q->size & (q->size - 1)) &&
	       IS_ALIGNED(q->desc, DESC_ALIGN) && IS_ALIGNED(q->avail, AVAIL_ALIGN) &&
	       IS_ALIGNED(q->used, USED_ALIGN);
}

/* --- taking --- */

static bool add_segment(struct virtqueue *q, struct virtq_chain *chain,
			const struct descriptor *desc)
{
	if (chain->count == VIRTQ_CHAIN_MAX)
		return broken(q, "a chain is too long, or goes round");
	if (desc->flags & DESC_INDIRECT)
		return broken(q, "an indirect descriptor that was not negotiated");
	if (desc->flags & DESC_WRITE) {
		chain->write_bytes += desc->bytes;
	} else {
		if (chain->readable != chain->count)
			return broken(q, "a buffer to read behind one to write");
		chain->readable++;
		chain->read_bytes += desc->bytes;
	}
	chain->seg[chain->count++] = (struct virtq_segment){desc->gpa, desc->bytes};
	return true;
}

/* At most VIRTQ_CHAIN_MAX steps, whatever the descriptors say. */
static bool walk_chain(struct virtqueue *q, struct vcpu *vcpu, struct virtq_chain *chain)
{
	u16 index = chain->head;
	struct descriptor desc;

	do {
		if (index >= q->size)
			return broken(q, "a descriptor's number is beyond the table");
		if (!read_ring(q, vcpu, q->desc + index * sizeof(desc), &desc,
			       sizeof(desc)) ||
		    !add_segment(q, chain, &desc))
			return false;
		index = desc.next;
	} while (desc.flags & DESC_NEXT);
	return true;
}

enum virtq_result virtqueue_take(struct virtqueue *q, struct vcpu *vcpu,
				 struct virtq_chain *chain)
{
	u64 entry = q->avail + AVAIL_RING + slot(q, q->next_avail) * sizeof(u16);

	/* VIRTQ: the index before the entry; guest_read() ends with a release and
	 * begins with a fence, so the second read stays behind the first. */
	if (q->seen_avail == q->next_avail && !read_avail_index(q, vcpu))
		return VIRTQ_BROKEN;
	if (q->seen_avail == q->next_avail)
		return VIRTQ_EMPTY;
	*chain = (struct virtq_chain){.head = 0};
	if (!read_ring(q, vcpu, entry, &chain->head, sizeof(chain->head)) ||
	    !walk_chain(q, vcpu, chain))
		return VIRTQ_BROKEN;
	q->next_avail++;
	return VIRTQ_CHAIN;
}

bool virtqueue_want_notify(struct virtqueue *q, struct vcpu *vcpu)
{
	u64 avail_event = q->used + USED_RING + q->size * sizeof(struct used_entry);

	/* Without event indexes the used ring's flags stay 0: always notify. */
	if (q->event_idx &&
	    !write_ring(q, vcpu, avail_event, &q->next_avail, sizeof(q->next_avail)))
		return false;
	/* VIRTQ: the wish before the look; the driver stores its index, fences, and
	 * looks at the wish: one of the two sees the other. */
	smp_mb();
	return read_avail_index(q, vcpu) && q->seen_avail != q->next_avail;
}

/* --- giving back --- */

bool virtqueue_give(struct virtqueue *q, struct vcpu *vcpu, u16 head, u32 written)
{
	struct used_entry entry = {head, written};
	u64 at = q->used + USED_RING + slot(q, q->next_used) * sizeof(entry);
	u16 index = q->next_used + 1;

	/* VIRTQ: buffer and entry before the index, for whoever polls the ring; x86
	 * keeps stores in order, and each guest_write() ends with a release. */
	if (!write_ring(q, vcpu, at, &entry, sizeof(entry)) ||
	    !write_ring(q, vcpu, q->used + USED_INDEX, &index, sizeof(index)))
		return false;
	q->next_used = index;
	return true;
}

bool virtqueue_wants_interrupt(struct virtqueue *q, struct vcpu *vcpu)
{
	u64 used_event = q->avail + AVAIL_RING + q->size * sizeof(u16);
	u16 old = q->signalled, word;

	if (old == q->next_used)
		return false;
	q->signalled = q->next_used;
	/* VIRTQ: the used index before the look at the driver's wish; the driver stores
	 * its wish, fences, and looks at the index. */
	smp_mb();
	if (!read_ring(q, vcpu, q->event_idx ? used_event : q->avail, &word,
		       sizeof(word)))
		return false;
	if (!q->event_idx)
		return !(word & AVAIL_NO_INTERRUPT);
	/* Section 2.7.10: has the index passed the one that is waited for? */
	return (u16)(q->next_used - word - 1) < (u16)(q->next_used - old);
}

/* --- the buffers --- */

static bool copy(struct virtqueue *q, struct vcpu *vcpu, const struct virtq_segment *seg,
		 unsigned count, u64 offset, void *buf, u64 bytes, bool write)
{
	u8 *next = buf;

	for (; count && bytes; seg++, count--) {
		u64 piece;
		bool done;

		if (offset >= seg->bytes) {
			offset -= seg->bytes;
			continue;
		}
		piece = MIN(bytes, seg->bytes - offset);
		done = write ? guest_write(vcpu, gpa(seg->gpa + offset), next, piece)
			     : guest_read(vcpu, gpa(seg->gpa + offset), next, piece);
		if (!done)
			return broken(q, "a buffer is not in its RAM");
		next += piece;
		bytes -= piece;
		offset = 0;
	}
	return !bytes || broken(q, "a buffer is too short");
}

bool virtqueue_read(struct virtqueue *q, struct vcpu *vcpu,
		    const struct virtq_chain *chain, u64 offset, void *buf, u64 bytes)
{
	return copy(q, vcpu, chain->seg, chain->readable, offset, buf, bytes, false);
}

bool virtqueue_write(struct virtqueue *q, struct vcpu *vcpu,
		     const struct virtq_chain *chain, u64 offset, const void *buf,
		     u64 bytes)
{
	return copy(q, vcpu, chain->seg + chain->readable, chain->count - chain->readable,
		    offset, (void *)(uintptr_t)buf, bytes, true);
}
