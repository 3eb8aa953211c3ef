// SPDX-License-Identifier: MIT
/* The virtual machines that GRUB's module lines describe.
 *
 *	module2 /boot/vmlinuz vm=web vcpus=2 mem=256M cpus=0-1 -- console=ttyS0
 *	module2 /boot/initrd.gz vm=web initrd
 *	module2 /boot/root.ext4 image=root
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
#define VM_NICS_MAX 4
#define VM_DISKS_MAX 3
#define VM_MAC_BYTES 6

/* A network device. */
struct vm_nic_desc {
	char name[VM_NAME_MAX];   /* of the switch that it is plugged into */
	bool has_mac;             /* else Spur chooses */
	u8 mac[VM_MAC_BYTES];
};

/* A block device. */
struct vm_disk_desc {
	char name[VM_NAME_MAX]; /* of its image */
	bool cow;               /* may be written, in memory; else read-only */
	const struct boot_module *module;
};

/* [I] filled once by the boot CPU, then constant. */
struct vm_desc {
	char name[VM_NAME_MAX];
	unsigned vcpus;  /* vcpus=N */
	u64 mem_bytes;   /* mem=SIZE, a multiple of PAGE_SIZE */
	u64 cpu_mask;    /* cpus=0-1,3: host CPUs it may run on; 0: any */
	unsigned weight; /* weight=N: share of a CPU against other VMs */
	bool kvm;        /* kvm=on: KVM's CPUID leaves and clock */
	bool pv_eoi;     /* pv-eoi=on, and kvm=on: EOIs without an exit */
	bool x2apic;     /* x2apic=on: the guest sees x2APIC */
	bool pic;        /* pic=on: there are 8259s */
	bool starts;     /* start=on: at boot; else when the monitor is told to */
	bool restarts;   /* reset=restart: a guest's reset makes the VM anew */
	bool triple_resets; /* triple=reset: a triple fault is a reset, not an error */
	bool vcon;       /* vcon=on: a virtio console */
	struct vm_nic_desc nics[VM_NICS_MAX]; /* net=SWITCH[,MAC] */
	unsigned nic_count;
	struct vm_disk_desc disks[VM_DISKS_MAX]; /* disk=IMAGE[:ro|:cow] */
	unsigned disk_count;
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
