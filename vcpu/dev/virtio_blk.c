// SPDX-License-Identifier: MIT
/* The block device. A request is carried out in pieces that lie in one page of the disk,
 * so many a step; where it stands is in struct virtio_blk. */
#include "vcpu/dev/virtio_blk.h"
#include "page.h"
#include "string.h"
#include "vcpu/vm.h"

#define QUEUE 0
#define STEP_BYTES KIB(16)
#define PAGE_ENTRIES 512

/* Section 5.2.6 "Device Operation". */
struct blk_header {
	u32 type;
	u32 reserved;
	u64 sector;
};
#define TYPE_IN 0
#define TYPE_OUT 1
#define TYPE_FLUSH 4
#define TYPE_GET_ID 8
#define STATUS_OK 0
#define STATUS_ERROR 1
#define STATUS_UNSUPPORTED 2
#define ID_BYTES 20

/* --- the disk --- */

static u8 **slot_of(struct virtio_blk *blk, u64 page)
{
	u8 **table = blk->pages ? blk->pages[page / PAGE_ENTRIES] : NULL;

	return table ? &table[page % PAGE_ENTRIES] : NULL;
}

static const u8 *page_for_read(struct virtio_blk *blk, u64 page)
{
	u8 **slot = slot_of(blk, page);

	return slot && *slot ? *slot : blk->image + page * PAGE_SIZE;
}

/* The page's own copy, made if there is none. NULL: no memory. */
static u8 *page_for_write(struct virtio_blk *blk, u64 page)
{
	u64 offset = page * PAGE_SIZE;
	u8 **slot;

	if (!blk->pages)
		blk->pages = page_alloc_zero();
	if (blk->pages && !blk->pages[page / PAGE_ENTRIES])
		blk->pages[page / PAGE_ENTRIES] = page_alloc_zero();
	slot = slot_of(blk, page);
	if (!slot)
		return NULL;
	if (!*slot) {
		*slot = page_alloc(PAGE_ORDER_4K);
		if (*slot)
			memcpy(*slot, blk->image + offset,
			       MIN(PAGE_SIZE, blk->bytes - offset));
	}
	return *slot;
}

bool virtio_blk_free_some(struct virtio_blk *blk)
{
	for (unsigned i = 0; blk->pages && i < PAGE_ENTRIES; i++) {
		u8 **table = blk->pages[i];

		for (unsigned j = 0; table && j < PAGE_ENTRIES; j++) {
			if (!table[j])
				continue;
			page_free(table[j], PAGE_ORDER_4K);
			table[j] = NULL;
			return true;
		}
		if (!table)
			continue;
		page_free(table, PAGE_ORDER_4K);
		blk->pages[i] = NULL;
		return true;
	}
	if (blk->pages)
		page_free(blk->pages, PAGE_ORDER_4K);
	blk->pages = NULL;
	return false;
}

/* --- a request --- */

/* How many bytes of data it moves; its last writable byte is the status. */
static u64 data_bytes(const struct virtio_dev *dev)
{
	switch (dev->blk.type) {
	case TYPE_IN:
		return dev->chain.write_bytes - 1;
	case TYPE_OUT:
		return dev->chain.read_bytes - sizeof(struct blk_header);
	default:
		return 0;
	}
}

static u8 status_of(const struct virtio_dev *dev, u64 sector)
{
	const struct virtio_blk *blk = &dev->blk;
	u64 bytes = data_bytes(dev);

	switch (blk->type) {
	case TYPE_FLUSH:
	case TYPE_GET_ID:
		return STATUS_OK;
	case TYPE_OUT:
		if (!blk->cow)
			return STATUS_ERROR;
		break;
	case TYPE_IN:
		break;
	default:
		return STATUS_UNSUPPORTED;
	}
	if (!IS_ALIGNED(bytes, BLK_SECTOR) || sector > blk->bytes / BLK_SECTOR ||
	    bytes > blk->bytes - sector * BLK_SECTOR)
		return STATUS_ERROR;
	return STATUS_OK;
}

