// SPDX-License-Identifier: MIT
/* The stand-ins of fake_vcpu.h. */
#include "fake_vcpu.h"
#include "arch/x86/regs.h"
#include "console.h"
#include "string.h"
#include "unit.h"
#include "vcpu/guest_console.h"
#include "vcpu/vlapic_regs.h"

#define FAKE_PHYS_BITS 39

struct fake fake;

static struct vm the_vm;
static struct vm_desc the_desc;
static struct vcpu the_vcpus[MAX_VCPUS];
static struct virt_vcpu the_hvs[MAX_VCPUS];

struct vm *fake_vm(unsigned vcpus)
{
	memset(&fake, 0, sizeof(fake));
	memset(&the_vm, 0, sizeof(the_vm));
	memset(the_vcpus, 0, sizeof(the_vcpus));
	memset(the_hvs, 0, sizeof(the_hvs));
	fake.tsc = 1000000;
	the_desc.x2apic = true;
	the_desc.kvm = true;
	the_vm.desc = &the_desc;
	the_vm.vcpu_count = vcpus;
	the_vm.ram_bytes = MIB(128);
	ioapic_reset(&the_vm.ioapic);
	for (unsigned i = 0; i < vcpus; i++) {
		struct vcpu *vcpu = &the_vcpus[i];

		vcpu->index = i;
		vcpu->vm = &the_vm;
		vcpu->hv = &the_hvs[i];
		the_vm.vcpus[i] = vcpu;
		vlapic_init(vcpu, FAKE_PHYS_BITS);
	}
	return &the_vm;
}

void fake_enable_apics(struct vm *vm)
{
	for (unsigned i = 0; i < vm->vcpu_count; i++)
		vlapic_mmio_write(vm->vcpus[i], APIC_SVR * 16, 4, 0x1ff);
}

void fake_enable_x2apics(struct vm *vm)
{
	fake_enable_apics(vm);
	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		u64 base;

		vlapic_msr_read(vm->vcpus[i], MSR_APIC_BASE, &base);
		vlapic_msr_write(vm->vcpus[i], MSR_APIC_BASE, base | APIC_BASE_EXTD);
	}
}

unsigned fake_take(struct vcpu *vcpu)
{
	int vector;

	vcpu->gate.requests = 0;
	vector = vlapic_highest_pending(vcpu);
	if (vector < 0)
		return 0;
	vlapic_accept(vcpu, (u8)vector);
	return (unsigned)vector;
}

void fake_clear_counts(void)
{
	memset(fake.counts, 0, sizeof(fake.counts));
}

/* --- requests and kicks --- */

void vcpu_make_request(unsigned req, struct vcpu *vcpu)
{
	vcpu->gate.requests |= BIT(req & REQ_NUMBER_MASK);
}

void vcpu_kick(struct vcpu *vcpu)
{
	fake.counts[vcpu->index].kicks++;
	fake.order_errors += !vcpu->gate.requests;
}

void vcpu_request(unsigned req, struct vcpu *vcpu)
{
	vcpu_make_request(req, vcpu);
	vcpu_kick(vcpu);
}

void vcpu_post_init(struct vcpu *vcpu)
{
	fake.counts[vcpu->index].inits++;
}

void vcpu_post_sipi(struct vcpu *vcpu, u8 vector)
{
	fake.counts[vcpu->index].sipis++;
	fake.counts[vcpu->index].sipi_vector = vector;
}

void vcpu_post_nmi(struct vcpu *vcpu)
{
	fake.counts[vcpu->index].nmis++;
}

/* --- locks --- */

void spin_lock(struct spinlock *lock)
{
	fake.lock_errors += lock->holder || fake.forbid_locks;
	fake.locked++;
	lock->holder = 1;
}

void spin_unlock(struct spinlock *lock)
{
	fake.lock_errors += !lock->holder;
	fake.locked--;
	lock->holder = 0;
}

/* --- time --- */

u64 tsc_now(void)
{
	return fake.tsc;
}

u64 tsc_khz(void)
{
	return FAKE_KHZ;
}

u64 vcpu_guest_tsc(const struct vcpu *vcpu)
{
	return fake.tsc + vcpu->tsc_offset;
}

void timer_init(struct timer *timer, void (*expired)(struct timer *))
{
	timer->expired = expired;
	timer->cpu = -1;
}

void timer_set(struct timer *timer, u64 deadline)
{
	fake.timer_errors += deadline <= fake.tsc;
	timer->deadline = deadline;
	timer->cpu = 0;
}

void timer_cancel(struct timer *timer)
{
	timer->cpu = -1;
}

static struct timer *next_timer(struct vm *vm, u64 until)
{
	struct timer *next = NULL;

	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		struct timer *timer = &vm->vcpus[i]->lapic_timer;

		if (timer_is_set(timer) && timer->deadline <= until &&
		    (!next || timer->deadline < next->deadline))
			next = timer;
	}
	return next;
}

void fake_advance(struct vm *vm, u64 cycles)
{
	u64 until = fake.tsc + cycles;
	struct timer *timer;

	while ((timer = next_timer(vm, until))) {
		fake.tsc = MAX(fake.tsc, timer->deadline);
		timer->cpu = -1;
		timer->expired(timer);
	}
	fake.tsc = until;
}

void fake_serve_timers(struct vm *vm)
{
	fake_advance(vm, 0);
}

/* --- the processor's state --- */

u64 virt_reg(struct virt_vcpu *hv, unsigned reg)
{
	return hv->regs[reg];
}

void virt_set_reg(struct virt_vcpu *hv, unsigned reg, u64 value)
{
	hv->regs[reg] = value;
}

void virt_get_sregs(struct virt_vcpu *hv, struct virt_sregs *out)
{
	*out = hv->sregs;
}

void virt_set_sregs(struct virt_vcpu *hv, const struct virt_sregs *in)
{
	hv->sregs = *in;
}

void virt_skip(struct virt_vcpu *hv, u32 length)
{
	hv->skipped += length;
}

/* --- memory, console, end --- */

bool guest_read(struct vcpu *vcpu, gpa_t gpa, void *buf, u64 bytes)
{
	(void)vcpu;
	if (gpa.v > FAKE_RAM_BYTES || bytes > FAKE_RAM_BYTES - gpa.v)
		return false;
	memcpy(buf, fake.ram + gpa.v, bytes);
	return true;
}

bool guest_write(struct vcpu *vcpu, gpa_t gpa, const void *buf, u64 bytes)
{
	(void)vcpu;
	if (gpa.v > FAKE_RAM_BYTES || bytes > FAKE_RAM_BYTES - gpa.v)
		return false;
	memcpy(fake.ram + gpa.v, buf, bytes);
	return true;
}

void console_guest_output(struct vm *vm, u8 byte)
{
	(void)vm;
	if (fake.output_bytes < FAKE_TEXT_BYTES - 1)
		fake.output[fake.output_bytes++] = (char)byte;
}

bool console_has_room(void)
{
	return !fake.console_full;
}

void vm_end(struct vm *vm, const char *why)
{
	(void)vm;
	/* It may take locks of its own and must not be called with one. */
	fake.lock_errors += fake.locked != 0;
	if (!fake.end[0])
		string_copy(fake.end, why, sizeof(fake.end));
}

void vm_reset(struct vm *vm, const char *why)
{
	vm_end(vm, why);
}
