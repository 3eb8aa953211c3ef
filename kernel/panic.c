// SPDX-License-Identifier: MIT
/* Our own bugs: stop every CPU by NMI, print what happened, registers, backtrace and
 * where the others were, then end as configured. Takes no lock and allocates
 * nothing; the NMI and machine-check handlers only record. */
#include "kernel/panic.h"
#include "arch/x86/lapic.h"
#include "arch/x86/power.h"
#include "arch/x86/trap.h"
#include "arch/x86/tsc.h"
#include "arch/x86/x86.h"
#include "assert.h"
#include "atomic.h"
#include "bits.h"
#include "console.h"
#include "cpu.h"
#include "kernel/symbols.h"
#include "printk.h"
#include "sched.h"

#define MAX_FRAMES 16
#define STOP_WAIT_US 10000
#define CONSOLE_WAIT_US 1000
#define NOBODY 0

/* Where each stopped CPU was, written by itself before it says so. */
struct stopped {
	u64 rip, rsp, rbp;
	u32 done; /* [A] */
};
static struct stopped stopped[MAX_CPUS];
static u32 panicking; /* [A] CPU number + 1 of the one that panics */
static void (*dump_above)(void);
static enum machine_end end_mode = END_POWEROFF;

void panic_set_dump(void (*dump)(void))
{
	dump_above = dump;
}

void machine_set_end(enum machine_end end)
{
	end_mode = end;
}

static void halt_for_ever(void)
{
	for (;;) {
		cli();
		hlt();
	}
}

void machine_end(bool failed)
{
	console_flush();
	if (end_mode == END_POWEROFF)
		power_off();
	else if (end_mode == END_REBOOT)
		power_reboot();
	else if (end_mode == END_EXIT_PORT)
		power_exit_port(failed);
	halt_for_ever();
	__builtin_unreachable();
}

void backtrace(u64 rip, u64 rbp)
{
	u64 offset;

	for (unsigned i = 0; i < MAX_FRAMES; i++) {
		const char *name = symbol_at(rip, &offset);
		const u64 *frame = (const u64 *)(uintptr_t)rbp;

		printk("  %016lx %s+0x%lx\n", rip, name, offset);
		/* A frame lies on our stacks, which are in the image. */
		if (rbp < PAGE_SIZE || rbp % sizeof(u64) || rbp >= MIB(16))
			return;
		rip = frame[1];
		rbp = frame[0];
		if (!rip)
			return;
	}
}

static void print_registers(const struct trap_frame *f)
{
	printk("vector %lu error %lx  rip %016lx rflags %lx\n", f->vector, f->error,
	       f->rip, f->rflags);
	printk("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx, f->rcx,
	       f->rdx);
	printk("rsi %016lx rdi %016lx rbp %016lx rsp %016lx\n", f->rsi, f->rdi, f->rbp,
	       f->rsp);
	printk("r8  %016lx r9  %016lx r10 %016lx r11 %016lx\n", f->r8, f->r9, f->r10,
	       f->r11);
	printk("r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n", f->r12, f->r13, f->r14,
	       f->r15);
	printk("cr0 %lx cr2 %lx cr3 %lx cr4 %lx\n", read_cr0(), read_cr2(), read_cr3(),
	       read_cr4());
}

/* Only the first CPU panics; one that comes second stops like the others. */
static void claim_panic(void)
{
	u32 me = this_cpu()->id + 1;
	u32 first = cmpxchg(&panicking, NOBODY, me);

	if (first != NOBODY && first != me)
		halt_for_ever();
	if (first != me)
		return;
	/* A panic inside the panic, perhaps with the lock that the flush needs. */
	console_break_lock();
	machine_end(true);
}

static void stop_others(void)
{
	u64 limit = STOP_WAIT_US;
	u64 waiting = 0;

	for (unsigned id = 0; id < cpu_count(); id++)
		waiting += id != this_cpu()->id;
	if (!waiting)
		return;
	lapic_send_nmi_others();
	for (; limit; limit--) {
		u64 done = 0;

		/* STOP: pairs with the release in stop_here(). */
		for (unsigned id = 0; id < cpu_count(); id++)
			done += smp_load_acquire(&stopped[id].done);
		if (done == waiting)
			return;
		udelay(1);
	}
}

