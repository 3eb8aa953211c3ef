// SPDX-License-Identifier: MIT
/* Hardware virtualization behind one interface. VT-x (arch/x86/vmx) is the
 * back end; nothing that includes this may assume a VMCS.
 * All calls: root mode, interrupts off, on the pCPU that owns the vCPU, unless
 * said otherwise. */
#pragma once
#include "bits.h"
#include "config.h"
#include "gate.h"
#include "types.h"

/* Why the guest was left, as plain facts. */
enum virt_exit_reason {
	VIRT_EXIT_NONE, /* did not leave for a reason of its own (kick found first) */
	VIRT_EXIT_INTERRUPT, /* host interrupt; .vector was acknowledged */
	VIRT_EXIT_NMI,       /* host NMI, already handled */
	VIRT_EXIT_EXCEPTION, /* guest exception; .vector, .error_code, .qualification */
	VIRT_EXIT_TRIPLE_FAULT,
	VIRT_EXIT_CPUID,
	VIRT_EXIT_HLT,
	VIRT_EXIT_HYPERCALL,
	VIRT_EXIT_IO, /* .io */
	VIRT_EXIT_RDMSR,
	VIRT_EXIT_WRMSR,
	VIRT_EXIT_CR, /* .cr */
	VIRT_EXIT_DR,
	VIRT_EXIT_NPF, /* nested page fault: .gpa, .write, .fetch, .walk */
	VIRT_EXIT_XSETBV,
	VIRT_EXIT_CACHE,     /* WBINVD, INVD */
	VIRT_EXIT_UNDEFINED, /* instruction that is not there for the guest: #UD */
	VIRT_EXIT_PAUSE,
	VIRT_EXIT_TASK_SWITCH,
	VIRT_EXIT_WINDOW,    /* interrupt or NMI window opened */
	VIRT_EXIT_PREEMPT,   /* preemption timer */
	VIRT_EXIT_BAD_STATE, /* entry refused: guest state invalid; .why */
	VIRT_EXIT_MACHINE_CHECK,
	VIRT_EXIT_UNKNOWN, /* .raw is the hardware's number */
};

struct virt_exit {
	enum virt_exit_reason reason;
	u32 raw;    /* hardware exit reason */
	u32 length; /* of the instruction, where one caused the exit; else 0 */
	u64 qualification;
	gpa_t gpa; /* VIRT_EXIT_NPF */
	u64 gva;   /* VIRT_EXIT_NPF, if gva_valid */
	bool gva_valid, write, fetch,
		walk; /* walk: the guest's own page-table walk faulted */
	u8 vector;
	u32 error_code;
	bool has_error_code;
	u32 intr_info; /* the back end's own, for virt_reinject_exception() */
	struct {
		u16 port;
		u8 bytes; /* 1, 2, 4 */
		bool in, string, rep;
		u8 address_bytes; /* string: 2, 4, 8 */
	} io;
	struct {
		u8 number, reg; /* CRn, general register */
		enum { CR_WRITE, CR_READ, CR_CLTS, CR_LMSW } op;
		u16 lmsw;
	} cr;
	const char *why;
};

/* General registers in the order of their encoding (SDM 2A, "ModR/M"). */
enum {
	REG_RAX,
	REG_RCX,
	REG_RDX,
	REG_RBX,
	REG_RSP,
	REG_RBP,
	REG_RSI,
	REG_RDI,
	REG_R8,
	REG_R9,
	REG_R10,
	REG_R11,
	REG_R12,
	REG_R13,
	REG_R14,
	REG_R15,
	REG_COUNT
};

/* Segment registers in the order of their encoding. */
enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, SEG_COUNT };

struct virt_segment {
	u16 selector;
	u32 limit;
	u32 access; /* descriptor bits 55:40, and bit 16 for unusable */
	u64 base;
};

#define VIRT_SEG_UNUSABLE BIT(16)
#define VIRT_SEG_LONG BIT(13) /* CS: 64-bit code */
#define VIRT_SEG_BIG BIT(14)  /* D/B: 32-bit */

