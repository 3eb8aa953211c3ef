// SPDX-License-Identifier: MIT
/* HPET's counter: the host's TSC, scaled. Called by MMIO, under device_lock. */
#include "vcpu/dev/hpet.h"
#include "bits.h"
#include "timer.h"

#define REG_CAPABILITIES 0x000
#define REG_CONFIG 0x010
#define REG_COUNTER 0x0f0

#define PERIOD_FS 10000000UL /* femtoseconds: 10 ns */
#define COUNTS_PER_MS 100000UL
#define CAP_REVISION 1UL
#define CAP_64BIT BIT(13)
#define CAP_VENDOR (0x8086UL << 16)
#define CAPABILITIES (PERIOD_FS << 32 | CAP_VENDOR | CAP_64BIT | CAP_REVISION)
#define CONFIG_ENABLE BIT(0)

static u64 counter(const struct hpet *hpet)
{
	u64 khz = tsc_khz(), cycles = tsc_now() - hpet->since;

	if (!(hpet->config & CONFIG_ENABLE))
		return hpet->count;
	/* Whole milliseconds apart, so that nothing overflows. */
	return hpet->count + cycles / khz * COUNTS_PER_MS +
	       cycles % khz * COUNTS_PER_MS / khz;
}

static u64 register_read(const struct hpet *hpet, u32 offset)
{
	switch (offset) {
	case REG_CAPABILITIES:
		return CAPABILITIES;
	case REG_CONFIG:
		return hpet->config;
	case REG_COUNTER:
		return counter(hpet);
	default:
		return 0;
	}
}

u64 hpet_read(struct hpet *hpet, u32 offset, unsigned bytes)
{
	u64 value = register_read(hpet, offset & ~7u);

	if (bytes == 8)
		return offset % 8 ? 0 : value;
	return bytes == 4 && offset % 4 == 0 ? (u32)(value >> offset % 8 * 8) : 0;
}

void hpet_write(struct hpet *hpet, u32 offset, unsigned bytes, u64 value)
{
	u32 reg = offset & ~7u;
	u64 old = register_read(hpet, reg);

	if (bytes == 4 && offset % 4 == 0)
		value = offset % 8 ? (old & MASK(31, 0)) | value << 32
				   : (old & ~MASK(31, 0)) | (u32)value;
	else if (bytes != 8 || offset % 8)
		return;
	if (reg != REG_CONFIG && reg != REG_COUNTER)
		return;
	hpet->count = reg == REG_COUNTER ? value : counter(hpet);
	hpet->since = tsc_now();
	if (reg == REG_CONFIG)
		hpet->config = value & CONFIG_ENABLE;
}
