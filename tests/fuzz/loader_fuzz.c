// SPDX-License-Identifier: MIT
/* vcpu/loader.c with linux.c, elf.c, multiboot.c and mbinfo.c: the input is the guest's
 * RAM and its initrd's size, then the image. The targets linux, elf and multiboot
 * differ in what they begin with. */
#include "fuzz.h"
#include "tests/unit/loader_check.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static u8 area[LOADER_AREA_BYTES];
	static struct load_plan plan;
	struct input in = {data, bytes};
	u64 ram = (u64)(1 + take_u16(&in)) << 20;
	u64 initrd = (u64)take_u16(&in) << 9;

	check_loader(in.at, in.left, initrd, ram, &plan, area);
	return 0;
}