static bool give_id(struct virtio_dev *dev, struct vcpu *vcpu)
{
	char id[ID_BYTES] = "spur";
	u64 bytes = MIN(dev->chain.write_bytes - 1, sizeof(id));

	return virtqueue_write(&dev->queues[QUEUE], vcpu, &dev->chain, 0, id, bytes);
}

/* Take the next request. False: none, or the ring is broken. */
static bool begin(struct virtio_dev *dev, struct vcpu *vcpu)
{
	struct virtqueue *q = &dev->queues[QUEUE];
	struct virtio_blk *blk = &dev->blk;
	struct blk_header header;

	if (!virtio_take(dev, vcpu, QUEUE))
		return false;
	if (!dev->chain.write_bytes) {
		virtio_fail(dev, "a request without a byte for its status");
		return false;
	}
	if (!virtqueue_read(q, vcpu, &dev->chain, 0, &header, sizeof(header)))
		goto failed;
	blk->type = header.type;
	blk->done = 0;
	blk->status = status_of(dev, header.sector);
	blk->at = blk->status == STATUS_OK ? header.sector * BLK_SECTOR : 0;
	if (blk->type == TYPE_GET_ID && !give_id(dev, vcpu))
		goto failed;
	blk->busy = true;
	blk->requests++;
	return true;
failed:
	virtio_fail(dev, q->why);
	return false;
}

/* One piece of the data, within one page of the disk. False: it cannot go on. */
static bool move_piece(struct virtio_dev *dev, struct vcpu *vcpu, u64 bytes)
{
	struct virtqueue *q = &dev->queues[QUEUE];
	struct virtio_blk *blk = &dev->blk;
	u64 at = blk->at + blk->done, in_page = at % PAGE_SIZE;
	u8 *page;
	bool moved;

	if (blk->type == TYPE_IN) {
		moved = virtqueue_write(q, vcpu, &dev->chain, blk->done,
					page_for_read(blk, at / PAGE_SIZE) + in_page,
					bytes);
	} else {
		page = page_for_write(blk, at / PAGE_SIZE);
		if (!page) {
			blk->status = STATUS_ERROR;
			return false;
		}
		moved = virtqueue_read(q, vcpu, &dev->chain,
				       sizeof(struct blk_header) + blk->done,
				       page + in_page, bytes);
	}
	if (!moved) {
		virtio_fail(dev, q->why);
		return false;
	}
	blk->done += bytes;
	blk->moved += bytes;
	return true;
}

/* True: all data is moved, or no more can be. */
static bool move_some(struct virtio_dev *dev, struct vcpu *vcpu)
{
	struct virtio_blk *blk = &dev->blk;
	u64 left = blk->status == STATUS_OK ? data_bytes(dev) - blk->done : 0;
	u64 budget = STEP_BYTES;

	while (left && budget) {
		u64 piece = PAGE_SIZE - (blk->at + blk->done) % PAGE_SIZE;

		piece = MIN(MIN(piece, left), budget);
		if (!move_piece(dev, vcpu, piece))
			return true;
		left -= piece;
		budget -= piece;
	}
	return !left;
}

static void finish(struct virtio_dev *dev, struct vcpu *vcpu)
{
	struct virtio_blk *blk = &dev->blk;
	u64 last = dev->chain.write_bytes - 1;
	u32 written = blk->type == TYPE_IN ? (u32)blk->done : 0;

	blk->busy = false;
	if (!virtqueue_write(&dev->queues[QUEUE], vcpu, &dev->chain, last, &blk->status,
			     1)) {
		virtio_fail(dev, dev->queues[QUEUE].why);
		return;
	}
	if (virtio_give(dev, vcpu, QUEUE, written + 1))
		virtio_signal(dev, vcpu, QUEUE);
}

static bool step(struct virtio_dev *dev, struct vcpu *vcpu)
{
	if (!dev->blk.busy && !begin(dev, vcpu))
		return false;
	if (move_some(dev, vcpu) && virtio_is_live(dev))
		finish(dev, vcpu);
	return true;
}

static void live(struct virtio_dev *dev, bool on)
{
	dev->blk.busy = false;
}

const struct virtio_ops virtio_blk_ops = {
	.name = "disk",
	.id = 2,
	.queues = 1,
	.step = step,
	.live = live,
	.features = VIRTIO_F_EVENT_IDX,
};
