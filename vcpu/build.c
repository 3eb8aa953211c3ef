// SPDX-License-Identifier: MIT
/* Build a VM in small steps, each a turn of a pCPU's loop: RAM allocated, mapped and
 * cleared, image and initrd copied, tables built, vCPUs created, then started. So no pCPU
 * is held for long. */
#include "vcpu/builder.h"
#include "arch/x86/regs.h"
#include "assert.h"
#include "atomic.h"
#include "cpu.h"
#include "errno.h"
#include "page.h"
#include "string.h"
#include "vcpu/acpi_tables.h"
#include "vcpu/guestmem.h"

#define STEP_BYTES KIB(64) /* copied or cleared in one turn: 8192 string iterations */
#define CODE64_ACCESS 0xa09b
#define CODE32_ACCESS 0xc09b
#define DATA_ACCESS 0xc093
#define TSS_ACCESS 0x8b
#define FLAT_LIMIT 0xffffffff
#define TSS_LIMIT 0x67

/* --- RAM --- */

u64 ram_gpa(u64 offset)
{
	return offset < GUEST_HOLE_GPA ? offset
				       : offset + (GUEST_HOLE_END - GUEST_HOLE_GPA);
}

/* The largest block that fits here and is to be had. */
static u8 *ram_block(u64 offset, u64 left, u64 *bytes)
{
	static const unsigned orders[] = {PAGE_ORDER_1G, PAGE_ORDER_2M, PAGE_ORDER_4K};

	for (unsigned i = 0; i < ARRAY_SIZE(orders); i++) {
		u8 *block;

		*bytes = PAGE_SIZE << orders[i];
		if (!IS_ALIGNED(offset, *bytes) || left < *bytes)
			continue;
		block = page_alloc(orders[i]);
		if (block)
			return block;
	}
	return NULL;
}

static int next_block(struct builder *b)
{
	struct vm *vm = b->vm;
	int err;

	b->block = ram_block(b->done, vm->ram_bytes - b->done, &b->block_bytes);
	b->block_done = 0;
	if (!b->block) {
		b->why = "not enough memory for its RAM";
		return -ENOMEM;
	}
	err = virt_space_map(vm->space, gpa(ram_gpa(b->done)), ptr_to_hpa(b->block),
			     b->block_bytes, VIRT_READ | VIRT_WRITE | VIRT_EXEC);
	if (err) {
		page_free(b->block, page_block_order(b->block));
		b->why = "not enough memory for its nested page tables";
		return err;
	}
	vm->ram_mapped += b->block_bytes;
	return 1;
}

static int step_ram(struct builder *b)
{
	u64 bytes;

	if (b->done == b->vm->ram_bytes)
		return 0;
	if (!b->block)
		return next_block(b);
	bytes = MIN(STEP_BYTES, b->block_bytes - b->block_done);
	memset(b->block + b->block_done, 0, bytes);
	b->block_done += bytes;
	if (b->block_done == b->block_bytes) {
		b->done += b->block_bytes;
		b->block = NULL;
	}
	return 1;
}

/* --- image, initrd --- */

static int step_plan(struct builder *b)
{
	const struct vm_desc *d = b->vm->desc;
	u64 initrd = d->initrd ? d->initrd->bytes : 0;

	/* A hint, for a clear word before other VMs are deprived of what is left. */
	if (d->mem_bytes / PAGE_SIZE > page_free_count()) {
		b->why = "not enough memory for its RAM";
		return -ENOMEM;
	}

	return loader_plan(hpa_to_ptr(d->kernel->base), d->kernel->bytes, initrd,
			   d->cmdline, b->vm->ram_bytes, &b->plan, &b->why);
}

/* Copy the next piece of a range; > 0 while there is more. */
static int copy_some(struct builder *b, u64 to, const u8 *from, u64 bytes)
{
	u64 piece = MIN(STEP_BYTES, bytes - b->done);

	if (!vm_copy_in(b->vm, gpa(to + b->done), from + b->done, piece)) {
		b->why = "its image does not fit its RAM";
		return -EINVAL;
	}
	b->done += piece;
	return b->done < bytes;
}

static int step_image(struct builder *b)
{
	const struct load_segment *s = &b->plan.segments[b->segment];
	const u8 *image = hpa_to_ptr(b->vm->desc->kernel->base);
	int more;

	if (b->segment == b->plan.segment_count)
		return 0;
	/* What lies beyond the file's bytes is zero already: RAM was cleared. */
	more = s->file_bytes ? copy_some(b, s->gpa, image + s->file_offset, s->file_bytes)
			     : 0;
	if (more)
		return more;
	b->segment++;
	b->done = 0;
	return 1;
}

static int step_initrd(struct builder *b)
{
	if (!b->plan.initrd_bytes)
		return 0;
	return copy_some(b, b->plan.initrd_gpa, hpa_to_ptr(b->vm->desc->initrd->base),
			 b->plan.initrd_bytes);
}

/* --- tables --- */

/* Boot information, command line, page tables: built aside. */
static int step_tables(struct builder *b)
{
	const struct vm_desc *d = b->vm->desc;
	struct guest_e820 map[LOADER_E820_MAX];
	unsigned map_count = loader_e820(b->vm->ram_bytes, map);

	b->area = page_alloc(page_order(LOADER_AREA_BYTES));
	if (!b->area) {
		b->why = "not enough memory to build its tables";
		return -ENOMEM;
	}
	loader_build(&b->plan, hpa_to_ptr(d->kernel->base), d->kernel->bytes, d->cmdline,
		     map, map_count, GUEST_ACPI_GPA, b->area);
	return 0;
}

