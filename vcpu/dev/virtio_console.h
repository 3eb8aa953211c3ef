// SPDX-License-Identifier: MIT
/* A console (virtio 1.2, section 5.3) of one port, on the VM's console as its UART is. */
#pragma once
#include "types.h"

struct vm;
struct virtio_ops;

#define VCON_INPUT_BYTES 256 /* typed ahead; a power of two */

/* [L] under the device's lock */
struct virtio_console {
	u8 input[VCON_INPUT_BYTES]; /* [L] ring of what was typed */
	u32 head, tail;             /* [L] free-running: taken up to, put up to */
	bool busy;                  /* [L] dev->chain is output in work */
	u64 done;                   /* [L] bytes of it that are out */
};

extern const struct virtio_ops virtio_console_ops;

/* A byte was typed. False: the VM has no such console, or no driver drives it: then it
 * is for the UART. What does not fit is lost. Any CPU, no lock held; the VM runs. */
bool virtio_console_input(struct vm *vm, u8 byte);
