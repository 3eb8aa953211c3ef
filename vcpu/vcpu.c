// SPDX-License-Identifier: MIT
/* A vCPU's life as a runnable: created, loaded, put, moved between pCPUs, woken.
 * What happens in between is in run.c. */
#include "vcpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "assert.h"
#include "atomic.h"
#include "cpu.h"
#include "page.h"
#include "printk.h"
#include "string.h"
#include "vcpu/keeper.h"
#include "vcpu/policy.h"
#include "vcpu/run.h"
#include "vcpu/vm_table.h"

/* First registers, once the hardware state exists. */
static void apply_boot(struct vcpu *vcpu)
{
	const struct vcpu_boot *boot = vcpu->boot;

	if (!boot)
		return;
	vcpu->boot = NULL;
	virt_set_sregs(vcpu->hv, &boot->sregs);
	for (unsigned reg = 0; reg < REG_COUNT; reg++)
		virt_set_reg(vcpu->hv, reg, boot->regs[reg]);
}

static void vcpu_load(struct runnable *r)
{
	struct vcpu *vcpu = vcpu_of(r);

	/* KICK: the pCPU before mode IN; published by the release in gate_enter(). */
	WRITE_ONCE(vcpu->gate.cpu, (s32)this_cpu()->id);
	if (virt_vcpu_load(vcpu->hv)) {
		/* SHOOT: this pCPU may hold translations from an earlier stay. */
		vcpu_make_request(REQ_TLB_FLUSH, vcpu);
		virt_set_tsc_offset(vcpu->hv, vcpu->tsc_offset);
	}
	apply_boot(vcpu);
}

static void vcpu_put(struct runnable *r)
{
	virt_vcpu_put(vcpu_of(r)->hv);
}

static void vcpu_evict(struct runnable *r)
{
	struct vcpu *vcpu = vcpu_of(r);

	vlapic_timer_evict(vcpu);
	virt_vcpu_evict(vcpu->hv);
	vcpu->stats.migrations++;
}

static void vcpu_arrive(struct runnable *r)
{
	vlapic_timer_arrive(vcpu_of(r));
}

static bool vcpu_has_work(struct runnable *r)
{
	return vcpu_should_run(vcpu_of(r));
}

static void vcpu_ended(struct runnable *r)
{
	vm_vcpu_ended(vcpu_of(r)->vm);
}

static const struct runnable_ops vcpu_ops = {
	.load = vcpu_load,
	.run = vcpu_run,
	.put = vcpu_put,
	.evict = vcpu_evict,
	.arrive = vcpu_arrive,
	.has_work = vcpu_has_work,
	.ended = vcpu_ended,
};

struct vcpu *vcpu_current(void)
{
	struct runnable *r = this_cpu()->current;

	return r && r->ops == &vcpu_ops ? vcpu_of(r) : NULL;
}

void vcpu_free(struct vcpu *vcpu)
{
	if (vcpu->hv)
		virt_vcpu_destroy(vcpu->hv);
	page_free(vcpu, page_order(sizeof(*vcpu)));
}

struct vcpu *vcpu_create(struct vm *vm, unsigned index)
{
	u64 affinity = vm->desc->cpu_mask ? vm->desc->cpu_mask : ~0UL;
	struct vcpu *vcpu = page_alloc(page_order(sizeof(struct vcpu)));

	if (!vcpu)
		return NULL;
	memset(vcpu, 0, sizeof(*vcpu));
	vcpu->vm = vm;
	vcpu->index = index;
	vcpu->gate.cpu = GATE_CPU_NONE;
	format(vcpu->name, sizeof(vcpu->name), "%s/vcpu%u", vm->desc->name, index);
	vcpu->activity = index == 0 ? VCPU_RUNNABLE : VCPU_WAIT_FOR_SIPI;
	vcpu->hopeless = index != 0;
	vcpu->xcr0 = 1;
	vcpu->misc_enable = 1; /* fast strings */
	vcpu->hv = virt_vcpu_create(vm->space, &vcpu->gate, vcpu);
	if (!vcpu->hv) {
		vcpu_free(vcpu);
		return NULL;
	}
	sched_init_runnable(&vcpu->run, &vcpu_ops, vcpu->name, affinity,
			    vm->desc->weight);
	vcpu->run.group = keeper_group(vm->id);
	vlapic_init(vcpu, cpu_features()->physical_bits);
	vcpu->extint = VCPU_NO_EXTINT;
	if (vm->desc->pic && index == 0)
		vlapic_wire_extint(vcpu);
	vcpu->cpuid_count = cpuid_policy(vcpu, vcpu->cpuid, VCPU_CPUID_MAX);
	virt_vcpu_set_cpuid(vcpu->hv, vcpu->cpuid, vcpu->cpuid_count);
	vm->vcpus[index] = vcpu;
	return vcpu;
}

/* --- INIT, SIPI, NMI from anywhere: payload, request, kick --- */

void vcpu_post_init(struct vcpu *vcpu)
{
	atomic_fetch_or(&vcpu->events, VCPU_INIT_PENDING); /* KICK: payload of EVENT */
	vcpu_request(REQ_EVENT, vcpu);
}

void vcpu_post_sipi(struct vcpu *vcpu, u8 vector)
{
	WRITE_ONCE(vcpu->sipi_vector, vector); /* KICK: before the bit below */
	smp_wmb(); /* KICK: pairs with the xchg in serve_init_sipi() */
	atomic_fetch_or(&vcpu->events, VCPU_SIPI_PENDING);
	vcpu_request(REQ_EVENT, vcpu);
}

void vcpu_post_nmi(struct vcpu *vcpu)
{
	atomic_fetch_add(&vcpu->nmi_pending, 1); /* KICK: payload of NMI */
	vcpu_request(REQ_NMI, vcpu);
}

u64 vcpu_guest_tsc(const struct vcpu *vcpu)
{
	return tsc_now() + vcpu->tsc_offset;
}

void vcpu_inject_gp(struct vcpu *vcpu)
{
	virt_inject_exception(vcpu->hv, VEC_GP, true, 0);
}

void vcpu_inject_ud(struct vcpu *vcpu)
{
	virt_inject_exception(vcpu->hv, VEC_UD, false, 0);
}