static int step_copy_tables(struct builder *b)
{
	int more = copy_some(b, LOADER_AREA_GPA, b->area, LOADER_AREA_BYTES);

	if (more <= 0) {
		page_free(b->area, page_order(LOADER_AREA_BYTES));
		b->area = NULL;
	}
	return more;
}

static int step_devices(struct builder *b)
{
	b->why = virtio_init(b->vm);
	return b->why ? -ENOMEM : 0;
}

static int step_acpi(struct builder *b)
{
	u64 contiguous, bytes;
	u8 *at = vm_ram(b->vm, gpa(GUEST_ACPI_GPA), &contiguous);

	if (!at || contiguous < PAGE_SIZE)
		return 0; /* a VM too small for them has none */
	bytes = MIN(contiguous, GUEST_ACPI_BYTES);
	acpi_tables_build(at, bytes, GUEST_ACPI_GPA, b->vm->desc->vcpus,
			  b->vm->virtio.count);
	return 0;
}

/* What a guest finds where a PC's firmware begins, if it jumps there to reset its
 * machine: Linux does so, for want of EFI, on a machine of the hardware-reduced kind. */
static int step_reset_vector(struct builder *b)
{
	static const u8 code[] = {
		0xba, (u8)PM_RESET,   PM_RESET >> 8, /* mov $PM_RESET, %dx */
		0xb0, PM_RESET_VALUE,                /* mov $PM_RESET_VALUE, %al */
		0xee,                                /* out %al, %dx */
		0xf4, 0xeb,           0xfd,          /* 1: hlt; jmp 1b */
	};

	vm_copy_in(b->vm, gpa(GUEST_RESET_GPA), code, sizeof(code));
	return 0;
}

/* --- vCPUs --- */

static void boot_registers(const struct load_plan *plan, struct vcpu_boot *boot)
{
	struct virt_segment data = {LOADER_SEL_DATA, FLAT_LIMIT, DATA_ACCESS, 0};
	struct virt_sregs s = {
		.cr0 = CR0_PE | CR0_ET | CR0_NE,
		.rip = plan->entry,
		.seg[SEG_CS] = {LOADER_SEL_CODE, FLAT_LIMIT, CODE32_ACCESS, 0},
		.seg[SEG_LDTR] = {0, 0, VIRT_SEG_UNUSABLE, 0},
		.seg[SEG_TR] = {0, TSS_LIMIT, TSS_ACCESS, 0},
		.gdt_base = plan->gdt_gpa,
		.gdt_limit = LOADER_GDT_LIMIT,
	};

	s.seg[SEG_ES] = s.seg[SEG_SS] = s.seg[SEG_DS] = s.seg[SEG_FS] = s.seg[SEG_GS] =
		data;
	if (plan->entry_64bit) {
		s.cr0 |= CR0_PG;
		s.cr3 = plan->pagetable_gpa;
		s.cr4 = CR4_PAE;
		s.efer = EFER_LME | EFER_LMA;
		s.seg[SEG_CS].access = CODE64_ACCESS;
	}
	*boot = (struct vcpu_boot){.sregs = s};
	boot->regs[REG_RAX] = plan->rax;
	boot->regs[REG_RBX] = plan->rbx;
	boot->regs[REG_RSI] = plan->rsi;
}

/* One vCPU a turn. */
static int step_vcpus(struct builder *b)
{
	struct vm *vm = b->vm;

	if (!vcpu_create(vm, vm->vcpu_count)) {
		b->why = "not enough memory for its vCPUs";
		return -ENOMEM;
	}
	vm->vcpu_count++;
	return vm->vcpu_count < vm->desc->vcpus;
}

/* The n-th online CPU of the mask, round and round. */
unsigned pick_cpu(u64 mask, unsigned n)
{
	u64 m = mask;

	for (n %= bit_count(mask); n; n--)
		m &= m - 1;
	return bit_lowest(m);
}

u64 vm_allowed_cpus(const struct vm_desc *desc)
{
	u64 online = cpu_online_mask();

	return desc->cpu_mask ? desc->cpu_mask & online : online;
}

static int step_start(struct builder *b)
{
	struct vm *vm = b->vm;
	u64 mask = vm_allowed_cpus(vm->desc);

	boot_registers(&b->plan, &b->boot);
	vm->vcpus[0]->boot = &b->boot;
	vm->running_vcpus = vm->vcpu_count;
	for (unsigned i = 0; i < vm->vcpu_count; i++)
		sched_start(&vm->vcpus[i]->run, pick_cpu(mask, vm->id + i));
	/* VMEND: whoever sees it running may kick its vCPUs: they have a home by now.
	 * Whoever ended it meanwhile has left that to us. */
	if (cmpxchg(&vm->state, VM_BUILDING, VM_RUNNING) == VM_BUILDING)
		sched_wake(&vm->vcpus[0]->run);
	else
		vm_request_all(vm, REQ_VM_DEAD & ~REQ_WAIT);
	return 0;
}

/* Each returns > 0: call it again; 0: the next one; < 0: failed, see why. */
static int (*const stages[])(struct builder *b) = {
	step_plan,         step_ram,         step_image,   step_initrd,
	step_tables,       step_copy_tables, step_devices, step_acpi,
	step_reset_vector, step_vcpus,       step_start,
};

int build_step(struct builder *b)
{
	int result = stages[b->stage](b);

	if (result)
		return result;
	b->done = 0;
	return ++b->stage < ARRAY_SIZE(stages);
}
