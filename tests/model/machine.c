// SPDX-License-Identifier: MIT
/* Setting a scenario's machine up, and the invariants that all scenarios share. */
#include "machine.h"
#include "vcpu/kick.h"

#define APIC_ID 0x10u /* of pCPU 0; hardware.c */

struct vm machine_vm;
struct vcpu machine_vcpus[MACHINE_VCPUS];
static const struct vm_desc desc = {.name = "vm"};

extern char counters[]; /* vcpu/kick.c: statistics */

void machine(unsigned cpus)
{
	static const char *const names[] = {"cpu0", "cpu1", "cpu2", "cpu3"};

	for (unsigned id = 0; id < cpus; id++) {
		struct cpu *cpu = cpu_add(APIC_ID + id);

		cpu_set_online(cpu, true);
		model_name(cpu, sizeof(*cpu), names[id]);
	}
	machine_vm.desc = &desc;
	model_forget(counters, MAX_CPUS * ((REQ_NR_COUNT + 1) * KICK_DECISIONS * 8));
	model_name(&machine_vm, sizeof(machine_vm), "vm");
}

struct vcpu *machine_vcpu(unsigned home, u64 affinity)
{
	static const char *const names[] = {"V", "W"};
	unsigned index = machine_vm.vcpu_count++;
	struct vcpu *vcpu = vcpu_create(&machine_vm, index);

	vcpu->activity = VCPU_RUNNABLE;
	vcpu->hopeless = 0;
	vcpu->run.affinity = affinity;
	machine_vm.running_vcpus++;
	model_forget(&vcpu->stats, sizeof(vcpu->stats));
	model_name(vcpu, sizeof(*vcpu), names[index]);
	model_name(vcpu->hv, sizeof(*vcpu->hv), index ? "W.hv" : "V.hv");
	sched_start(&vcpu->run, home);
	sched_wake(&vcpu->run);
	return vcpu;
}

void machine_loop(void)
{
	sched_loop();
}

/* I4, I5: when nothing is under way any more, a vCPU that sits in its guest has no
 * request, and its mode is not one that would keep the next kick from it. I12: one that
 * sleeps has no reason to run. */
void check_no_kick_lost(void)
{
	for (unsigned i = 0; i < machine_vm.vcpu_count; i++) {
		struct vcpu *vcpu = machine_vm.vcpus[i];

		if (in_guest(vcpu)) {
			if (vcpu->gate.requests)
				model_fail("I4: a request is lost: %s is in its guest, "
					   "nothing "
					   "is on its way, and the bit is set",
					   i ? "W" : "V");
			if (vcpu->gate.mode == EXITING_GUEST_MODE)
				model_fail("I5: %s is deaf: it is in its guest, nothing "
					   "is on "
					   "its way, and the mode is EXITING",
					   i ? "W" : "V");
		} else if (vcpu->run.wait == WAIT_BLOCKED &&
			   vcpu->run.ops->has_work(&vcpu->run)) {
			model_fail("I12: a wake-up is lost: %s sleeps and has work",
				   i ? "W" : "V");
		}
	}
}

void check_every_state(void)
{
	for (unsigned i = 0; i < machine_vm.vcpu_count; i++) {
		struct vcpu *vcpu = machine_vm.vcpus[i];

		if (vcpu->gate.requests & BIT(REQ_NR_OUTSIDE))
			model_fail("I14: a request without action has its bit set");
		if (in_guest(vcpu) && vcpu->hv->guest_on != vcpu->hv->cached_on)
			model_fail(
				"I21: it is in its guest where its state is not loaded");
	}
}
