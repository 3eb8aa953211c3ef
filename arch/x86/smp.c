// SPDX-License-Identifier: MIT
/* INIT to all, a pause, then SIPI to one after the other. The trampoline page is
 * shared: the next AP starts only after the one before has arrived or was given up. */
#include "smp.h"
#include "atomic.h"
#include "cpu.h"
#include "desc.h"
#include "hostmap.h"
#include "lapic.h"
#include "printk.h"
#include "string.h"
#include "timer.h"
#include "tsc.h"
#include "x86.h"

#define INIT_TO_SIPI_US 10000
#define SIPI_TO_SIPI_US 200
#define ARRIVE_LIMIT_US 500000 /* long, where a host takes turns with our CPUs */

extern const u8 trampoline_start[], trampoline_end[];
extern const u8 trampoline[], tramp_cr3[], tramp_cpu[], tramp_stack[], tramp_entry[],
	tramp_hold[];

extern const u8 boot_pml4[]; /* boot/start.S */

static u32 arrived; /* [A] APIC ID + 1 of the last AP that came up */

/* The copy's address of a parameter. */
static void *param(u64 page, const u8 *symbol)
{
	return hpa_to_ptr(hpa(page + (u64)(symbol - trampoline)));
}

static void set_param(u64 page, const u8 *symbol, u64 value)
{
	memcpy(param(page, symbol), &value, sizeof(value));
}

void smp_arrived(struct cpu *cpu)
{
	/* ONLINE: pairs with the acquire in wait_arrived(). */
	smp_store_release(&arrived, cpu->apic_id + 1);
}

static bool wait_arrived(const struct cpu *cpu, u64 limit_us)
{
	u64 deadline = tsc_now() + limit_us * tsc_khz() / 1000;

	while (tsc_now() < deadline) {
		/* ONLINE: what the AP set up is visible with its number. */
		if (smp_load_acquire(&arrived) == cpu->apic_id + 1)
			return true;
		tsc_sync_serve();
		cpu_relax();
	}
	return false;
}

static bool start_one(struct cpu *cpu, const struct smp_options *options)
{
	u64 page = options->low_page;

	/* The trampoline page is not executable in the real map; the AP switches
	 * to that one as soon as it runs from the image. */
	set_param(page, tramp_cr3, (u64)(uintptr_t)boot_pml4);
	set_param(page, tramp_stack, (u64)(uintptr_t)cpu->stack_top);
	set_param(page, tramp_entry, (u64)(uintptr_t)options->entry);
	set_param(page, tramp_cpu, (u64)(uintptr_t)cpu);
	*(u8 *)param(page, tramp_hold) = options->hold == (s32)cpu->apic_id;
	lapic_send_sipi(cpu->apic_id, (u8)(page >> 12));
	if (wait_arrived(cpu, SIPI_TO_SIPI_US))
		return true;
	lapic_send_sipi(cpu->apic_id, (u8)(page >> 12));
	if (wait_arrived(cpu, ARRIVE_LIMIT_US))
		return true;
	/* If it wakes now it finds nothing. INIT makes it wait for a SIPI that never
	 * comes: else it could wake later, and take what is meant for the next one. */
	xchg((u64 *)param(page, tramp_cpu), 0);
	lapic_send_init(cpu->apic_id);
	return false;
}

void smp_start(const struct acpi_info *acpi, const struct smp_options *options)
{
	u32 me = lapic_id();

	memcpy(hpa_to_ptr(hpa(options->low_page)), trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
	for (unsigned i = 0; i < acpi->cpu_count; i++) {
		if (acpi->cpus[i].apic_id != me)
			lapic_send_init(acpi->cpus[i].apic_id);
	}
	udelay(INIT_TO_SIPI_US);
	for (unsigned i = 0; i < acpi->cpu_count; i++) {
		struct cpu *cpu;

		if (acpi->cpus[i].apic_id == me)
			continue;
		cpu = cpu_add(acpi->cpus[i].apic_id);
		if (!cpu)
			break;
		hostmap_guard(cpu_stack_guard(cpu->id));
		desc_guard(cpu->id, hostmap_guard);
		if (start_one(cpu, options))
			continue;
		printk("spur: cpu with APIC ID %u does not answer, left out\n",
		       cpu->apic_id);
		cpu_remove_last();
	}
}