/* Guest control state that is not in the general registers. */
struct virt_sregs {
	u64 cr0, cr2, cr3, cr4, efer; /* as the guest sees them */
	u64 rip, rflags;
	struct virt_segment seg[SEG_COUNT];
	u64 gdt_base, idt_base;
	u32 gdt_limit, idt_limit;
};

/* Answers that the back end gives by itself, without asking (fast path). */
struct virt_cpuid_entry {
	u32 leaf, subleaf;
	bool by_subleaf; /* subleaf matters */
	u32 eax, ebx, ecx, edx;
};

struct virt_vcpu;  /* the back end's state of one vCPU; it begins with its registers */
struct virt_space; /* guest-physical address space: nested page tables */

/* --- the machine --- */

/* For tests: let virt_probe() find this value in a capability MSR. Before it. */
void virt_replace_msr(u32 msr, u64 value);
/* Check and negotiate on the boot CPU. NULL, or the reason why there can be no
 * guests here, naming what is missing. */
const char *virt_probe(void);
/* After virt_enable() on the boot CPU: run a tiny guest and see that
 * interrupts get it out of guest mode. NULL, or what is wrong. */
const char *virt_self_test(void);
/* True on a machine (Bochs 2.7) that does not let an external interrupt end guest mode
 * while the guest has entered with RFLAGS.IF = 0: kicks then go as NMIs too. */
bool virt_kick_by_nmi(void);
/* Turn virtualization on and off on this CPU. Off: no vCPU may be loaded. */
const char *virt_enable(void);
void virt_disable(void);
/* Can a guest use these instructions? (They need a control of the back end's.) */
bool virt_has_rdtscp(void);
bool virt_has_invpcid(void);
/* "VT-x, EPT with 1 GiB pages, VPID, ..." for the log. */
const char *virt_describe(void);

/* --- guest-physical memory --- */

enum { VIRT_READ = 1, VIRT_WRITE = 2, VIRT_EXEC = 4 };

struct virt_space *virt_space_create(void);
void virt_space_destroy(struct virt_space *space);
/* Map size bytes with the largest pages that fit. The caller holds the VM's
 * mmu_lock. -ENOMEM. Nothing may be mapped there yet. */
int virt_space_map(struct virt_space *space, gpa_t gpa, hpa_t hpa, u64 bytes,
		   unsigned rights);
/* Take a range out, splitting large pages at its ends. Table pages that become
 * empty are unlinked, not freed: walkers and CPUs may still use them (SHOOT).
 * Caller holds mmu_lock. */
int virt_space_unmap(struct virt_space *space, gpa_t gpa, u64 bytes);
/* Break the large page that maps gpa into 4 KiB ones, same contents. mmu_lock. */
int virt_space_split(struct virt_space *space, gpa_t gpa);
/* Take the list of unlinked table pages (with mmu_lock), let every vCPU flush with
 * WAIT (without it), then free the list. */
void *virt_space_take_unlinked(struct virt_space *space);
void virt_space_free_unlinked(void *list);
/* Lock-free walk: where is gpa, and up to where is it contiguous? Only with the
 * caller's vCPU in READING mode, or with mmu_lock. False: nothing there. */
bool virt_space_walk(const struct virt_space *space, gpa_t gpa, hpa_t *hpa,
		     u64 *contiguous, unsigned *rights);

/* --- a vCPU --- */

struct virt_vcpu *virt_vcpu_create(struct virt_space *space, struct gate *gate,
				   void *owner);
void virt_vcpu_destroy(struct virt_vcpu *hv);
/* Power-on state at the reset vector, or at a SIPI vector (0x100: reset). */
void virt_vcpu_reset(struct virt_vcpu *hv);
void virt_vcpu_set_cpuid(struct virt_vcpu *hv, const struct virt_cpuid_entry *table,
			 unsigned count);
/* Make its hardware state current on this pCPU. Returns true if it was last
 * loaded elsewhere, so that stale translations must be flushed. */
