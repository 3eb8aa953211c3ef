// SPDX-License-Identifier: MIT
/* VMs: the table of them, their memory map while they run, and how they end. */
#include "vcpu/vm.h"
#include "arch/x86/rtc.h"
#include "assert.h"
#include "atomic.h"
#include "page.h"
#include "printk.h"
#include "string.h"
#include "timer.h"
#include "vcpu/guest_console.h"
#include "vcpu/vm_table.h"

static struct vm *vms[MAX_VMS];        /* [A] published by vm_create() */
static u32 vm_count;                   /* [A] */
static u32 alive;                      /* [A] VMs that have not ended */
static void (*all_ended)(bool failed); /* [I] */
static u32 any_failed;                 /* [A] some VM was killed */

void vms_set_end(void (*fn)(bool failed))
{
	all_ended = fn;
}

struct vm *vm_at(unsigned id)
{
	/* VMS: pairs with the release in vm_create(). */
	return id < MAX_VMS ? smp_load_acquire(&vms[id]) : NULL;
}

struct vm *vm_create(const struct vm_desc *desc)
{
	unsigned order = page_order(sizeof(struct vm));
	struct vm *vm = page_alloc(order);

	if (!vm)
		return NULL;
	memset(vm, 0, sizeof(*vm));
	vm->desc = desc;
	vm->ram_bytes = desc->mem_bytes;
	vm->space = virt_space_create();
	if (!vm->space) {
		page_free(vm, order);
		return NULL;
	}
	ioapic_reset(&vm->ioapic);
	uart_reset(&vm->uart);
	rtc_init(&vm->rtc, rtc_now(), tsc_now());
	vm->id = atomic_fetch_add(&vm_count, 1);
	smp_store_release(&vms[vm->id], vm); /* VMS: pairs with vm_at() */
	return vm;
}

void vms_expect(unsigned count)
{
	WRITE_ONCE(alive, count); /* VMS: before any of them can end */
}

void vms_one_ended(void)
{
	if (atomic_fetch_add(&alive, -1u) != 1)
		return;
	printk("spur: all VMs have ended\n");
	all_ended(READ_ONCE(any_failed)); /* VMS: set before alive fell */
}

/* The first to call it wins. VMEND: only one does, so only one writes why. */
static bool claim_end(struct vm *vm)
{
	u32 state = READ_ONCE(vm->state); /* VMEND: the cmpxchg decides */

	return state != VM_DEAD && cmpxchg(&vm->state, state, VM_DEAD) == state;
}

static void end(struct vm *vm, const char *why, bool failed)
{
	if (!claim_end(vm))
		return;
	spin_lock(&vm->device_lock);
	guest_console_flush(vm);
	spin_unlock(&vm->device_lock);
	string_copy(vm->why, why, sizeof(vm->why));
	printk("vm %s: %s: %s\n", vm->desc->name, failed ? "stopped" : "ended", why);
	if (failed)
		WRITE_ONCE(any_failed, 1); /* VMS: before alive falls */
	/* Without WAIT: this may be called with the own vCPU IN or READING. The bit
	 * stays set for ever, so nobody enters this guest again. */
	vm_request_all(vm, REQ_VM_DEAD & ~REQ_WAIT);
	if (!vm->vcpu_count)
		vms_one_ended();
}

void vm_kill(struct vm *vm, const char *fmt, ...)
{
	char why[sizeof(vm->why)];
	va_list args;

	va_start(args, fmt);
	format_va(why, sizeof(why), fmt, args);
	va_end(args);
	end(vm, why, true);
}

void vm_end(struct vm *vm, const char *why)
{
	end(vm, why, false);
}

void vm_vcpu_ended(struct vm *vm)
{
	/* VMEND: fully ordered; the last one out sees all that the others did. */
	if (atomic_fetch_add(&vm->running_vcpus, -1u) == 1)
		vms_one_ended();
}

bool vm_is_dead(struct vm *vm)
{
	return READ_ONCE(vm->state) == VM_DEAD; /* VMEND: a hint; the request decides */
}
