// SPDX-License-Identifier: MIT
/* vcpu/mmio.c and alu.c: instructions on device registers do to registers and flags
 * what a processor does. Flags are compared with this machine's own processor. */
#include "arch/x86/regs.h"
#include "fake_vcpu.h"
#include "unit.h"
#include "vcpu/alu.h"
#include "vcpu/decode.h"
#include "vcpu/mmio.h"

#define LAPIC 0xfee00000ul
#define TPR (LAPIC + 0x80)
#define ESR (LAPIC + 0x280)
#define FLAGS_STATUS 0x8d5ul

static struct vm *vm;
static struct vcpu *cpu;

static void start(void)
{
	vm = fake_vm(1);
	cpu = vm->vcpus[0];
	fake_enable_apics(vm);
	cpu->hv->sregs.efer = EFER_LMA;
	cpu->hv->sregs.seg[SEG_CS].access = VIRT_SEG_LONG;
	for (unsigned i = 0; i < REG_COUNT; i++)
		cpu->hv->regs[i] = 0x1111111111111111ul * i;
}

static u64 *reg(unsigned n)
{
	return &cpu->hv->regs[n];
}

#define DO(at, ...)                                                                      \
	({                                                                               \
		const u8 insn_[] = {__VA_ARGS__};                                        \
		mmio_emulate(cpu, gpa(at), insn_, sizeof(insn_));                        \
	})

static void loads_and_stores(void)
{
	start();
	*reg(REG_RAX) = 0xaaaaaaaa00000035;
	CHECK(DO(TPR, 0x89, 0x07)); /* mov %eax,(%rdi) */
	CHECK_EQ(cpu->hv->skipped, 2);
	CHECK_EQ(vlapic_tpr(cpu), 0x35);
	CHECK(DO(TPR, 0x8b, 0x0f)); /* mov (%rdi),%ecx */
	CHECK_EQ(*reg(REG_RCX), 0x35);
	*reg(REG_RDX) = 0xffffffffffffffff;
	CHECK(DO(TPR, 0x66, 0x8b, 0x17)); /* mov (%rdi),%dx */
	CHECK_EQ(*reg(REG_RDX), 0xffffffffffff0035);
	*reg(REG_RDX) = 0xffffffffffffffff;
	CHECK(DO(TPR, 0x8a, 0x37)); /* mov (%rdi),%dh */
	CHECK_EQ(*reg(REG_RDX), 0xffffffffffff35ff);
	CHECK(DO(TPR, 0xc7, 0x07, 0xf5, 0, 0, 0)); /* movl $0xf5,(%rdi) */
	CHECK(DO(TPR, 0x48, 0x0f, 0xbe, 0x17));    /* movsbq (%rdi),%rdx */
	CHECK_EQ(*reg(REG_RDX), -11ul);
	CHECK(DO(TPR, 0x0f, 0xbe, 0x17)); /* movsbl */
	CHECK_EQ(*reg(REG_RDX), 0xfffffff5);
	*reg(REG_RDX) = -1ul;
	CHECK(DO(TPR, 0x0f, 0xb6, 0x17)); /* movzbl */
	CHECK_EQ(*reg(REG_RDX), 0xf5);
	CHECK_EQ(fake.lock_errors, 0);
}

static void arithmetic(void)
{
	start();
	CHECK(DO(TPR, 0xc7, 0x07, 0x35, 0, 0, 0));
	CHECK(DO(TPR, 0x83, 0x0f, 0x40)); /* orl $0x40 */
	CHECK_EQ(vlapic_tpr(cpu), 0x75);
	CHECK(DO(TPR, 0x83, 0x3f, 0x75)); /* cmpl $0x75 */
	CHECK(cpu->hv->sregs.rflags & BIT(6));
	CHECK_EQ(vlapic_tpr(cpu), 0x75);
	CHECK(DO(TPR, 0xf6, 0x07, 0x08)); /* testb $8 */
	CHECK(cpu->hv->sregs.rflags & BIT(6));
	*reg(REG_RAX) = 0x1111111111111180;
	CHECK(DO(TPR, 0x23, 0x07)); /* and (%rdi),%eax */
	CHECK_EQ(*reg(REG_RAX), 0);
	*reg(REG_RAX) = 0x12;
	CHECK(DO(TPR, 0x87, 0x07)); /* xchg %eax,(%rdi) */
	CHECK_EQ(*reg(REG_RAX), 0x75);
	CHECK_EQ(vlapic_tpr(cpu), 0x12);
	*reg(REG_RAX) = 0x100;
	CHECK(DO(TPR, 0x3b, 0x07)); /* cmp (%rdi),%eax: 0x100 - 0x12 */
	CHECK(!(cpu->hv->sregs.rflags & BIT(0)));
	CHECK(DO(TPR, 0x39, 0x07)); /* cmp %eax,(%rdi): 0x12 - 0x100 */
	CHECK(cpu->hv->sregs.rflags & BIT(0));
}

