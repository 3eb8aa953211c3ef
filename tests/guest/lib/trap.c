// SPDX-License-Identifier: MIT
/* The guests' IDT, and who handles what: the table of instructions that may fault
 * first, then the handler that a test has set. */
#include "guest.h"

#define GATE_INTERRUPT 0x8e
#define EXCEPTIONS 32
#define ENTRY_BYTES 16
#define UNEXPECTED_EXIT 99

struct gate idt[256];

extern const u8 trap_entries[256][ENTRY_BYTES];
extern const struct extable_entry {
	u64 rip, resume;
} extable[], extable_end[];

static struct handler {
	void (*fn)(struct frame *frame);
	bool eoi;
} handlers[256];

void trap_dispatch(struct frame *frame);

void gate_set(unsigned vector, const void *entry)
{
	u64 offset = (u64)entry;

	idt[vector] =
		(struct gate){(u16)offset,         SEL_CODE64,          0, GATE_INTERRUPT,
			      (u16)(offset >> 16), (u32)(offset >> 32), 0};
}

void idt_load(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) pointer = {sizeof(idt) - 1, (u64)idt};

	if (!idt[0].type) {
		for (unsigned i = 0; i < 256; i++)
			gate_set(i, trap_entries[i]);
	}
	__asm__ volatile("lidt %0" : : "m"(pointer));
}

void trap_set(unsigned vector, void (*fn)(struct frame *frame))
{
	handlers[vector] = (struct handler){fn, false};
}

void irq_set(unsigned vector, void (*fn)(struct frame *frame))
{
	handlers[vector] = (struct handler){fn, true};
}

static bool resume(struct frame *frame)
{
	for (const struct extable_entry *e = extable; e < extable_end; e++) {
		if (e->rip != frame->rip)
			continue;
		this_cpu()->fault = (struct fault){(unsigned)frame->vector, frame->error,
						   read_cr2()};
		frame->rip = e->resume;
		return true;
	}
	return false;
}

void trap_dispatch(struct frame *frame)
{
	const struct handler *handler = &handlers[frame->vector];

	if (frame->vector < EXCEPTIONS && frame->vector != VEC_NMI && resume(frame))
		return;
	if (handler->fn) {
		handler->fn(frame);
	} else if (frame->vector < EXCEPTIONS) {
		print("exception %lu, error %lx, at %lx, CR2 %lx\n", frame->vector,
		      frame->error, frame->rip, read_cr2());
		guest_exit(UNEXPECTED_EXIT);
	}
	if (handler->eoi)
		apic_eoi();
}
