// SPDX-License-Identifier: MIT
/* The hardware below the kick, modelled. Each function is a claim about the processor;
 * the claims are listed in docs/trust.md, "Assumed". */
#include "machine.h"
#include "arch/x86/lapic.h"
#include "kernel/idle.h"

#define APIC_ID 0x10u /* of pCPU 0 */

struct cpu *model_this_cpu(void)
{
	return cpu_of(model_cpu());
}

/* --- interrupts between pCPUs --- */

/* As arch/x86/lapic.c: a full fence, then the ICR. Writing the ICR is no fence itself.
 * The interrupt is pending at the target at once; that it may be taken late is the
 * target's part. Two that are pending are taken together: fewer exits, the worse case for
 * us. */
void lapic_send_ipi(u32 apic_id, u8 vector)
{
	smp_mb(); /* MFENCE; LFENCE */
	announce_send_ipi(apic_id - APIC_ID, __FILE__, __LINE__);
}

/* STI; NOP; CLI: what is pending is swallowed here, with no effect but the look at the
 * inbox that follows in the code under test. */
void irq_window(void)
{
	announce_take_ipi(__FILE__, __LINE__);
}

/* STI; HLT: an interrupt that is pending ends it at once. */
void cpu_idle_wait(void)
{
	announce_wait_ipi(false, __FILE__, __LINE__);
}

/* Kick and doorbell mean nothing beyond having ended guest mode (kernel/irq.c). */
void irq_dispatch(u8 vector)
{
}

/* --- a vCPU's hardware state --- */

static struct virt_vcpu states[MACHINE_VCPUS];
static unsigned states_used;

struct virt_vcpu *virt_vcpu_create(struct virt_space *space, struct gate *gate,
				   void *owner)
{
	struct virt_vcpu *hv = &states[states_used++];

	*hv = (struct virt_vcpu){.gate = gate,
				 .owner = owner,
				 .cached_on = GATE_CPU_NONE,
				 .last_on = GATE_CPU_NONE,
				 .guest_on = GATE_CPU_NONE};
	return hv;
}

/* VMPTRLD: never while another pCPU may hold it (I21). Plain accesses: whoever loads it
 * must be ordered behind whoever evicted it. */
bool virt_vcpu_load(struct virt_vcpu *hv)
{
	s32 me = (s32)model_cpu();
	bool moved = hv->last_on != me;

	if (hv->cached_on != GATE_CPU_NONE && hv->cached_on != me)
		model_fail("I21: loaded on a second pCPU while the first may cache it");
	hv->cached_on = me;
	hv->last_on = me;
	return moved;
}

void virt_vcpu_put(struct virt_vcpu *hv)
{
}

/* VMCLEAR: only where it is cached (I21). */
void virt_vcpu_evict(struct virt_vcpu *hv)
{
	if (hv->cached_on != GATE_CPU_NONE && hv->cached_on != (s32)model_cpu())
		model_fail("I21: evicted on a pCPU that does not cache it");
	hv->cached_on = GATE_CPU_NONE;
}

/* INVEPT. */
void virt_vcpu_flush(struct virt_vcpu *hv)
{
	hv->tlb = false;
}

/* Outside of the explored accesses: who looks on sees it. */
static OBSERVER void now_in_guest(struct virt_vcpu *hv, s32 cpu)
{
	model_touch(&hv->guest_on, sizeof(hv->guest_on));
	hv->guest_on = cpu;
}

bool in_guest(const struct vcpu *vcpu)
{
	return vcpu->hv && vcpu->hv->guest_on != GATE_CPU_NONE;
}

/* From VMRESUME to the exit. Entry and exit order nothing: what the code before needs in
 * order, it has to order itself. The guest gets to run before a pending interrupt ends
 * its stay, which is as late as it may come. True: an interrupt, else an exit of its
 * own. */
static bool in_and_out(struct virt_vcpu *hv)
{
	bool interrupted;

	now_in_guest(hv, (s32)model_cpu());
	narrate("enters the guest");
	if (guest.runs)
		guest.runs(hv->owner);
	interrupted = announce_wait_ipi(hv->leaves > 0, __FILE__, __LINE__);
	now_in_guest(hv, GATE_CPU_NONE);
	if (!interrupted)
		hv->leaves--;
	return interrupted;
}

/* As arch/x86/vmx/fast.c: an exit that is finished with the mode still IN is followed by
 * the last-chance test, and by a new entry if that lets it. */
void virt_vcpu_run(struct virt_vcpu *hv, struct virt_exit *exit)
{
	do {
		if (in_and_out(hv)) {
			exit->reason = VIRT_EXIT_INTERRUPT;
			exit->vector = VECTOR_KICK;
			return;
		}
		if (!hv->fast) {
			exit->reason = VIRT_EXIT_HYPERCALL;
			return;
		}
		hv->fast--;
		narrate("the exit's fast path begins");
		guest.fast(hv->owner);
	} while (!gate_last_chance(hv->gate));
	exit->reason = VIRT_EXIT_NONE;
}