static void modes(void)
{
	start();
	/* 32-bit code: the same bytes are another instruction. */
	cpu->hv->sregs.seg[SEG_CS].access = VIRT_SEG_BIG;
	CHECK(DO(TPR, 0xa3, 0x80, 0x00, 0xe0, 0xfe));
	CHECK_EQ(cpu->hv->skipped, 5);
	/* 16-bit code. */
	cpu->hv->sregs.efer = 0;
	cpu->hv->sregs.seg[SEG_CS].access = 0;
	CHECK(DO(TPR, 0x8b, 0x06, 0x34, 0x12));
	CHECK_EQ(cpu->hv->skipped, 9);
	/* The L bit counts only in long mode. */
	cpu->hv->sregs.seg[SEG_CS].access = VIRT_SEG_LONG;
	CHECK(!DO(TPR, 0x48, 0x89, 0x07));
}

static void devices(void)
{
	start();
	*reg(REG_RAX) = 1;
	CHECK(DO(0xfec00000, 0x89, 0x07));
	CHECK(DO(0xfec00010, 0x8b, 0x0f));
	CHECK_EQ(*reg(REG_RCX), 0x170011);
	CHECK(!DO(0xfec01000, 0x8b, 0x0f));
	CHECK(!DO(0xfebfffff, 0x8b, 0x0f));
	CHECK(!DO(0xfed80000, 0x8b, 0x0f));
	CHECK(!DO(0, 0x8b, 0x0f));
	/* Unknown instruction, or none. */
	CHECK(!DO(TPR, 0x0f, 0x0b));
	CHECK(!mmio_emulate(cpu, gpa(TPR), NULL, 0));
	CHECK_EQ(cpu->hv->skipped, 4);
	CHECK_EQ(fake.lock_errors, 0);
}

static void lapic_page_moves_and_goes(void)
{
	start();
	CHECK(vlapic_msr_write(cpu, MSR_APIC_BASE, 0x42000900));
	CHECK(DO(0x42000030, 0x8b, 0x0f));
	CHECK_EQ(*reg(REG_RCX), 0x50014);
	CHECK(DO(LAPIC + 0x30, 0x8b, 0x0f));
	CHECK_EQ(*reg(REG_RCX), 0xffffffff);
	CHECK(vlapic_msr_write(cpu, MSR_APIC_BASE, 0xfee00100));
	CHECK(DO(TPR, 0x89, 0x07));
	CHECK(DO(LAPIC + 0x30, 0x8b, 0x0f));
	CHECK_EQ(*reg(REG_RCX), 0xffffffff);
}

static void last_bytes_of_a_page(void)
{
	start();
	CHECK(DO(LAPIC + 0xfff, 0x48, 0x8b, 0x0f));
	CHECK(DO(LAPIC + 0xffc, 0x48, 0x89, 0x0f));
	CHECK(DO(0xfec00fff, 0x48, 0x8b, 0x0f));
	CHECK(DO(0xfec00fff, 0x48, 0x89, 0x0f));
}

/* What this machine's processor makes of an operation, with the flags before. */
#define NATIVE(insn, type)                                                               \
	do {                                                                             \
		type x_ = (type)a, y_ = (type)b;                                         \
		__asm__("push %[in]; popf; " insn " %[y], %[x]; pushf; pop %[out]"       \
			: [x] "+r"(x_), [out] "=&r"(flags)                               \
			: [y] "r"(y_), [in] "r"(before)                                  \
			: "cc", "memory");                                               \
		result = x_;                                                             \
	} while (0)

#define NATIVE_SIZES(insn)                                                               \
	do {                                                                             \
		if (bytes == 1)                                                          \
			NATIVE(insn "b", u8);                                            \
		else if (bytes == 2)                                                     \
			NATIVE(insn "w", u16);                                           \
		else if (bytes == 4)                                                     \
			NATIVE(insn "l", u32);                                           \
		else                                                                     \
			NATIVE(insn "q", u64);                                           \
	} while (0)

__attribute__((no_sanitize("address"), noinline)) static u64
native(unsigned op, u64 a, u64 b, unsigned bytes, u64 *rflags)
{
	u64 result = 0, flags = 0, before = *rflags;

	switch (op) {
	case DECODE_ADD:
		NATIVE_SIZES("add");
		break;
	case DECODE_OR:
		NATIVE_SIZES("or");
		break;
	case DECODE_ADC:
		NATIVE_SIZES("adc");
		break;
	case DECODE_SBB:
		NATIVE_SIZES("sbb");
		break;
	case DECODE_AND:
		NATIVE_SIZES("and");
		break;
	case DECODE_SUB:
		NATIVE_SIZES("sub");
		break;
	case DECODE_XOR:
		NATIVE_SIZES("xor");
		break;
	case DECODE_CMP:
		NATIVE_SIZES("cmp");
		break;
	case DECODE_TEST:
		NATIVE_SIZES("test");
		break;
	}
	*rflags = flags;
	return result;
}

