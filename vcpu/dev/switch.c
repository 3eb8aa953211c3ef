// SPDX-License-Identifier: MIT
/* The switches: which port an address is behind, and a queue for each port. Owns the
 * ports. A frame is copied into the receiver's queue by the sender, and from there by a
 * vCPU of the receiver: no CPU touches another VM's memory. */
#include "vcpu/dev/switch.h"
#include "assert.h"
#include "atomic.h"
#include "bits.h"
#include "page.h"
#include "string.h"
#include "timer.h"
#include "vcpu/vm.h"

#define QUEUE_ORDER page_order(SWITCH_QUEUE * sizeof(struct switch_frame))
#define PORTS (MAX_VMS * VM_NICS_MAX)
#define MAC_GROUP BIT(0) /* of the first byte: broadcast or multicast */

static_assert(PORTS <= 64, "a set of ports is one word");

/* An address as a number; 0: none. */
typedef u64 mac_t;

struct learned {
	mac_t mac;
	u64 heard; /* TSC */
};

struct switch_port {
	struct spinlock lock;
	struct vm *vm;                          /* [L] NULL: the port is free */
	u32 device;                             /* [I] which of the VM's */
	char name[SWITCH_NAME_MAX];             /* [T] of its switch */
	mac_t own;                              /* [T] */
	struct learned learned[SWITCH_LEARNED]; /* [T] */
	struct switch_frame *queue;             /* [I] SWITCH_QUEUE of them */
	u32 head, tail; /* [L] free-running: taken up to head, put up to tail */
	bool open;      /* [L] */
	bool announced; /* [L] the receiver knows that there is something */
	struct switch_stats stats; /* [L] */
};

static struct switch_port ports[PORTS];
static u64 attached; /* [T] which are in use */
static struct spinlock table;

static mac_t mac_at(const u8 *at)
{
	mac_t mac = 0;

	for (unsigned i = 0; i < MAC_BYTES; i++)
		mac |= (mac_t)at[i] << i * 8;
	return mac;
}

/* --- plugging in --- */

/* Does a device in the set have that address? */
static bool is_owned(u64 set, mac_t mac)
{
	for (; set; set &= set - 1) {
		if (ports[bit_lowest(set)].own == mac)
			return true;
	}
	return false;
}

/* The ports of the switch of that name. */
static u64 ports_named(const char *name)
{
	u64 found = 0;

	for (u64 rest = attached; rest; rest &= rest - 1) {
		unsigned i = bit_lowest(rest);

		if (!strcmp(ports[i].name, name))
			found |= BIT(i);
	}
	return found;
}

static struct switch_port *claim(const char *name, mac_t mac)
{
	struct switch_port *port = NULL;
	u64 set;

	spin_lock(&table);
	set = ports_named(name);
	/* There are as many ports as there can be devices. */
	if (bit_count(set) < SWITCH_PORTS_MAX && !is_owned(set, mac)) {
		unsigned i = bit_lowest(~attached);

		port = &ports[i];
		string_copy(port->name, name, sizeof(port->name));
		port->own = mac;
		memset(port->learned, 0, sizeof(port->learned));
		attached |= BIT(i);
	}
	spin_unlock(&table);
	return port;
}

static void release(struct switch_port *port)
{
	spin_lock(&table);
	attached &= ~BIT(port - ports);
	spin_unlock(&table);
}

struct switch_port *switch_attach(struct vm *vm, unsigned device, const char *name,
				  const u8 mac[MAC_BYTES])
{
	struct switch_frame *queue = page_alloc(QUEUE_ORDER);
	struct switch_port *port = queue ? claim(name, mac_at(mac)) : NULL;

	if (!port) {
		if (queue)
			page_free(queue, QUEUE_ORDER);
		return NULL;
	}
	spin_lock(&port->lock);
	port->vm = vm;
	port->device = device;
	port->queue = queue;
	port->head = port->tail = 0;
	port->open = port->announced = false;
	port->stats = (struct switch_stats){.sent = 0};
	spin_unlock(&port->lock);
	return port;
}

void switch_detach(struct switch_port *port)
{
	struct switch_frame *queue = port->queue;

	spin_lock(&port->lock);
	port->open = false;
	port->vm = NULL;
	port->queue = NULL;
	spin_unlock(&port->lock);
	release(port);
	page_free(queue, QUEUE_ORDER);
}

void switch_open(struct switch_port *port, bool on)
{
	spin_lock(&port->lock);
	port->open = on;
	port->announced = false;
	port->head = port->tail;
	spin_unlock(&port->lock);
}

