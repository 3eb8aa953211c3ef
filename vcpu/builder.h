// SPDX-License-Identifier: MIT
/* What makes a VM and what unmakes it, each in small steps. Its keeper only. */
#pragma once
#include "vcpu/loader.h"
#include "vcpu/vm_table.h"

struct builder {
	struct vm *vm;
	struct load_plan plan;
	unsigned stage;
	u64 done; /* bytes of the stage that are done */
	unsigned segment;
	u8 *block; /* RAM block being cleared, NULL: none */
	u64 block_bytes, block_done;
	u8 *area; /* LOADER_AREA_BYTES, while the tables are built */
	const char *why;
	struct vcpu_boot boot;
};

/* Where byte number offset of a VM's RAM lies. */
u64 ram_gpa(u64 offset);
/* The CPUs that it may run on now. A hint: a CPU may leave. */
u64 vm_allowed_cpus(const struct vm_desc *desc);
/* The n-th CPU of the mask, round and round; the mask is not 0. */
unsigned pick_cpu(u64 mask, unsigned n);
/* One step of building b->vm. > 0: there is more; 0: it runs, or was ended meanwhile and
 * ends by itself; < 0: failed, b->why says why. */
int build_step(struct builder *b);
/* One step of giving back all that b->vm has: no vCPU of it is left to run. True: there
 * is more. False: it was the last, and b->vm is gone. */
bool release_step(struct builder *b);
