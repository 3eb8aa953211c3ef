// SPDX-License-Identifier: MIT
/* Learning switches between the network devices of VMs (IEEE 802.1Q, "MAC Bridges": the
 * filtering database). A port is one VM's device. What a guest does costs other guests
 * nothing but the frames it sends them:
 *  - each port has its own queue; when that is full, what comes is dropped and counted;
 *  - each port has its own few learned addresses, so a guest cannot push out another's;
 *  - a port's own address cannot be learned elsewhere, nor an address that another port
 *    has and still uses: a frame with such a source is dropped.
 *
 * Locks: `table` of the addresses, then a port's lock; both leaves but for the kick.
 * [I] set while the VM is built   [L] under the port's lock   [T] under `table` */
#pragma once
#include "config.h"
#include "types.h"

struct vm;

#define SWITCH_NAME_MAX 16
#define SWITCH_FRAME_MIN 14   /* an Ethernet header */
#define SWITCH_FRAME_MAX 1518 /* and 1500 bytes, and a VLAN tag */
#define SWITCH_QUEUE 128      /* frames; a power of two */
#define SWITCH_PORTS_MAX 32   /* of one switch: what a broadcast costs at most */
#define SWITCH_LEARNED 8      /* addresses of one port beside its own */
#define SWITCH_AGE_S 300      /* an address not heard for so long is forgotten */
#define MAC_BYTES 6

struct switch_stats {
	u64 sent;      /* frames taken from the guest */
	u64 refused;   /* of these: not from an address that the port may use */
	u64 received;  /* frames given to the guest */
	u64 dropped;   /* for the guest, but its queue was full */
};

struct switch_port;

/* A frame in a port's queue. */
struct switch_frame {
	u32 bytes;
	u8 data[SWITCH_FRAME_MAX];
};

/* Plug device `device` of the VM into the switch of that name, while the VM is built.
 * NULL: no memory, the switch has all its ports, or another device there has the
 * address. */
struct switch_port *switch_attach(struct vm *vm, unsigned device, const char *name,
				  const u8 mac[MAC_BYTES]);
/* Pull it out and give its memory back: from here on nobody touches the VM through it.
 * Any CPU; none of the VM's vCPUs uses the port. */
void switch_detach(struct switch_port *port);
/* Let frames in, or stop and forget those that wait. Under the device's lock. */
void switch_open(struct switch_port *port, bool on);
/* Send a frame of SWITCH_FRAME_MIN to SWITCH_FRAME_MAX bytes; it is copied. Returns how
 * many ports it went to: the work done. Under the device's lock. */
unsigned switch_send(struct switch_port *from, const u8 *frame, u32 bytes);
/* The oldest frame that waits; NULL: none, and the next one will post work. It stays in
 * place until switch_take(). Under the device's lock. */
const struct switch_frame *switch_peek(struct switch_port *port);
void switch_take(struct switch_port *port);
/* Counters; exact under the device's lock. */
void switch_get_stats(struct switch_port *port, struct switch_stats *out);
