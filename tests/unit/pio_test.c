// SPDX-License-Identifier: MIT
/* vcpu/pio.c with the clock chip, ACPI ports, test ports: what each answers, and how
 * a VM ends. */
#include "fake_vcpu.h"
#include "unit.h"
#include "vcpu/pio.h"

#define FEB_29_2024 1709210096ul /* 12:34:56 UTC, a Thursday */
#define DAY 86400ul

static struct vm *vm;
static struct vcpu *cpu;

static void start(void)
{
	vm = fake_vm(2);
	cpu = vm->vcpus[0];
	fake_enable_apics(vm);
	uart_reset(&vm->uart);
	rtc_init(&vm->rtc, FEB_29_2024, fake.tsc);
}

static u8 cmos(u8 reg)
{
	pio_write(cpu, 0x70, 1, reg);
	return (u8)pio_read(cpu, 0x71, 1);
}

static void set_cmos(u8 reg, u8 value)
{
	pio_write(cpu, 0x70, 1, reg);
	pio_write(cpu, 0x71, 1, value);
}

static void probes_end_soon(void)
{
	start();
	CHECK_EQ(pio_read(cpu, 0x61, 1), 0x20);
	CHECK_EQ(pio_read(cpu, 0x42, 1), 0);
	CHECK_EQ(pio_read(cpu, 0x64, 1), 0);
	CHECK_EQ(pio_read(cpu, 0xcf8, 4), 0xffffffff);
	CHECK_EQ(pio_read(cpu, 0x80, 1), 0xff);
	CHECK_EQ(vm->unknown_pio, 0);
	CHECK_EQ(pio_read(cpu, 0x2f9, 1), 0xff);
	CHECK_EQ(pio_read(cpu, 0x2f9, 2), 0xffff);
	CHECK_EQ(pio_read(cpu, 0xffff, 4), 0xffffffff);
	pio_write(cpu, 0x22, 1, 0xff);
	CHECK_EQ(vm->unknown_pio, 4);
	CHECK_EQ(vm->unknown_pio_last, 0x22);
}

static void every_port(void)
{
	u64 seed = 5;

	start();
	for (unsigned port = 0; port < 0x10000; port++) {
		for (unsigned bytes = 1; bytes <= 4; bytes *= 2) {
			u32 value = pio_read(cpu, (u16)port, bytes);

			CHECK(bytes == 4 || value >> bytes * 8 == 0);
			pio_write(cpu, (u16)port, bytes, (u32)unit_random(&seed));
		}
	}
	CHECK_EQ(fake.lock_errors, 0);
}

static void serial_port(void)
{
	start();
	pio_write(cpu, 0x3f8, 1, 'k');
	CHECK_STR(fake.output, "k");
	CHECK_EQ(pio_read(cpu, 0x3fd, 1), 0x60);
	CHECK_EQ(pio_read(cpu, 0x3fd, 2), 0xff60);
}

static void time_of_day(void)
{
	start();
	CHECK_EQ(cmos(0x0a), 0x26); /* UIP clear */
	CHECK_EQ(cmos(0x0b), 0x02);
	CHECK_EQ(cmos(0x0d), 0x80);
	CHECK_EQ(cmos(0x00), 0x56);
	CHECK_EQ(cmos(0x02), 0x34);
	CHECK_EQ(cmos(0x04), 0x12);
	CHECK_EQ(cmos(0x06), 5);
	CHECK_EQ(cmos(0x07), 0x29);
	CHECK_EQ(cmos(0x08), 0x02);
	CHECK_EQ(cmos(0x09), 0x24);
	CHECK_EQ(cmos(0x32), 0x20);
	fake.tsc += 5 * 1000 * FAKE_MS;
	CHECK_EQ(cmos(0x00), 0x01);
	CHECK_EQ(cmos(0x02), 0x35);
	/* 24 hours later it is March. */
	fake.tsc += DAY * 1000 * FAKE_MS;
	CHECK_EQ(cmos(0x07), 1);
	CHECK_EQ(cmos(0x08), 3);
	CHECK_EQ(cmos(0x06), 6);
}

static void clock_formats(void)
{
	start();
	set_cmos(0x0b, 0x06); /* binary, 24 hours */
	CHECK_EQ(cmos(0x00), 56);
	set_cmos(0x0b, 0x00); /* BCD, 12 hours */
	CHECK_EQ(cmos(0x04), 0x92);
	fake.tsc += 12 * 3600 * 1000 * FAKE_MS;
	CHECK_EQ(cmos(0x04), 0x12);
	fake.tsc += 11 * 3600 * 1000 * FAKE_MS;
	CHECK_EQ(cmos(0x04), 0x11);
	/* UIP cannot be set; bytes are remembered, the time is not. */
	set_cmos(0x0a, 0xff);
	CHECK_EQ(cmos(0x0a), 0x7f);
	set_cmos(0x55, 0xaa);
	CHECK_EQ(cmos(0xd5), 0xaa);
	set_cmos(0x00, 0x11);
	CHECK_EQ(cmos(0x00), 0x56);
	CHECK_EQ(cmos(0x0c), 0);
}

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Count through all days from 1970 to 2399. */
static void calendar(void)
{
	static const u8 lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned year = 1970, month = 1, day = 1;

	start();
	set_cmos(0x0b, 0x06);
	for (u64 n = 0; year < 2400; n++) {
		unsigned last = lengths[month - 1] + (month == 2 && is_leap(year));

		vm->rtc.boot_seconds = n * DAY;
		vm->rtc.boot_tsc = fake.tsc;
		if (!CHECK_EQ(cmos(0x07), day) || !CHECK_EQ(cmos(0x08), month) ||
		    !CHECK_EQ(cmos(0x09), year % 100) ||
		    !CHECK_EQ(cmos(0x32), year / 100))
			return;
		if (day++ == last) {
			day = 1;
			month++;
		}
		if (month > 12) {
			month = 1;
			year++;
		}
	}
}

