// SPDX-License-Identifier: MIT
/* The guests' consoles: host serial line <-> each VM's UART and virtio console. They
 * outlive the VMs, by number, so that a restart keeps them. */
#include "vcpu/guest_console.h"
#include "atomic.h"
#include "bits.h"
#include "console.h"
#include "printk.h"
#include "spinlock.h"
#include "timer.h"
#include "vcpu/dev/uart.h"
#include "vcpu/dev/virtio_console.h"
#include "vcpu/monitor.h"
#include "vcpu/vm_table.h"

#define LINE_MAX 160
#define QUIET_MS 300 /* then an unfinished line is a prompt, and is shown */

/* [I] set at boot   [L] under its lock */
struct guest_console {
	struct spinlock lock;
	char prefix[VM_NAME_MAX + 4]; /* [I] */
	char line[LINE_MAX + 2];      /* [L] of a line what is not out yet; \r\n fits */
	unsigned length;              /* [L] */
	u64 last_byte;                /* [L] TSC */
	bool armed;                   /* [L] the timer is set, on some CPU */
	struct timer timer;           /* that CPU's */
	u64 head, shown;              /* [L] bytes ever said, and up to where shown */
	char kept[CONSOLE_KEPT];      /* [L] ring of the last ones */
};
static struct guest_console consoles[MAX_VMS];
static s32 view = CONSOLE_ALL; /* [A] who has the line */
static u32 input_vm;           /* [A] who gets what is typed */
static u32 prefixed;           /* [A] CONSOLE_KEY was typed */

/* --- line by line --- */

static void send_line(struct guest_console *c)
{
	console_write_part(c, c->prefix, c->line, c->length);
	c->length = 0;
	c->shown = c->head;
}

static void end_line(struct guest_console *c)
{
	c->line[c->length++] = '\r';
	c->line[c->length++] = '\n';
	send_line(c);
}

static u64 quiet_cycles(void)
{
	return QUIET_MS * tsc_khz();
}

/* On the CPU that set it. */
static void on_quiet(struct timer *timer)
{
	struct guest_console *c = container_of(timer, struct guest_console, timer);
	u64 due;

	spin_lock(&c->lock);
	due = c->last_byte + quiet_cycles();
	c->armed = c->length && due > tsc_now();
	if (c->armed)
		timer_set(timer, due);
	else if (c->length)
		send_line(c);
	spin_unlock(&c->lock);
}

static void add_to_line(struct guest_console *c, u8 byte)
{
	if (byte == '\n') {
		end_line(c);
		return;
	}
	if (byte == '\r')
		return;
	c->line[c->length++] = (char)byte;
	c->last_byte = tsc_now();
	if (c->length == LINE_MAX) {
		end_line(c);
	} else if (!c->armed) {
		c->armed = true;
		timer_set(&c->timer, c->last_byte + quiet_cycles());
	}
}

/* --- output --- */

void console_guest_output(struct vm *vm, u8 byte)
{
	struct guest_console *c = &consoles[vm->id];
	s32 who;

	spin_lock(&c->lock);
	c->kept[c->head++ % CONSOLE_KEPT] = (char)byte;
	who = READ_ONCE(view); /* STATS: under the lock, see guest_console_switch() */
	if (who == CONSOLE_ALL) {
		add_to_line(c, byte);
	} else if (who == (s32)vm->id) {
		console_write_part(c, "", (const char *)&byte, 1);
		c->shown = c->head;
	}
	spin_unlock(&c->lock);
}

void guest_console_flush(struct vm *vm)
{
	struct guest_console *c = &consoles[vm->id];

	spin_lock(&c->lock);
	if (c->length)
		end_line(c);
	spin_unlock(&c->lock);
}

/* Out with what is kept from there on, and a word on what is not kept any more. */
static void show_from(struct guest_console *c, u64 from)
{
	u64 oldest = c->head - MIN(c->head, (u64)CONSOLE_KEPT);

	if (from < oldest) {
		printk("spur: %lu bytes of its output lost\n", oldest - from);
		from = oldest;
	}
	while (from < c->head) {
		u64 at = from % CONSOLE_KEPT,
		    bytes = MIN(CONSOLE_KEPT - at, c->head - from);

		console_write_part(c, "", c->kept + at, bytes);
		from += bytes;
	}
	c->shown = c->head;
	c->length = 0;
}

void guest_console_switch(s32 id)
{
	struct guest_console *c;

	/* STATS: before the console's lock. Who writes later finds it; what was written
	 * earlier is kept, and shown here. */
	WRITE_ONCE(view, id);
	if (id == CONSOLE_ALL)
		return;
	WRITE_ONCE(input_vm, (u32)id); /* STATS: a typed byte may still go to the other */
	c = &consoles[id];
	spin_lock(&c->lock);
	show_from(c, c->shown);
	spin_unlock(&c->lock);
}

void guest_console_show(unsigned id)
{
	struct guest_console *c = &consoles[id];

	spin_lock(&c->lock);
	show_from(c, c->head - MIN(c->head, (u64)CONSOLE_KEPT));
	spin_unlock(&c->lock);
}

/* --- input --- */

static void give_to_guest(u8 byte)
{
	struct vm *vm = vm_at(READ_ONCE(input_vm)); /* STATS: see the switch */

	/* VMEND: pairs with the cmpxchg in step_start(). */
	if (!vm || smp_load_acquire(&vm->state) != VM_RUNNING)
		return;
	if (!virtio_console_input(vm, byte))
		uart_input(vm, byte);
}

void guest_console_input(u8 byte)
{
	bool for_monitor = xchg(&prefixed, 0);

	if (for_monitor && byte != CONSOLE_KEY)
		monitor_key(byte);
	else if (for_monitor || byte != CONSOLE_KEY)
		give_to_guest(byte);
	else
		xchg(&prefixed, 1);
}

s32 guest_console_view(void)
{
	return READ_ONCE(view); /* STATS: a hint */
}

unsigned guest_console_input_vm(void)
{
	return READ_ONCE(input_vm); /* STATS: a hint */
}

void guest_console_init(const struct vm_desc *descs, unsigned count)
{
	unsigned id = 0;

	for (unsigned i = 0; i < count; i++) {
		struct guest_console *c = &consoles[id];

		if (descs[i].error[0])
			continue;
		format(c->prefix, sizeof(c->prefix), "[%s] ", descs[i].name);
		timer_init(&c->timer, on_quiet);
		id++;
	}
	WRITE_ONCE(view, id == 1 ? 0 : CONSOLE_ALL); /* STATS: nothing runs yet */
}
