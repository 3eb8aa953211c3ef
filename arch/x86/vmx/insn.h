// SPDX-License-Identifier: MIT
/* The VMX instructions. One that fails is our bug: panic with the instruction, the
 * operand and the processor's reason in words (SDM 3C "Conventions"). */
#pragma once
#include "types.h"
#include "vmx.h"

/* Panic; insn.c. Reads the error number if there is a current VMCS. */
/* Why the entry that has just failed did so (VMfail), in words. */
const char *vmx_entry_error(void);
void vmx_insn_failed(const char *insn, u64 operand) __attribute__((noreturn, cold));

static inline u64 vmread(u64 field)
{
	u64 value;
	bool failed;

	__asm__ volatile("vmread %2, %0"
			 : "=r"(value), "=@ccna"(failed)
			 : "r"(field)
			 : "memory");
	if (__builtin_expect(failed, 0))
		vmx_insn_failed("VMREAD", field);
	return value;
}

static inline void vmwrite(u64 field, u64 value)
{
	bool failed;

	__asm__ volatile("vmwrite %1, %2"
			 : "=@ccna"(failed)
			 : "r"(value), "r"(field)
			 : "memory");
	if (__builtin_expect(failed, 0))
		vmx_insn_failed("VMWRITE", field);
}

static inline void vmclear(u64 address)
{
	bool failed;

	__asm__ volatile("vmclear %1" : "=@ccna"(failed) : "m"(address) : "memory");
	if (failed)
		vmx_insn_failed("VMCLEAR", address);
}

static inline void vmptrld(u64 address)
{
	bool failed;

	__asm__ volatile("vmptrld %1" : "=@ccna"(failed) : "m"(address) : "memory");
	if (failed)
		vmx_insn_failed("VMPTRLD", address);
}

static inline void vmxon(u64 address)
{
	bool failed;

	__asm__ volatile("vmxon %1" : "=@ccna"(failed) : "m"(address) : "memory");
	if (failed)
		vmx_insn_failed("VMXON", address);
}

static inline void vmxoff(void)
{
	bool failed;

	__asm__ volatile("vmxoff" : "=@ccna"(failed) : : "memory");
	if (failed)
		vmx_insn_failed("VMXOFF", 0);
}

static inline void invept(u64 type, u64 eptp)
{
	struct {
		u64 eptp, reserved;
	} descriptor = {eptp, 0};
	bool failed;

	__asm__ volatile("invept %1, %2"
			 : "=@ccna"(failed)
			 : "m"(descriptor), "r"(type)
			 : "memory");
	if (failed)
		vmx_insn_failed("INVEPT", eptp);
}

static inline void invvpid(u64 type, u16 vpid)
{
	struct {
		u64 vpid, linear;
	} descriptor = {vpid, 0};
	bool failed;

	__asm__ volatile("invvpid %1, %2"
			 : "=@ccna"(failed)
			 : "m"(descriptor), "r"(type)
			 : "memory");
	if (failed)
		vmx_insn_failed("INVVPID", vpid);
}
