// SPDX-License-Identifier: MIT
/* Guest memory before the guest runs: for whoever builds a VM. The door for a
 * running guest is guest_read() and guest_write() in vm.h. */
#pragma once
#include "types.h"

struct vm;

/* Where gpa lies and how far it goes on from there; NULL: no RAM there. Only while
 * nothing can be unmapped: the VM is being built, or mmu_lock is held. */
void *vm_ram(struct vm *vm, gpa_t gpa, u64 *contiguous);
/* Copy or clear, all within RAM; false: some of it is not (a part may be done). */
bool vm_copy_in(struct vm *vm, gpa_t gpa, const void *buf, u64 bytes);
bool vm_clear(struct vm *vm, gpa_t gpa, u64 bytes);
