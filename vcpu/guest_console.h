// SPDX-License-Identifier: MIT
/* The guests' consoles on the one serial line. Either one VM has the line, and its bytes
 * go out as they are, or all have it, and whole lines come with the VM's name in front.
 * What does not go out is kept, and is shown when its VM gets the line. */
#pragma once
#include "types.h"
#include "vmdesc.h"

struct vm;

#define CONSOLE_ALL (-1)

/* A byte that the guest sends. Root mode, device_lock held. Never waits. */
void console_guest_output(struct vm *vm, u8 byte);
/* Send an unfinished line. When the VM ends. */
void guest_console_flush(struct vm *vm);
/* A byte typed on the host's console: for the VM that has the input, or, behind
 * CONSOLE_KEY, for the monitor. From some CPU's loop. */
void guest_console_input(u8 byte);
/* The VMs there will be, those with an error left out. With one it has the line. Boot
 * CPU, before any runs. */
void guest_console_init(const struct vm_desc *descs, unsigned count);

/* --- for the monitor --- */

/* Give the line to this VM, and show what it said meanwhile; CONSOLE_ALL: to all, but
 * what is typed goes where it went. */
void guest_console_switch(s32 id);
/* Show all that is kept of this VM's output. */
void guest_console_show(unsigned id);
/* Who has the line, or CONSOLE_ALL; who gets what is typed. Hints. */
s32 guest_console_view(void);
unsigned guest_console_input_vm(void);
