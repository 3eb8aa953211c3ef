// SPDX-License-Identifier: MIT
/* The virtio-mmio transport, version 2 ("modern"): registers of a device <-> its state
 * in virtio.h. What a driver may do in which state is checked here. */
#include "vcpu/dev/virtio_mmio.h"
#include "vcpu/vm.h"

/* Virtio 1.2, section 4.2.2 "MMIO Device Register Layout". */
enum {
	MAGIC = 0x000,
	VERSION = 0x004,
	DEVICE_ID = 0x008,
	VENDOR_ID = 0x00c,
	DEVICE_FEATURES = 0x010,
	DEVICE_FEATURES_SEL = 0x014,
	DRIVER_FEATURES = 0x020,
	DRIVER_FEATURES_SEL = 0x024,
	QUEUE_SEL = 0x030,
	QUEUE_SIZE_MAX = 0x034,
	QUEUE_SIZE = 0x038,
	QUEUE_READY = 0x044,
	QUEUE_NOTIFY = 0x050,
	INTERRUPT_STATUS = 0x060,
	INTERRUPT_ACK = 0x064,
	STATUS = 0x070,
	QUEUE_DESC = 0x080, /* low half; the high one follows */
	QUEUE_DRIVER = 0x090,
	QUEUE_DEVICE = 0x0a0,
	SHM_LENGTH = 0x0b0,
	SHM_BASE_HIGH = 0x0bc,
	CONFIG_GENERATION = 0x0fc,
	CONFIG = 0x100,
};

#define MAGIC_VALUE 0x74726976 /* "virt" */
#define VERSION_VALUE 2
#define VENDOR_VALUE 0x52555053 /* "SPUR" */
#define NO_SHM 0xffffffffu      /* a length of all ones: there is no such region */
#define STATUS_DRIVER                                                                    \
	(VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK |    \
	 VIRTIO_FAILED)

/* The selected queue; NULL: the device has none of that number. */
static struct virtqueue *selected(struct virtio_dev *dev)
{
	return dev->queue_sel < dev->ops->queues ? &dev->queues[dev->queue_sel] : NULL;
}

/* --- reading --- */

static u32 half(u64 value, u32 which)
{
	return which < 2 ? (u32)(value >> which * 32) : 0;
}

static u32 register_read(struct virtio_dev *dev, u32 offset)
{
	struct virtqueue *q = selected(dev);

	switch (offset) {
	case MAGIC:
		return MAGIC_VALUE;
	case VERSION:
		return VERSION_VALUE;
	case DEVICE_ID:
		return dev->ops->id;
	case VENDOR_ID:
		return VENDOR_VALUE;
	case DEVICE_FEATURES:
		return half(dev->offered, dev->device_sel);
	case QUEUE_SIZE_MAX:
		return q ? VIRTQ_SIZE_MAX : 0;
	case QUEUE_READY:
		return q && q->ready;
	case INTERRUPT_STATUS:
		return dev->isr;
	case STATUS:
		return dev->status;
	case SHM_LENGTH ... SHM_BASE_HIGH:
		return NO_SHM;
	default: /* CONFIG_GENERATION too: the configuration never changes */
		return 0;
	}
}

static u64 config_read(const struct virtio_dev *dev, u32 offset, unsigned bytes)
{
	u64 value = 0;

	for (unsigned i = 0; i < bytes && offset + i < VIRTIO_CONFIG_BYTES; i++)
		value |= (u64)dev->config[offset + i] << i * 8;
	return value;
}

static bool is_register(u32 offset, unsigned bytes)
{
	return bytes == sizeof(u32) && IS_ALIGNED(offset, sizeof(u32));
}

u64 virtio_mmio_read(struct vcpu *vcpu, u32 offset, unsigned bytes)
{
	struct virtio_dev *dev = &vcpu->vm->virtio.dev[offset / VIRTIO_PAGE_BYTES];
	u64 value = 0;

	offset %= VIRTIO_PAGE_BYTES;
	spin_lock(&dev->lock);
	dev->stats.accesses++;
	if (offset >= CONFIG)
		value = config_read(dev, offset - CONFIG, bytes);
	else if (is_register(offset, bytes))
		value = register_read(dev, offset);
	spin_unlock(&dev->lock);
	return value;
}

/* --- writing --- */

