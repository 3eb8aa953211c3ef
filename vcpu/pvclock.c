// SPDX-License-Identifier: MIT
/* kvmclock. Owns vcpu->pvclock_gpa; called by the home's MSR exits. System time is 0
 * when the VM began, and the record always names that moment: so it is the same
 * line on every vCPU, and is written again only when a guest moves its TSC. */
#include "vcpu/pvclock.h"
#include "assert.h"
#include "bits.h"
#include "vcpu/vm.h"

#define ENABLE BIT(0)
#define RECORD_ALIGN 4

#define FLAG_STABLE BIT(0) /* all vCPUs' records are the same line */

#define NS_PER_MS 1000000UL

struct time_record {
	u32 version; /* odd while it is being written */
	u32 reserved0;
	u64 tsc; /* guest TSC at system_ns */
	u64 system_ns;
	u32 mul;
	int8_t shift;
	u8 flags;
	u8 reserved1[2];
};

struct wall_record {
	u32 version;
	u32 seconds, nanoseconds; /* since 1970, at system time 0 */
};

static_assert(sizeof(struct time_record) == 32, "the guest knows this layout");
static_assert(sizeof(struct wall_record) == 12, "the guest knows this layout");

void pvclock_scale(u64 khz, u32 *mul, int8_t *shift)
{
	u64 ns = NS_PER_MS, cycles = khz;

	/* Make the quotient lie in [1/2, 1), so that mul has all its 32 bits. */
	*shift = 0;
	for (; ns >= cycles; cycles <<= 1)
		(*shift)++;
	for (; ns << 1 < cycles; ns <<= 1)
		(*shift)--;
	*mul = (u32)((ns << 32) / cycles);
}

/* An odd version first, then all, then an even one: other vCPUs may be reading.
 * Both differ from what a reader may have seen before. */
static bool write_versioned(struct vcpu *vcpu, u64 at, u32 *record, u64 bytes)
{
	u32 version;

	if (!guest_read(vcpu, gpa(at), &version, sizeof(version)))
		return false;
	version = (version + 1) | 1;
	record[0] = version;
	if (!guest_write(vcpu, gpa(at), &version, sizeof(version)) ||
	    !guest_write(vcpu, gpa(at), record, bytes))
		return false;
	version++;
	return guest_write(vcpu, gpa(at), &version, sizeof(version));
}

static bool write_time(struct vcpu *vcpu, u64 at)
{
	struct time_record record = {
		.tsc = vcpu->vm->rtc.boot_tsc + vcpu->tsc_offset,
		.flags = FLAG_STABLE,
	};

	pvclock_scale(tsc_khz(), &record.mul, &record.shift);
	return write_versioned(vcpu, at, &record.version, sizeof(record));
}

bool pvclock_write_system_time(struct vcpu *vcpu, u64 value)
{
	u64 at = value & ~ENABLE;

	vcpu->pvclock_gpa = 0;
	if (!(value & ENABLE))
		return true;
	if (!IS_ALIGNED(at, RECORD_ALIGN) || !write_time(vcpu, at))
		return false;
	vcpu->pvclock_gpa = at;
	return true;
}

void pvclock_update(struct vcpu *vcpu)
{
	/* It was RAM when the guest gave it, and RAM stays. */
	if (vcpu->pvclock_gpa)
		write_time(vcpu, vcpu->pvclock_gpa);
}

bool pvclock_write_wall_clock(struct vcpu *vcpu, u64 value)
{
	struct wall_record record = {.seconds = (u32)vcpu->vm->rtc.boot_seconds};

	return IS_ALIGNED(value, RECORD_ALIGN) &&
	       write_versioned(vcpu, value, &record.version, sizeof(record));
}
