// SPDX-License-Identifier: MIT
/* boot/multiboot2.c: the loader's information, tag by tag. */
#include "boot/multiboot2.h"
#include "errno.h"
#include "fuzz.h"
#include "string.h"

static struct bootinfo info;

static void check_info(void)
{
	CHECK(info.usable_count <= MAX_MEM_RANGES && info.module_count <= MAX_MODULES);
	for (unsigned i = 0; i < info.usable_count; i++) {
		const struct mem_range *range = &info.usable[i];

		CHECK(range->bytes && range->base.v + range->bytes > range->base.v);
		CHECK(!i || info.usable[i - 1].base.v + info.usable[i - 1].bytes <=
				    range->base.v);
	}
	for (unsigned i = 0; i < info.module_count; i++)
		CHECK(strnlen(info.modules[i].cmdline, CMDLINE_MAX) < CMDLINE_MAX);
	CHECK(strnlen(info.cmdline, CMDLINE_MAX) < CMDLINE_MAX);
	CHECK(info.rsdp_bytes <= sizeof(info.rsdp));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	u8 *exact = unit_copy(data, bytes);
	const char *why = NULL;
	int result = multiboot2_parse(exact, bytes, &info, &why);

	CHECK(!result || (result == -EINVAL && why));
	if (!result)
		check_info();
	unit_free(exact);
	return 0;
}
