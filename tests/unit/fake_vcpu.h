// SPDX-License-Identifier: MIT
/* A VM without hardware, for tests of what a guest sees: vCPUs whose kicks,
 * registers, timers, time and memory are plain variables. */
#pragma once
#include "vcpu/vm.h"

#define FAKE_KHZ 2000000ul /* 2 GHz */
#define FAKE_MS FAKE_KHZ
#define FAKE_US (FAKE_KHZ / 1000)
#define FAKE_RAM_BYTES 0x4000
#define FAKE_TEXT_BYTES 512

struct virt_vcpu {
	u64 regs[REG_COUNT];
	struct virt_sregs sregs;
	u32 skipped; /* bytes stepped over in all */
};

/* What was done to a vCPU. */
struct fake_counts {
	u32 kicks, nmis, inits, sipis;
	u8 sipi_vector;
};

struct fake {
	u64 tsc;              /* host TSC */
	bool forbid_locks;    /* a lock taken now is a failure */
	u32 lock_errors;      /* taken twice, given back free, or forbidden */
	u32 order_errors;     /* kicked without a request */
	u32 timer_errors;     /* a host deadline in the past */
	u32 locked;           /* how many are held */
	struct fake_counts counts[MAX_VCPUS];
	u8 ram[FAKE_RAM_BYTES];
	bool console_full;    /* what console_has_room() denies */
	char output[FAKE_TEXT_BYTES];
	u32 output_bytes;
	char end[FAKE_TEXT_BYTES];
};

extern struct fake fake;

/* A fresh VM with this many vCPUs, APICs as after power-on. */
struct vm *fake_vm(unsigned vcpus);
/* Turn every local APIC on: SVR 0x1ff, xAPIC mode. */
void fake_enable_apics(struct vm *vm);
/* Put every local APIC into x2APIC mode. */
void fake_enable_x2apics(struct vm *vm);
/* Let time pass; timers fire at their deadlines, in order. */
void fake_advance(struct vm *vm, u64 cycles);
/* Fire the timers that are due now. */
void fake_serve_timers(struct vm *vm);
/* What a vCPU's IRR holds highest, and its request consumed: 0: nothing. */
unsigned fake_take(struct vcpu *vcpu);
/* Forget what was counted. */
void fake_clear_counts(void);
