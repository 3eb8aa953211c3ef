// SPDX-License-Identifier: MIT
/* VMs: the table of them, their memory map while they run, and how they end. */
#include "vcpu/vm.h"
#include "assert.h"
#include "atomic.h"
#include "cpu.h"
#include "ipi.h"
#include "page.h"
#include "printk.h"
#include "string.h"
#include "vcpu/guest_console.h"
#include "vcpu/keeper.h"
#include "vcpu/vm_table.h"

static struct vm *vms[MAX_VMS];        /* [A] published by vm_create() */
static u32 alive;                      /* [A] VMs that have not ended */
static void (*all_ended)(bool failed); /* [A] tests set it late */
static u32 any_failed;                 /* [A] some VM was killed */

void vms_set_end(void (*fn)(bool failed))
{
	WRITE_ONCE(all_ended, fn); /* VMS: read when the last VM has ended */
}

struct vm *vm_at(unsigned id)
{
	/* VMS: pairs with the release in vm_create(). */
	return id < MAX_VMS ? smp_load_acquire(&vms[id]) : NULL;
}

struct vm *vm_create(const struct vm_desc *desc, unsigned id, const struct rtc *rtc)
{
	unsigned order = page_order(sizeof(struct vm));
	struct vm *vm = page_alloc(order);

	if (!vm)
		return NULL;
	memset(vm, 0, sizeof(*vm));
	vm->id = id;
	vm->desc = desc;
	vm->ram_bytes = desc->mem_bytes;
	vm->space = virt_space_create();
	if (!vm->space) {
		page_free(vm, order);
		return NULL;
	}
	ioapic_reset(&vm->ioapic);
	if (desc->pic)
		pic_init(&vm->pic);
	uart_reset(&vm->uart);
	vm->rtc = *rtc;
	smp_store_release(&vms[id], vm); /* VMS: pairs with vm_at() */
	return vm;
}

void vm_withdraw(struct vm *vm)
{
	/* VMS: before the tickets. Whoever found the pointer earlier acknowledges after
	 * its last use of it; pairs with the release in ipi_acknowledge(). */
	WRITE_ONCE(vms[vm->id], NULL);
	ipi_kick_and_wait(MASK(cpu_count() - 1, 0));
}

void vm_free(struct vm *vm)
{
	testdev_free(&vm->testdev);
	page_free(vm, page_order(sizeof(*vm)));
}

void vms_expect(unsigned count)
{
	atomic_fetch_add(&alive, count); /* VMS: before any of them can end */
}

void vms_not_started(const struct vm_desc *desc, const char *why)
{
	printk("vm %s: stopped: not started: %s\n", desc->name, why);
	WRITE_ONCE(any_failed, 1); /* VMS: before alive falls */
}

void vms_one_ended(void)
{
	if (atomic_fetch_add(&alive, -1u) != 1)
		return;
	printk("spur: all VMs have ended\n");
	/* VMS: any_failed was set before alive fell. */
	READ_ONCE(all_ended)(READ_ONCE(any_failed));
}

/* The first to call it wins. VMEND: only one does, so only one writes why. Returns the
 * state that was found. */
static u32 claim_end(struct vm *vm)
{
	u32 state = READ_ONCE(vm->state), found; /* VMEND: the cmpxchg decides */

	while (state != VM_DEAD) {
		found = cmpxchg(&vm->state, state, VM_DEAD);
		if (found == state)
			break;
		state = found; /* it began to run */
	}
	return state;
}

static void end(struct vm *vm, const char *why, enum vm_end how)
{
	u32 state = claim_end(vm);

	if (state == VM_DEAD)
		return;
	string_copy(vm->why, why, sizeof(vm->why));
	vm->end = how == VM_RESET && !vm->desc->restarts ? VM_ENDED : how;
	/* Without WAIT: this may be called with the own vCPU IN or READING. The bit
	 * stays set for ever, so nobody enters this guest again. While it is being
	 * built, its keeper looks at the state. */
	if (state == VM_RUNNING)
		vm_request_all(vm, REQ_VM_DEAD & ~REQ_WAIT);
}

void vm_flush_output(struct vm *vm)
{
	spin_lock(&vm->device_lock);
	guest_console_flush(vm);
	spin_unlock(&vm->device_lock);
}

void vm_tell_end(struct vm *vm)
{
	if (vm->end != VM_RESET)
		printk("vm %s: %s: %s\n", vm->desc->name,
		       vm->end == VM_FAILED ? "stopped" : "ended", vm->why);
	if (vm->end == VM_FAILED)
		WRITE_ONCE(any_failed, 1); /* VMS: before alive falls */
}

void vm_kill(struct vm *vm, const char *fmt, ...)
{
	char why[sizeof(vm->why)];
	va_list args;

	va_start(args, fmt);
	format_va(why, sizeof(why), fmt, args);
	va_end(args);
	end(vm, why, VM_FAILED);
}

void vm_end(struct vm *vm, const char *why)
{
	end(vm, why, VM_ENDED);
}

void vm_reset(struct vm *vm, const char *why)
{
	end(vm, why, VM_RESET);
}

void vm_vcpu_ended(struct vm *vm)
{
	unsigned id = vm->id;

	/* VMEND: fully ordered; who sees 0 sees all that the others did. From then on
	 * the VM is its keeper's. */
	if (atomic_fetch_add(&vm->running_vcpus, -1u) == 1)
		keeper_wake(id);
}

bool vm_is_dead(struct vm *vm)
{
	return READ_ONCE(vm->state) == VM_DEAD; /* VMEND: a hint; the request decides */
}
