// SPDX-License-Identifier: MIT
/* CPUID policy: per leaf and register, which of the processor's bits a guest sees, and
 * what is made up (SDM 2A, CPUID; KVM's leaves from 0x40000000). What is not in
 * the table reads as zero. */
#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "arch/x86/x86.h"
#include "arch/x86/xstate.h"
#include "bits.h"
#include "string.h"
#include "timer.h"
#include "vcpu/policy.h"
#include "vcpu/vm.h"

#define ALL 0xffffffffU
#define KVM_LEAF_SIGNATURE 0x40000000U
#define KVM_LEAF_FEATURES 0x40000001U
#define KVM_FEATURE_CLOCKSOURCE BIT(0)
#define KVM_FEATURE_NOP_IO_DELAY BIT(1)
#define KVM_FEATURE_CLOCKSOURCE2 BIT(3)
#define KVM_FEATURE_PV_EOI BIT(6)
#define KVM_FEATURE_CLOCKSOURCE_STABLE BIT(24)
#define SPUR_LEAF 0x40000100U
#define MAX_BASIC_LEAF 0x16
#define MAX_EXTENDED_LEAF 0x80000008U

/* Leaf 1 ECX: not MONITOR (3), VMX (5), SMX (6), EIST (7), TM2 (8), SDBG (11),
 * xTPR (14), PDCM (15), DCA (18); OSXSAVE (27) follows CR4. */
#define LEAF1_ECX                                                                        \
	(ALL & ~(BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) |          \
		 BIT(10) | BIT(11) | BIT(14) | BIT(15) | BIT(18) | BIT(27)))
#define LEAF1_HYPERVISOR BIT(31)
#define LEAF1_X2APIC BIT(21)
#define LEAF1_TSC_DEADLINE BIT(24)
/* Leaf 1 EDX: not MCE (7), MTRR (12), MCA (14), DS (21), ACPI (22), TM (29), PBE (31);
 * HTT (28) only with several vCPUs. */
#define LEAF1_EDX                                                                        \
	(ALL & ~(BIT(7) | BIT(12) | BIT(14) | BIT(21) | BIT(22) | BIT(28) | BIT(29) |    \
		 BIT(31)))
#define LEAF1_HTT BIT(28)
#define LEAF1_APIC BIT(9) /* EDX; follows IA32_APIC_BASE */
/* Leaf 7 EBX: what works in a guest without our help: FSGSBASE, BMI1, AVX2, SMEP, BMI2,
 * ERMS, INVPCID, AVX-512 F/DQ/IFMA/CD/BW/VL, RDSEED, ADX, SMAP, CLFLUSHOPT, CLWB, SHA;
 * and TSC_ADJUST, which we emulate. Not HLE, RTM, MPX, SGX, PT, RDT. */
#define LEAF7_EBX                                                                        \
	(BIT(0) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(10) | BIT(16) |       \
	 BIT(17) | BIT(18) | BIT(19) | BIT(20) | BIT(21) | BIT(23) | BIT(24) | BIT(28) | \
	 BIT(29) | BIT(30) | BIT(31))
#define LEAF7_TSC_ADJUST BIT(1)
#define LEAF7_INVPCID BIT(10)
#define LEAF7_RDPID BIT(22)
/* Leaf 7 ECX: AVX512_VBMI, UMIP, PKU, VBMI2, GFNI, VAES, VPCLMUL, VNNI, BITALG,
 * VPOPCNTDQ, RDPID. Not LA57. */
#define LEAF7_ECX                                                                        \
	(BIT(1) | BIT(2) | BIT(3) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(11) |       \
	 BIT(12) | BIT(14) | BIT(22))
#define LEAF7_OSPKE BIT(4)                   /* ECX; follows CR4 */
#define LEAF7_EDX (BIT(2) | BIT(3) | BIT(4)) /* 4VNNIW, 4FMAPS, fast short REP MOV */
#define LEAF6_ARAT BIT(2)
#define XSAVE_FEATURES                                                                   \
	(BIT(0) | BIT(1) | BIT(2)) /* XSAVEOPT, XSAVEC, XGETBV(1); no XSAVES */
