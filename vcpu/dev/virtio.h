// SPDX-License-Identifier: MIT
/* What all virtio devices have in common (virtio 1.2, sections 2 and 4.2): registers,
 * feature negotiation, the interrupt, and the work that a notification starts. A device
 * is an ops table and a few words of its own.
 *
 * A notification only marks work and makes a request of the vCPU that wrote it; the
 * run loop serves the request in bounded steps, with a poll of the inbox between two.
 * So a long queue holds up nobody but its own VM. Whoever has something for a device
 * of another VM (a frame) posts work there; the vCPU that takes it copies the data,
 * since a guest's memory is touched on its own vCPUs only.
 *
 * [L] under the device's lock   [I] set before the first vCPU runs   [A] any CPU */
#pragma once
#include "bits.h"
#include "spinlock.h"
#include "vcpu/dev/virtio_blk.h"
#include "vcpu/dev/virtio_console.h"
#include "vcpu/dev/virtio_net.h"
#include "vcpu/dev/virtqueue.h"

struct vm;
struct vcpu;
struct virtio_dev;

#define VIRTIO_PAGE 0xfeb00000UL /* registers of device n: n pages further */
#define VIRTIO_PAGE_BYTES 0x1000UL
#define VIRTIO_DEVICES 8
#define VIRTIO_FIRST_PIN 16 /* of the IOAPIC: device n drives n further; level */
#define VIRTIO_QUEUES 2
#define VIRTIO_CONFIG_BYTES 64

/* Section 2.1 "Device Status Field". */
#define VIRTIO_ACKNOWLEDGE BIT(0)
#define VIRTIO_DRIVER BIT(1)
#define VIRTIO_DRIVER_OK BIT(2)
#define VIRTIO_FEATURES_OK BIT(3)
#define VIRTIO_NEEDS_RESET BIT(6)
#define VIRTIO_FAILED BIT(7)

/* Section 6 "Reserved Feature Bits". */
#define VIRTIO_F_EVENT_IDX BIT(29)
#define VIRTIO_F_VERSION_1 BIT(32)

/* Section 4.2.2, InterruptStatus. */
#define VIRTIO_INT_USED BIT(0)
#define VIRTIO_INT_CONFIG BIT(1)

struct virtio_ops {
	const char *name;
	u32 id; /* section 5 "Device Types" */
	u32 queues;
	/* One step of work: bounded, with the lock held, DRIVER_OK set, on a vCPU of
	 * the VM. True: there is more to do. */
	bool (*step)(struct virtio_dev *dev, struct vcpu *vcpu);
	/* The driver has said DRIVER_OK, or has reset the device. Lock held. */
	void (*live)(struct virtio_dev *dev, bool on);
	u64 features;      /* offered beside VERSION_1 */
	bool works_on_ack; /* an acknowledged interrupt is a reason for a step */
};

struct virtio_stats {
	u64 accesses;   /* of its registers: each is an exit */
	u64 notifies;   /* of these, notifications */
	u64 interrupts; /* each makes an exit more, the EOI */
};

struct virtio_dev {
	struct spinlock lock;
	const struct virtio_ops *ops; /* [I] */
	struct vm *vm;                /* [I] */
	u32 index;                    /* [I] which of the VM's */
	u64 offered;                  /* [I] feature bits */
	u64 accepted;                 /* [L] of these, by the driver */
	u32 status;                   /* [L] VIRTIO_... above */
	u32 isr;                      /* [L] VIRTIO_INT_... */
	u32 device_sel, driver_sel;   /* [L] which half of the features */
	u32 queue_sel;                /* [L] */
	u32 vcpu;                     /* [A] the vCPU that notified last */
	bool complained;              /* [L] a broken ring was told of on the log */
	struct virtqueue queues[VIRTIO_QUEUES]; /* [L] */
	struct virtq_chain chain;     /* [L] the one in work */
	u8 config[VIRTIO_CONFIG_BYTES]; /* [I] the device's configuration space */
	struct virtio_stats stats;    /* [L] */
	union {
		struct virtio_net net;
		struct virtio_blk blk;
		struct virtio_console console;
	};
};

/* The virtio devices of a VM. */
struct virtio {
	u32 count; /* [I] */
	u32 work;  /* [A] bit n: device n has something to do */
	u32 last;  /* [A] a hint: which device was served last */
	struct virtio_dev dev[VIRTIO_DEVICES];
};

/* Make the devices that the VM's description asks for. NULL, or why not. The builder's
 * CPU, before the first vCPU runs. */
const char *virtio_init(struct vm *vm);
/* All vCPUs of the VM have ended: cut it off the switches, and give memory back. A step;
 * true: call it again. */
bool virtio_free_some(struct vm *vm);

/* --- for the run loop --- */

/* REQ_DEVICE: one step of one device. Owner, mode OUTSIDE, no lock held. */
void virtio_serve(struct vcpu *vcpu);
/* Something for a device has arrived from outside: mark it, request, kick. Any CPU, root
 * context but NMI; the VM has started and none of its vCPUs is freed meanwhile. */
void virtio_post(struct vm *vm, u32 index);

/* --- for the devices; lock held, owner of a vCPU of the VM --- */

/* Take a chain of that queue into dev->chain. False: none, or the ring is broken and the
 * device out of service; else the driver will notify for the next one. */
bool virtio_take(struct virtio_dev *dev, struct vcpu *vcpu, unsigned queue);
/* Give it back; false as above. */
bool virtio_give(struct virtio_dev *dev, struct vcpu *vcpu, unsigned queue, u32 written);
/* Interrupt the driver if it wants that for what was given back. */
void virtio_signal(struct virtio_dev *dev, struct vcpu *vcpu, unsigned queue);
/* Out of service until the driver resets it (section 2.1.2). */
void virtio_fail(struct virtio_dev *dev, const char *why);
/* May the device touch its queues? */
bool virtio_is_live(const struct virtio_dev *dev);

/* --- for virtio_mmio.c; lock held --- */

void virtio_reset(struct virtio_dev *dev);
void virtio_interrupt_ack(struct virtio_dev *dev, u32 bits);
/* The driver notified that queue: work for this vCPU. */
void virtio_notified(struct virtio_dev *dev, struct vcpu *vcpu);
