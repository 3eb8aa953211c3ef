// SPDX-License-Identifier: MIT
/* The clock chip a guest sees (Motorola MC146818 data sheet): time of day at
 * ports 0x70 and 0x71, and 114 bytes that remember. It has no interrupt, its
 * time cannot be set, and it is never in the middle of an update. */
#pragma once
#include "types.h"

struct vm;

#define RTC_PORT 0x70
#define RTC_BYTES 128

/* [I] set before the VM runs   [L] vm->device_lock */
struct rtc {
	u64 boot_seconds; /* [I] time of day when the VM began, seconds since 1970 */
	u64 boot_tsc;     /* [I] host TSC at that moment */
	u8 index;         /* [L] */
	u8 ram[RTC_BYTES]; /* [L] registers A and B, and plain bytes */
};

/* Set the clock: it is `seconds` since 1970 at host TSC `tsc`. */
void rtc_init(struct rtc *rtc, u64 seconds, u64 tsc);
/* Data port. device_lock held. */
u8 rtc_read(struct rtc *rtc);
void rtc_write(struct rtc *rtc, u8 value);
/* Index port; bit 7 (NMI mask) is ignored. device_lock held. */
void rtc_select(struct rtc *rtc, u8 index);
