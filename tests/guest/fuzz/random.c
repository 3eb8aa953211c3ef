// SPDX-License-Identifier: MIT
/* The generator, and values that are worth trying. */
#include "fuzz.h"

static u64 lethal = 30; /* in a million */
static u64 virtio_devices;

u64 random_next(struct fuzz_cpu *f)
{
	f->random ^= f->random >> 12;
	f->random ^= f->random << 25;
	f->random ^= f->random >> 27;
	return f->random * 0x2545f4914f6cdd1dUL >> 8;
}

u64 random_below(struct fuzz_cpu *f, u64 limit)
{
	return random_next(f) % limit;
}

bool random_once_in(struct fuzz_cpu *f, u64 many)
{
	return random_below(f, many) == 0;
}

void random_set_lethal(u64 per_million)
{
	lethal = per_million;
}

bool random_may_die(struct fuzz_cpu *f)
{
	return random_below(f, 1000000) < lethal;
}

void random_set_virtio(u64 devices)
{
	virtio_devices = devices;
}

u64 random_virtio_devices(void)
{
	return virtio_devices;
}

u64 random_value(struct fuzz_cpu *f)
{
	u64 r = random_next(f);

	switch (random_below(f, 9)) {
	case 0:
		return 0;
	case 1:
		return ~0UL;
	case 2:
		return BIT(r % 64);
	case 3:
		return BIT(r % 64) - 1;
	case 4:
		return r % 256;
	case 5:
		return ~BIT(r % 64);
	case 6:
		return 0x800000000000UL - 8 + r % 16; /* where canonical ends */
	case 7:
		return (u32)r;
	default:
		return r << 8 ^ random_next(f);
	}
}

/* --- ports --- */

static const struct {
	u16 first, count;
} ports[] = {
	{0x3f8, 8},  {0x600, 12}, {0x70, 2},   {0x40, 4},  {0x61, 1},   {0x64, 1},
	{0x80, 1},   {0x92, 1},   {0xcf8, 8},  {0xe0, 4},  {0x510, 2},  {0x2000, 24},
	{0x8900, 1}, {0xf4, 1},   {0x20, 2},   {0xa0, 2},  {0x402, 1},  {0xfffc, 4},
	{0x1f0, 8},  {0x2f8, 8},  {0x3c0, 32}, {0x5fe, 4}, {0x1ffe, 4}, {0xdd, 8},
};

/* A write there may end the VM, as it should. */
static bool port_ends_vm(u16 port)
{
	return (port >= 0xf1 && port <= 0xf4) || (port >= 0x5fd && port <= 0x602) ||
	       port == 0x64 || port == 0x61 || port == 0x92 ||
	       (port >= 0xcf6 && port <= 0xcff);
}

/* The guest's console, which is also the test's log: less often. */
static bool port_prints(u16 port)
{
	return port >= 0x3f5 && port <= 0x3f8;
}

u16 random_port(struct fuzz_cpu *f)
{
	for (;;) {
		u64 i = random_below(f, ARRAY_SIZE(ports) + 4);
		u16 port = (u16)random_next(f);

		if (i < ARRAY_SIZE(ports))
			port = (u16)(ports[i].first + random_below(f, ports[i].count));
		if (port_ends_vm(port) && !random_may_die(f))
			continue;
		if (port_prints(port) && !random_once_in(f, 64))
			continue;
		return port;
	}
}

/* --- MSRs --- */

static const struct {
	u32 first, count;
} msrs[] = {
	{0x10, 3},        {0x17, 1},        {0x1b, 1},        {0x3a, 2},
	{0x48, 2},        {0x79, 1},        {0x8b, 1},        {0xc1, 8},
	{0xce, 1},        {0xe7, 2},        {0xfe, 1},        {0x10a, 2},
	{0x140, 1},       {0x174, 3},       {0x179, 3},       {0x186, 8},
	{0x198, 4},       {0x1a0, 1},       {0x1d9, 1},       {0x200, 20},
	{0x250, 32},      {0x277, 1},       {0x2ff, 1},       {0x309, 3},
	{0x38d, 4},       {0x400, 32},      {0x480, 20},      {0x560, 8},
	{0x6e0, 1},       {0x800, 256},     {0xd90, 1},       {0xda0, 1},
	{0xc0000080, 5},  {0xc0000100, 4},  {0xc0010000, 32}, {0xc0010110, 16},
	{0x40000000, 16}, {0x4b564d00, 10},
};

u32 random_msr(struct fuzz_cpu *f)
{
	u64 i = random_below(f, ARRAY_SIZE(msrs) + 2);

	u32 msr = (u32)random_value(f);

	if (i < ARRAY_SIZE(msrs))
		msr = msrs[i].first + (u32)random_below(f, msrs[i].count);
	/* random_icr() is for that one. */
	return msr == MSR_X2APIC + APIC_ICR && !random_may_die(f) ? MSR_TSC : msr;
}

/* --- addresses --- */

u64 random_address(struct fuzz_cpu *f)
{
	u64 r = random_next(f);

	switch (random_below(f, 5)) {
	case 0:
	case 1:
		return SCRATCH_DATA + r % 0x1000;
	case 2:
		return SCRATCH + SCRATCH_BYTES - r % 32; /* then nothing is mapped */
	case 3:
		return SCRATCH_DATA + 0x1000 - r % 16;
	default:
		return random_value(f) | BIT(32);
	}
}

u64 random_device(struct fuzz_cpu *f)
{
	u64 r = random_next(f);

	switch (random_below(f, 6)) {
	case 0:
		if (!virtio_devices)
			return APIC_PAGE + 0x80;
		return VIRTIO_GPA + (r % 2 ? r % 0x110 : r % 0x1000) +
		       random_below(f, virtio_devices) * PAGE_BYTES;
	case 1:
		return APIC_PAGE + 0x1000 - r % 16; /* and over its end */
	case 2:
		return IOAPIC_GPA + (r % 3 ? r % 0x20 : r % 0x1000);
	case 3:
		return IOAPIC_GPA - 8 + r % 16;
	default:
		/* Nearly never the ICR: an INIT may put all vCPUs to sleep for good. */
		if (r % 0x400 >> 4 == APIC_ICR && !random_may_die(f))
			r = APIC_TPR << 4;
		return APIC_PAGE + r % 0x400;
	}
}

u64 random_icr(struct fuzz_cpu *f)
{
	u64 dest = random_below(f, 4) ? random_below(f, FUZZ_CPUS_MAX + 1)
				      : random_value(f);
	u64 low = random_next(f) & 0xcffff;

	/* INIT and SIPI are for ipi_run(), which wakes whom it has put to sleep. */
	if ((low & 0x700) == APIC_INIT || (low & 0x700) == APIC_SIPI)
		low &= ~0x700UL;
	return dest << 32 | low;
}
