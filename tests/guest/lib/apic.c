// SPDX-License-Identifier: MIT
/* The guests' local APIC in both of its forms, and the start of the other CPUs (SDM 3A,
 * "MP Initialization Protocol Algorithm"). */
#include "guest.h"

#define LEAF1_X2APIC BIT(21)
#define LEAF1_DEADLINE BIT(24)
#define START_TRIES 100000000UL
#define INIT_WAIT 20000 /* ticks: our choice, no test machine needs the manual's 10 ms */

extern const u8 trampoline[], trampoline_end[];

void ap_start(unsigned index) __attribute__((noreturn));

static void (*ap_function)(unsigned index);
static bool aps_use_x2apic;
static u32 cpus_up = 1;

static volatile u32 *page_register(unsigned reg)
{
	return (volatile u32 *)(APIC_PAGE + reg * 16);
}

u32 apic_read(unsigned reg)
{
	if (this_cpu()->x2apic)
		return (u32)rdmsr(MSR_X2APIC + reg);
	return *page_register(reg);
}

void apic_write(unsigned reg, u32 value)
{
	if (this_cpu()->x2apic)
		wrmsr(MSR_X2APIC + reg, value);
	else
		*page_register(reg) = value;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_send(u32 dest, u32 low)
{
	if (this_cpu()->x2apic) {
		wrmsr(MSR_X2APIC + APIC_ICR, (u64)dest << 32 | low);
		return;
	}
	*page_register(APIC_ICR_HIGH) = dest << 24;
	*page_register(APIC_ICR) = low;
}

bool x2apic_offered(void)
{
	return cpuid(1, 0).ecx & LEAF1_X2APIC;
}

bool deadline_offered(void)
{
	return cpuid(1, 0).ecx & LEAF1_DEADLINE;
}

void x2apic_enable(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_EXTD);
	this_cpu()->x2apic = true;
	aps_use_x2apic = true;
}

/* --- other CPUs --- */

void ap_start(unsigned index)
{
	this_cpu()->index = index;
	idt_load();
	/* An INIT leaves the APIC's mode as it is. */
	this_cpu()->x2apic = rdmsr(MSR_APIC_BASE) & APIC_BASE_EXTD;
	if (aps_use_x2apic)
		x2apic_enable();
	apic_write(APIC_SVR, APIC_SVR_ENABLE | 0xff);
	__atomic_fetch_add(&cpus_up, 1, __ATOMIC_RELEASE);
	ap_function(index);
	for (;;) {
		cli();
		hlt();
	}
}

void cpu_start_all(void (*fn)(unsigned index))
{
	unsigned count = cpu_count();

	ap_function = fn;
	memcpy((void *)TRAMPOLINE_GPA, trampoline, (u64)(trampoline_end - trampoline));
	if (count > 1) {
		apic_send(0, APIC_TO_OTHERS | APIC_ASSERT | APIC_INIT);
		delay_tsc(INIT_WAIT);
		apic_send(0, APIC_TO_OTHERS | APIC_ASSERT | APIC_SIPI |
				     TRAMPOLINE_GPA >> 12);
		apic_send(0, APIC_TO_OTHERS | APIC_ASSERT | APIC_SIPI |
				     TRAMPOLINE_GPA >> 12);
	}
	for (u64 i = 0; __atomic_load_n(&cpus_up, __ATOMIC_ACQUIRE) != count; i++) {
		pause();
		if (i < START_TRIES)
			continue;
		print("only %u of %u CPUs are up\n", cpus_up, count);
		guest_exit(2);
	}
}
