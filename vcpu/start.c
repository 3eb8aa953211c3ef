// SPDX-License-Identifier: MIT
/* From module lines to one keeper for each VM that they describe. */
#include "vcpu/start.h"
#include "console.h"
#include "kernel/panic.h"
#include "printk.h"
#include "vcpu/guest_console.h"
#include "vcpu/keeper.h"
#include "vcpu/vm_table.h"

static struct vm_desc descs[MAX_VMS];

static void complain(const char *line)
{
	printk("spur: %s\n", line);
}

void vms_start(const struct bootinfo *info,
	       void (*stop)(const char *fmt, ...)
		       __attribute__((noreturn, format(printf, 1, 2))))
{
	unsigned count = vmdesc_parse(info, descs, MAX_VMS, complain), good = 0, id = 0;

	for (unsigned i = 0; i < count; i++)
		good += !descs[i].error[0];
	if (!good)
		stop(count ? "no VM can be started"
			   : "no guest module: add a line \"module2 FILE vm=NAME\" to "
			     "grub.cfg");
	vms_set_end(machine_end);
	panic_set_dump(vms_dump);
	vms_expect(1); /* so that none is the last one before all are there */
	guest_console_init(descs, count);
	console_set_input(guest_console_input);
	for (unsigned i = 0; i < count; i++) {
		if (!descs[i].error[0])
			keeper_start(id++, &descs[i]);
	}
	vms_one_ended();
}
