// SPDX-License-Identifier: MIT
/* The virtual machines that GRUB's module lines describe.
 *
 *	module2 /boot/vmlinuz vm=web vcpus=2 mem=256M cpus=0-1 -- console=ttyS0
 *	module2 /boot/initrd.gz vm=web initrd
 *
 * Words before "--" are ours, what follows is the guest's command line. */
#pragma once
#include "bits.h"
#include "bootinfo.h"
#include "config.h"
#include "types.h"

#define VM_NAME_MAX 16 /* with its NUL; letters, digits, - _ and . */
#define VM_ERROR_MAX 128
#define VM_MEM_MIN MIB(2)
#define VM_MEM_MAX GIB(1024)
#define VM_MEM_DEFAULT MIB(256)
#define VM_WEIGHT_DEFAULT 100
#define VM_WEIGHT_MAX 10000

/* [I] filled once by the boot CPU, then constant. */
struct vm_desc {
	char name[VM_NAME_MAX];
	unsigned vcpus;  /* vcpus=N */
	u64 mem_bytes;   /* mem=SIZE, a multiple of PAGE_SIZE */
	u64 cpu_mask;    /* cpus=0-1,3: host CPUs it may run on; 0: any */
	unsigned weight; /* weight=N: share of a CPU against other VMs */
	bool kvm;        /* kvm=on: KVM's CPUID leaves and clock */
	bool x2apic;     /* x2apic=on: the guest sees x2APIC */
	bool restarts;   /* reset=restart: a guest's reset makes the VM anew */
	bool triple_resets; /* triple=reset: a triple fault is a reset, not an error */
	const struct boot_module *kernel;
	const struct boot_module *initrd; /* NULL: none */
	char cmdline[CMDLINE_MAX];
	char error[VM_ERROR_MAX]; /* not empty: do not start this VM */
};

/* Describe the VMs of all modules, in the order of their first line; at most max.
 * Returns how many; those with an error among them. Every error is also a line
 * given to complain(), naming the module's number (from 0), the VM and the
 * reason. Pure; boot CPU, once; info must outlive out. */
unsigned vmdesc_parse(const struct bootinfo *info, struct vm_desc *out, unsigned max,
		      void (*complain)(const char *line));
