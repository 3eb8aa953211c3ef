// SPDX-License-Identifier: MIT
/* From a VM's description to its virtio devices, and back to nothing. */
#include "bytes.h"
#include "printk.h"
#include "vcpu/vm.h"

/* Feature bits and configuration: virtio 1.2, sections 5.1.3 and 5.1.4. */
#define NET_F_MAC BIT(5)

/* Sections 5.2.3 and 5.2.4. */
#define BLK_F_SEG_MAX BIT(2)
#define BLK_F_RO BIT(5)
#define BLK_F_BLK_SIZE BIT(6)
#define BLK_CAPACITY 0
#define BLK_SEG_MAX 12
#define BLK_BLK_SIZE 20

#define REPORT_BYTES 160

static struct virtio_dev *add(struct vm *vm, const struct virtio_ops *ops, u64 features)
{
	struct virtio_dev *dev = &vm->virtio.dev[vm->virtio.count];

	dev->ops = ops;
	dev->vm = vm;
	dev->index = vm->virtio.count++;
	dev->offered = VIRTIO_F_VERSION_1 | ops->features | features;
	return dev;
}

/* The description's address, or one of Spur's own: locally administered, by VM and
 * NIC. */
static void choose_mac(const struct vm *vm, unsigned nic, u8 mac[MAC_BYTES])
{
	const struct vm_nic_desc *d = &vm->desc->nics[nic];
	const u8 made[MAC_BYTES] = {0x02, 'S', 'P', 0, (u8)vm->id, (u8)nic};

	memcpy(mac, d->has_mac ? d->mac : made, MAC_BYTES);
}

static const char *add_nic(struct vm *vm, unsigned nic)
{
	struct virtio_dev *dev = add(vm, &virtio_net_ops, NET_F_MAC);

	choose_mac(vm, nic, dev->config);
	dev->net.port = switch_attach(vm, dev->index, vm->desc->nics[nic].name,
				      dev->config);
	return dev->net.port ? NULL : "no memory, port or address left for its network";
}

static const char *add_disk(struct vm *vm, const struct vm_disk_desc *d)
{
	u64 features = BLK_F_SEG_MAX | BLK_F_BLK_SIZE | (d->cow ? 0 : BLK_F_RO);
	struct virtio_dev *dev = add(vm, &virtio_blk_ops, features);

	dev->blk.image = hpa_to_ptr(d->module->base);
	dev->blk.bytes = ALIGN_DOWN(d->module->bytes, BLK_SECTOR);
	dev->blk.cow = d->cow;
	if (d->cow && dev->blk.bytes > BLK_COW_MAX)
		return "a disk with :cow is larger than 1 GiB";
	store_u64(dev->config + BLK_CAPACITY, dev->blk.bytes / BLK_SECTOR);
	store_u32(dev->config + BLK_SEG_MAX, VIRTQ_CHAIN_MAX - 2);
	store_u32(dev->config + BLK_BLK_SIZE, BLK_SECTOR);
	return NULL;
}

const char *virtio_init(struct vm *vm)
{
	const struct vm_desc *d = vm->desc;
	const char *why = NULL;

	if (d->vcon)
		add(vm, &virtio_console_ops, 0);
	for (unsigned i = 0; !why && i < d->nic_count; i++)
		why = add_nic(vm, i);
	for (unsigned i = 0; !why && i < d->disk_count; i++)
		why = add_disk(vm, &d->disks[i]);
	return why;
}

/* What it did, for whoever wonders about speed or loss; silent if it did nothing. */
static void report(struct virtio_dev *dev)
{
	const struct virtio_stats *s = &dev->stats;
	struct switch_stats net = {.sent = 0};
	char text[REPORT_BYTES];

	if (dev->ops == &virtio_net_ops && dev->net.port)
		switch_get_stats(dev->net.port, &net);
	if (net.sent || net.received || net.dropped)
		format(text, sizeof(text),
		       "sent %lu, refused %lu, received %lu, dropped %lu", net.sent,
		       net.refused + dev->net.malformed, net.received, net.dropped);
	else if (dev->ops == &virtio_blk_ops && dev->blk.requests)
		format(text, sizeof(text), "requests %lu, kilobytes %lu",
		       dev->blk.requests, dev->blk.moved / 1024);
	else
		return;
	printk("vm %s: virtio %u (%s): %s; accesses %lu, interrupts %lu\n",
	       dev->vm->desc->name, dev->index, dev->ops->name, text, s->accesses,
	       s->interrupts);
}

bool virtio_free_some(struct vm *vm)
{
	struct virtio *virtio = &vm->virtio;
	struct virtio_dev *dev;

	if (!virtio->count)
		return false;
	dev = &virtio->dev[virtio->count - 1];
	if (dev->ops == &virtio_blk_ops && virtio_blk_free_some(&dev->blk))
		return true;
	report(dev);
	if (dev->ops == &virtio_net_ops && dev->net.port)
		switch_detach(dev->net.port);
	virtio->count--;
	return true;
}