/* Whoever prints may finish what it does under the lock, in a bounded time. One that is
 * stopped with a byte taken out of the ring and not yet sent would lose it, from what
 * may be the last line before the panic. */
static void wait_for_console(void)
{
	for (unsigned us = 0; us < CONSOLE_WAIT_US && !console_seize(); us++)
		udelay(1);
}

/* The console's lock is opened only once nobody else runs who may hold it: an owner that
 * finds it open would panic as well, and its place in the dump would be lost. */
static void begin_panic(void)
{
	claim_panic();
	wait_for_console();
	stop_others();
	console_break_lock();
}

static void print_others(void)
{
	for (unsigned id = 0; id < cpu_count(); id++) {
		u64 offset;

		if (id == this_cpu()->id)
			continue;
		/* STOP: pairs with the release in stop_here(). */
		if (!smp_load_acquire(&stopped[id].done)) {
			printk("cpu%u: did not stop\n", id);
			continue;
		}
		printk("cpu%u: stopped at %s", id, symbol_at(stopped[id].rip, &offset));
		printk("+0x%lx\n", offset);
		backtrace(stopped[id].rip, stopped[id].rbp);
	}
}

static void finish_panic(u64 rip, u64 rbp)
{
	printk("backtrace:\n");
	backtrace(rip, rbp);
	print_others();
	if (dump_above)
		dump_above();
	printk("spur: stopped after a panic\n");
	machine_end(true);
}

void panic(const char *fmt, ...)
{
	char text[256];
	va_list args;

	cli();
	begin_panic();
	va_start(args, fmt);
	format_va(text, sizeof(text), fmt, args);
	va_end(args);
	printk("\nPANIC cpu%u: %s\n", this_cpu()->id, text);
	finish_panic((u64)(uintptr_t)__builtin_return_address(0),
		     *(const u64 *)__builtin_frame_address(0));
	__builtin_unreachable();
}

void fatal_trap(const struct trap_frame *frame)
{
	begin_panic();
	printk("\nPANIC cpu%u: unexpected exception %lu\n", this_cpu()->id,
	       frame->vector);
	print_registers(frame);
	finish_panic(frame->rip, frame->rbp);
	__builtin_unreachable();
}

void panic_silent_cpu(unsigned id, const char *what)
{
	begin_panic();
	printk("\nPANIC cpu%u: cpu%u does not answer a %s\n", this_cpu()->id, id, what);
	finish_panic((u64)(uintptr_t)__builtin_return_address(0),
		     *(const u64 *)__builtin_frame_address(0));
	__builtin_unreachable();
}

static void stop_here(const struct trap_frame *frame)
{
	struct stopped *s = &stopped[this_cpu()->id];

	s->rip = frame->rip;
	s->rsp = frame->rsp;
	s->rbp = frame->rbp;
	/* STOP: the registers are there when the flag is. */
	smp_store_release(&s->done, 1);
	halt_for_ever();
}

void nmi_handle(struct trap_frame *frame)
{
	/* STOP: set by the cmpxchg in claim_panic() before the NMI is sent. */
	u32 who = READ_ONCE(panicking);

	this_cpu()->nmi_count++;
	if (who == this_cpu()->id + 1)
		return; /* a kick or a key on the CPU that is printing the panic */
	if (who != NOBODY)
		stop_here(frame);
	/* Where interrupts do not end guest mode, the UART's comes as an NMI. */
	console_interrupt();
	nmi_in_entry_window(frame);
	/* And an idle CPU may have looked already: an interrupt ends the HLT to come. */
	if (READ_ONCE(this_cpu()->idle)) /* IDLE: own store */
		lapic_send_self(VECTOR_KICK);
}

void machine_check_handle(struct trap_frame *frame)
{
	fatal_trap(frame);
}
