// SPDX-License-Identifier: MIT
/* The CPUs of fake_cpu.h. */
#include "fake_cpu.h"
#include <asm/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct cpu *fake_cpu_switch(unsigned id)
{
	struct cpu *cpu = cpu_of(id);

	/* Linux, arch_prctl(2); include/cpu.h has the load from GS. */
	ASSERT(!syscall(SYS_arch_prctl, ARCH_SET_GS, cpu));
	ASSERT(this_cpu() == cpu);
	return cpu;
}

void fake_cpus(unsigned count)
{
	for (unsigned id = 0; id < cpu_count(); id++)
		cpu_set_online(cpu_of(id), false);
	while (cpu_count())
		cpu_remove_last();
	for (unsigned id = 0; id < count; id++)
		cpu_set_online(cpu_add(0x10 + id), true);
	fake_cpu_switch(0);
}
