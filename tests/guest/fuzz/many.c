// SPDX-License-Identifier: MIT
/* One kind of exit, over and over: a vCPU that keeps its pCPU in root mode as much as it
 * can, and that other vCPUs and the timer of the pCPU have to get past. */
#include "fuzz.h"

#define TIMES_MAX 100

static void port_reads(struct fuzz_cpu *f, u64 times)
{
	u16 port = random_port(f);

	while (times--)
		inl(port);
}

static void cpuids(struct fuzz_cpu *f, u64 times)
{
	u32 leaf = (u32)random_value(f);

	while (times--)
		cpuid(leaf++, (u32)times);
}

static void msr_reads(struct fuzz_cpu *f, u64 times)
{
	(void)f;
	while (times--)
		rdmsr(MSR_TSC);
}

static void device_reads(struct fuzz_cpu *f, u64 times)
{
	volatile u32 *at = (volatile u32 *)(random_device(f) & ~3UL);

	while (times--)
		*at;
}

static void hypercalls(struct fuzz_cpu *f, u64 times)
{
	u64 number = random_below(f, 16);

	while (times--)
		__asm__ volatile("vmcall"
				 : "+a"(number)
				 : "b"(times), "c"(random_address(f))
				 : "memory");
}

static void own_ipis(struct fuzz_cpu *f, u64 times)
{
	(void)f;
	sti();
	while (times--)
		apic_send(0, APIC_TO_SELF | 0x40);
}

static void cache_controls(struct fuzz_cpu *f, u64 times)
{
	u64 cr0 = read_cr0();

	(void)f;
	while (times--) {
		write_cr0(cr0 ^ (times % 2 ? CR0_CD : 0));
		__asm__ volatile("wbinvd" : : : "memory");
	}
}

void many_run(struct fuzz_cpu *f)
{
	static void (*const kinds[])(struct fuzz_cpu * f, u64 times) = {
		port_reads, cpuids,   msr_reads,      device_reads,
		hypercalls, own_ipis, cache_controls,
	};

	kinds[random_below(f, ARRAY_SIZE(kinds))](f, 1 + random_below(f, TIMES_MAX));
}
