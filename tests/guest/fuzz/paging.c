// SPDX-License-Identifier: MIT
/* Page tables that no sane kernel has: loops, reserved bits, device pages, entries that
 * another vCPU changes meanwhile. They lie in scratch memory and are shared, all but
 * the first slot of the top, through which this guest lives. */
#include "fuzz.h"

#define TABLES 8
#define ENTRIES 512
#define FLAGS_MASK 0x8000000000000fffUL
#define RESERVED BIT(51)
#define LARGE_PAGE 0x80u
#define LARGE_BYTES 0x200000UL
#define RAM_BYTES 0xa00000UL /* with less the scratch memory would not be there */

extern u64 boot_pml4[];

static u64 *table(u64 i)
{
	return (u64 *)(SCRATCH_TABLES + i * PAGE_BYTES);
}

/* 32-bit paging: RAM in 4 MiB pages, the two device pages, nothing else. */
static u32 directory[1024] __attribute__((aligned(PAGE_BYTES)));
static u32 device_table[1024] __attribute__((aligned(PAGE_BYTES)));
static u32 virtio_table[1024] __attribute__((aligned(PAGE_BYTES)));

u64 paging_directory(void)
{
	return (u64)directory;
}

static void directory_prepare(void)
{
	for (u32 i = 0; i <= SCRATCH >> 22; i++)
		directory[i] = i << 22 | LARGE_PAGE | PAGE_WRITE | 1;
	directory[SCRATCH >> 22] |= PAGE_USER;
	directory[IOAPIC_GPA >> 22] = (u32)(u64)device_table | PAGE_USER | PAGE_WRITE | 1;
	device_table[0] = (u32)IOAPIC_GPA | PAGE_USER | PAGE_WRITE | 1;
	device_table[APIC_PAGE >> 12 & 1023] = (u32)APIC_PAGE | PAGE_USER | PAGE_WRITE |
					       1;
}

static void map_virtio(void)
{
	for (u64 i = 0; i < random_virtio_devices(); i++)
		virtio_table[(VIRTIO_GPA >> 12 & 1023) + i] =
			(u32)(VIRTIO_GPA + i * PAGE_BYTES) | PAGE_WRITE | 1;
	directory[VIRTIO_GPA >> 22] = (u32)(u64)virtio_table | PAGE_WRITE | 1;
}

/* Of a region of 2 MiB only the first pages from this one on. */
static void keep_pages(u64 first, u64 count)
{
	u64 base = first & ~(LARGE_BYTES - 1);

	for (u64 at = base; at < base + LARGE_BYTES; at += PAGE_BYTES) {
		if (at < first || at >= first + count * PAGE_BYTES)
			*page_entry((void *)at) = 0;
	}
}

/* Only what has to stay mapped does. */
void paging_prepare(void)
{
	extern u64 boot_pd[];
	u64 *pdpt = (u64 *)(boot_pml4[0] & ~0xfffUL);

	directory_prepare();
	map_virtio();
	boot_pml4[0] |= PAGE_USER;
	for (unsigned i = 0; i < 4; i++)
		pdpt[i] |= PAGE_USER;
	keep_pages(APIC_PAGE, 1);
	keep_pages(IOAPIC_GPA, 1);
	keep_pages(VIRTIO_GPA, random_virtio_devices());
	boot_pd[SCRATCH / LARGE_BYTES] |= PAGE_USER;
	for (unsigned i = RAM_BYTES / LARGE_BYTES; i < 4 * ENTRIES; i++) {
		if (boot_pd[i] & LARGE_PAGE)
			boot_pd[i] = 0;
	}
	memset((void *)SCRATCH_TABLES, 0, TABLES * PAGE_BYTES);
	table(0)[0] = boot_pml4[0];
	write_cr3(read_cr3());
}

