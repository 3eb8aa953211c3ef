// SPDX-License-Identifier: MIT
/* The guests' consoles on the one serial line. With one VM its bytes go out as they
 * are; with several, whole lines with the VM's name in front. */
#pragma once
#include "types.h"

struct vm;

/* A byte that the guest's UART sends. Root mode, device_lock held. Never waits. */
void console_guest_output(struct vm *vm, u8 byte);
/* Send an unfinished line. When the VM ends. */
void guest_console_flush(struct vm *vm);
/* A byte typed on the host's console: goes to the VM that has the input. */
void guest_console_input(u8 byte);
/* How many VMs there are; decides about the names. Boot CPU. */
void guest_console_init(unsigned vm_count);
