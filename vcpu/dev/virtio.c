// SPDX-License-Identifier: MIT
/* The common part of virtio devices: work, interrupts, failure. Owns vm->virtio but
 * for the registers (virtio_mmio.c) and what each device has of its own. */
#include "vcpu/dev/virtio.h"
#include "atomic.h"
#include "printk.h"
#include "string.h"
#include "vcpu/vm.h"

/* --- work --- */

/* The next device with work after the one served last, round and round. 0: none. */
static u32 next_work(const struct virtio *virtio)
{
	u32 work = READ_ONCE(virtio->work); /* KICK: payload of DEVICE */
	u32 later = work & ~(u32)MASK(READ_ONCE(virtio->last), 0); /* STATS: a hint */

	return later ? later : work;
}

void virtio_serve(struct vcpu *vcpu)
{
	struct virtio *virtio = &vcpu->vm->virtio;
	u32 work = next_work(virtio);
	struct virtio_dev *dev;
	bool more;

	if (!work)
		return;
	dev = &virtio->dev[bit_lowest(work)];
	WRITE_ONCE(virtio->last, dev->index); /* STATS: a hint */
	/* KICK: clear before the queues are looked at; pairs with the or in mark(). */
	atomic_fetch_and(&virtio->work, ~(u32)BIT(dev->index));
	spin_lock(&dev->lock);
	more = virtio_is_live(dev) && dev->ops->step(dev, vcpu) && virtio_is_live(dev);
	spin_unlock(&dev->lock);
	if (more)
		/* KICK: payload, before the request below */
		atomic_fetch_or(&virtio->work, (u32)BIT(dev->index));
	if (READ_ONCE(virtio->work)) /* KICK: whoever adds work makes its own request */
		vcpu_make_request(REQ_DEVICE, vcpu);
}

static void mark(struct virtio *virtio, u32 index)
{
	/* KICK: payload of DEVICE, before the request. */
	atomic_fetch_or(&virtio->work, (u32)BIT(index));
}

void virtio_post(struct vm *vm, u32 index)
{
	/* STATS: a hint; any vCPU of the VM can do the work. */
	u32 vcpu = READ_ONCE(vm->virtio.dev[index].vcpu);

	mark(&vm->virtio, index);
	vcpu_request(REQ_DEVICE, vm->vcpus[vcpu]);
}

void virtio_notified(struct virtio_dev *dev, struct vcpu *vcpu)
{
	dev->stats.notifies++;
	WRITE_ONCE(dev->vcpu, vcpu->index); /* STATS: a hint */
	mark(&dev->vm->virtio, dev->index);
	/* The own vCPU, in root mode: it looks at its requests before it enters. */
	vcpu_make_request(REQ_DEVICE, vcpu);
}

/* --- the interrupt --- */

static void set_line(struct virtio_dev *dev)
{
	struct vm *vm = dev->vm;

	spin_lock(&vm->device_lock);
	ioapic_set_line(vm, VIRTIO_FIRST_PIN + dev->index, dev->isr != 0);
	spin_unlock(&vm->device_lock);
}

static void interrupt(struct virtio_dev *dev, u32 bit)
{
	u32 old = dev->isr;

	dev->isr |= bit;
	if (old)
		return; /* the line is up already */
	dev->stats.interrupts++;
	set_line(dev);
}

void virtio_interrupt_ack(struct virtio_dev *dev, u32 bits)
{
	u32 old = dev->isr;

	dev->isr &= ~bits;
	if (old && !dev->isr)
		set_line(dev);
}

/* --- life --- */

bool virtio_is_live(const struct virtio_dev *dev)
{
	return (dev->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) ==
	       VIRTIO_DRIVER_OK;
}

void virtio_reset(struct virtio_dev *dev)
{
	if (dev->status & VIRTIO_DRIVER_OK)
		dev->ops->live(dev, false);
	dev->status = 0;
	dev->accepted = 0;
	dev->device_sel = dev->driver_sel = dev->queue_sel = 0;
	memset(dev->queues, 0, sizeof(dev->queues));
	virtio_interrupt_ack(dev, dev->isr);
}

void virtio_fail(struct virtio_dev *dev, const char *why)
{
	dev->status |= VIRTIO_NEEDS_RESET;
	interrupt(dev, VIRTIO_INT_CONFIG);
	if (dev->complained)
		return; /* once: a guest could fill the log */
	dev->complained = true;
	printk("vm %s: virtio %u (%s): needs reset: %s\n", dev->vm->desc->name,
	       dev->index, dev->ops->name, why);
}

/* --- queues --- */

bool virtio_take(struct virtio_dev *dev, struct vcpu *vcpu, unsigned queue)
{
	struct virtqueue *q = &dev->queues[queue];
	enum virtq_result result;

	if (!q->ready)
		return false;
	do {
		result = virtqueue_take(q, vcpu, &dev->chain);
	} while (result == VIRTQ_EMPTY && virtqueue_want_notify(q, vcpu));
	if (q->why)
		virtio_fail(dev, q->why);
	return result == VIRTQ_CHAIN && !q->why;
}

bool virtio_give(struct virtio_dev *dev, struct vcpu *vcpu, unsigned queue, u32 written)
{
	struct virtqueue *q = &dev->queues[queue];

	if (!virtqueue_give(q, vcpu, dev->chain.head, written))
		virtio_fail(dev, q->why);
	return !q->why;
}

void virtio_signal(struct virtio_dev *dev, struct vcpu *vcpu, unsigned queue)
{
	struct virtqueue *q = &dev->queues[queue];

	if (!q->ready || q->why)
		return;
	if (virtqueue_wants_interrupt(q, vcpu))
		interrupt(dev, VIRTIO_INT_USED);
	if (q->why)
		virtio_fail(dev, q->why);
}
