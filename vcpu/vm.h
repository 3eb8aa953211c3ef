// SPDX-License-Identifier: MIT
/* A virtual machine: memory, vCPUs, devices, and how it ends.
 *
 * [I] set before the first vCPU runs   [L] under device_lock   [M] under mmu_lock
 * [A] any CPU, marked accesses */
#pragma once
#include "config.h"
#include "dev/hpet.h"
#include "dev/ioapic.h"
#include "dev/pic.h"
#include "dev/pm.h"
#include "dev/rtc.h"
#include "dev/testdev.h"
#include "dev/uart.h"
#include "dev/virtio.h"
#include "spinlock.h"
#include "vcpu.h"
#include "vmdesc.h"

struct vm {
	u32 id;                        /* [I] 0..MAX_VMS-1 */
	const struct vm_desc *desc;    /* [I] name, cpus, memory, command line */
	u32 vcpu_count;                /* [I] */
	struct vcpu *vcpus[MAX_VCPUS]; /* [I] by index */
	struct virt_space *space;      /* [M] nested page tables */
	u64 ram_bytes;                 /* [I] */
	u64 ram_mapped;                /* [I] how much of it is allocated by now */
	struct spinlock mmu_lock;
	struct spinlock device_lock;
	struct ioapic ioapic;   /* [L] */
	struct uart uart;       /* [L] */
	struct rtc rtc;         /* [L] */
	struct pm pm;           /* [L] */
	struct testdev testdev; /* [L] */
	struct virtio virtio;   /* see virtio.h */
	struct hpet hpet;       /* [L] */
	struct pic pic;         /* [L] */
	u64 unknown_pio;        /* [L] accesses to ports where nothing is */
	u16 unknown_pio_last;   /* [L] the last such port */
	u32 state;              /* [A] enum vm_state */
	u32 running_vcpus;      /* [A] vCPUs not yet ENDED */
	char why[96];           /* [A] why it is VM_DEAD; for dumps */
	u32 end;                /* who made it VM_DEAD: enum vm_end, for its keeper */
};

enum vm_state { VM_BUILDING, VM_RUNNING, VM_DEAD };

/* How a VM has ended: in good order, by an error, to be built anew. */
enum vm_end { VM_ENDED, VM_FAILED, VM_RESET };

/* End a VM, with a line that says why, which its keeper prints. Any CPU, root mode; also
 * with the caller's own vCPU IN or READING (does not wait). The first reason stays. */
void vm_kill(struct vm *vm, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for an orderly end (power-off): not an error. */
void vm_end(struct vm *vm, const char *why);
/* The same for a reset: the VM begins anew, unless its description says reset=end. */
void vm_reset(struct vm *vm, const char *why);

/* --- the one door to guest memory; vcpu/guestmem.c --- */

/* Copy between guest-physical memory and a buffer. False: some byte of the
 * range is not RAM (then nothing or a part was copied). An aligned 16-bit word is one
 * access. Owner of vcpu, its mode OUTSIDE; walks the tables in READING mode. */
bool guest_read(struct vcpu *vcpu, gpa_t gpa, void *buf, u64 bytes);
bool guest_write(struct vcpu *vcpu, gpa_t gpa, const void *buf, u64 bytes);
/* Translate a guest-virtual address through the guest's own page tables
 * (or none, when paging is off). False: not mapped for this kind of access. */
bool guest_translate(struct vcpu *vcpu, u64 gva, bool write, bool fetch, gpa_t *gpa);
/* The error code of the page fault that such an access, which does not translate,
 * raises (SDM 3A "Interrupt 14: Page-Fault Exception"). */
u32 guest_fault_error(struct vcpu *vcpu, u64 gva, bool write);
/* Copy from or to guest-virtual memory, page by page as the guest's tables say;
 * returns the bytes done before one was not mapped, or not RAM. */
u64 guest_read_virtual(struct vcpu *vcpu, u64 gva, void *buf, u64 bytes, bool fetch);
/* How much of the range translates for a write; touches nothing. */
u64 guest_writable_virtual(struct vcpu *vcpu, u64 gva, u64 bytes);
u64 guest_write_virtual(struct vcpu *vcpu, u64 gva, const void *buf, u64 bytes);
