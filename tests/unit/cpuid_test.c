// SPDX-License-Identifier: MIT
/* vcpu/cpuid.c: what a guest sees of a processor that has everything, of one that has
 * nothing, and of one as they are; and what is made up. */
#include "arch/x86/cpuid.h"
#include "arch/x86/x86.h"
#include "string.h"
#include "unit.h"
#include "vcpu/policy.h"
#include "vcpu/vm.h"

static struct cpu_features features;
static u64 offered; /* XCR0 */
static u64 khz;
static u64 cr4; /* the guest's */
static bool apic_on;
static bool rdtscp, invpcid; /* there are controls for them */
static struct cpuid_regs (*processor)(u32 leaf, u32 subleaf);

static struct vm_desc desc;
static struct vm vm;
static struct vcpu vcpu;

/* --- stand-ins --- */

struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	return processor(leaf, subleaf);
}

const struct cpu_features *cpu_features(void)
{
	return &features;
}

static bool xsavec_works = true;

bool xstate_xsavec(void)
{
	return xsavec_works;
}

u64 cpu_xcr0_offered(void)
{
	return offered;
}

u64 tsc_khz(void)
{
	return khz;
}

void virt_get_sregs(struct virt_vcpu *hv, struct virt_sregs *out)
{
	*out = (struct virt_sregs){.cr4 = cr4};
}

bool vlapic_enabled(const struct vcpu *unused)
{
	return apic_on;
}

bool virt_has_rdtscp(void)
{
	return rdtscp;
}

bool virt_has_invpcid(void)
{
	return invpcid;
}

/* --- processors --- */

static struct cpuid_regs has_all(u32 leaf, u32 subleaf)
{
	return (struct cpuid_regs){~0u, ~0u, ~0u, ~0u};
}

static struct cpuid_regs has_nothing(u32 leaf, u32 subleaf)
{
	return (struct cpuid_regs){0};
}

/* XSAVE components as on processors with AVX-512, but for number 5, which is smaller
 * so that alignment shows: bytes, offset, flags. */
static struct cpuid_regs has_xsave(u32 leaf, u32 subleaf)
{
	static const struct cpuid_regs components[] = {
		[0] = {0x2ff, 832, 2696, 0}, /* all there are */
		[1] = {0xf, 3000, 0x100, 0}, /* with XSAVES, and PT's state in XSS */
		[2] = {256, 576, 0, 0},      [3] = {64, 960, 0, 0},
		[4] = {64, 1024, 0, 0},      [5] = {24, 1088, 0, 0},
		[6] = {512, 1152, 2, 0},     [7] = {1024, 1664, 0, 0},
		[8] = {128, 0, 1, 0},        [9] = {8, 2688, 0, 0},
	};

	if (leaf != 0xd || subleaf >= ARRAY_SIZE(components))
		return (struct cpuid_regs){0};
	return components[subleaf];
}

static void begin(struct cpuid_regs (*p)(u32, u32), unsigned vcpus, unsigned index)
{
	processor = p;
	offered = 0x2e7;
	khz = 2000000;
	features = (struct cpu_features){.max_leaf = 0x16, .xsave = true};
	features.invariant_tsc = true;
	rdtscp = true;
	invpcid = true;
	desc = (struct vm_desc){.vcpus = vcpus, .x2apic = true, .kvm = true};
	vm = (struct vm){.desc = &desc};
	memset(&vcpu, 0, sizeof(vcpu));
	vcpu.vm = &vm;
	vcpu.index = index;
	vcpu.xcr0 = 1;
}

static void build(void)
{
	vcpu.cpuid_count = cpuid_policy(&vcpu, vcpu.cpuid, VCPU_CPUID_MAX);
	CHECK(vcpu.cpuid_count && vcpu.cpuid_count < VCPU_CPUID_MAX); /* with room */
}

static struct cpuid_regs ask(u32 leaf, u32 subleaf)
{
	u32 out[4];

	cpuid_answer(&vcpu, leaf, subleaf, out);
	return (struct cpuid_regs){out[0], out[1], out[2], out[3]};
}

static void check_regs(struct cpuid_regs r, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	CHECK_EQ(r.eax, eax);
	CHECK_EQ(r.ebx, ebx);
	CHECK_EQ(r.ecx, ecx);
	CHECK_EQ(r.edx, edx);
}

#define BITS(...)                                                                        \
	({                                                                               \
		static const u8 list_[] = {__VA_ARGS__};                                 \
		bits_of(list_, sizeof(list_));                                           \
	})

static u32 bits_of(const u8 *list, unsigned count)
{
	u32 bits = 0;

	while (count--)
		bits |= BIT(list[count]);
	return bits;
}

/* --- features --- */

