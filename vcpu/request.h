// SPDX-License-Identifier: MIT
/* Requests: sticky bits that a vCPU consumes before it enters its guest, and
 * the forms in which they are made. Names and meanings are KVM's
 * (Linux, Documentation/virt/kvm/vcpu-requests.rst).
 *
 * A request value is a bit number with flags above it. */
#pragma once
#include "bits.h"

struct vm;
struct vcpu;

enum vcpu_request_number {
	REQ_NR_VM_DEAD,   /* sticky: never cleared */
	REQ_NR_PAUSE,     /* gate: set and cleared by who pauses; no handler */
	REQ_NR_TLB_FLUSH, /* forget cached nested translations before the next entry */
	REQ_NR_UNBLOCK,   /* leave the blocking protocol even with nothing to do */
	REQ_NR_NMI,       /* payload: vcpu->nmi_pending */
	REQ_NR_EVENT,     /* look again at what there is to inject, INIT and SIPI too */
	REQ_NR_DEVICE,    /* payload: vm->virtio.work */
	REQ_NR_RESCHED,   /* let the pCPU's loop have a look (migration, offline) */
	REQ_NR_TEST,      /* payload: the in-machine tests' counters */
	REQ_NR_OUTSIDE,   /* pseudo: everyone out once; never set as a bit */
	REQ_NR_COUNT
};

#define REQ_NUMBER_MASK 0xffu
#define REQ_NO_WAKEUP 0x100u /* a blocked vCPU may sleep on */
#define REQ_WAIT 0x200u      /* return only after every target was OUTSIDE */
#define REQ_NO_ACTION 0x400u /* never set the bit; only wake, IPI, acknowledgement */

#define REQ_VM_DEAD (REQ_NR_VM_DEAD | REQ_WAIT)
#define REQ_PAUSE (REQ_NR_PAUSE | REQ_WAIT | REQ_NO_WAKEUP)
#define REQ_TLB_FLUSH (REQ_NR_TLB_FLUSH | REQ_WAIT | REQ_NO_WAKEUP)
#define REQ_UNBLOCK REQ_NR_UNBLOCK
#define REQ_NMI REQ_NR_NMI
#define REQ_EVENT REQ_NR_EVENT
#define REQ_DEVICE REQ_NR_DEVICE
#define REQ_RESCHED (REQ_NR_RESCHED | REQ_NO_WAKEUP)
#define REQ_TEST REQ_NR_TEST
#define REQ_OUTSIDE (REQ_NR_OUTSIDE | REQ_WAIT | REQ_NO_WAKEUP | REQ_NO_ACTION)

/* Set the bit. Whatever the request is about was stored before. No kick. */
void vcpu_make_request(unsigned req, struct vcpu *vcpu);
/* Is it set? Owner or anyone; no order. */
bool vcpu_test_request(unsigned req, struct vcpu *vcpu);
/* Consume it: true if it was set, then it is clear, and what the sender stored
 * before is visible. Owner only. Not for VM_DEAD. */
bool vcpu_check_request(unsigned req, struct vcpu *vcpu);
/* Clear a gate request from outside; opens the gate. */
void vcpu_clear_request(unsigned req, struct vcpu *vcpu);

/* Wake the vCPU if it is blocked; else make it leave guest mode soon if it is
 * in there. Request-less kicks are almost never right. Any CPU, any root
 * context but NMI, never waits. */
void vcpu_kick(struct vcpu *vcpu);
/* make + kick, honouring the request's flags except WAIT. Never waits. */
void vcpu_request(unsigned req, struct vcpu *vcpu);
/* The same for each vCPU whose index is in the mask; with WAIT it returns only
 * when each was OUTSIDE once after its request became visible. Rules for
 * waiting: ipi_kick_and_wait() in ipi.h. Returns whether an IPI was sent. */
bool vm_request_mask(struct vm *vm, unsigned req, u64 vcpu_mask);
bool vm_request_all(struct vm *vm, unsigned req);
bool vm_request_all_but(struct vm *vm, unsigned req, struct vcpu *except);
