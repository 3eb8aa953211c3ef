// SPDX-License-Identifier: MIT
/* A network device (virtio 1.2, section 5.1): queues of frames <-> a port of a switch. */
#pragma once
#include "vcpu/dev/switch.h"

struct virtio_ops;

/* [L] under the device's lock */
struct virtio_net {
	struct switch_port *port;   /* [I] */
	u8 frame[SWITCH_FRAME_MAX]; /* [L] the one being sent */
	u64 malformed;              /* [L] chains that held no frame */
};

extern const struct virtio_ops virtio_net_ops;
