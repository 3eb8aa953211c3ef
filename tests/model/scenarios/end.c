// SPDX-License-Identifier: MIT
/* A pCPU leaves the pool while its vCPU is being kicked, and a VM dies while its vCPUs
 * run and sleep.
 *
 * Checked: I23 (offline only with no vCPU there), I14 (VM_DEAD is never cleared, a dead
 * VM is never entered again), VMEND, POOL, ONLINE, I4, I5, I12, I21. */
#include "machine.h"
#include "kernel/pool.h"
#include "vcpu/keeper.h"
#include "vcpu/vm_table.h"

/* --- a pCPU leaves --- */

static u64 payload, seen;

static void serve_test(struct vcpu *vcpu)
{
	seen = payload;
}

static void setup_offline(void)
{
	machine(3);
	machine_vcpu(1, BIT(0) | BIT(1))->test_handler = serve_test;
}

static OBSERVER bool is_online(unsigned cpu)
{
	return cpu_of(cpu)->online;
}

static void take_offline(void)
{
	if (pool_offline(1) || is_online(1))
		model_fail("cpu1 does not leave the pool");
	narrate("cpu1 has left the pool");
	machine_loop();
}

static void kick_test(void)
{
	payload = 1;
	vcpu_request(REQ_TEST, V);
}

static void offline_always(void)
{
	check_every_state();
	if (in_guest(V) && !cpu_of((unsigned)V->hv->guest_on)->online)
		model_fail("I23: V is in its guest on a pCPU that is offline");
}

static void offline_at_end(void)
{
	check_no_kick_lost();
	if (cpu_of(1)->online || V->hv->cached_on != 0 || !in_guest(V))
		model_fail("I23: cpu1 is not offline with V in its guest on cpu0");
	if (seen != payload)
		model_fail("I13: the request was served with an old payload");
}

const struct scenario offline = {
	.name = "offline",
	.says = "a pCPU leaves the pool while a request comes for its vCPU",
	.setup = setup_offline,
	.cpu = {take_offline, machine_loop, kick_test},
	.warm = BIT(1),
	.always = offline_always,
	.at_end = offline_at_end,
	.append_only = true,
};

/* --- a VM dies --- */

static unsigned ended;

/* In the place of vcpu/keeper.c, which would give the VM's memory back now. */
void keeper_wake(unsigned id)
{
	for (unsigned i = 0; i < 2; i++) {
		if (!machine_vcpus[i].run.dead ||
		    machine_vcpus[i].hv->cached_on != GATE_CPU_NONE)
			model_fail(
				"VMEND: the VM is given back, and a vCPU is still there");
	}
	ended++;
}

static void kill_itself(struct vcpu *vcpu)
{
	vm_kill(&machine_vm, "forbidden");
}

static void setup_death(void)
{
	machine(3);
	machine_vcpu(0, BIT(0))->hv->leaves = 1;
	machine_vcpu(1, BIT(1));
	guest.exits = kill_itself;
	machine_vm.state = VM_RUNNING;
}

static void kill(void)
{
	vm_kill(&machine_vm, "from outside");
}

static void death_always(void)
{
	check_every_state();
	for (unsigned i = 0; i < 2; i++) {
		if (machine_vcpus[i].run.dead && in_guest(&machine_vcpus[i]))
			model_fail("I14: a dead vCPU is in its guest");
	}
}

static void death_at_end(void)
{
	check_no_kick_lost();
	for (unsigned i = 0; i < 2; i++) {
		if (in_guest(&machine_vcpus[i]) || !machine_vcpus[i].run.dead)
			model_fail("I14: the VM is dead, and one of its vCPUs is not");
		if (!(machine_vcpus[i].gate.requests & BIT(REQ_NR_VM_DEAD)))
			model_fail("I14: VM_DEAD was cleared");
	}
	if (ended != 1 || machine_vm.running_vcpus)
		model_fail("VMEND: the end of the VM was counted %u times", ended);
}

const struct scenario death = {
	.name = "death",
	.says = "a VM of two vCPUs is killed from outside, and by its own guest",
	.setup = setup_death,
	.cpu = {machine_loop, machine_loop, kill},
	.warm = BIT(0) | BIT(1),
	.always = death_always,
	.at_end = death_at_end,
	.append_only = true,
};