#define XSAVE_XSAVEC BIT(1)
#define EXT1_ECX                                                                         \
	(ALL & ~(BIT(2) | BIT(10) | BIT(12) | BIT(13) | BIT(15) | BIT(23) | BIT(24)))
#define EXT1_EDX ALL
#define EXT1_RDTSCP BIT(27)
#define EXT7_INVARIANT_TSC BIT(8)
#define XCR0_LEAF 0xdU
#define XSTATE_COMPONENTS 10
#define XSAVE_ALIGNED BIT(1)    /* of a component's ECX */
#define XSAVE_LEGACY_BYTES 576U /* FXSAVE image and header */

struct builder {
	struct virt_cpuid_entry *table;
	unsigned count, max;
};

static struct virt_cpuid_entry *add(struct builder *b, u32 leaf, u32 subleaf,
				    bool by_subleaf, struct cpuid_regs r)
{
	struct virt_cpuid_entry *e = &b->table[b->count];

	if (b->count == b->max)
		return e - 1;
	b->count++;
	*e = (struct virt_cpuid_entry){leaf,  subleaf, by_subleaf, r.eax,
				       r.ebx, r.ecx,   r.edx};
	return e;
}

static u32 logical_bits(const struct vm *vm)
{
	unsigned bits = 0;

	while (BIT(bits) < vm->desc->vcpus)
		bits++;
	return bits;
}

static void add_leaf1(struct builder *b, const struct vcpu *vcpu)
{
	struct cpuid_regs r = cpuid(1, 0);
	u32 count = MIN(vcpu->vm->desc->vcpus, 255U);

	r.ebx = (r.ebx & 0xff00) | count << 16 | vcpu->index << 24;
	r.ecx = (r.ecx & LEAF1_ECX) | LEAF1_HYPERVISOR | LEAF1_TSC_DEADLINE;
	r.ecx = vcpu->vm->desc->x2apic ? r.ecx | LEAF1_X2APIC : r.ecx & ~LEAF1_X2APIC;
	r.edx = (r.edx & LEAF1_EDX) | (count > 1 ? LEAF1_HTT : 0);
	add(b, 1, 0, false, r);
}

static void add_leaf7(struct builder *b)
{
	struct cpuid_regs r = {0};

	if (cpu_features()->max_leaf >= 7)
		r = cpuid(7, 0);
	r.ebx = (r.ebx & LEAF7_EBX) | LEAF7_TSC_ADJUST;
	r.eax = 0;
	if (!virt_has_invpcid())
		r.ebx &= ~LEAF7_INVPCID;
	r.ecx &= virt_has_rdtscp() ? LEAF7_ECX : LEAF7_ECX & ~LEAF7_RDPID;
	r.edx &= LEAF7_EDX;
	add(b, 7, 0, true, r);
}

/* Topology: every vCPU a core of its own in one package (leaves 4, 0xb). */
static void add_topology(struct builder *b, const struct vcpu *vcpu)
{
	u32 bits = logical_bits(vcpu->vm);

	for (u32 i = 0; i < 4; i++) {
		struct cpuid_regs r = cpuid(4, i);

		r.eax &= 0x3fff; /* neither shared caches nor more cores are claimed */
		add(b, 4, i, true, r);
	}
	add(b, 0xb, 0, true, (struct cpuid_regs){0, 1, 0x100, vcpu->index});
	add(b, 0xb, 1, true,
	    (struct cpuid_regs){bits, vcpu->vm->desc->vcpus, 0x201, vcpu->index});
	add(b, 0xb, 2, true, (struct cpuid_regs){0, 0, 2, vcpu->index});
}