static void pm_timer(void)
{
	u32 before;

	start();
	before = pio_read(cpu, 0x608, 4);
	fake.tsc += 1000 * FAKE_MS;
	CHECK_EQ(pio_read(cpu, 0x608, 4) - before, 3579545);
	fake.tsc += 100 * FAKE_MS;
	CHECK(pio_read(cpu, 0x608, 4) - before - 3579545 - 357954 <= 1);
	/* After years it still does. */
	fake.tsc = 1ul << 62;
	before = pio_read(cpu, 0x608, 4);
	fake.tsc += 1000 * FAKE_MS;
	CHECK_EQ(pio_read(cpu, 0x608, 4) - before, 3579545);
}

static void ends(u16 port, unsigned bytes, u32 value, const char *why)
{
	start();
	pio_write(cpu, port, bytes, value);
	CHECK_STR(fake.end, why);
	CHECK_EQ(fake.lock_errors, 0);
}

static void ways_to_end(void)
{
	ends(0x600, 1, 5 << 2 | 0x20, "power-off");
	ends(0x600, 1, 5 << 2, "");
	ends(0x602, 1, 0x42, "reset");
	ends(0x602, 1, 0x41, "");
	ends(0x64, 1, 0xfe, "reset");
	ends(0x64, 1, 0xd1, "");
	ends(0x92, 1, 0x03, "reset");
	ends(0x92, 1, 0x02, "");
	ends(0xcf9, 1, 0x06, "reset");
	ends(0xcf9, 1, 0x02, "");
	ends(0xcf8, 4, 0x80000604, "");
	ends(0xf4, 4, 0, "debug exit 0");
	ends(0xf4, 4, 0xffffffff, "debug exit 4294967295");
	ends(0xf4, 1, 0x103, "debug exit 3");
	CHECK_EQ(pio_read(cpu, 0x600, 1), 0);
	CHECK_EQ(pio_read(cpu, 0x601, 1), 0);
	/* The first reason stays. */
	pio_write(cpu, 0x64, 1, 0xfe);
	CHECK_STR(vm->pm.end, "debug exit 3");
}

static void shutdown_word(void)
{
	start();
	for (const char *p = "ShutSShutdow"; *p; p++)
		pio_write(cpu, 0x8900, 1, (u8)*p);
	CHECK_STR(fake.end, "");
	pio_write(cpu, 0x8900, 1, 'n');
	CHECK_STR(fake.end, "power-off");
}

static u64 fw_cfg(u16 key, unsigned bytes)
{
	u64 value = 0;

	pio_write(cpu, 0x510, 2, key);
	for (unsigned i = 0; i < bytes; i++)
		value |= (u64)pio_read(cpu, 0x511, 1) << i * 8;
	return value;
}

static void fw_cfg_keys(void)
{
	start();
	CHECK_EQ(fw_cfg(5, 2), 2);
	CHECK_EQ(fw_cfg(3, 8), MIB(128));
	CHECK_EQ(fw_cfg(0x11, 8), 0);
	CHECK_EQ(fw_cfg(0xffff, 8), 0);
	for (unsigned i = 0; i < 100; i++)
		CHECK_EQ(pio_read(cpu, 0x511, 1), 0);
	CHECK_EQ(pio_read(cpu, 0x510, 2), 0xffff);
}

static void latch(void)
{
	start();
	pio_write(cpu, 0xe0, 4, 0x12345678);
	CHECK_EQ(pio_read(cpu, 0xe0, 4), 0x12345678);
	CHECK_EQ(pio_read(cpu, 0xe1, 1), 0x56);
	CHECK_EQ(pio_read(cpu, 0xe2, 2), 0x1234);
	pio_write(cpu, 0xe3, 4, 0xabcdef99);
	CHECK_EQ(pio_read(cpu, 0xe3, 1), 0x99);
	CHECK_EQ(pio_read(cpu, 0xe2, 4), 0xffff9934);
}

static void lines_by_hand(void)
{
	start();
	ioapic_write(vm, 0, 0x10 + 2 * 23);
	ioapic_write(vm, 0x10, 0x77);
	pio_write(cpu, 0x2017, 1, 1);
	CHECK_EQ(fake_take(cpu), 0x77);
	pio_write(cpu, 0x2017, 4, 0);
	CHECK_EQ(vm->ioapic.lines, 0);
}

static const struct unit_test tests[] = {
	UNIT_TEST(probes_end_soon), UNIT_TEST(every_port), UNIT_TEST(serial_port),
	UNIT_TEST(time_of_day), UNIT_TEST(clock_formats), UNIT_TEST(calendar),
	UNIT_TEST(pm_timer), UNIT_TEST(ways_to_end), UNIT_TEST(shutdown_word),
	UNIT_TEST(fw_cfg_keys), UNIT_TEST(latch), UNIT_TEST(lines_by_hand),
};

int main(void)
{
	return UNIT_RUN(tests);
}
