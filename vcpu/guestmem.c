// SPDX-License-Identifier: MIT
/* The one door to guest memory: bounds, overflow and holes are checked here and
 * nowhere else. A running guest's tables are walked in READING mode, without the VM's
 * lock, one piece at a time; docs/ordering.md, "SHOOT". */
#include "vcpu/guestmem.h"
#include "atomic.h"
#include "bits.h"
#include "config.h"
#include "string.h"
#include "vcpu/entry_gate.h"
#include "vcpu/vm.h"

/* The most that one READING section copies, so that a freer never waits long. */
#define CHUNK_MAX PAGE_SIZE
#define GPA_END BIT(48) /* what four levels of tables translate; above, they would wrap */

/* An aligned 16-bit word goes in one access: indexes of rings are shared with the
 * guest's other vCPUs, which must not see half of one, nor we. */
static void move(void *to, const void *from, u64 bytes)
{
	if (bytes == sizeof(u16) && IS_ALIGNED((uintptr_t)to | (uintptr_t)from, bytes))
		WRITE_ONCE(*(u16 *)to, READ_ONCE(*(const u16 *)from)); /* VIRTQ: index */
	else
		memcpy(to, from, bytes);
}

/* Copy what lies in one contiguous piece; 0: nothing is there, or not for this. */
static u64 copy_piece(struct vcpu *vcpu, u64 address, void *buf, u64 bytes, bool write)
{
	unsigned rights, need = write ? VIRT_WRITE : VIRT_READ;
	u64 done = 0, contiguous;
	hpa_t where;

	gate_begin_reading(vcpu);
	if (virt_space_walk(vcpu->vm->space, gpa(address), &where, &contiguous,
			    &rights) &&
	    rights & need) {
		done = MIN(MIN(bytes, contiguous), CHUNK_MAX);
		if (write)
			move(hpa_to_ptr(where), buf, done);
		else
			move(buf, hpa_to_ptr(where), done);
	}
	gate_end_reading(vcpu);
	return done;
}

static bool copy(struct vcpu *vcpu, gpa_t at, void *buf, u64 bytes, bool write)
{
	u8 *next = buf;

	if (bytes > GPA_END || at.v > GPA_END - bytes)
		return false;
	while (bytes) {
		u64 done = copy_piece(vcpu, at.v, next, bytes, write);

		if (!done)
			return false;
		at.v += done;
		next += done;
		bytes -= done;
	}
	return true;
}

bool guest_read(struct vcpu *vcpu, gpa_t at, void *buf, u64 bytes)
{
	return copy(vcpu, at, buf, bytes, false);
}

bool guest_write(struct vcpu *vcpu, gpa_t at, const void *buf, u64 bytes)
{
	return copy(vcpu, at, (void *)(uintptr_t)buf, bytes, true);
}

void *vm_ram(struct vm *vm, gpa_t at, u64 *contiguous)
{
	unsigned rights;
	hpa_t where;

	if (!virt_space_walk(vm->space, at, &where, contiguous, &rights) ||
	    !(rights & VIRT_WRITE))
		return NULL;
	return hpa_to_ptr(where);
}

static bool fill(struct vm *vm, gpa_t at, const u8 *from, u64 bytes)
{
	while (bytes) {
		u64 contiguous, done;
		u8 *to = vm_ram(vm, at, &contiguous);

		if (!to)
			return false;
		done = MIN(contiguous, bytes);
		if (from) {
			memcpy(to, from, done);
			from += done;
		} else {
			memset(to, 0, done);
		}
		at.v += done;
		bytes -= done;
	}
	return true;
}

bool vm_copy_in(struct vm *vm, gpa_t at, const void *buf, u64 bytes)
{
	return at.v + bytes >= at.v && fill(vm, at, buf, bytes);
}

bool vm_clear(struct vm *vm, gpa_t at, u64 bytes)
{
	return at.v + bytes >= at.v && fill(vm, at, NULL, bytes);
}
