// SPDX-License-Identifier: MIT
/* The table of contents: what happens between GRUB and the first guest
 * instruction, in the only order that works; for the boot CPU and for the others. */
#include "acpi.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/desc.h"
#include "arch/x86/hostmap.h"
#include "arch/x86/lapic.h"
#include "arch/x86/power.h"
#include "arch/x86/regs.h"
#include "arch/x86/serial.h"
#include "arch/x86/smp.h"
#include "arch/x86/trap.h"
#include "arch/x86/tsc.h"
#include "arch/x86/x86.h"
#include "arch/x86/xstate.h"
#include "assert.h"
#include "boot/multiboot2.h"
#include "boot/options.h"
#include "boot/stop.h"
#include "boot/tests.h"
#include "bootinfo.h"
#include "console.h"
#include "cpu.h"
#include "kernel/page_init.h"
#include "kernel/panic.h"
#include "page.h"
#include "printk.h"
#include "sched.h"
#include "string.h"
#include "timer.h"
#include "vcpu/start.h"
#include "virt.h"

#define INFO_MAX_BYTES MIB(1)
#define LOW_MEMORY 0x9f000UL
#define TRAMPOLINE_FIRST 0x8000UL
#define BOOT_MAP_END GIB(4)
#define LAPIC_DEFAULT_BASE 0xfee00000UL

extern const u8 image_start[], image_end[];
extern const u8 boot_stack_guard[]; /* start.S: below the boot CPU's stack */

static struct bootinfo info;
static struct acpi_info acpi;
static struct boot_options options;
static u64 trampoline_page;

void boot_main(u64 magic, u64 mbi);

/* --- memory --- */

static unsigned collect_reserved(struct reserved_range *out)
{
	unsigned count = 0;

	/* Everything below 1 MiB stays with the firmware and the AP trampoline. */
	out[count++] = (struct reserved_range){0, MIB(1)};
	out[count++] = (struct reserved_range){(u64)(uintptr_t)image_start,
					       (u64)(uintptr_t)image_end};
	for (unsigned i = 0; i < info.module_count; i++)
		out[count++] = (struct reserved_range){info.modules[i].base.v,
						       info.modules[i].base.v +
							       info.modules[i].bytes};
	return count;
}

static void find_trampoline_page(void)
{
	for (unsigned i = 0; i < info.usable_count; i++) {
		u64 base = MAX(info.usable[i].base.v, TRAMPOLINE_FIRST);
		u64 end = MIN(info.usable[i].base.v + info.usable[i].bytes, LOW_MEMORY);

		if (base + PAGE_SIZE <= end) {
			trampoline_page = base;
			return;
		}
	}
}

static void memory_init(void)
{
	struct reserved_range reserved[MAX_MODULES + 2];
	unsigned count = collect_reserved(reserved);
	u64 pages = page_init(&info, reserved, count, 0, BOOT_MAP_END);

	if (!pages)
		stop_boot("no usable memory: the loader's memory map has no free RAM "
			  "below 4 GiB");
	if (!hostmap_init(&info))
		stop_boot("no usable memory: not enough for the page tables");
	pages = page_init(&info, reserved, count, BOOT_MAP_END, UINT64_MAX);
	find_trampoline_page();
	printk("spur: %lu MiB of memory free\n", pages * PAGE_SIZE >> 20);
	hostmap_guard(boot_stack_guard);
	desc_guard(this_cpu()->id, hostmap_guard);
}

/* --- firmware tables --- */

static const void *map_table(u64 phys, u64 bytes)
{
	if (!phys || phys + bytes < phys || !hostmap_map_readonly(phys, bytes))
		return NULL;
	return hpa_to_ptr(hpa(phys));
}

static void firmware_init(void)
{
	const char *why = NULL;

	if (acpi_parse(info.rsdp, info.rsdp_bytes, map_table, &acpi, &why)) {
		printk("spur: ACPI: %s; only this CPU is used\n",
		       why ? why : "no tables");
		memset(&acpi, 0, sizeof(acpi));
		acpi.lapic_base = LAPIC_DEFAULT_BASE;
	} else if (why) {
		printk("spur: ACPI: %s\n", why);
	}
	if (acpi.cpu_dropped)
		printk("spur: %u CPUs more than MAX_CPUS (%d) are left out\n",
		       acpi.cpu_dropped, MAX_CPUS);
	power_init(&acpi);
}