static void hidden_features(void)
{
	struct cpuid_regs r;

	begin(has_all, 4, 3);
	build();
	r = ask(1, 0);
	/* DTES64 MONITOR DS-CPL VMX SMX EIST TM2 CNXT-ID SDBG xTPR PDCM DCA OSXSAVE */
	CHECK_EQ(r.ecx, ~BITS(2, 3, 4, 5, 6, 7, 8, 10, 11, 14, 15, 18, 27));
	/* MCE MTRR MCA DS ACPI TM PBE */
	CHECK_EQ(r.edx, ~BITS(7, 12, 14, 21, 22, 29, 31));
	CHECK_EQ(ask(0x80000001, 0).ecx, ~BITS(2, 10, 12, 13, 15, 23, 24)); /* SVM... */
	r = ask(7, 0);
	CHECK_EQ(r.eax, 0);
	/* not SGX HLE MPX RTM RDT (12, 15) PCOMMIT PT */
	CHECK_EQ(r.ebx & BITS(2, 4, 11, 12, 14, 15, 22, 25), 0);
	CHECK(r.ebx & BIT(1)); /* TSC_ADJUST */
	/* not OSPKE WAITPKG CET TME LA57 KEYLOCKER ENQCMD SGX_LC PKS */
	CHECK_EQ(r.ecx & BITS(4, 5, 7, 13, 16, 23, 29, 30, 31), 0);
	/* not SPEC_CTRL STIBP L1D_FLUSH ARCH_CAPABILITIES CORE_CAPABILITIES SSBD */
	CHECK_EQ(r.edx & BITS(26, 27, 28, 29, 30, 31), 0);
	check_regs(ask(6, 0), BIT(2), 0, 0, 0);
	check_regs(ask(0x80000007, 0), 0, 0, 0, BIT(8));
	check_regs(ask(0x80000008, 0), 0xffff, 0, 0, 0);
}

static void ospke_follows_cr4(void)
{
	begin(has_nothing, 1, 0);
	build();
	cr4 = 0;
	CHECK(!(ask(7, 0).ecx & BIT(4)));
	cr4 = BIT(22);
	CHECK(ask(7, 0).ecx & BIT(4));
	cr4 = 0;
}

/* What is not there is not claimed, but for what we emulate. */
static void made_up_features(void)
{
	begin(has_nothing, 1, 0);
	features = (struct cpu_features){.max_leaf = 7};
	build();
	CHECK_EQ(ask(1, 0).ecx, BITS(21, 24, 31)); /* x2APIC TSC-deadline hypervisor */
	CHECK_EQ(ask(1, 0).edx, 0);
	check_regs(ask(7, 0), 0, BIT(1), 0, 0);
	check_regs(ask(0x80000001, 0), 0, 0, 0, 0);
	check_regs(ask(0x80000007, 0), 0, 0, 0, 0);
	for (u32 i = 0; i < 64; i++)
		check_regs(ask(0xd, i), 0, 0, 0, 0);
	processor = has_all;
	features.max_leaf = 6; /* then leaf 7 answers something else: not taken */
	build();
	check_regs(ask(7, 0), 0, BIT(1), 0, 0);
}

/* Instructions that work in a guest only with a control of their own. */
static void instructions_with_controls(void)
{
	begin(has_all, 1, 0);
	build();
	CHECK_EQ(ask(0x80000001, 0).edx, ~0u);
	CHECK(ask(7, 0).ebx & BIT(10));
	CHECK(ask(7, 0).ecx & BIT(22)); /* RDPID */
	rdtscp = false;
	build();
	CHECK_EQ(ask(0x80000001, 0).edx, ~BITS(27));
	CHECK(ask(7, 0).ebx & BIT(10) && !(ask(7, 0).ecx & BIT(22)));
	rdtscp = true;
	invpcid = false;
	build();
	CHECK_EQ(ask(0x80000001, 0).edx, ~0u);
	CHECK(!(ask(7, 0).ebx & BIT(10)) && ask(7, 0).ecx & BIT(22));
	processor = has_nothing; /* a control alone does not make them be there */
	rdtscp = true;
	invpcid = true;
	build();
	CHECK(!ask(0x80000001, 0).edx && !ask(7, 0).ecx);
}

static void leaf_ranges(void)
{
	static const u32 nothing[] = {
		3,          5,          8,          9,          0xa,        0xc,
		0xe,        0xf,        0x10,       0x12,       0x14,       0x17,
		0x20,       0x3fffffff, 0x40000002, 0x400000ff, 0x40000101, 0x7fffffff,
		0x80000009, 0x8000000a, 0x8000001f, 0xffffffff};

	begin(has_all, 2, 0);
	build();
	check_regs(ask(0, 0), 0x16, ~0u, ~0u, ~0u);
	CHECK_EQ(ask(0x80000000, 0).eax, 0x80000008);
	check_regs(ask(0x80000003, 0), ~0u, ~0u, ~0u, ~0u); /* the brand */
	for (unsigned i = 0; i < ARRAY_SIZE(nothing); i++)
		check_regs(ask(nothing[i], 0), 0, 0, 0, 0);
	/* Where subleaves count, others are empty; where not, all are the same. */
	check_regs(ask(7, 1), 0, 0, 0, 0);
	check_regs(ask(4, 4), 0, 0, 0, 0);
	CHECK_EQ(ask(1, 77).ecx, ask(1, 0).ecx);
	CHECK_EQ(ask(0x80000000, 5).eax, 0x80000008);
}

