// SPDX-License-Identifier: MIT
/* Runs in the Linux guest: a thread on each CPU, and in each round what makes the CPUs of
 * a kernel need one another: a token passed around (wake-ups), a lock that all want
 * (futexes), a page unmapped under all (TLB flushes), a membarrier (a call on all).
 *
 *	load ROUNDS [beat]	beat: the round's number goes to the latch ports, where
 *				tests/machine/soak.c sees that there is progress */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CPUS_MAX 64
#define PAGE 4096
#define LATCH 0xe0

static unsigned cpus, rounds;
static int beat;
static int token[CPUS_MAX][2]; /* pipes: thread i reads from its own */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t sum;       /* under lock */
static uint8_t *page;      /* remapped by whoever holds the token */
static unsigned bad_bytes; /* under lock */

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void stay_on(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

static void add(uint64_t n, int bad)
{
	pthread_mutex_lock(&lock);
	sum += n;
	bad_bytes += bad;
	pthread_mutex_unlock(&lock);
}

/* With the token: a new page in the place of the old one, which all have used. A CPU that
 * kept the old translation would find the old byte. */
static void change_page(uint8_t byte)
{
	must(mmap(page, PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page,
	     "mmap");
	page[0] = byte;
}

static void *run(void *argument)
{
	unsigned self = (unsigned)(uintptr_t)argument;
	uint8_t byte;

	stay_on(self);
	for (unsigned round = 0; round < rounds; round++) {
		must(read(token[self][0], &byte, 1) == 1, "read");
		add(1, page[0] != byte);
		if (self == 0)
			syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
		change_page(++byte);
		if (self == 0 && beat)
			outl(round + 1, LATCH);
		must(write(token[(self + 1) % cpus][1], &byte, 1) == 1, "write");
		for (unsigned i = 0; i < 4; i++)
			add(1, 0);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[CPUS_MAX];
	uint8_t byte = 1;

	cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 100;
	beat = argc > 2 && !strcmp(argv[2], "beat");
	must(!beat || !ioperm(LATCH, 4, 1), "ioperm");
	must(cpus <= CPUS_MAX, "too many CPUs");
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	must(page != MAP_FAILED, "mmap");
	page[0] = byte;
	for (unsigned i = 0; i < cpus; i++)
		must(!pipe(token[i]), "pipe");
	for (uintptr_t i = 0; i < cpus; i++)
		must(!pthread_create(&threads[i], NULL, run, (void *)i), "thread");
	must(write(token[0][1], &byte, 1) == 1, "write");
	for (unsigned i = 0; i < cpus; i++)
		pthread_join(threads[i], NULL);
	printf("%s load: %u threads, %u rounds, %u stale bytes\n",
	       sum == 5UL * cpus * rounds && !bad_bytes ? "ok" : "not ok", cpus, rounds,
	       bad_bytes);
	return 0;
}
