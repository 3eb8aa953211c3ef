// SPDX-License-Identifier: MIT
/* A pCPU that has just had NMI exits must still take the NMI that stops all: CPU 1 sends
 * NMIs to CPU 0, which runs a lone spinning guest, then panics. The dump must show
 * CPU 0 stopped (table.py). */
#include "arch/x86/lapic.h"
#include "assert.h"
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "printk.h"

#define NMI_EXITS 100

static struct worker worker;

static u64 nmi_exits(struct vm *vm)
{
	return READ_ONCE(vm->vcpus[0]->stats.exits[VIRT_EXIT_NMI]); /* TEST: a hint */
}

static u32 nmis_taken(void)
{
	return READ_ONCE(cpu_of(0)->nmi_count); /* TEST: a hint */
}

static void turn(struct worker *w)
{
	struct vm *vm = test_vm(0);
	u32 before = nmis_taken();

	if (!vm || READ_ONCE(vm->vcpus[0]->gate.mode) != IN_GUEST_MODE) /* TEST: a hint */
		return;
	if (nmi_exits(vm) >= NMI_EXITS) {
		printk("nmi: %lu NMI exits\n", nmi_exits(vm));
		panic("on purpose, after NMIs");
	}
	/* It may also arrive on the way into the guest: then it is no exit. */
	lapic_send_nmi(cpu_of(0)->apic_id);
	while (nmis_taken() == before)
		cpu_relax();
}

static void start(u64 seed)
{
	worker_start(&worker, 0, turn, BIT(1), 1, seed);
}

const struct machine_test nmi_test = {"nmi", start, true};
