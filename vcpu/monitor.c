// SPDX-License-Identifier: MIT
/* The monitor: one table of keys. What it prints are hints, read while the VMs run. */
#include "vcpu/monitor.h"
#include "assert.h"
#include "atomic.h"
#include "bits.h"
#include "page.h"
#include "printk.h"
#include "vcpu/guest_console.h"
#include "vcpu/keeper.h"
#include "vcpu/kick.h"
#include "vcpu/vm_table.h"

static const char *const exit_names[] = {
	[VIRT_EXIT_NONE] = "none",
	[VIRT_EXIT_INTERRUPT] = "interrupt",
	[VIRT_EXIT_NMI] = "NMI",
	[VIRT_EXIT_EXCEPTION] = "exception",
	[VIRT_EXIT_TRIPLE_FAULT] = "triple fault",
	[VIRT_EXIT_CPUID] = "CPUID",
	[VIRT_EXIT_HLT] = "HLT",
	[VIRT_EXIT_HYPERCALL] = "hypercall",
	[VIRT_EXIT_IO] = "port",
	[VIRT_EXIT_RDMSR] = "RDMSR",
	[VIRT_EXIT_WRMSR] = "WRMSR",
	[VIRT_EXIT_CR] = "CR",
	[VIRT_EXIT_DR] = "DR",
	[VIRT_EXIT_NPF] = "memory",
	[VIRT_EXIT_XSETBV] = "XSETBV",
	[VIRT_EXIT_CACHE] = "cache",
	[VIRT_EXIT_UNDEFINED] = "undefined",
	[VIRT_EXIT_PAUSE] = "PAUSE",
	[VIRT_EXIT_TASK_SWITCH] = "task switch",
	[VIRT_EXIT_WINDOW] = "window",
	[VIRT_EXIT_PREEMPT] = "preemption timer",
	[VIRT_EXIT_BAD_STATE] = "bad state",
	[VIRT_EXIT_MACHINE_CHECK] = "machine check",
	[VIRT_EXIT_UNKNOWN] = "unknown",
};

/* The VM that gets what is typed, or NULL with a word on why. */
static struct vm *chosen(void)
{
	struct vm *vm = vm_at(guest_console_input_vm());

	/* VMEND: pairs with the cmpxchg in step_start(). */
	if (vm && smp_load_acquire(&vm->state) == VM_RUNNING)
		return vm;
	printk("spur: that VM does not run\n");
	return NULL;
}

static bool is_paused(struct vm *vm)
{
	return vcpu_test_request(REQ_PAUSE, vm->vcpus[0]);
}

/* --- looking --- */

static const char *state_of(unsigned id)
{
	struct vm *vm = vm_at(id);

	if (keeper_at_rest(id))
		return "ended";
	/* VMEND: as in chosen() */
	if (!vm || smp_load_acquire(&vm->state) != VM_RUNNING)
		return "is built or given back";
	return is_paused(vm) ? "paused" : "runs";
}

static void list(void)
{
	for (unsigned id = 0; id < MAX_VMS && keeper_desc(id); id++) {
		const struct vm_desc *d = keeper_desc(id);

		printk("spur: %u %s: %s, %u vCPU%s, %lu MiB, %lu resets%s%s\n", id + 1,
		       d->name, state_of(id), d->vcpus, d->vcpus > 1 ? "s" : "",
		       d->mem_bytes >> 20, keeper_resets(id),
		       id == guest_console_input_vm() ? ", has the input" : "",
		       guest_console_view() == (s32)id ? " and the line" : "");
	}
	printk("spur: %lu MiB of memory free\n", page_free_count() * PAGE_SIZE >> 20);
}