/* --- interrupts and time --- */

static void interrupts_init(void)
{
	struct cpu *cpu = this_cpu();

	pic_disable();
	if (!hostmap_map_device(acpi.lapic_base, PAGE_SIZE))
		stop_boot("no memory for the local APIC's page");
	lapic_init(acpi.lapic_base);
	lapic_enable();
	cpu->apic_id = lapic_id();
	tsc_calibrate(acpi.pm_timer_port);
	lapic_timer_calibrate();
	ioapic_mask_all(&acpi);
	printk("spur: %s, TSC %lu.%03lu MHz\n", lapic_describe(), tsc_khz() / 1000,
	       tsc_khz() % 1000);
}

/* --- the other CPUs --- */

static void ap_main(struct cpu *cpu)
{
	const char *why;

	hostmap_load();
	desc_load(cpu);
	lapic_enable();
	if (options.skew)
		wrmsr(MSR_TSC, rdmsr(MSR_TSC) + options.skew * cpu->id);
	tsc_sync_ap();
	if (cpu->tsc_skew)
		printk("spur: cpu%u's TSC is off by %ld cycles, corrected\n", cpu->id,
		       (s64)cpu->tsc_skew);
	why = virt_enable();
	if (why) {
		/* The boot CPU will find that it does not arrive. */
		printk("spur: cpu%u: %s\n", cpu->id, why);
		for (;;)
			hlt();
	}
	cpu_set_online(cpu, true);
	smp_arrived(cpu);
	sched_loop();
}

static void smp_init(void)
{
	struct smp_options smp = {
		.low_page = trampoline_page,
		.entry = ap_main,
		.hold = options.hold_ap,
	};

	if (trampoline_page)
		smp_start(&acpi, &smp);
	else if (acpi.cpu_count > 1)
		printk("spur: no free page below 1 MiB, only this CPU is used\n");
	printk("spur: %u of %u CPUs online\n", cpu_count(), MAX(acpi.cpu_count, 1));
}

static void console_interrupts_init(void)
{
	if (ioapic_route_isa(&acpi, ISA_IRQ_COM1, this_cpu()->apic_id, VECTOR_SERIAL,
			     virt_kick_by_nmi()))
		console_use_interrupts();
}

/* --- the boot CPU --- */

static void early_init(u64 mbi)
{
	struct cpu *cpu = cpu_add(0);
	const char *why = NULL;

	desc_init();
	desc_load(cpu);
	console_init();
	cpuid_init();
	printk("Spur " SPUR_VERSION ", a micro-hypervisor for x86-64\n");
	if (multiboot2_parse(hpa_to_ptr(hpa(mbi)), INFO_MAX_BYTES, &info, &why))
		stop_boot("bad multiboot2 information: %s", why ? why : "unreadable");
	if (why)
		printk("spur: multiboot2 information: %s\n", why);
	if (info.module_dropped)
		printk("spur: %u modules more than %d are left out\n",
		       info.module_dropped, MAX_MODULES);
	options_parse(info.cmdline, &options);
	machine_set_end(options.end);
	printk("spur: loaded by %s on %s\n", info.loader, cpu_features()->brand);
}

void boot_main(u64 magic, u64 mbi)
{
	const char *why;

	(void)magic; /* start.S has checked it */
	early_init(mbi);
	memory_init();
	firmware_init();
	interrupts_init();
	if (options.msr)
		virt_replace_msr(options.msr, options.msr_value);
	why = virt_probe();
	if (why)
		stop_boot("cannot run guests here: %s", why);
	why = virt_enable();
	if (why)
		stop_boot("cannot run guests here: %s", why);
	xstate_probe();
	cpu_set_online(this_cpu(), true);
	why = virt_self_test();
	if (why)
		stop_boot("cannot run guests here: %s", why);
	printk("spur: %s\n", virt_describe());
	smp_init();
	console_interrupts_init();
	if (!tests_start(&options))
		vms_start(&info, stop_boot);
	sched_loop();
}
