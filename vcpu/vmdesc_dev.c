// SPDX-License-Identifier: MIT
/* net= and disk= of a module line -> the description's NICs and disks. */
#include "vcpu/vmdesc_dev.h"
#include "string.h"

#define MAC_TEXT 17 /* 52:54:00:12:34:56 */
#define MAC_GROUP 1 /* of the first byte: not the address of one device */

bool vmdesc_is_good_name(const char *name)
{
	size_t length = strlen(name);

	for (const char *c = name; *c; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
		bool digit = *c >= '0' && *c <= '9';

		if (!letter && !digit && *c != '-' && *c != '_' && *c != '.')
			return false;
	}
	return length > 0 && length < VM_NAME_MAX;
}

/* Up to the separator or the end, as a name; returns what follows, NULL: no good name. */
static const char *split_name(const char *value, char separator, char *name)
{
	size_t length = 0;

	while (value[length] && value[length] != separator)
		length++;
	if (length >= VM_NAME_MAX)
		return NULL;
	memcpy(name, value, length);
	name[length] = '\0';
	return vmdesc_is_good_name(name) ? value + length : NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_mac(const char *text, u8 *mac)
{
	if (strlen(text) != MAC_TEXT)
		return false;
	for (unsigned i = 0; i < VM_MAC_BYTES; i++, text += 3) {
		int high = hex_digit(text[0]), low = hex_digit(text[1]);

		if (high < 0 || low < 0 || text[2] != (i + 1 < VM_MAC_BYTES ? ':' : 0))
			return false;
		mac[i] = (u8)(high << 4 | low);
	}
	return !(mac[0] & MAC_GROUP);
}

bool vmdesc_parse_net(const char *value, struct vm_desc *vm)
{
	struct vm_nic_desc *nic = &vm->nics[vm->nic_count];
	const char *rest;

	if (vm->nic_count == VM_NICS_MAX)
		return false;
	rest = split_name(value, ',', nic->name);
	if (!rest)
		return false;
	nic->has_mac = *rest;
	if (*rest && !parse_mac(rest + 1, nic->mac))
		return false;
	vm->nic_count++;
	return true;
}

bool vmdesc_parse_disk(const char *value, struct vm_desc *vm)
{
	struct vm_disk_desc *disk = &vm->disks[vm->disk_count];
	const char *rest;

	if (vm->disk_count == VM_DISKS_MAX)
		return false;
	rest = split_name(value, ':', disk->name);
	if (!rest)
		return false;
	disk->cow = !strcmp(rest, ":cow");
	if (*rest && !disk->cow && strcmp(rest, ":ro"))
		return false;
	vm->disk_count++;
	return true;
}

const char *vmdesc_find_images(struct vm_desc *vm, const struct disk_image *images,
			       unsigned count)
{
	for (unsigned i = 0; i < vm->disk_count; i++) {
		struct vm_disk_desc *disk = &vm->disks[i];

		for (unsigned j = 0; j < count; j++) {
			if (!strcmp(disk->name, images[j].name))
				disk->module = images[j].module;
		}
		if (!disk->module)
			return disk->name;
	}
	return NULL;
}
