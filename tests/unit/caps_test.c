// SPDX-License-Identifier: MIT
/* arch/x86/vmx/caps.c: a machine with all that Spur needs is accepted, with exactly
 * these control words; each single thing missing is refused by its name. */
#include "arch/x86/vmx/caps.h"
#include "bits.h"
#include "string.h"
#include "unit.h"

/* What a word must have and may have, as the MSR says it. */
#define ALLOWED(must, may) ((u64)(may) << 32 | (must))

/* As Bochs's corei7_skylake_x (emulators.md section 3) with true controls. */
static const struct vmx_msrs skylake = {
	.cpuid_vmx = true,
	.feature_control = 5,
	.basic = 0x00d810000000002b,
	.misc = 0x000000002003f0e5,
	.pin = ALLOWED(0x00000016, 0x0000007f),
	.proc = ALLOWED(0x04006172, 0xfff9fffe),
	.proc2 = ALLOWED(0, 0x021f7fff),
	.exit = ALLOWED(0x00036dfb, 0x007fffff),
	.entry = ALLOWED(0x000011fb, 0x0003ffff),
	.cr0_fixed0 = 0x80000021,
	.cr0_fixed1 = 0xffffffff,
	.cr4_fixed0 = 0x2000,
	.cr4_fixed1 = 0x3767ff,
	.ept_vpid = 0x00000f0106734141,
};

static struct vmx_msrs msrs;
static struct vmx_caps caps;

static const char *negotiate(void)
{
	memset(&caps, 1, sizeof(caps));
	return vmx_negotiate(&msrs, &caps);
}

/* The words by number, for the tables below. */
enum word { PIN, PROC, PROC2, EXIT, ENTRY, WORDS };

static u64 *capability(enum word word)
{
	u64 *const all[WORDS] = {&msrs.pin, &msrs.proc, &msrs.proc2, &msrs.exit,
				 &msrs.entry};

	return all[word];
}

static u32 chosen(enum word word)
{
	const u32 all[WORDS] = {caps.pin, caps.proc, caps.proc2, caps.exit, caps.entry};

	return all[word];
}

/* What each word is to be on this machine; SDM 3C's tables, by hand. */
static const u32 expected[WORDS] = {
	[PIN] = 0x3f,        /* default 0x16, interrupts, NMI, virtual NMIs */
	[PROC] = 0xb6186dfa, /* no window, no timer: they come when needed */
	[PROC2] = 0x10ea,    /* EPT RDTSCP VPID WBINVD unrestricted INVPCID */
	[EXIT] = 0x3fefff,   /* not the timer's value while the timer is off */
	[ENTRY] = 0xd1ff,    /* not in IA-32e mode: follows EFER */
};

/* --- accepted --- */

static void good_machine(void)
{
	msrs = skylake;
	CHECK(!negotiate());
	for (unsigned w = 0; w < WORDS; w++)
		CHECK_EQ(chosen(w), expected[w]);
	CHECK_EQ(caps.revision, 0x2b);
	CHECK(caps.ept_1g && caps.ept_2m && caps.invept_single && caps.invvpid_single);
	CHECK(caps.rdtscp && caps.invpcid && caps.wbinvd_exiting);
	CHECK(caps.preemption_timer);
	CHECK_EQ(caps.timer_shift, 5);
	CHECK_EQ(caps.cr0_fixed0, msrs.cr0_fixed0);
	CHECK_EQ(caps.cr0_fixed1, msrs.cr0_fixed1);
	CHECK_EQ(caps.cr4_fixed0, msrs.cr4_fixed0);
	CHECK_EQ(caps.cr4_fixed1, msrs.cr4_fixed1);
}

/* QEMU/KVM's nested VMX: fewer features, a revision of its own, no UC in EPT. */
static void nested_machine(void)
{
	msrs = skylake;
	msrs.basic = 0x00d81000 * BIT(32) + 0x11e57ed0;
	msrs.proc2 = ALLOWED(0, 0x02037bff);
	msrs.ept_vpid = 0x0f0106334041;
	CHECK(!negotiate());
	for (unsigned w = 0; w < WORDS; w++)
		CHECK_EQ(chosen(w), expected[w]);
	CHECK_EQ(caps.revision, 0x11e57ed0);
}

