// SPDX-License-Identifier: MIT
/* A block device (virtio 1.2, section 5.2) over a GRUB module: read-only, or
 * copy-on-write in memory. The module itself is never written, so several VMs may have
 * the same. */
#pragma once
#include "types.h"

struct virtio_ops;
struct boot_module;

#define BLK_SECTOR 512UL
#define BLK_COW_MAX (512 * 512 * 4096UL) /* two levels of one page: 1 GiB */

/* [L] under the device's lock */
struct virtio_blk {
	const u8 *image; /* [I] */
	u64 bytes;       /* [I] whole sectors */
	bool cow;        /* [I] */
	u8 ***pages;     /* [L] copied 4 KiB pages, two levels; NULL: none yet */
	bool busy;       /* [L] dev->chain is a request in work */
	u64 at;          /* [L] where on the disk it begins */
	u64 done;        /* [L] bytes of its data that are done */
	u32 type;        /* [L] */
	u8 status;       /* [L] what it will be told */
	u64 requests, moved; /* [L] for the report: and bytes of data */
};

extern const struct virtio_ops virtio_blk_ops;

/* Give one written page back; true: there may be more. All vCPUs have ended. */
bool virtio_blk_free_some(struct virtio_blk *blk);
