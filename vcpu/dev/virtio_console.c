// SPDX-License-Identifier: MIT
/* The console device: what the driver sends goes to the VM's console, and what is typed
 * to the driver. Output is carried out in pieces, as it may be long. */
#include "vcpu/dev/virtio_console.h"
#include "vcpu/guest_console.h"
#include "vcpu/vm.h"

#define RECEIVE 0
#define TRANSMIT 1
#define STEP_BYTES 64 /* each costs what a write to the UART does, the exit apart */

/* --- to the guest --- */

/* One chain, with what lies in one piece of the ring. True: it was given. One chain an
 * interrupt: Linux' driver takes one, and leaves a second to the next interrupt; so
 * there are no event indexes either, which would spare that interrupt. */
static bool receive(struct virtio_dev *dev, struct vcpu *vcpu)
{
	struct virtio_console *con = &dev->console;
	struct virtqueue *q = &dev->queues[RECEIVE];
	u32 at = con->head % VCON_INPUT_BYTES;
	u64 bytes = MIN(con->tail - con->head, VCON_INPUT_BYTES - at);

	if (!bytes || dev->isr & VIRTIO_INT_USED || !virtio_take(dev, vcpu, RECEIVE))
		return false;
	bytes = MIN(bytes, dev->chain.write_bytes);
	if (!virtqueue_write(q, vcpu, &dev->chain, 0, con->input + at, bytes)) {
		virtio_fail(dev, q->why);
		return false;
	}
	con->head += (u32)bytes;
	if (!virtio_give(dev, vcpu, RECEIVE, (u32)bytes))
		return false;
	virtio_signal(dev, vcpu, RECEIVE);
	return virtio_is_live(dev);
}

/* --- from the guest --- */

/* Under device_lock as for the UART's output. */
static void put(struct vm *vm, const u8 *text, u64 bytes)
{
	spin_lock(&vm->device_lock);
	for (u64 i = 0; i < bytes; i++)
		console_guest_output(vm, text[i]);
	spin_unlock(&vm->device_lock);
}

/* A piece of the chain in work. */
static void transmit_some(struct virtio_dev *dev, struct vcpu *vcpu)
{
	struct virtio_console *con = &dev->console;
	u64 bytes = MIN(dev->chain.read_bytes - con->done, (u64)STEP_BYTES);
	u8 text[STEP_BYTES];

	if (!virtqueue_read(&dev->queues[TRANSMIT], vcpu, &dev->chain, con->done, text,
			    bytes)) {
		virtio_fail(dev, dev->queues[TRANSMIT].why);
		return;
	}
	put(dev->vm, text, bytes);
	con->done += bytes;
	if (con->done < dev->chain.read_bytes)
		return;
	con->busy = false;
	if (virtio_give(dev, vcpu, TRANSMIT, 0))
		virtio_signal(dev, vcpu, TRANSMIT);
}

static bool step(struct virtio_dev *dev, struct vcpu *vcpu)
{
	struct virtio_console *con = &dev->console;

	if (!con->busy && receive(dev, vcpu))
		return true;
	if (!con->busy) {
		if (!virtio_is_live(dev) || !virtio_take(dev, vcpu, TRANSMIT))
			return false;
		con->busy = true;
		con->done = 0;
	}
	transmit_some(dev, vcpu);
	return true;
}

static void live(struct virtio_dev *dev, bool on)
{
	dev->console.busy = false;
	dev->console.head = dev->console.tail;
}

const struct virtio_ops virtio_console_ops = {
	.name = "console",
	.id = 3,
	.queues = 2,
	.step = step,
	.live = live,
	.works_on_ack = true,
};

static struct virtio_dev *console_of(struct vm *vm)
{
	for (u32 i = 0; i < vm->virtio.count; i++) {
		if (vm->virtio.dev[i].ops == &virtio_console_ops)
			return &vm->virtio.dev[i];
	}
	return NULL;
}

bool virtio_console_input(struct vm *vm, u8 byte)
{
	struct virtio_dev *dev = console_of(vm);
	struct virtio_console *con;
	bool taken;

	if (!dev)
		return false;
	con = &dev->console;
	spin_lock(&dev->lock);
	taken = virtio_is_live(dev);
	if (taken && con->tail - con->head < VCON_INPUT_BYTES)
		con->input[con->tail++ % VCON_INPUT_BYTES] = byte;
	spin_unlock(&dev->lock);
	if (taken)
		virtio_post(vm, dev->index);
	return taken;
}