static void x2apic_bit(void)
{
	begin(has_all, 2, 0);
	build();
	CHECK(ask(1, 0).ecx & BIT(21));
	desc.x2apic = false;
	build();
	CHECK(!(ask(1, 0).ecx & BIT(21)));
	processor = has_nothing; /* it is emulated: the host need not have it */
	desc.x2apic = true;
	build();
	CHECK(ask(1, 0).ecx & BIT(21));
}

static bool signature_is(u32 leaf, const char *text)
{
	struct cpuid_regs r = ask(leaf, 0);

	return !memcmp(&r.ebx, text, 12);
}

static void hypervisor_leaves(void)
{
	begin(has_all, 2, 0);
	build();
	CHECK_EQ(ask(0x40000000, 0).eax, 0x40000001);
	CHECK(signature_is(0x40000000, "KVMKVMKVM\0\0\0"));
	/* CLOCKSOURCE NOP_IO_DELAY CLOCKSOURCE2 CLOCKSOURCE_STABLE_BIT */
	check_regs(ask(0x40000001, 0), BITS(0, 1, 3, 24), 0, 0, 0);
	CHECK(signature_is(0x40000100, "SpurSpurSpur"));
	desc.kvm = false;
	build();
	check_regs(ask(0x40000000, 0), 0, 0, 0, 0);
	check_regs(ask(0x40000001, 0), 0, 0, 0, 0);
	CHECK(signature_is(0x40000100, "SpurSpurSpur"));
	CHECK(ask(1, 0).ecx & BIT(31));
}

/* --- topology --- */

static void topology_of(unsigned vcpus, unsigned index, u32 bits)
{
	struct cpuid_regs r;

	begin(has_all, vcpus, index);
	build();
	r = ask(1, 0);
	CHECK_EQ(r.ebx, index << 24 | vcpus << 16 | 0xff00);
	CHECK_EQ(!!(r.edx & BIT(28)), vcpus > 1);
	check_regs(ask(0xb, 0), 0, 1, 0x100, index);
	check_regs(ask(0xb, 1), bits, vcpus, 0x201, index);
	check_regs(ask(0xb, 2), 0, 0, 2, index);
	check_regs(ask(0xb, 3), 0, 0, 3, index);
	check_regs(ask(0xb, 0x1234), 0, 0, 0x34, index);
	for (u32 i = 0; i < 4; i++)
		check_regs(ask(4, i), 0x3fff, ~0u, ~0u, ~0u); /* no sharing claimed */
}

static void topology(void)
{
	topology_of(1, 0, 0);
	topology_of(2, 1, 1);
	topology_of(3, 2, 2);
	topology_of(4, 0, 2);
	topology_of(5, 4, 3);
	topology_of(64, 63, 6);
}

/* --- frequency --- */

/* The TSC's Hz as leaf 0x15 gives it. */
static u64 tsc_hz(void)
{
	struct cpuid_regs r = ask(0x15, 0);

	CHECK(r.eax && r.ebx && r.ecx);
	CHECK_EQ(r.edx, 0);
	return r.eax ? (u64)r.ecx * r.ebx / r.eax : 0;
}

static void frequency(void)
{
	static const u64 exact[] = {1000,    4000,    10000,   2000000, 2904123,
				    3999999, 4000000, 4294966, 6000000};

	for (unsigned i = 0; i < ARRAY_SIZE(exact); i++) {
		begin(has_all, 1, 0);
		khz = exact[i];
		build();
		CHECK_EQ(tsc_hz(), exact[i] * 1000);
		CHECK_EQ(ask(0x16, 0).eax, exact[i] / 1000);
	}
	/* Beyond what fits 32 bits it is as near as the ratio allows. */
	for (u64 k = 4000000; k < 40000000; k += 77777) {
		begin(has_all, 1, 0);
		khz = k;
		build();
		CHECK(tsc_hz() <= k * 1000 && k * 1000 - tsc_hz() < 11000);
	}
}

/* --- XSAVE --- */