static u64 nasty(u64 *seed)
{
	u64 r = unit_random(seed);

	switch (r >> 60) {
	case 0:
		return 0;
	case 1:
		return -1ul;
	case 2:
		return BIT(r & 63);
	case 3:
		return BIT(r & 63) - 1;
	default:
		return r;
	}
}

static void flags_as_the_processor(void)
{
	u64 seed = 21;

	for (unsigned i = 0; i < 400000; i++) {
		unsigned op = i % (DECODE_TEST + 1);
		unsigned bytes = 1u << (i / 9) % 4;
		u64 a = nasty(&seed), b = nasty(&seed);
		u64 ours = 0x202 | (unit_random(&seed) >> 40 & FLAGS_STATUS);
		u64 theirs = ours;
		u64 want = native(op, a, b, bytes, &theirs);
		u64 got = alu_do(op, a, b, bytes, &ours);
		bool logical = op == DECODE_OR || op == DECODE_AND || op == DECODE_XOR ||
			       op == DECODE_TEST;
		u64 defined = FLAGS_STATUS & ~(logical ? BIT(4) : 0);

		if (op != DECODE_CMP && op != DECODE_TEST && !CHECK_EQ(got, want))
			return;
		if (!CHECK_EQ(ours & defined, theirs & defined))
			return;
		CHECK_EQ(ours & ~FLAGS_STATUS, 0x202);
	}
}

static void junk_instructions(void)
{
	u64 seed = 33;
	u8 insn[15];

	start();
	for (unsigned i = 0; i < 300000; i++) {
		u64 r = unit_random(&seed);
		u64 at = (r & 1 ? LAPIC : 0xfec00000) + (r >> 8 & 0xfff);

		for (unsigned j = 0; j < sizeof(insn); j++)
			insn[j] = (u8)(unit_random(&seed) >> 32);
		mmio_emulate(cpu, gpa(at), insn, r >> 32 & 15);
		fake_take(cpu);
	}
	CHECK_EQ(fake.lock_errors, 0);
}

/* Memory that is a device: it remembers, up to its end, and is given back. */
static void test_ram(void)
{
	const u64 ram = 0xff000000, end = ram + 0x10000;

	start();
	CHECK(DO(ram, 0x8b, 0x07)); /* mov (%rdi),%eax */
	CHECK_EQ(*reg(REG_RAX), 0);
	*reg(REG_RAX) = 0x1122334455667788;
	CHECK(DO(ram + 3, 0x48, 0x89, 0x07)); /* mov %rax,(%rdi) */
	CHECK(DO(ram + 4, 0x8a, 0x0f));       /* mov (%rdi),%cl */
	CHECK_EQ((u8)*reg(REG_RCX), 0x77);
	CHECK(DO(end - 8, 0x48, 0x89, 0x07));
	CHECK(DO(end - 8, 0x48, 0x8b, 0x17)); /* mov (%rdi),%rdx */
	CHECK_EQ(*reg(REG_RDX), 0x1122334455667788);
	CHECK(DO(end - 4, 0x48, 0x89, 0x07)); /* beyond it there is nothing */
	CHECK(DO(end - 4, 0x48, 0x8b, 0x17));
	CHECK_EQ(*reg(REG_RDX), -1ul);
	CHECK(!DO(end, 0x8b, 0x07));
	CHECK_EQ(fake.lock_errors, 0);
	CHECK(unit_pages_live() > 0);
	testdev_free(&vm->testdev);
	CHECK_EQ(unit_pages_live(), 0);
}

static void hpet(void)
{
	start();
	*reg(REG_RAX) = 1;
	CHECK(DO(0xfed00010, 0x48, 0x09, 0x07)); /* or %rax,(%rdi) */
	fake.tsc += FAKE_KHZ;
	CHECK(DO(0xfed000f0, 0x48, 0x8b, 0x17)); /* mov (%rdi),%rdx */
	CHECK_EQ(*reg(REG_RDX), 100000);
	CHECK_EQ(fake.lock_errors, 0);
}

static const struct unit_test tests[] = {
	UNIT_TEST(loads_and_stores),
	UNIT_TEST(arithmetic),
	UNIT_TEST(test_ram),
	UNIT_TEST(hpet),
	UNIT_TEST(modes),
	UNIT_TEST(devices),
	UNIT_TEST(lapic_page_moves_and_goes),
	UNIT_TEST(last_bytes_of_a_page),
	UNIT_TEST(flags_as_the_processor),
	UNIT_TEST(junk_instructions),
};

int main(void)
{
	return UNIT_RUN(tests);
}
