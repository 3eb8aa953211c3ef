// SPDX-License-Identifier: MIT
/* vcpu/decode.c, mmio.c and alu.c: a few instructions on device registers. The decoder
 * says the same of an instruction that ends where it says it ends. */
#include "arch/x86/regs.h"
#include "fuzz.h"
#include "string.h"
#include "tests/unit/fake_vcpu.h"
#include "vcpu/decode.h"
#include "vcpu/mmio.h"

#define INSN_MAX 15
#define STEPS_MAX 8

static void check_decoded(const u8 *bytes, unsigned available, enum cpu_mode mode)
{
	struct decoded d, again;
	u8 *exact = unit_copy(bytes, available);

	memset(&d, 0, sizeof(d));
	memset(&again, 0, sizeof(again));
	if (decode_mmio(exact, available, mode, &d)) {
		CHECK(d.length >= 1 && d.length <= INSN_MAX && d.length <= available);
		CHECK(d.bytes == 1 || d.bytes == 2 || d.bytes == 4 || d.bytes == 8);
		CHECK(d.op <= DECODE_XCHG && d.reg < REG_COUNT);
		CHECK(d.reg_shift == 0 || (d.reg_shift == 8 && d.bytes == 1));
		CHECK(decode_mmio(exact, d.length, mode, &again));
		CHECK(!memcmp(&d, &again, sizeof(d)));
		CHECK(!decode_mmio(exact, d.length - 1U, mode, &again));
	}
	unit_free(exact);
}

static void set_mode(struct vcpu *cpu, u8 mode)
{
	struct virt_sregs *s = &cpu->hv->sregs;

	s->efer = mode & 1 ? EFER_LMA : 0;
	s->seg[SEG_CS].access = mode & 2 ? VIRT_SEG_LONG : mode & 4 ? VIRT_SEG_BIG : 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static const u64 pages[] = {0xfee00000, 0xfec00000, 0xfed00000, 0xc0000000};
	struct input in = {data, bytes};
	struct vcpu *cpu = fake_vm(1)->vcpus[0];

	set_mode(cpu, take_u8(&in));
	for (unsigned i = 0; i < REG_COUNT; i++)
		cpu->hv->regs[i] = 0x1111111111111111UL * i ^ take_u8(&in);
	for (unsigned step = 0; in.left && step < STEPS_MAX; step++) {
		u16 where = take_u16(&in);
		unsigned length = take_u8(&in) % (INSN_MAX + 1);
		u32 before = cpu->hv->skipped;
		u8 insn[INSN_MAX];

		take(&in, insn, length);
		for (unsigned mode = CPU_MODE_16; mode <= CPU_MODE_64; mode++)
			check_decoded(insn, length, mode);
		if (mmio_emulate(cpu, gpa(pages[where >> 14] + (where & 0x3fff)), insn,
				 length))
			CHECK(cpu->hv->skipped > before &&
			      cpu->hv->skipped <= before + length);
		CHECK(!fake.locked && !fake.lock_errors);
	}
	return 0;
}
