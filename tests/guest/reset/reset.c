// SPDX-License-Identifier: MIT
/* A reset makes the machine anew: memory is clear, the other CPUs wait again, and only
 * the clock chip's bytes remember (MC146818 data sheet: battery-backed). Resets by every
 * way in turn, so many times; then powers off. "many": 100 times; "triple": by triple
 * faults alone; "spin": forever, as fast as it can. */
#include "guest.h"

#define RTC_INDEX 0x70
#define RTC_DATA 0x71
#define COUNT_BYTE 0x40 /* of the clock chip's RAM */

#define SLEEP_PORT 0x600
#define SLEEP_TO_S5 0x34
#define MARK_GPA 0x100000UL + 0xf0000
#define MARK 0x6b61726d

static u8 times_before(void)
{
	outb(RTC_INDEX, COUNT_BYTE);
	return inb(RTC_DATA);
}

static void remember(u8 times)
{
	outb(RTC_INDEX, COUNT_BYTE);
	outb(RTC_DATA, times);
}

static void triple_fault(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) no_idt = {0, 0};

	__asm__ volatile("lidt %0; ud2" : : "m"(no_idt));
}

static void reset(unsigned way)
{
	static const struct {
		u16 port;
		u8 value;
	} ways[] = {{0x602, 0x42}, {0x64, 0xfe}, {0x92, 0x03}, {0xcf9, 0x06}};

	if (has_option("triple"))
		triple_fault();
	outb(ways[way % ARRAY_SIZE(ways)].port, ways[way % ARRAY_SIZE(ways)].value);
}

static void on_other_cpu(unsigned index)
{
	for (;;)
		pause();
}

int main(void)
{
	volatile u32 *mark = (u32 *)(MARK_GPA);
	unsigned wanted = has_option("many") ? 100 : 5;
	u8 times = times_before();

	if (has_option("spin"))
		reset(0);
	if (*mark)
		check(false, "memory is clear after a reset");
	*mark = MARK;
	cpu_start_all(on_other_cpu);
	if (times < wanted) {
		remember(times + 1);
		reset(times);
		print("not ok: it goes on after a reset\n");
		return 3;
	}
	check_equal(times, wanted, "so many resets");
	outb(SLEEP_PORT, SLEEP_TO_S5);
	return 3;
}
