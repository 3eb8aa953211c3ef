// SPDX-License-Identifier: MIT
/* The clock chip. Owns vm->rtc, under device_lock; called by port I/O. The time is
 * computed when it is read, from the time of day at the VM's start and the TSC, so
 * there is nothing to update and UIP is never set. */
#include "bits.h"
#include "string.h"
#include "timer.h"
#include "vcpu/vm.h"

enum {
	RTC_SECONDS = 0x00,
	RTC_MINUTES = 0x02,
	RTC_HOURS = 0x04,
	RTC_WEEKDAY = 0x06,
	RTC_DAY = 0x07,
	RTC_MONTH = 0x08,
	RTC_YEAR = 0x09,
	RTC_A = 0x0a,
	RTC_B = 0x0b,
	RTC_C = 0x0c,
	RTC_D = 0x0d,
	RTC_CENTURY = 0x32,
};

#define INDEX_MASK 0x7fu
#define A_RESET 0x26 /* 32768 Hz, periodic rate 1024 Hz; UIP clear */
#define A_UIP BIT(7)
#define B_24_HOURS BIT(1)
#define B_BINARY BIT(2)
#define B_SET BIT(7)
#define D_VALID BIT(7)
#define HOURS_PM BIT(7)

#define DAY_SECONDS 86400
#define ERA_DAYS 146097    /* of 400 years */
#define ERA_TO_1970 719468 /* days from 0000-03-01 */

struct date {
	unsigned year, month, day;
};

/* Days since 1970 to a date. Years are counted from March, so that the day added
 * in a leap year is the last one. */
static struct date date_of(u64 days)
{
	u64 era_day = (days + ERA_TO_1970) % ERA_DAYS;
	u64 era = (days + ERA_TO_1970) / ERA_DAYS;
	/* Take out the leap days before dividing: each 4 years, not each 100. */
	u64 year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	u64 year_day = era_day - (365 * year + year / 4 - year / 100);
	/* March to July and August to December have 153 days each. */
	u64 month = (5 * year_day + 2) / 153;

	return (struct date){
		.year = (unsigned)(era * 400 + year + (month >= 10)),
		.month = (unsigned)(month < 10 ? month + 3 : month - 9),
		.day = (unsigned)(year_day - (153 * month + 2) / 5 + 1),
	};
}

static u8 encode(const struct rtc *rtc, unsigned value)
{
	if (rtc->ram[RTC_B] & B_BINARY)
		return (u8)value;
	return (u8)(value / 10 << 4 | value % 10);
}

static u8 hours(const struct rtc *rtc, unsigned hour)
{
	unsigned pm = hour >= 12 ? HOURS_PM : 0;

	if (rtc->ram[RTC_B] & B_24_HOURS)
		return encode(rtc, hour);
	return encode(rtc, hour % 12 ? hour % 12 : 12) | pm;
}

static u8 time_register(const struct rtc *rtc, unsigned reg)
{
	u64 now = rtc->boot_seconds + (tsc_now() - rtc->boot_tsc) / (tsc_khz() * 1000);
	u64 days = now / DAY_SECONDS;
	struct date date = date_of(days);

	switch (reg) {
	case RTC_SECONDS:
		return encode(rtc, now % 60);
	case RTC_MINUTES:
		return encode(rtc, now / 60 % 60);
	case RTC_HOURS:
		return hours(rtc, now / 3600 % 24);
	case RTC_WEEKDAY: /* 1 is Sunday; 1970 began with a Thursday */
		return encode(rtc, (days + 4) % 7 + 1);
	case RTC_DAY:
		return encode(rtc, date.day);
	case RTC_MONTH:
		return encode(rtc, date.month);
	case RTC_YEAR:
		return encode(rtc, date.year % 100);
	default:
		return encode(rtc, date.year / 100 % 100);
	}
}

u8 rtc_read(struct rtc *rtc)
{
	switch (rtc->index) {
	case RTC_SECONDS:
	case RTC_MINUTES:
	case RTC_HOURS:
	case RTC_WEEKDAY ... RTC_YEAR:
	case RTC_CENTURY:
		return time_register(rtc, rtc->index);
	case RTC_C: /* no interrupt ever */
		return 0;
	case RTC_D:
		return D_VALID;
	default:
		return rtc->ram[rtc->index];
	}
}

void rtc_write(struct rtc *rtc, u8 value)
{
	if (rtc->index == RTC_A)
		value &= (u8)~A_UIP;
	rtc->ram[rtc->index] = value;
}

void rtc_select(struct rtc *rtc, u8 index)
{
	rtc->index = index & INDEX_MASK;
}

void rtc_init(struct rtc *rtc, u64 seconds, u64 tsc)
{
	memset(rtc, 0, sizeof(*rtc));
	rtc->boot_seconds = seconds;
	rtc->boot_tsc = tsc;
	rtc->ram[RTC_A] = A_RESET;
	rtc->ram[RTC_B] = B_24_HOURS;
}
