// SPDX-License-Identifier: MIT
/* Random operations, most of them wrong, for a hypervisor to survive. Words behind "--":
 *   seed=N    where the sequence starts; the same seed gives the same sequence
 *   ops=N     so many on each vCPU, then the VM ends (20000)
 *   only=N    only the class with this number (the order of the table below)
 *   lethal=N  in a million: how often what may end the VM is done (30)
 *   lives=N   after so many resets of the machine it ends for good (1)
 *   virtio=N so many virtio devices are there (0)
 *   trace=N   from operation N on, tell each before it is done
 * After a reset, its own or one that it has brought upon itself, it goes on with another
 * seed, which it tells. The clock chip's memory remembers how often that was. */
#include "fuzz.h"

#define ALL_CLASSES 99
#define NO_TRACE (~0UL)
#define RTC_SELECT 0x70
#define RTC_DATA 0x71
#define RTC_LIFE 0x40 /* a byte that outlasts a reset */
#define LIVES_MAX 200
#define LIFE_SEEDS 10000 /* from one life's seed to the next one's */
#define RESET_PORT 0xcf9
#define RESET_VALUE 6

static const struct class
{
	const char *name;
	unsigned weight;
	void (*run)(struct fuzz_cpu *f);
} classes[] = {
	{"code", 16, code_run},    {"paging", 3, paging_run}, {"ipi", 2, ipi_run},
	{"device", 3, device_run}, {"nap", 1, nap_run},       {"many", 2, many_run},
	{"virtio", 3, virtio_run},
};

static u64 ops, only, trace;
static u64 finished;

bool fuzz_traced(const struct fuzz_cpu *f)
{
	return f->ops >= trace;
}

void fuzz_reset(void)
{
	for (;;)
		outb(RESET_PORT, RESET_VALUE);
}

static const struct class *choose(struct fuzz_cpu *f)
{
	u64 all = 0, at;

	if (only < ARRAY_SIZE(classes))
		return &classes[only];
	for (unsigned i = 0; i < ARRAY_SIZE(classes); i++)
		all += classes[i].weight;
	at = random_below(f, all);
	for (unsigned i = 0;; i++) {
		if (at < classes[i].weight)
			return &classes[i];
		at -= classes[i].weight;
	}
}

static void run(unsigned index)
{
	struct fuzz_cpu *f = &FUZZ_CPUS[index];

	recover_cpu(f);
	while (f->ops < ops) {
		u64 state = f->random;
		const struct class *class = choose(f);

		f->ops++;
		if (fuzz_traced(f))
			print("fuzz: vcpu%u op %lu %s %lx\n", index, f->ops, class->name,
			      state);
		fuzz_try(f, class->run);
		recover_tidy(f);
	}
	if (__atomic_add_fetch(&finished, 1, __ATOMIC_RELAXED) >= cpu_count())
		fuzz_reset();
	for (;;) /* for the watcher this is progress */
		f->ops++;
}

static void first(unsigned index, u64 seed)
{
	FUZZ_CPUS[index] = (struct fuzz_cpu){.index = index};
	FUZZ_CPUS[index].random = (seed * FUZZ_CPUS_MAX + index + 1) *
				  0x9e3779b97f4a7c15UL;
}

/* The number of this life. Random writes may have changed the byte. */
static u64 count_life(void)
{
	u8 life;

	outb(RTC_SELECT, RTC_LIFE);
	life = inb(RTC_DATA);
	outb(RTC_SELECT, RTC_LIFE);
	outb(RTC_DATA, (u8)(life + 1));
	return life % LIVES_MAX;
}

int main(void)
{
	u64 life = count_life();
	u64 seed = option_number("seed=", 1) + life * LIFE_SEEDS;
	unsigned count = cpu_count();

	if (life >= option_number("lives=", 1))
		guest_exit(0);
	ops = option_number("ops=", 20000);
	only = option_number("only=", ALL_CLASSES);
	trace = option_number("trace=", NO_TRACE);
	random_set_virtio(option_number("virtio=", 0));
	random_set_lethal(option_number("lethal=", 30));
	for (unsigned i = 0; i < FUZZ_CPUS_MAX; i++)
		first(i, seed);
	print("fuzz: seed %lu, %lu operations on each of %u vCPUs\n", seed, ops, count);
	paging_prepare();
	recover_prepare();
	cpu_start_all(run);
	run(0);
	return 0;
}
