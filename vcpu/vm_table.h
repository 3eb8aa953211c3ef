// SPDX-License-Identifier: MIT
/* The table of VMs and the parts of their life that only vcpu/ drives. */
#pragma once
#include "vcpu/vm.h"

/* A new VM with an empty memory map, in the table. NULL: no memory. Boot CPU. */
struct vm *vm_create(const struct vm_desc *desc);
/* By number, or NULL. */
struct vm *vm_at(unsigned id);
/* So many VMs will be made, or fail to be. Before the first. */
void vms_expect(unsigned count);
/* One of them has ended, or could not be made. */
void vms_one_ended(void);
/* What to do when the last VM has ended; failed: one of them was killed. */
void vms_set_end(void (*fn)(bool failed));
/* One vCPU of it will never run again. Its home pCPU. */
void vm_vcpu_ended(struct vm *vm);
bool vm_is_dead(struct vm *vm);
/* Print the state of each vCPU (dump.c). Panic only. */
void vms_dump(void);