/* Bits that must be 1 are taken over, whatever they are. */
static void forced_bits(void)
{
	msrs = skylake;
	msrs.pin |= BIT(7);
	msrs.proc |= BIT(9) | BIT(23);
	msrs.proc2 |= BIT(2);
	msrs.exit |= BIT(12);
	msrs.entry |= BIT(13);
	CHECK(!negotiate());
	CHECK_EQ(caps.pin, expected[PIN] | BIT(7));
	CHECK_EQ(caps.proc, expected[PROC] | BIT(9) | BIT(23));
	CHECK_EQ(caps.proc2, expected[PROC2] | BIT(2));
	CHECK_EQ(caps.exit, expected[EXIT] | BIT(12));
	CHECK_EQ(caps.entry, expected[ENTRY] | BIT(13));
	msrs.basic |= BIT(31); /* always 0 by the manual, and not part of the number */
	CHECK(!negotiate());
	CHECK_EQ(caps.revision, 0x2b);
}

/* --- refused --- */

static void feature_control(u64 value, const char *why)
{
	msrs = skylake;
	msrs.feature_control = value;
	if (why)
		CHECK_STR(negotiate(), why);
	else
		CHECK(!negotiate());
}

static void basics(void)
{
	static const char locked[] =
		"VT-x is locked off by the firmware (IA32_FEATURE_CONTROL): switch it "
		"on in the firmware's set-up";

	msrs = (struct vmx_msrs){0};
	CHECK_STR(negotiate(), "this CPU has no VT-x (CPUID.1:ECX.VMX is 0)");
	feature_control(1, locked);
	feature_control(3, locked); /* only inside SMX */
	feature_control(0, NULL);   /* not locked: we set it */
	feature_control(2, NULL);
	feature_control(4, NULL);
	feature_control(5, NULL);
	feature_control(7, NULL);
	msrs = skylake;
	msrs.basic &= ~(0xfUL << 50); /* uncacheable */
	CHECK_STR(negotiate(), "VT-x lacks: write-back VMCS memory type");
	msrs = skylake;
	msrs.misc &= ~BIT(5);
	CHECK_STR(negotiate(),
		  "VT-x lacks: storing IA32_EFER.LMA on exit (IA32_VMX_MISC bit 5)");
}

static void cr3_exits_stuck(void)
{
	for (unsigned bit = 15; bit <= 16; bit++) {
		msrs = skylake;
		msrs.proc |= BIT(bit);
		CHECK_STR(negotiate(),
			  "VT-x lacks: true controls (CR3 accesses always exit)");
	}
}

static const struct needed {
	enum word word;
	unsigned bit;
	const char *name;
} controls[] = {
	{PIN, 0, "external-interrupt exiting"},
	{PIN, 3, "NMI exiting"},
	{PIN, 5, "virtual NMIs"},
	{PROC, 2, "interrupt-window exiting"},
	{PROC, 3, "use TSC offsetting"},
	{PROC, 7, "HLT exiting"},
	{PROC, 10, "MWAIT exiting"},
	{PROC, 11, "RDPMC exiting"},
	{PROC, 19, "CR8-load exiting"},
	{PROC, 20, "CR8-store exiting"},
	{PROC, 22, "NMI-window exiting"},
	{PROC, 25, "use I/O bitmaps"},
	{PROC, 28, "use MSR bitmaps"},
	{PROC, 29, "MONITOR exiting"},
	{PROC, 31, "activate secondary controls"},
	{PROC2, 1, "enable EPT"},
	{PROC2, 5, "enable VPID"},
	{PROC2, 7, "unrestricted guest"},
	{EXIT, 2, "save debug controls"},
	{EXIT, 9, "host address-space size"},
	{EXIT, 15, "acknowledge interrupt on exit"},
	{EXIT, 18, "save IA32_PAT"},
	{EXIT, 19, "load IA32_PAT on exit"},
	{EXIT, 20, "save IA32_EFER"},
	{EXIT, 21, "load IA32_EFER on exit"},
	{ENTRY, 2, "load debug controls"},
	{ENTRY, 9, "IA-32e mode guest"},
	{ENTRY, 14, "load IA32_PAT on entry"},
	{ENTRY, 15, "load IA32_EFER on entry"},
};

static const struct needed ept_needs[] = {
	{0, 6, "EPT page-walk length 4"},
	{0, 14, "EPT write-back memory type"},
	{0, 20, "INVEPT"},
	{0, 26, "INVEPT, all contexts"},
	{0, 32, "INVVPID"},
	{0, 42, "INVVPID, all contexts"},
};

