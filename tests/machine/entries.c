// SPDX-License-Identifier: MIT
/* Entries that the processor refuses: one field of guest state or one control at a time
 * is made wrong behind Spur's back. The VM has to stop with a reason, and another VM on
 * the same pCPU goes on. */
#include "arch/x86/vmx/insn.h"
#include "arch/x86/vmx/vmx.h"
#include "atomic.h"
#include "bits.h"
#include "harness.h"
#include "printk.h"
#include "timer.h"
#include "vcpu/keeper.h"
#include "vcpu/kick.h"

#define PATIENCE_US 5000000UL
#define NONCANONICAL 0x800000000000UL

static const struct fault {
	const char *name;
	u32 field;
	u64 value;
} faults[] = {
	{"RFLAGS without bit 1", VMCS_GUEST_RFLAGS, 0},
	{"CR0 with PG, without PE", VMCS_GUEST_CR0, 0x80000020},
	{"CR4 with bit 31", VMCS_GUEST_CR4, BIT(31) | BIT(13)},
	{"CR3 with bit 60", VMCS_GUEST_CR3, BIT(60)},
	{"activity 7", VMCS_GUEST_ACTIVITY, 7},
	{"STI and MOV SS at once", VMCS_GUEST_INTERRUPTIBILITY, 3},
	{"a link pointer not aligned", VMCS_LINK_POINTER, 1},
	{"RIP not canonical", VMCS_GUEST_RIP, NONCANONICAL},
	{"GDTR not canonical", VMCS_GUEST_GDTR_BASE, NONCANONICAL},
	{"IDTR too long", VMCS_GUEST_IDTR_LIMIT, 0x10000},
	{"a CS of no type", VMCS_GUEST_ES_ACCESS + 2, 0},
	{"a TR of no type", VMCS_GUEST_ES_ACCESS + 14, 0},
	{"EFER with bit 2", VMCS_GUEST_EFER, BIT(2)},
	{"VPID 0", VMCS_VPID, 0},
	{"an EPT pointer of no type", VMCS_EPT_POINTER, 1},
	{"an event of type 1", VMCS_ENTRY_INTR_INFO, 0x80000120},
	{"host CR0 0", VMCS_HOST_CR0, 0},
};

static struct worker worker;
static unsigned at;         /* the next fault */
static bool asked;          /* it is on its way */
static u64 since, progress; /* of the other VM */
static u32 done;            /* [A] the owner has written the field */

static void spoil(struct vcpu *vcpu)
{
	vmwrite(faults[at].field, faults[at].value);
	WRITE_ONCE(done, 1); /* TEST: read by the worker */
}

static u64 others_exits(void)
{
	struct vm *vm = test_vm(1);

	return vm ? READ_ONCE(vm->vcpus[0]->stats.entries) : 0; /* STATS: hint */
}

static void judge(void)
{
	bool good = READ_ONCE(done) && keeper_at_rest(0); /* TEST: hints */

	test_result("entry", good && others_exits() > progress,
		    "%s: the VM has ended, the other goes on", faults[at].name);
	asked = false;
	if (++at == ARRAY_SIZE(faults))
		test_finish();
	keeper_start_again(0);
}

static void turn(struct worker *w)
{
	struct vm *vm = test_vm(0);

	if (!asked && vm && test_vm(1)) {
		asked = true;
		done = 0;
		since = tsc_now();
		progress = others_exits();
		printk("entry: %s\n", faults[at].name);
		vm->vcpus[0]->test_handler = spoil;
		vcpu_request(REQ_TEST, vm->vcpus[0]);
		return;
	}
	if (!asked)
		return;
	if ((keeper_at_rest(0) && others_exits() > progress) ||
	    tsc_now() - since > tsc_khz() * PATIENCE_US / 1000)
		judge();
}

static void start(u64 seed)
{
	worker_start(&worker, 0, turn, BIT(1), 1, seed);
}

const struct machine_test entries_test = {"entries", start, true};