static void add_xsave(struct builder *b)
{
	u64 offered = cpu_xcr0_offered();
	struct cpuid_regs r = cpuid(XCR0_LEAF, 0);
	u32 size = XSAVE_LEGACY_BYTES;

	if (!cpu_features()->xsave)
		return;
	/* In the order of their numbers: compacted_xsave_bytes() relies on it. */
	for (u32 i = 2; i < XSTATE_COMPONENTS; i++) {
		struct cpuid_regs c = cpuid(XCR0_LEAF, i);

		if (!(offered & BIT(i)))
			continue;
		size = MAX(size, c.eax + c.ebx);
		add(b, XCR0_LEAF, i, true, c);
	}
	r.eax = (u32)offered;
	r.edx = 0;
	r.ecx = size;
	r.ebx = size; /* of what XCR0 enables: see enabled_xsave_bytes() */
	add(b, XCR0_LEAF, 0, true, r);
	r = cpuid(XCR0_LEAF, 1);
	r.eax &= XSAVE_FEATURES;
	if (!xstate_xsavec())
		r.eax &= ~XSAVE_XSAVEC;
	add(b, XCR0_LEAF, 1, true, (struct cpuid_regs){r.eax, 0, 0, 0});
}

/* TSC and core frequency, measured (SDM 2A, leaves 0x15 and 0x16). The crystal clock
 * is also what the local APIC timer counts; ours counts TSC cycles, so the ratio is
 * 1 unless the frequency does not fit 32 bits. */
static void add_frequency(struct builder *b)
{
	u32 khz = (u32)tsc_khz();
	u32 ratio = khz / 4000000 + 1;

	add(b, 0x15, 0, false, (struct cpuid_regs){1, ratio, khz / ratio * 1000, 0});
	add(b, 0x16, 0, false, (struct cpuid_regs){khz / 1000, khz / 1000, 100, 0});
}

static void add_extended(struct builder *b)
{
	struct cpuid_regs r = cpuid(0x80000001, 0);

	add(b, 0x80000000, 0, false, (struct cpuid_regs){MAX_EXTENDED_LEAF, 0, 0, 0});
	r.ecx &= EXT1_ECX;
	r.edx &= virt_has_rdtscp() ? EXT1_EDX : EXT1_EDX & ~EXT1_RDTSCP;
	r.eax = 0;
	r.ebx = 0;
	add(b, 0x80000001, 0, false, r);
	for (u32 leaf = 0x80000002; leaf <= 0x80000006; leaf++)
		add(b, leaf, 0, false, cpuid(leaf, 0));
	add(b, 0x80000007, 0, false,
	    (struct cpuid_regs){0, 0, 0,
				cpu_features()->invariant_tsc ? EXT7_INVARIANT_TSC : 0});
	r = cpuid(0x80000008, 0);
	add(b, 0x80000008, 0, false, (struct cpuid_regs){r.eax & 0xffff, 0, 0, 0});
}

static void add_hypervisor(struct builder *b, const struct vcpu *vcpu)
{
	struct cpuid_regs kvm = {KVM_LEAF_FEATURES, 0, 0, 0}, spur = {SPUR_LEAF, 0, 0, 0};
	struct cpuid_regs features = {0};

	memcpy(&kvm.ebx, "KVMK", 4);
	memcpy(&kvm.ecx, "VMKV", 4);
	memcpy(&kvm.edx, "M\0\0\0", 4);
	memcpy(&spur.ebx, "Spur", 4);
	memcpy(&spur.ecx, "Spur", 4);
	memcpy(&spur.edx, "Spur", 4);
	add(b, SPUR_LEAF, 0, false, spur);
	if (!vcpu->vm->desc->kvm)
		return;
	add(b, KVM_LEAF_SIGNATURE, 0, false, kvm);
	features.eax = KVM_FEATURE_CLOCKSOURCE | KVM_FEATURE_NOP_IO_DELAY |
		       KVM_FEATURE_CLOCKSOURCE2 | KVM_FEATURE_CLOCKSOURCE_STABLE;
	if (vcpu->vm->desc->pv_eoi)
		features.eax |= KVM_FEATURE_PV_EOI;
	add(b, KVM_LEAF_FEATURES, 0, false, features);
}

