// SPDX-License-Identifier: MIT
/* vcpu/vmdesc.c: each line of the input is a module's. */
#include "fuzz.h"
#include "string.h"
#include "vcpu/vmdesc.h"

#define MODULE_BYTES 0x10000UL

static struct bootinfo info;
static struct vm_desc vms[MAX_VMS];
static unsigned complaints;

static void complain(const char *line)
{
	CHECK(strlen(line));
	complaints++;
}

static void fill(const u8 *text, u64 bytes)
{
	unsigned at = 0;

	memset(&info, 0, sizeof(info));
	info.module_count = 1;
	for (u64 i = 0; i < bytes && info.module_count < MAX_MODULES; i++) {
		if (text[i] == '\n') {
			info.module_count++;
			at = 0;
		} else if (at + 1 < CMDLINE_MAX) {
			info.modules[info.module_count - 1].cmdline[at++] = (char)text[i];
		}
	}
	for (unsigned i = 0; i < info.module_count; i++)
		info.modules[i].bytes = MODULE_BYTES;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	unsigned count;

	fill(data, bytes);
	complaints = 0;
	count = vmdesc_parse(&info, vms, MAX_VMS, complain);
	CHECK(count <= MAX_VMS);
	for (unsigned i = 0; i < count; i++) {
		const struct vm_desc *vm = &vms[i];

		CHECK(strnlen(vm->name, sizeof(vm->name)) < sizeof(vm->name));
		CHECK(strnlen(vm->cmdline, CMDLINE_MAX) < CMDLINE_MAX);
		if (vm->error[0]) {
			CHECK(complaints);
			continue;
		}
		CHECK(vm->name[0] && vm->kernel);
		CHECK(vm->vcpus >= 1 && vm->vcpus <= MAX_VCPUS);
		CHECK(vm->disk_count <= VM_DISKS_MAX);
	}
	return 0;
}
