// SPDX-License-Identifier: MIT
/* Negotiate VT-x controls (SDM 3D appendix "VMX Capability Reporting Facility"):
 * a capability MSR has in its low half the bits that must be 1, in its high half
 * those that may be. */
#include "caps.h"
#include "bits.h"
#include "arch/x86/regs.h"
#include "vmx.h"

enum word { PIN, PROC, PROC2, EXIT, ENTRY, WORDS };

struct control {
	enum word word;
	u32 bit;
	bool required;
	const char *name; /* the manual's */
};

static const struct control controls[] = {
	{PIN, PIN_EXTERNAL_INTERRUPT, true, "external-interrupt exiting"},
	{PIN, PIN_NMI, true, "NMI exiting"},
	{PIN, PIN_VIRTUAL_NMIS, true, "virtual NMIs"},
	{PIN, PIN_PREEMPTION_TIMER, false, "activate VMX-preemption timer"},
	{PROC, PROC_INTERRUPT_WINDOW, true, "interrupt-window exiting"},
	{PROC, PROC_TSC_OFFSET, true, "use TSC offsetting"},
	{PROC, PROC_HLT, true, "HLT exiting"},
	{PROC, PROC_MWAIT, true, "MWAIT exiting"},
	{PROC, PROC_RDPMC, true, "RDPMC exiting"},
	{PROC, PROC_CR8_LOAD, true, "CR8-load exiting"},
	{PROC, PROC_CR8_STORE, true, "CR8-store exiting"},
	{PROC, PROC_NMI_WINDOW, true, "NMI-window exiting"},
	{PROC, PROC_IO_BITMAPS, true, "use I/O bitmaps"},
	{PROC, PROC_MSR_BITMAPS, true, "use MSR bitmaps"},
	{PROC, PROC_MONITOR, true, "MONITOR exiting"},
	{PROC, PROC_SECONDARY, true, "activate secondary controls"},
	{PROC2, PROC2_EPT, true, "enable EPT"},
	{PROC2, PROC2_VPID, true, "enable VPID"},
	{PROC2, PROC2_UNRESTRICTED, true, "unrestricted guest"},
	{PROC2, PROC2_RDTSCP, false, "enable RDTSCP"},
	{PROC2, PROC2_WBINVD, false, "WBINVD exiting"},
	{PROC2, PROC2_INVPCID, false, "enable INVPCID"},
	{EXIT, EXIT_SAVE_DEBUG, true, "save debug controls"},
	{EXIT, EXIT_HOST_64, true, "host address-space size"},
	{EXIT, EXIT_ACK_INTERRUPT, true, "acknowledge interrupt on exit"},
	{EXIT, EXIT_SAVE_PAT, true, "save IA32_PAT"},
	{EXIT, EXIT_LOAD_PAT, true, "load IA32_PAT on exit"},
	{EXIT, EXIT_SAVE_EFER, true, "save IA32_EFER"},
	{EXIT, EXIT_LOAD_EFER, true, "load IA32_EFER on exit"},
	{EXIT, EXIT_SAVE_PREEMPTION_TIMER, false, "save VMX-preemption timer value"},
	{ENTRY, ENTRY_LOAD_DEBUG, true, "load debug controls"},
	{ENTRY, ENTRY_IA32E, true, "IA-32e mode guest"},
	{ENTRY, ENTRY_LOAD_PAT, true, "load IA32_PAT on entry"},
	{ENTRY, ENTRY_LOAD_EFER, true, "load IA32_EFER on entry"},
};

/* Controls that only come on when there is something to wait for, or never. */
#define PROC_OFF_AT_FIRST (PROC_INTERRUPT_WINDOW | PROC_NMI_WINDOW)
#define PIN_OFF_AT_FIRST PIN_PREEMPTION_TIMER
#define EXIT_OFF_AT_FIRST EXIT_SAVE_PREEMPTION_TIMER
#define ENTRY_OFF_AT_FIRST ENTRY_IA32E

static const struct {
	u64 bits;
	const char *name;
} ept_needs[] = {
	{EPT_CAP_WALK4, "EPT page-walk length 4"},
	{EPT_CAP_WB, "EPT write-back memory type"},
	{EPT_CAP_INVEPT, "INVEPT"},
	{EPT_CAP_INVEPT_ALL, "INVEPT, all contexts"},
	{VPID_CAP_INVVPID, "INVVPID"},
	{VPID_CAP_ALL, "INVVPID, all contexts"},
};