static void print_vcpu(const struct vcpu *vcpu)
{
	const struct vcpu_stats *s = &vcpu->stats;

	/* STATS: hints, its home counts on */
	printk("spur: %s: %lu entries, %lu interrupts, %lu halts, %lu migrations, "
	       "EOIs: %lu written, %lu by PV EOI\n",
	       vcpu->name, READ_ONCE(s->entries), READ_ONCE(s->injected),
	       READ_ONCE(s->halts), READ_ONCE(s->migrations), READ_ONCE(s->eois),
	       READ_ONCE(s->pv_eois));
	printk("spur:   exits:");
	for (unsigned i = 0; i < ARRAY_SIZE(exit_names); i++) {
		/* STATS: as above; those of the slow path, and of the fast one. */
		u64 count = READ_ONCE(s->exits[i]) + virt_fast_exits(vcpu->hv, i);

		if (count)
			printk(" %lu %s", count, exit_names[i]);
	}
	printk("\n");
}

static void print_kicks(void)
{
	printk("spur: kicks of all VMs:");
	for (unsigned decision = 0; decision < KICK_DECISIONS; decision++) {
		u64 sum = 0;

		for (unsigned number = 0; number <= REQ_NR_COUNT; number++)
			sum += kick_count(number, decision);
		printk(" %lu %s", sum, kick_decision_names[decision]);
	}
	printk("\n");
}

static void statistics(void)
{
	struct vm *vm = chosen();

	for (unsigned i = 0; vm && i < vm->vcpu_count; i++)
		print_vcpu(vm->vcpus[i]);
	print_kicks();
}

/* --- the line --- */

static void to_all(void)
{
	guest_console_switch(CONSOLE_ALL);
	printk("spur: all consoles, line by line\n");
}

static void switch_to(unsigned id)
{
	if (!keeper_desc(id)) {
		printk("spur: there is no VM %u\n", id + 1);
		return;
	}
	printk("spur: console of %s\n", keeper_desc(id)->name);
	guest_console_switch((s32)id);
}

static void next(void)
{
	unsigned id = guest_console_input_vm() + 1;

	switch_to(keeper_desc(id) ? id : 0);
}

static void previous(void)
{
	unsigned id = guest_console_input_vm();

	if (!id) {
		while (keeper_desc(id))
			id++;
	}
	switch_to(id - 1);
}

static void show(void)
{
	guest_console_show(guest_console_input_vm());
}

/* --- steering --- */

static void pause(void)
{
	struct vm *vm = chosen();

	if (!vm)
		return;
	printk("vm %s: %s\n", vm->desc->name, is_paused(vm) ? "resumed" : "paused");
	if (!is_paused(vm)) {
		vm_request_all(vm, REQ_PAUSE & ~REQ_WAIT);
		return;
	}
	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		vcpu_clear_request(REQ_PAUSE, vm->vcpus[i]);
		vcpu_kick(vm->vcpus[i]);
	}
}

static void restart(void)
{
	struct vm *vm;

	if (!keeper_start_again(guest_console_input_vm()))
		return;
	vm = chosen();
	if (vm)
		vm_reset(vm, "by the monitor");
}

static void finish(void)
{
	struct vm *vm = chosen();

	if (vm)
		vm_end(vm, "by the monitor");
}

static void help(void);

static const struct key {
	u8 key;
	void (*run)(void);
	const char *help;
} keys[] = {
	{'n', next, "the next VM's console (1 to 9: that VM's)"},
	{'p', previous, "the one before"},
	{'a', to_all, "all consoles, line by line"},
	{'o', show, "show again the output that is kept"},
	{'l', list, "list the VMs"},
	{'s', statistics, "statistics of this VM"},
	{'P', pause, "pause this VM, or let it go on"},
	{'R', restart, "restart this VM, or start it if it has ended"},
	{'E', finish, "end this VM"},
	{'?', help, "this help (Ctrl-T Ctrl-T: a Ctrl-T for the guest)"},
};

static_assert(CONSOLE_KEY == 'T' - '@', "the help says Ctrl-T");

static void help(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		printk("spur: Ctrl-T %c: %s\n", keys[i].key, keys[i].help);
}

void monitor_key(u8 key)
{
	if (key >= '1' && key <= '9') {
		switch_to(key - '1');
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].key == key) {
			keys[i].run();
			return;
		}
	}
	printk("spur: Ctrl-T ? shows the keys\n");
}