/* --- addresses --- */

static bool is_fresh(const struct learned *entry)
{
	return tsc_now() - entry->heard < tsc_khz() * 1000 * SWITCH_AGE_S;
}

static struct learned *find_learned(struct switch_port *port, mac_t mac)
{
	for (unsigned i = 0; i < SWITCH_LEARNED; i++) {
		struct learned *entry = &port->learned[i];

		if (entry->mac == mac && is_fresh(entry))
			return entry;
	}
	return NULL;
}

/* The port of the set that an address is behind; NULL: not known. */
static struct switch_port *port_of(u64 set, mac_t mac)
{
	for (u64 rest = set; rest; rest &= rest - 1) {
		if (ports[bit_lowest(rest)].own == mac)
			return &ports[bit_lowest(rest)];
	}
	for (u64 rest = set; rest; rest &= rest - 1) {
		if (find_learned(&ports[bit_lowest(rest)], mac))
			return &ports[bit_lowest(rest)];
	}
	return NULL;
}

/* A new address takes the place of the one of this port not heard for the longest. */
static void learn(struct switch_port *port, mac_t mac)
{
	struct learned *entry = find_learned(port, mac);

	for (unsigned i = 0; !entry && i < SWITCH_LEARNED; i++) {
		if (!port->learned[i].mac || !is_fresh(&port->learned[i]))
			entry = &port->learned[i];
	}
	if (!entry) {
		entry = port->learned;
		for (unsigned i = 1; i < SWITCH_LEARNED; i++) {
			if (port->learned[i].heard < entry->heard)
				entry = &port->learned[i];
		}
	}
	*entry = (struct learned){mac, tsc_now()};
}

/* May a frame with this source come from here? Then it is known from now on. */
static bool accept_source(struct switch_port *from, u64 set, mac_t source)
{
	struct switch_port *owner;

	if (source == from->own)
		return true;
	if (!source || source & MAC_GROUP)
		return false;
	owner = port_of(set & ~BIT(from - ports), source);
	if (owner)
		return false;
	learn(from, source);
	return true;
}

/* The ports a frame goes to. */
static u64 route(struct switch_port *from, const u8 *frame, bool *refused)
{
	mac_t to = mac_at(frame);
	struct switch_port *port;
	u64 set, others;

	spin_lock(&table);
	set = ports_named(from->name);
	others = set & ~BIT(from - ports);
	*refused = !accept_source(from, set, mac_at(frame + MAC_BYTES));
	port = to & MAC_GROUP ? NULL : port_of(set, to);
	spin_unlock(&table);
	if (*refused)
		return 0;
	return port ? others & BIT(port - ports) : others;
}

/* --- frames --- */

static void deliver(struct switch_port *port, const u8 *frame, u32 bytes)
{
	struct switch_frame *slot;

	spin_lock(&port->lock);
	if (!port->open) {
		spin_unlock(&port->lock);
		return;
	}
	if (port->tail - port->head == SWITCH_QUEUE) {
		port->stats.dropped++;
	} else {
		slot = &port->queue[port->tail++ % SWITCH_QUEUE];
		slot->bytes = bytes;
		memcpy(slot->data, frame, bytes);
		/* Under the lock: a VM that has been detached is not touched. */
		if (!port->announced)
			virtio_post(port->vm, port->device);
		port->announced = true;
	}
	spin_unlock(&port->lock);
}

unsigned switch_send(struct switch_port *from, const u8 *frame, u32 bytes)
{
	bool refused;
	u64 to = route(from, frame, &refused);
	unsigned count = 0;

	spin_lock(&from->lock);
	from->stats.sent++;
	from->stats.refused += refused;
	spin_unlock(&from->lock);
	for (; to; to &= to - 1, count++)
		deliver(&ports[bit_lowest(to)], frame, bytes);
	return count;
}

const struct switch_frame *switch_peek(struct switch_port *port)
{
	const struct switch_frame *slot = NULL;

	spin_lock(&port->lock);
	if (port->head != port->tail)
		slot = &port->queue[port->head % SWITCH_QUEUE];
	else
		port->announced = false;
	spin_unlock(&port->lock);
	return slot;
}

void switch_take(struct switch_port *port)
{
	spin_lock(&port->lock);
	port->head++;
	port->stats.received++;
	spin_unlock(&port->lock);
}

void switch_get_stats(struct switch_port *port, struct switch_stats *out)
{
	spin_lock(&port->lock);
	*out = port->stats;
	spin_unlock(&port->lock);
}