static void xsave_components(void)
{
	begin(has_xsave, 1, 0);
	build();
	check_regs(ask(0xd, 0), 0x2e7, 576, 2696, 0);
	CHECK_EQ(ask(0xd, 1).eax, 7); /* not XSAVES */
	CHECK_EQ(ask(0xd, 1).ecx, 0);
	xsavec_works = false;
	build();
	CHECK_EQ(ask(0xd, 1).eax, 5);
	xsavec_works = true;
	check_regs(ask(0xd, 2), 256, 576, 0, 0);
	check_regs(ask(0xd, 6), 512, 1152, 2, 0);
	check_regs(ask(0xd, 9), 8, 2688, 0, 0);
	check_regs(ask(0xd, 3), 0, 0, 0, 0); /* MPX: not offered */
	check_regs(ask(0xd, 8), 0, 0, 0, 0); /* PT: a supervisor state */
	offered = 7;
	build();
	check_regs(ask(0xd, 0), 7, 576, 832, 0);
	check_regs(ask(0xd, 9), 0, 0, 0, 0);
	offered = 3;
	build();
	check_regs(ask(0xd, 0), 3, 576, 576, 0);
	features.xsave = false;
	build();
	check_regs(ask(0xd, 0), 0, 0, 0, 0);
}

/* EBX of subleaf 0 and of subleaf 1 follow what the guest has switched on. */
static void xsave_sizes(void)
{
	static const struct {
		u64 xcr0;
		u32 plain, compacted;
	} sizes[] = {
		{0x1, 576, 576},
		{0x3, 576, 576},
		{0x7, 832, 832},
		{0xe7, 2688, 576 + 256 + 24 + 40 + 512 + 1024},
		{0x2e7, 2696, 576 + 256 + 24 + 40 + 512 + 1024 + 8},
		{0x203, 2696, 576 + 8},
		{0x207, 2696, 576 + 256 + 8},
		{0x27, 1112, 576 + 256 + 24},
		{0x43, 1664, 576 + 512},
	};

	begin(has_xsave, 1, 0);
	build();
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		vcpu.xcr0 = sizes[i].xcr0;
		CHECK_EQ(ask(0xd, 0).ebx, sizes[i].plain);
		CHECK_EQ(ask(0xd, 0).ecx, 2696); /* of all that is offered */
		CHECK_EQ(ask(0xd, 1).ebx, sizes[i].compacted);
	}
}

/* --- the table --- */

static void no_answer_twice(void)
{
	begin(has_all, 64, 5);
	build();
	for (unsigned i = 0; i < vcpu.cpuid_count; i++) {
		const struct virt_cpuid_entry *a = &vcpu.cpuid[i];

		for (unsigned j = 0; j < i; j++) {
			const struct virt_cpuid_entry *b = &vcpu.cpuid[j];

			CHECK(a->leaf != b->leaf || (a->by_subleaf && b->by_subleaf &&
						     a->subleaf != b->subleaf));
		}
	}
}

static bool same_entry(const struct virt_cpuid_entry *a, const struct virt_cpuid_entry *b)
{
	return a->leaf == b->leaf && a->subleaf == b->subleaf && a->eax == b->eax &&
	       a->ebx == b->ebx && a->ecx == b->ecx && a->edx == b->edx;
}

static void full_table(void)
{
	unsigned all;

	begin(has_all, 2, 0);
	build();
	all = vcpu.cpuid_count;
	for (unsigned max = 0; max <= all + 1; max++) {
		struct virt_cpuid_entry *table = unit_alloc(max * sizeof(*table));
		unsigned count = cpuid_policy(&vcpu, table, max);

		CHECK_EQ(count, MIN(max, all));
		for (unsigned i = 0; i < count; i++)
			CHECK(same_entry(&table[i], &vcpu.cpuid[i]));
		unit_free(table);
	}
}

static void apic_bit(void)
{
	u32 out[4];

	begin(has_all, 2, 0);
	build();
	for (unsigned on = 0; on < 2; on++) {
		apic_on = on;
		cpuid_apic_changed(&vcpu);
		cpuid_answer(&vcpu, 1, 0, out);
		CHECK_EQ(out[3] >> 9 & 1, on);
		CHECK_EQ(out[3] >> 8 & 1, 1); /* CMPXCHG8B beside it */
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(ospke_follows_cr4),
	UNIT_TEST(hidden_features),
	UNIT_TEST(made_up_features),
	UNIT_TEST(instructions_with_controls),
	UNIT_TEST(leaf_ranges),
	UNIT_TEST(x2apic_bit), UNIT_TEST(apic_bit),
	UNIT_TEST(hypervisor_leaves),
	UNIT_TEST(topology),
	UNIT_TEST(frequency),
	UNIT_TEST(xsave_components),
	UNIT_TEST(xsave_sizes),
	UNIT_TEST(no_answer_twice),
	UNIT_TEST(full_table),
};

int main(void)
{
	return UNIT_RUN(tests);
}