static const char *name_of(const struct needed *list, unsigned count, unsigned word,
			   unsigned bit)
{
	for (unsigned i = 0; i < count; i++) {
		if (list[i].word == word && list[i].bit == bit)
			return list[i].name;
	}
	return NULL;
}

/* The answer to a machine that lacks one thing: by its name, or accepted. */
static bool refused_by_name(const char *name)
{
	static const char prefix[] = "VT-x lacks: ";
	const char *why = negotiate();

	if (!name) {
		CHECK_STR(why ? why : "accepted", "accepted");
		return false;
	}
	if (CHECK_HAS(why, prefix))
		CHECK_STR(why + sizeof(prefix) - 1, name);
	return true;
}

/* Take each bit of each word away, alone. What is not needed is not used either. */
static void each_control_missing(void)
{
	unsigned refused = 0;

	for (unsigned n = 0; n < WORDS * 32; n++) {
		unsigned word = n / 32, bit = n % 32;

		msrs = skylake;
		if (*capability(word) & BIT(bit)) /* must be 1 */
			continue;
		*capability(word) &= ~BIT(32 + bit);
		if (refused_by_name(name_of(controls, ARRAY_SIZE(controls), word, bit)))
			refused++;
		else
			CHECK_EQ(chosen(word), expected[word] & ~BIT(bit));
	}
	CHECK_EQ(refused, ARRAY_SIZE(controls));
}

static void each_ept_capability_missing(void)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		msrs = skylake;
		msrs.ept_vpid &= ~BIT(bit);
		refused_by_name(name_of(ept_needs, ARRAY_SIZE(ept_needs), 0, bit));
	}
}

/* --- optional --- */

static void each_option_missing(void)
{
	msrs = skylake;
	msrs.proc2 = ALLOWED(0, 0xa2); /* EPT, VPID, unrestricted guest */
	msrs.ept_vpid &= ~(BIT(16) | BIT(17) | BIT(25) | BIT(41));
	msrs.pin &= ~BIT(32 + 6);
	msrs.exit &= ~BIT(32 + 22);
	CHECK(!negotiate());
	CHECK_EQ(caps.proc2, 0xa2);
	CHECK(!caps.ept_1g && !caps.ept_2m && !caps.invept_single);
	CHECK(!caps.invvpid_single && !caps.rdtscp && !caps.invpcid);
	CHECK(!caps.wbinvd_exiting && !caps.preemption_timer);
}

/* Each alone is told from the others. */
static void options_one_by_one(void)
{
	static const struct {
		u64 *word;
		unsigned bit;
		const bool *flag;
	} options[] = {
		{&msrs.ept_vpid, 17, &caps.ept_1g},
		{&msrs.ept_vpid, 16, &caps.ept_2m},
		{&msrs.ept_vpid, 25, &caps.invept_single},
		{&msrs.ept_vpid, 41, &caps.invvpid_single},
		{&msrs.proc2, 32 + 3, &caps.rdtscp},
		{&msrs.proc2, 32 + 12, &caps.invpcid},
		{&msrs.proc2, 32 + 6, &caps.wbinvd_exiting},
		{&msrs.pin, 32 + 6, &caps.preemption_timer},
		{&msrs.exit, 32 + 22, &caps.preemption_timer},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
		msrs = skylake;
		*options[i].word &= ~BIT(options[i].bit);
		CHECK(!negotiate());
		for (unsigned j = 0; j < ARRAY_SIZE(options); j++)
			CHECK_EQ(*options[j].flag, options[j].flag != options[i].flag);
	}
}

static void timer_steps(void)
{
	for (unsigned shift = 0; shift < 32; shift++) {
		msrs = skylake;
		msrs.misc = (msrs.misc & ~0x1fUL) | shift | BIT(5);
		CHECK(!negotiate());
		CHECK_EQ(caps.timer_shift, shift);
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(good_machine),
	UNIT_TEST(nested_machine),
	UNIT_TEST(forced_bits),
	UNIT_TEST(basics),
	UNIT_TEST(cr3_exits_stuck),
	UNIT_TEST(each_control_missing),
	UNIT_TEST(each_ept_capability_missing),
	UNIT_TEST(each_option_missing),
	UNIT_TEST(options_one_by_one),
	UNIT_TEST(timer_steps),
};

int main(void)
{
	return UNIT_RUN(tests);
}