/* Section 3.1.1, step 5: the bit stays clear if the features are not good. */
static bool features_are_good(const struct virtio_dev *dev)
{
	return !(dev->accepted & ~dev->offered) && dev->accepted & VIRTIO_F_VERSION_1;
}

/* Bits are only added, but for a reset. */
static void status_write(struct virtio_dev *dev, struct vcpu *vcpu, u32 value)
{
	u32 added = value & ~dev->status & STATUS_DRIVER;

	if (!value) {
		virtio_reset(dev);
		return;
	}
	if (added & VIRTIO_FEATURES_OK && !features_are_good(dev))
		added &= ~(VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
	if (added & VIRTIO_DRIVER_OK && !((dev->status | added) & VIRTIO_FEATURES_OK))
		added &= ~VIRTIO_DRIVER_OK;
	dev->status |= added;
	if (added & VIRTIO_DRIVER_OK) {
		dev->ops->live(dev, true);
		virtio_notified(dev, vcpu);
	}
}

static void features_write(struct virtio_dev *dev, u32 value)
{
	unsigned shift = dev->driver_sel * 32;

	if (dev->driver_sel > 1 || dev->status & VIRTIO_FEATURES_OK)
		return;
	dev->accepted &= ~(MASK(31, 0) << shift);
	dev->accepted |= (u64)value << shift;
}

static void ready_write(struct virtio_dev *dev, struct virtqueue *q, u32 value)
{
	u16 size = q->size;

	if (!(value & 1)) {
		*q = (struct virtqueue){.size = size};
		return;
	}
	if (q->ready || !(dev->status & VIRTIO_FEATURES_OK))
		return;
	if (!virtqueue_is_valid(q)) {
		virtio_fail(dev, "a queue's size or addresses");
		return;
	}
	q->event_idx = dev->accepted & VIRTIO_F_EVENT_IDX;
	q->ready = true;
}

static void set_half(u64 *address, bool high, u32 value)
{
	unsigned shift = high * 32;

	*address = (*address & ~(MASK(31, 0) << shift)) | (u64)value << shift;
}

/* Registers of the selected queue; but for QueueReady they are fixed once it is. */
static void queue_write(struct virtio_dev *dev, u32 offset, u32 value)
{
	struct virtqueue *q = selected(dev);

	if (!q)
		return;
	if (offset == QUEUE_READY) {
		ready_write(dev, q, value);
		return;
	}
	if (q->ready)
		return;
	if (offset == QUEUE_SIZE)
		q->size = (u16)MIN(value, MASK(15, 0));
	else if ((offset & ~4u) == QUEUE_DESC)
		set_half(&q->desc, offset & 4, value);
	else if ((offset & ~4u) == QUEUE_DRIVER)
		set_half(&q->avail, offset & 4, value);
	else if ((offset & ~4u) == QUEUE_DEVICE)
		set_half(&q->used, offset & 4, value);
}

static void register_write(struct virtio_dev *dev, struct vcpu *vcpu, u32 offset,
			   u32 value)
{
	switch (offset) {
	case DEVICE_FEATURES_SEL:
		dev->device_sel = value;
		break;
	case DRIVER_FEATURES_SEL:
		dev->driver_sel = value;
		break;
	case DRIVER_FEATURES:
		features_write(dev, value);
		break;
	case QUEUE_SEL:
		dev->queue_sel = value;
		break;
	case QUEUE_NOTIFY:
		if (value < dev->ops->queues && virtio_is_live(dev))
			virtio_notified(dev, vcpu);
		break;
	case INTERRUPT_ACK:
		virtio_interrupt_ack(dev, value);
		if (dev->ops->works_on_ack && virtio_is_live(dev))
			virtio_notified(dev, vcpu);
		break;
	case STATUS:
		status_write(dev, vcpu, value);
		break;
	default:
		queue_write(dev, offset, value);
	}
}

void virtio_mmio_write(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 value)
{
	struct virtio_dev *dev = &vcpu->vm->virtio.dev[offset / VIRTIO_PAGE_BYTES];

	offset %= VIRTIO_PAGE_BYTES;
	if (offset >= CONFIG || !is_register(offset, bytes))
		return;
	spin_lock(&dev->lock);
	dev->stats.accesses++;
	register_write(dev, vcpu, offset, (u32)value);
	spin_unlock(&dev->lock);
}