unsigned cpuid_policy(struct vcpu *vcpu, struct virt_cpuid_entry *table, unsigned max)
{
	struct builder b = {table, 0, max};
	struct cpuid_regs r = cpuid(0, 0);

	r.eax = MAX_BASIC_LEAF;
	add(&b, 0, 0, false, r);
	add_leaf1(&b, vcpu);
	add(&b, 2, 0, false, cpuid(2, 0));
	add_topology(&b, vcpu);
	add(&b, 6, 0, false, (struct cpuid_regs){LEAF6_ARAT, 0, 0, 0});
	add_leaf7(&b);
	add_xsave(&b);
	add_frequency(&b);
	add_extended(&b);
	add_hypervisor(&b, vcpu);
	return b.count;
}

void cpuid_apic_changed(struct vcpu *vcpu)
{
	for (unsigned i = 0; i < vcpu->cpuid_count; i++) {
		struct virt_cpuid_entry *e = &vcpu->cpuid[i];

		if (e->leaf != 1)
			continue;
		e->edx &= ~(u32)LEAF1_APIC;
		e->edx |= vlapic_enabled(vcpu) ? LEAF1_APIC : 0;
	}
}

/* Leaf 0xd, subleaf 0, EBX: the area for what XCR0 enables right now. */
static u32 enabled_xsave_bytes(const struct vcpu *vcpu)
{
	u32 size = XSAVE_LEGACY_BYTES;

	for (unsigned i = 0; i < vcpu->cpuid_count; i++) {
		const struct virt_cpuid_entry *e = &vcpu->cpuid[i];

		if (e->leaf == XCR0_LEAF && e->subleaf >= 2 &&
		    vcpu->xcr0 & BIT(e->subleaf))
			size = MAX(size, e->eax + e->ebx);
	}
	return size;
}

/* Subleaf 1, EBX: the same in compacted form (SDM 1 "Extended Region of an XSAVE
 * Area"): the components follow one another, some aligned to 64 bytes. */
static u32 compacted_xsave_bytes(const struct vcpu *vcpu)
{
	u32 size = XSAVE_LEGACY_BYTES;

	for (unsigned i = 0; i < vcpu->cpuid_count; i++) {
		const struct virt_cpuid_entry *e = &vcpu->cpuid[i];

		if (e->leaf != XCR0_LEAF || e->subleaf < 2 ||
		    !(vcpu->xcr0 & BIT(e->subleaf)))
			continue;
		if (e->ecx & XSAVE_ALIGNED)
			size = (u32)ALIGN_UP(size, 64);
		size += e->eax;
	}
	return size;
}

static bool guest_has_pke(struct vcpu *vcpu)
{
	struct virt_sregs s;

	virt_get_sregs(vcpu->hv, &s);
	return s.cr4 & CR4_PKE;
}

void cpuid_answer(struct vcpu *vcpu, u32 leaf, u32 subleaf, u32 out[4])
{
	memset(out, 0, 4 * sizeof(u32));
	for (unsigned i = 0; i < vcpu->cpuid_count; i++) {
		const struct virt_cpuid_entry *e = &vcpu->cpuid[i];

		if (e->leaf != leaf || (e->by_subleaf && e->subleaf != subleaf))
			continue;
		out[0] = e->eax;
		out[1] = e->ebx;
		out[2] = e->ecx;
		out[3] = e->edx;
		if (leaf == 7 && subleaf == 0 && guest_has_pke(vcpu))
			out[2] |= LEAF7_OSPKE;
		if (leaf == XCR0_LEAF && subleaf == 0)
			out[1] = enabled_xsave_bytes(vcpu);
		if (leaf == XCR0_LEAF && subleaf == 1)
			out[1] = compacted_xsave_bytes(vcpu);
		return;
	}
	/* Beyond the last level, leaf 0xb still gives the x2APIC ID and the number. */
	if (leaf == 0xb) {
		out[2] = subleaf & 0xff;
		out[3] = vcpu->index;
	}
}
