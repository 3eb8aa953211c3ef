// SPDX-License-Identifier: MIT
/* The words of module lines that describe virtio devices. For vmdesc.c. Pure. */
#pragma once
#include "vcpu/vmdesc.h"

#define IMAGE_NAME_MAX VM_NAME_MAX

/* A module that is the content of disks: "image=NAME". */
struct disk_image {
	char name[IMAGE_NAME_MAX];
	const struct boot_module *module;
};

/* 1 to 15 letters, digits, - _ or . */
bool vmdesc_is_good_name(const char *name);
/* Values of net= and disk=. False: not what they must be, or too many. */
bool vmdesc_parse_net(const char *value, struct vm_desc *vm);
bool vmdesc_parse_disk(const char *value, struct vm_desc *vm);
/* Find the image of each disk. NULL, or the name of one that is not there. */
const char *vmdesc_find_images(struct vm_desc *vm, const struct disk_image *images,
			       unsigned count);