static const char *check_basics(const struct vmx_msrs *m)
{
	if (!m->cpuid_vmx)
		return "this CPU has no VT-x (CPUID.1:ECX.VMX is 0)";
	if (m->feature_control & FEATURE_CONTROL_LOCKED &&
	    !(m->feature_control & FEATURE_CONTROL_VMX))
		return "VT-x is locked off by the firmware (IA32_FEATURE_CONTROL): "
		       "switch it on in the firmware's set-up";
	if ((m->basic >> VMX_BASIC_MEMTYPE_SHIFT & 0xf) != VMX_BASIC_MEMTYPE_WB)
		return "VT-x lacks: write-back VMCS memory type";
	return NULL;
}

static const char *missing_control(const struct control *c)
{
	static char text[96];
	static const char prefix[] = "VT-x lacks: ";
	unsigned n = 0;

	for (const char *s = prefix; *s; s++)
		text[n++] = *s;
	for (const char *s = c->name; *s && n < sizeof(text) - 1; s++)
		text[n++] = *s;
	text[n] = '\0';
	return text;
}

static const char *choose_controls(const u64 capability[WORDS], u32 chosen[WORDS])
{
	for (unsigned w = 0; w < WORDS; w++)
		chosen[w] = (u32)capability[w]; /* what must be 1 */
	for (unsigned i = 0; i < ARRAY_SIZE(controls); i++) {
		const struct control *c = &controls[i];

		if (capability[c->word] >> 32 & c->bit)
			chosen[c->word] |= c->bit;
		else if (c->required)
			return missing_control(c);
	}
	return NULL;
}

static const char *check_ept(u64 ept_vpid)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ept_needs); i++) {
		if (!(ept_vpid & ept_needs[i].bits)) {
			const struct control c = {.name = ept_needs[i].name};
			return missing_control(&c);
		}
	}
	return NULL;
}

static void fill(const struct vmx_msrs *m, const u32 chosen[WORDS], struct vmx_caps *caps)
{
	caps->revision = (u32)m->basic & 0x7fffffff;
	caps->preemption_timer = chosen[PIN] & PIN_PREEMPTION_TIMER &&
				 chosen[EXIT] & EXIT_SAVE_PREEMPTION_TIMER;
	caps->timer_shift = (unsigned)(m->misc & VMX_MISC_TIMER_SHIFT);
	caps->pin = chosen[PIN] & ~PIN_OFF_AT_FIRST;
	caps->proc = chosen[PROC] & ~PROC_OFF_AT_FIRST;
	caps->proc2 = chosen[PROC2];
	/* The value may only be saved while the timer is on. */
	caps->exit = chosen[EXIT] & ~EXIT_OFF_AT_FIRST;
	caps->entry = chosen[ENTRY] & ~ENTRY_OFF_AT_FIRST;
	caps->cr0_fixed0 = m->cr0_fixed0;
	caps->cr0_fixed1 = m->cr0_fixed1;
	caps->cr4_fixed0 = m->cr4_fixed0;
	caps->cr4_fixed1 = m->cr4_fixed1;
	caps->ept_1g = m->ept_vpid & EPT_CAP_1G;
	caps->ept_2m = m->ept_vpid & EPT_CAP_2M;
	caps->invept_single = m->ept_vpid & EPT_CAP_INVEPT_SINGLE;
	caps->invvpid_single = m->ept_vpid & VPID_CAP_SINGLE;
	caps->rdtscp = chosen[PROC2] & PROC2_RDTSCP;
	caps->invpcid = chosen[PROC2] & PROC2_INVPCID;
	caps->wbinvd_exiting = chosen[PROC2] & PROC2_WBINVD;
}

const char *vmx_negotiate(const struct vmx_msrs *m, struct vmx_caps *caps)
{
	const u64 capability[WORDS] = {m->pin, m->proc, m->proc2, m->exit, m->entry};
	u32 chosen[WORDS];
	const char *why = check_basics(m);

	if (!why)
		why = choose_controls(capability, chosen);
	if (!why)
		why = check_ept(m->ept_vpid);
	if (why)
		return why;
	if (!(m->misc & VMX_MISC_STORE_LMA))
		return "VT-x lacks: storing IA32_EFER.LMA on exit (IA32_VMX_MISC bit 5)";
	/* CR3 exits are an old default that true controls can switch off. */
	if (chosen[PROC] & (PROC_CR3_LOAD | PROC_CR3_STORE))
		return "VT-x lacks: true controls (CR3 accesses always exit)";
	fill(m, chosen, caps);
	return NULL;
}
