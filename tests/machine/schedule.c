// SPDX-License-Identifier: MIT
/* The storm under schedules of many kinds. The seed decides how often and for how long a
 * CPU is held up at the points that matter (include/points.h), and what happens to IPIs
 * on their way (include/ipi_fault.h): late, twice, or both. One that is lost for good has
 * to be found by the wait limit, which names the CPU: the test "lost". */
#include "arch/x86/lapic.h"
#include "arch/x86/trap.h"
#include "atomic.h"
#include "bits.h"
#include "cpu.h"
#include "harness.h"
#include "ipi_fault.h"
#include "points.h"
#include "printk.h"
#include "timer.h"
#include "vcpu/kick.h"

#define RARE_MAX 64   /* one in so many points or IPIs, at most */
#define SPINS_MAX 400 /* of a delay; each ends a basic block */
#define LATE_US_MAX 2000
#define SPINS_AFTER_MS 1000 /* a guest has said hello and makes no more exits */
#define STORM_PART 20       /* the storm is so much shorter */

/* [I] once the test runs. 0: never */
static u64 one_delay_in, one_late_in, one_double_in, spins_max, late_max;
static bool on;
static u32 lose_all; /* [A] from now on no IPI arrives */

/* [O] each CPU's own generator. */
static u64 states[MAX_CPUS];

/* IPIs under way, by target: a bit a kind, and when the first is due. */
enum { HELD_KICK, HELD_DOORBELL, HELD_NMI };
static struct held {
	u64 kinds; /* [A] */
	u64 due;   /* [A] */
} held[MAX_CPUS];
static u64 delays, late, doubled; /* [A] */
static u32 sending[MAX_CPUS];     /* [O] this CPU sends what was held: no fault on top */

static u64 random(void)
{
	u64 *s = &states[this_cpu()->id];

	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s >> 8;
}

static bool happens(u64 one_in)
{
	return one_in && random() % one_in == 0;
}

/* --- IPIs --- */

static void send_held(unsigned cpu)
{
	u64 kinds = xchg(&held[cpu].kinds, 0); /* TEST: pairs with hold() */
	u32 apic_id = cpu_of(cpu)->apic_id;

	sending[this_cpu()->id]++;
	if (kinds & BIT(HELD_KICK))
		lapic_send_ipi(apic_id, VECTOR_KICK);
	if (kinds & BIT(HELD_DOORBELL))
		lapic_send_ipi(apic_id, VECTOR_DOORBELL);
	if (kinds & BIT(HELD_NMI))
		lapic_send_nmi(apic_id);
	sending[this_cpu()->id]--;
}

static void send_what_is_due(void)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		/* TEST: hints; the xchg decides who sends */
		if (READ_ONCE(held[cpu].kinds) && tsc_now() > READ_ONCE(held[cpu].due))
			send_held(cpu);
	}
}

static void hold(unsigned cpu, u8 vector)
{
	u64 kind = vector == IPI_FAULT_NMI ? HELD_NMI
		   : vector == VECTOR_KICK ? HELD_KICK
					   : HELD_DOORBELL;

	WRITE_ONCE(held[cpu].due, tsc_now() + random() % late_max); /* TEST: a hint */
	atomic_fetch_or(&held[cpu].kinds, BIT(kind));
	atomic_fetch_add(&late, 1);
}

static unsigned cpu_with(u32 apic_id)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu_of(cpu)->apic_id == apic_id)
			return cpu;
	}
	return this_cpu()->id;
}

bool schedule_ipi(u32 apic_id, u8 vector)
{
	unsigned cpu;

	if (READ_ONCE(lose_all)) /* TEST: rises once */
		return true;
	if (!on || sending[this_cpu()->id])
		return false;
	cpu = cpu_with(apic_id);
	if (cpu == this_cpu()->id)
		return false;
	if (happens(one_late_in)) {
		hold(cpu, vector);
		return true;
	}
	if (happens(one_double_in)) {
		atomic_fetch_add(&doubled, 1);
		sending[this_cpu()->id]++;
		vector == IPI_FAULT_NMI ? lapic_send_nmi(apic_id)
					: lapic_send_ipi(apic_id, vector);
		sending[this_cpu()->id]--;
	}
	return false;
}

/* --- delays --- */

void schedule_delay(void)
{
	if (!on || sending[this_cpu()->id])
		return;
	send_what_is_due();
	if (!happens(one_delay_in))
		return;
	atomic_fetch_add(&delays, 1);
	for (u64 n = random() % spins_max; n; n--)
		cpu_relax();
}

/* --- the tests --- */

static void choose(u64 seed)
{
	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		states[cpu] = (seed * MAX_CPUS + cpu + 1) * 0x9e3779b97f4a7c15UL;
	one_delay_in = random() % 4 ? 1 + random() % RARE_MAX : 0;
	one_late_in = random() % 3 ? 1 + random() % RARE_MAX : 0;
	one_double_in = random() % 3 ? 1 + random() % RARE_MAX : 0;
	spins_max = 1 + random() % SPINS_MAX;
	late_max = 1 + random() % (tsc_khz() * LATE_US_MAX / 1000);
	printk("schedule: 1 point in %lu held up to %lu turns, 1 IPI in %lu late up to "
	       "%lu cycles, 1 in %lu twice\n",
	       one_delay_in, spins_max, one_late_in, late_max, one_double_in);
	on = true;
}

void schedule_report(void)
{
	if (on)
		printk("schedule: %lu delays, %lu IPIs late, %lu twice\n", delays, late,
		       doubled);
}

static void start(u64 seed)
{
	choose(seed);
	storm_shorten(STORM_PART);
	storm_test.start(seed);
}

const struct machine_test schedule_test = {"schedule", start, true};

/* The guest spins with interrupts off, so without the IPI it never answers. */
static struct worker loser;
static u64 lost_from;

static void lost_turn(struct worker *w)
{
	struct vm *vm = test_vm(0);

	if (!vm)
		lost_from = tsc_now() + tsc_khz() * SPINS_AFTER_MS;
	if (!vm || tsc_now() < lost_from)
		return;
	WRITE_ONCE(lose_all, 1); /* TEST: rises once */
	vm_request_all(vm, REQ_OUTSIDE);
	test_result("lost", false, "nobody has noticed");
	test_finish();
}

static void lost_start(u64 seed)
{
	worker_start(&loser, 0, lost_turn, BIT(1), 1, seed);
}

const struct machine_test lost_test = {"lost", lost_start, true};
