// SPDX-License-Identifier: MIT
/* Stand-ins for the rest of Spur, which the code under test calls and which does nothing
 * for the kick: log, time (it stands still), pages, the guest's local APIC. */
#include "machine.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/lapic.h"
#include "console.h"
#include "kernel/panic.h"
#include "page.h"
#include "printk.h"
#include "string.h"
#include "timer.h"
#include "vcpu/guest_console.h"
#include "vcpu/keeper.h"
#include "vcpu/policy.h"
#include "vcpu/run.h"

struct guest guest;
static unsigned pages_used;

/* A failed assertion of the code under test is a failed check. */
void panic(const char *fmt, ...)
{
	const char *text = fmt, *file;
	va_list args;

	va_start(args, fmt);
	if (!strcmp(fmt, "assertion failed: %s (%s:%d)")) {
		text = va_arg(args, const char *);
		file = va_arg(args, const char *);
		model_fail("assertion failed: %s (%s:%d)", text, file, va_arg(args, int));
	} else {
		model_fail("panic: %s", fmt);
	}
	va_end(args);
	for (;;)
		announce_relax(__FILE__, __LINE__);
}

void panic_silent_cpu(unsigned cpu, const char *what)
{
	panic("a CPU is silent");
}

void printk(const char *fmt, ...)
{
}

int format(char *buf, size_t size, const char *fmt, ...)
{
	return 0;
}

int format_va(char *buf, size_t size, const char *fmt, va_list args)
{
	return 0;
}

/* One character is enough to be seen writing. */
bool string_copy(char *dst, const char *src, size_t size)
{
	dst[0] = src[0];
	return true;
}

void console_poll(void)
{
}

bool console_flush_step(void)
{
	return false;
}

void guest_console_flush(struct vm *vm)
{
}

u64 tsc_now(void)
{
	return 1000;
}

u64 tsc_khz(void)
{
	return 1000;
}

void lapic_timer_set(u64 deadline)
{
}

bool virt_kick_by_nmi(void)
{
	return false;
}

void virt_disable(void)
{
}

const char *virt_enable(void)
{
	return NULL;
}

void *page_alloc(unsigned order)
{
	return &machine_vcpus[pages_used++];
}

const struct cpu_features *cpu_features(void)
{
	static const struct cpu_features features = {.physical_bits = 39};

	return &features;
}

unsigned cpuid_policy(struct vcpu *vcpu, struct virt_cpuid_entry *table, unsigned max)
{
	return 0;
}

void virt_vcpu_set_cpuid(struct virt_vcpu *hv, const struct virt_cpuid_entry *table,
			 unsigned count)
{
}

void virt_set_tsc_offset(struct virt_vcpu *hv, u64 offset)
{
}

void vlapic_init(struct vcpu *vcpu, unsigned phys_bits)
{
}

void vlapic_timer_evict(struct vcpu *vcpu)
{
}

void vlapic_timer_arrive(struct vcpu *vcpu)
{
}

bool vlapic_has_work(struct vcpu *vcpu)
{
	return false;
}

/* The guest has no 8259. */
bool pic_has_work(const struct vcpu *vcpu)
{
	return false;
}

/* Each vCPU stands for itself. */
struct sched_group *keeper_group(unsigned id)
{
	return NULL;
}

void vcpu_prepare_events(struct vcpu *vcpu)
{
	vcpu->check_events = false;
	if (guest.prepares)
		guest.prepares(vcpu);
}

void vcpu_handle_exit(struct vcpu *vcpu)
{
	if (vcpu->exit.reason == VIRT_EXIT_HYPERCALL && guest.exits)
		guest.exits(vcpu);
}
