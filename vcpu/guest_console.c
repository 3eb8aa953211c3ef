// SPDX-License-Identifier: MIT
/* The guests' consoles: host serial line <-> each VM's UART. */
#include "vcpu/guest_console.h"
#include "bits.h"
#include "console.h"
#include "printk.h"
#include "vcpu/dev/uart.h"
#include "vcpu/vm_table.h"

#define LINE_MAX 160

/* [L] under the VM's device_lock */
struct line {
	char text[LINE_MAX + 1];
	unsigned length;
};
static struct line lines[MAX_VMS];
static bool with_names;   /* [I] */
static unsigned input_vm; /* [I] the VM that gets what is typed */

void guest_console_init(unsigned vm_count)
{
	with_names = vm_count > 1;
}

static void send_line(struct vm *vm)
{
	struct line *line = &lines[vm->id];
	char out[LINE_MAX + VM_NAME_MAX + 8];
	int length;

	line->text[line->length] = '\0';
	length = format(out, sizeof(out), "[%s] %s\r\n", vm->desc->name, line->text);

	console_write(out, (size_t)MIN(length, (int)sizeof(out) - 1));
	line->length = 0;
}

void console_guest_output(struct vm *vm, u8 byte)
{
	struct line *line = &lines[vm->id];

	if (!with_names) {
		console_write((const char *)&byte, 1);
		return;
	}
	if (byte == '\n') {
		send_line(vm);
	} else if (byte != '\r') {
		line->text[line->length++] = (char)byte;
		if (line->length == LINE_MAX)
			send_line(vm);
	}
}

void guest_console_flush(struct vm *vm)
{
	if (with_names && lines[vm->id].length)
		send_line(vm);
}

void guest_console_input(u8 byte)
{
	struct vm *vm = vm_at(input_vm);

	/* VMEND: pairs with the release in step_start(). */
	if (vm && smp_load_acquire(&vm->state) == VM_RUNNING)
		uart_input(vm, byte);
}
