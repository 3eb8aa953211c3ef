// SPDX-License-Identifier: MIT
/* vcpu/translate.c: a guest's page tables, in all of paging's modes. */
#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "fuzz.h"
#include "string.h"
#include "tests/unit/fake_vcpu.h"

#define OFFSET_MASK 0xfffUL

static const struct cpu_features features = {.physical_bits = 39};

const struct cpu_features *cpu_features(void)
{
	return &features;
}

static void set_mode(struct virt_sregs *s, u8 mode)
{
	s->cr0 = (mode & 1 ? CR0_PG : 0) | (mode & 2 ? CR0_WP : 0);
	s->cr4 = (mode & 4 ? CR4_PAE : 0) | (mode & 8 ? CR4_PSE : 0) |
		 (mode & 16 ? CR4_LA57 : 0);
	s->efer = (mode & 32 ? EFER_LMA : 0) | (mode & 64 ? EFER_NXE : 0);
	s->seg[SEG_SS].access = mode & 128 ? 3 << 5 : 0;
}

static void check_one(struct vcpu *cpu, u64 gva, bool write, bool fetch)
{
	u8 bytes[64];
	gpa_t where;
	u64 done;

	if (guest_translate(cpu, gva, write, fetch, &where))
		CHECK_EQ(where.v & OFFSET_MASK, gva & OFFSET_MASK);
	guest_fault_error(cpu, gva, write);
	done = guest_read_virtual(cpu, gva, bytes, sizeof(bytes), fetch);
	CHECK(done <= sizeof(bytes));
	done = guest_writable_virtual(cpu, gva, sizeof(bytes));
	/* What it writes may be its own tables: then the rest may be elsewhere. */
	CHECK(guest_write_virtual(cpu, gva, bytes, done) <= done);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	struct input in = {data, bytes};
	struct vcpu *cpu = fake_vm(1)->vcpus[0];
	u64 gva[4];
	u8 how;

	set_mode(&cpu->hv->sregs, take_u8(&in));
	how = take_u8(&in);
	cpu->hv->sregs.cr3 = take_u32(&in);
	for (unsigned i = 0; i < 4; i++)
		gva[i] = take_u64(&in);
	/* An entry here, an entry there: most of a table is zeroes. */
	while (in.left) {
		u16 at = take_u16(&in) % (FAKE_RAM_BYTES / sizeof(u64));
		u64 entry = take_u64(&in);

		memcpy(fake.ram + at * sizeof(u64), &entry, sizeof(entry));
	}
	for (unsigned i = 0; i < 4; i++)
		check_one(cpu, gva[i], how >> i & 1, how >> (4 + i) & 1);
	return 0;
}
