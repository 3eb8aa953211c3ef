// SPDX-License-Identifier: MIT
/* Runs in the Linux guest: its clocks against the real machine's PM timer, which Spur's
 * test "clock" (tests/machine/clock.c) reads out through the latch ports: a number
 * in the last port is a question, with its top bit set the answer, and then the three
 * ports before it hold the time in units of 100 us. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>
#include <time.h>
#include <unistd.h>

#define LATCH 0xe0
#define QUESTION (LATCH + 3)
#define ANSWERED 0x80
#define UNITS_PER_SECOND 10000
#define NS_PER_UNIT 100000
#define SLEEPS 3
#define PER_MILLE 10 /* how far the two may be apart */

/* The machine's time, in units. */
static int64_t machine_time(void)
{
	static uint8_t number;
	uint8_t question = ++number;

	outb(question, QUESTION);
	while (inb(QUESTION) != (question | ANSWERED))
		;
	return inb(LATCH) | inb(LATCH + 1) << 8 | inb(LATCH + 2) << 16;
}

static int64_t guest_time(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * UNITS_PER_SECOND + now.tv_nsec / NS_PER_UNIT;
}

static void judge(const char *what, int64_t got, int64_t machine)
{
	int64_t off = llabs(got - machine);

	printf("%s clock %s: %ld.%04ld s, %ld.%04ld s by the machine's PM timer\n",
	       machine > 0 && off * 1000 <= machine * PER_MILLE ? "ok" : "not ok", what,
	       got / UNITS_PER_SECOND, got % UNITS_PER_SECOND, machine / UNITS_PER_SECOND,
	       machine % UNITS_PER_SECOND);
}

int main(void)
{
	int64_t first, real, monotonic;

	if (ioperm(LATCH, QUESTION - LATCH + 1, 1)) {
		perror("ioperm");
		return 1;
	}
	machine_time(); /* the first one pays for page faults */
	first = machine_time();
	real = guest_time(CLOCK_REALTIME);
	monotonic = guest_time(CLOCK_MONOTONIC);
	for (int i = 0; i < SLEEPS; i++) {
		int64_t before = machine_time();

		sleep(1);
		judge("sleep 1", UNITS_PER_SECOND, machine_time() - before);
	}
	first = machine_time() - first;
	real = guest_time(CLOCK_REALTIME) - real;
	monotonic = guest_time(CLOCK_MONOTONIC) - monotonic;
	judge("date", real, first);
	judge("monotonic", monotonic, first);
	return 0;
}
