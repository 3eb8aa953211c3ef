// SPDX-License-Identifier: MIT
/* The table of VMs and the parts of their life that only vcpu/ drives. */
#pragma once
#include "vcpu/vm.h"

/* A new VM with an empty memory map, in the table under this number, which is free.
 * rtc: its clock chip. NULL: no memory. Its keeper. */
struct vm *vm_create(const struct vm_desc *desc, unsigned id, const struct rtc *rtc);
/* By number, or NULL: none, or it is being given back. It stays at least until this CPU
 * next polls its inbox or waits for another CPU, so keep no pointer longer than that,
 * unless the VM cannot end meanwhile (own vCPU). Any CPU, root mode. */
struct vm *vm_at(unsigned id);
/* Take a VM none of whose vCPUs is left out of the table, and return when no other CPU
 * can have a pointer to it. Its keeper; waits for the other CPUs. */
void vm_withdraw(struct vm *vm);
/* Free a withdrawn one that has no vCPU, no memory and no nested tables any more. */
void vm_free(struct vm *vm);
/* So many VMs more will be made, or fail to be. Before they can end. */
void vms_expect(unsigned count);
/* One of them has ended, or could not be made. */
void vms_one_ended(void);
/* What its console still had, then the line that says why it has ended: two turns of its
 * keeper, once no vCPU runs. Printing is too long for an exit handler. */
void vm_flush_output(struct vm *vm);
void vm_tell_end(struct vm *vm);
/* Say that a VM was not even made, and why. Its keeper, or the boot CPU. */
void vms_not_started(const struct vm_desc *desc, const char *why);
/* What to do when the last VM has ended; failed: one of them was killed. */
void vms_set_end(void (*fn)(bool failed));
/* One vCPU of it is dead and put away. Its home pCPU. */
void vm_vcpu_ended(struct vm *vm);
bool vm_is_dead(struct vm *vm);
/* Print the state of each vCPU (dump.c). Panic only. */
void vms_dump(void);
