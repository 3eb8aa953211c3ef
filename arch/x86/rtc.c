// SPDX-License-Identifier: MIT
/* Read the MC146818's time: twice, until both agree and no update is going on. */
#include "rtc.h"
#include "bits.h"
#include "string.h"
#include "x86.h"

#define RTC_INDEX 0x70
#define RTC_DATA 0x71
#define RTC_STATUS_A 0x0a
#define STATUS_A_UPDATING BIT(7)
#define RTC_STATUS_B 0x0b
#define STATUS_B_BINARY BIT(2)
#define STATUS_B_24H BIT(1)
#define HOUR_PM BIT(7)
#define TRIES 100000
#define AGREE_TRIES 10

struct rtc_time {
	u8 second, minute, hour, day, month, year;
};

static u8 cmos(u8 reg)
{
	outb(RTC_INDEX, reg);
	return inb(RTC_DATA);
}

static void read_fields(struct rtc_time *t)
{
	for (unsigned i = 0; i < TRIES && cmos(RTC_STATUS_A) & STATUS_A_UPDATING; i++)
		;
	*t = (struct rtc_time){cmos(0), cmos(2), cmos(4), cmos(7), cmos(8), cmos(9)};
}

static u8 binary(u8 value, u8 status_b)
{
	return status_b & STATUS_B_BINARY ? value
					  : (u8)((value >> 4) * 10 + (value & 0xf));
}

/* Days since 1970 of a date in 1970..2069: the clock gives two digits of the year. */
static u64 days(unsigned year, unsigned month, unsigned day)
{
	static const u16 before[] = {0,   31,  59,  90,  120, 151,
				     181, 212, 243, 273, 304, 334};
	unsigned since = year >= 70 ? year - 70 : year + 30;
	unsigned leap_days = (since + 1) / 4 + (year % 4 == 0 && month > 2);

	return since * 365UL + leap_days + before[(month - 1) % 12] + day - 1;
}

u64 rtc_now(void)
{
	struct rtc_time a, b;
	u8 status = cmos(RTC_STATUS_B), hour;

	for (unsigned i = 0; i < AGREE_TRIES; i++) {
		read_fields(&a);
		read_fields(&b);
		if (!memcmp(&a, &b, sizeof(a)))
			break;
	}
	hour = binary(a.hour & (u8)~HOUR_PM, status);
	if (!(status & STATUS_B_24H))
		hour = (u8)(hour % 12 + (a.hour & HOUR_PM ? 12 : 0));
	return ((days(binary(a.year, status), binary(a.month, status),
		      binary(a.day, status)) *
			 24 +
		 hour) * 60 +
		binary(a.minute, status)) *
		       60 +
	       binary(a.second, status);
}
