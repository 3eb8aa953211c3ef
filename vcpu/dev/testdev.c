// SPDX-License-Identifier: MIT
/* Ports for test programs. Owns vm->testdev, under device_lock; called by port I/O.
 * Harmless for guests that do not know them. */
#include "vcpu/dev/testdev.h"
#include "bits.h"
#include "page.h"
#include "printk.h"
#include "string.h"
#include "vcpu/pio.h"
#include "vcpu/vm.h"

#define FW_RAM_BYTES 3
#define FW_CPU_COUNT 5

/* --- latch: what was written is read --- */

u32 testdev_latch_read(struct vcpu *vcpu, u16 port, unsigned bytes)
{
	const struct testdev *dev = &vcpu->vm->testdev;
	unsigned first = port - TESTDEV_LATCH;
	u32 value = PIO_ONES;

	for (unsigned i = 0; i < bytes && first + i < TESTDEV_LATCH_BYTES; i++) {
		value &= ~(0xffu << i * 8);
		value |= (u32)dev->latch[first + i] << i * 8;
	}
	return value;
}

void testdev_latch_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
	struct testdev *dev = &vcpu->vm->testdev;
	unsigned first = port - TESTDEV_LATCH;

	for (unsigned i = 0; i < bytes && first + i < TESTDEV_LATCH_BYTES; i++)
		dev->latch[first + i] = (u8)(value >> i * 8);
}

/* --- fw_cfg: a key selects an item, its bytes are read lowest first --- */

static u64 fw_item(const struct vm *vm, u16 key)
{
	switch (key) {
	case FW_RAM_BYTES:
		return vm->ram_bytes;
	case FW_CPU_COUNT:
		return vm->vcpu_count;
	default:
		return 0;
	}
}

u32 testdev_fw_read(struct vcpu *vcpu, u16 port, unsigned bytes)
{
	struct testdev *dev = &vcpu->vm->testdev;
	u64 item = fw_item(vcpu->vm, dev->fw_key);

	if (port != TESTDEV_FW_DATA)
		return PIO_ONES;
	if (dev->fw_at >= sizeof(item))
		return 0;
	return (u8)(item >> dev->fw_at++ * 8);
}

void testdev_fw_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
	struct testdev *dev = &vcpu->vm->testdev;

	if (port != TESTDEV_FW_SELECT)
		return;
	dev->fw_key = (u16)value;
	dev->fw_at = 0;
}

/* --- device memory that remembers --- */

/* NULL: not to be had. The first access clears it. */
static u8 *ram_at(struct testdev *dev, u32 offset, unsigned bytes)
{
	if (offset > TESTDEV_RAM_BYTES || bytes > TESTDEV_RAM_BYTES - offset)
		return NULL;
	if (!dev->ram) {
		dev->ram = page_alloc(page_order(TESTDEV_RAM_BYTES));
		if (dev->ram)
			memset(dev->ram, 0, TESTDEV_RAM_BYTES);
	}
	return dev->ram ? dev->ram + offset : NULL;
}

u64 testdev_ram_read(struct vcpu *vcpu, u32 offset, unsigned bytes)
{
	u64 value = ~0UL;
	const u8 *from;

	spin_lock(&vcpu->vm->device_lock);
	from = ram_at(&vcpu->vm->testdev, offset, bytes);
	if (from)
		memcpy(&value, from, bytes);
	spin_unlock(&vcpu->vm->device_lock);
	return value;
}

void testdev_ram_write(struct vcpu *vcpu, u32 offset, unsigned bytes, u64 value)
{
	u8 *to;

	spin_lock(&vcpu->vm->device_lock);
	to = ram_at(&vcpu->vm->testdev, offset, bytes);
	if (to)
		memcpy(to, &value, bytes);
	spin_unlock(&vcpu->vm->device_lock);
}

void testdev_free(struct testdev *dev)
{
	if (dev->ram)
		page_free(dev->ram, page_order(TESTDEV_RAM_BYTES));
}

/* --- the end --- */

void testdev_exit_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
	char why[PM_END_BYTES];

	format(why, sizeof(why), "debug exit %u", value);
	pm_end(vcpu->vm, why);
}

void testdev_shutdown_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
	static const char word[] = "Shutdown";
	struct testdev *dev = &vcpu->vm->testdev;

	if ((u8)value == (u8)word[dev->shutdown_at])
		dev->shutdown_at++;
	else
		dev->shutdown_at = (u8)value == (u8)word[0];
	if (dev->shutdown_at < sizeof(word) - 1)
		return;
	dev->shutdown_at = 0;
	pm_end(vcpu->vm, "power-off");
}

void testdev_lines_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
	ioapic_set_line(vcpu->vm, port - TESTDEV_LINES, value != 0);
}