/* The last table's slot 4 leads to devices, for instructions that may go there. */
#define SLOTS 4
#define DEVICE_SLOT 4
#define LAST_TABLE (TABLES - 1)
#define KEPT_BYTES                                                                       \
	0x40 /* at the beginning of each table: not overwritten through itself */

static u64 random_target(struct fuzz_cpu *f, u64 slot)
{
	if (slot == DEVICE_SLOT)
		return random_once_in(f, 2) ? APIC_PAGE : IOAPIC_GPA;
	if (random_may_die(f)) /* no memory there, or a table in a device */
		return random_once_in(f, 2) ? random_value(f) & ~FLAGS_MASK : APIC_PAGE;
	return random_once_in(f, 3) ? SCRATCH_DATA : (u64)table(random_below(f, TABLES));
}

static void random_entry(struct fuzz_cpu *f)
{
	bool device = random_once_in(f, 8);
	u64 level = device ? LAST_TABLE : random_below(f, TABLES);
	u64 slot = device ? DEVICE_SLOT : 1 + random_below(f, SLOTS - 1);
	u64 flags = PAGE_PRESENT | PAGE_WRITE | PAGE_USER;

	if (random_once_in(f, 4))
		flags = random_value(f) & FLAGS_MASK & ~(u64)LARGE_PAGE;
	if (random_once_in(f, 16))
		flags |= RESERVED;
	if (random_may_die(f))
		flags |= LARGE_PAGE;
	__atomic_store_n(&table(level)[slot], random_target(f, slot) | flags,
			 __ATOMIC_RELAXED);
}

static u64 random_linear(struct fuzz_cpu *f, u64 last_slot)
{
	u64 at = 0;

	for (unsigned level = 0; level < 3; level++)
		at = at << 9 | (1 + random_below(f, SLOTS - 1));
	at = at << 9 | last_slot;
	return at << 12 | (random_once_in(f, 4) ? 0xff8 + random_below(f, 8)
						: KEPT_BYTES + random_below(f, 0x400));
}

/* By instructions that may meet a device. Through any table but the last, slot 4 is
 * not present. */
static void touch_device(struct fuzz_cpu *f)
{
	u64 at = random_linear(f, DEVICE_SLOT), value = random_value(f);

	switch (random_below(f, 4)) {
	case 0:
		__asm__ volatile("movl (%1), %k0" : "=r"(value) : "r"(at) : "memory");
		break;
	case 1:
		__asm__ volatile("movq %0, (%1)" : : "r"(value), "r"(at) : "memory");
		break;
	case 2:
		__asm__ volatile("orl %k0, (%1)" : : "r"(value), "r"(at) : "memory");
		break;
	default:
		__asm__ volatile("xchgw %w0, (%1)" : "+r"(value) : "r"(at) : "memory");
	}
}

static void touch_memory(struct fuzz_cpu *f)
{
	u64 at = random_linear(f, 1 + random_below(f, SLOTS - 1));
	u64 count = 1 + random_below(f, 4);

	switch (random_below(f, 4)) {
	case 0:
		__asm__ volatile("lock orl $1, (%0)" : : "r"(at) : "memory");
		break;
	case 1:
		__asm__ volatile("rep insb"
				 : "+D"(at), "+c"(count)
				 : "d"((u16)LATCH_PORT)
				 : "memory");
		break;
	case 2:
		__asm__ volatile("rep outsl"
				 : "+S"(at), "+c"(count)
				 : "d"((u16)LATCH_PORT)
				 : "memory");
		break;
	default:
		fuzz_jump(at, SCRATCH_STACK(f->index), 0);
	}
}

void paging_run(struct fuzz_cpu *f)
{
	for (u64 n = random_below(f, 8); n; n--)
		random_entry(f);
	write_cr3((u64)table(0));
	for (u64 n = 1 + random_below(f, 3); n; n--) {
		if (random_once_in(f, 3))
			random_entry(f);
		if (random_once_in(f, 2))
			touch_device(f);
		else
			touch_memory(f);
	}
}
