// SPDX-License-Identifier: MIT
/* What a failed VMX instruction says (SDM 3C "VM-Instruction Error Numbers"). */
#include "insn.h"
#include "assert.h"
#include "bits.h"

static const char *const errors[] = {
	[1] = "VMCALL in root mode",
	[2] = "VMCLEAR with an invalid address",
	[3] = "VMCLEAR with the VMXON pointer",
	[4] = "VMLAUNCH with a VMCS that is not clear",
	[5] = "VMRESUME with a VMCS that is not launched",
	[6] = "VMRESUME after VMXOFF",
	[7] = "entry with invalid control fields",
	[8] = "entry with invalid host-state fields",
	[9] = "VMPTRLD with an invalid address",
	[10] = "VMPTRLD with the VMXON pointer",
	[11] = "VMPTRLD with a wrong revision identifier",
	[12] = "a VMCS component that is not supported",
	[13] = "VMWRITE to a read-only field",
	[15] = "VMXON in root mode",
	[26] = "entry with events blocked by MOV SS",
	[28] = "INVEPT or INVVPID with an invalid operand",
};

static const char *error_text(u64 number)
{
	return number < ARRAY_SIZE(errors) && errors[number] ? errors[number]
							     : "no further reason";
}

/* Why the last VMX instruction on this CPU has failed. */
static u64 error_number(void)
{
	u64 number = 0;
	bool failed;

	/* Not vmread(): that one would come back here. */
	__asm__ volatile("vmread %2, %0"
			 : "+r"(number), "=@ccna"(failed)
			 : "r"((u64)VMCS_INSN_ERROR)
			 : "memory");
	return failed ? 0 : number;
}

const char *vmx_entry_error(void)
{
	return error_text(error_number());
}

void vmx_insn_failed(const char *insn, u64 operand)
{
	u64 number = error_number();

	panic("%s failed, operand %lx: error %lu, %s", insn, operand, number,
	      error_text(number));
}