bool virt_vcpu_load(struct virt_vcpu *hv);
/* Save what hardware does not switch; the state stays cached on this pCPU. */
void virt_vcpu_put(struct virt_vcpu *hv);
/* Write the hardware state back to memory; it may then be loaded elsewhere.
 * Only on the pCPU where it was last loaded. */
void virt_vcpu_evict(struct virt_vcpu *hv);
/* Enter, and run until an exit that the fast path does not finish. Gate mode is
 * IN on the way in, and is left as it is (IN or EXITING). */
void virt_vcpu_run(struct virt_vcpu *hv, struct virt_exit *exit);
void virt_vcpu_flush(
	struct virt_vcpu *hv); /* forget cached translations of this vCPU here */

u64 virt_reg(struct virt_vcpu *hv, unsigned reg);
void virt_set_reg(struct virt_vcpu *hv, unsigned reg, u64 value);
void virt_set_cr2(struct virt_vcpu *hv, u64 value);
void virt_get_sregs(struct virt_vcpu *hv, struct virt_sregs *out);
void virt_set_sregs(struct virt_vcpu *hv, const struct virt_sregs *in);
/* Step over the instruction of the last exit: RIP, the STI shadow, TF. */
void virt_skip(struct virt_vcpu *hv, u32 length);
/* CR writes as the guest meant them. False: architectural #GP. */
bool virt_set_cr(struct virt_vcpu *hv, unsigned number, u64 value);
u64 virt_efer(struct virt_vcpu *hv);
/* The four page-directory pointers that 32-bit PAE paging loads with CR0, CR3 or CR4. */
void virt_set_pdptes(struct virt_vcpu *hv, const u64 pdptes[4]);
/* The guest's XCR0, already checked. */
void virt_set_xcr0(struct virt_vcpu *hv, u64 value);
/* Give back to the guest the exception of the last exit, as it was. */
void virt_reinject_exception(struct virt_vcpu *hv, const struct virt_exit *exit);
void virt_set_tsc_offset(struct virt_vcpu *hv, u64 offset);

/* Events. At most one is pending for the next entry. */
void virt_inject_exception(struct virt_vcpu *hv, u8 vector, bool has_error, u32 error);
void virt_inject_interrupt(struct virt_vcpu *hv, u8 vector);
void virt_inject_nmi(struct virt_vcpu *hv);
/* The interrupt whose interrupted delivery an exception has displaced, or -1: it has
 * to become pending again. */
s32 virt_take_displaced(struct virt_vcpu *hv);
/* An event waits for the next entry: a new one, one that an exit interrupted, or a
 * debug trap. */
bool virt_event_pending(struct virt_vcpu *hv);
/* A debug trap will be delivered right after the next entry. */
bool virt_debug_trap_pending(struct virt_vcpu *hv);
bool virt_interrupts_open(struct virt_vcpu *hv); /* IF set and no shadow */
bool virt_interrupt_flag(struct virt_vcpu *hv);  /* IF alone, for HLT */
bool virt_nmi_open(struct virt_vcpu *hv);
bool virt_nmi_blocked(struct virt_vcpu *hv); /* one is being handled, up to its IRET */
void virt_want_interrupt_window(struct virt_vcpu *hv, bool on);
void virt_want_nmi_window(struct virt_vcpu *hv, bool on);

/* How many exits for this reason the fast path has finished. A hint, from any CPU. */
u64 virt_fast_exits(const struct virt_vcpu *hv, enum virt_exit_reason reason);

/* What an unknown hypercall returns in RAX (KVM's ABI: -KVM_ENOSYS). */
#define VIRT_HYPERCALL_UNKNOWN (-1000L)

/* --- upcall: implemented above (vcpu/fastpath.c) --- */

/* An exit that may be finished with the vCPU still IN guest mode. true: done,
 * re-enter after the last-chance test. Must not wait, print, or block. */
bool vcpu_fastpath_wrmsr(void *owner, u32 msr, u64 value);
