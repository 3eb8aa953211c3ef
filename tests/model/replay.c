// SPDX-License-Identifier: MIT
/* A path as text, so that it can be followed again. It says which CPU goes on until how
 * many of its operations are done, and what is out of the ordinary:
 *
 *   0.14   cpu0 goes on until 14 operations are done, each in its first way
 *   0w2    cpu0 does one operation, in its way number 2
 *   0d9    cpu0's store buffer drains up to its store that was operation 9
 *
 * All operations are counted, shared or not, so the text does not depend on what the
 * search has found out to be shared. */
#include "explore.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t add(char *text, size_t at, size_t bytes, unsigned cpu, char kind,
		  unsigned n)
{
	int room = (int)(bytes - at);
	int used = snprintf(text + at, bytes - at, "%s%u%c%u", at ? "," : "", cpu, kind,
			    n);

	return used < room ? at + (size_t)used : at;
}

void replay_encode(const struct scenario *scenario, const struct result *result,
		   char *text, size_t bytes)
{
	u32 written[MODEL_CPUS] = {0};
	size_t at = 0;

	text[0] = '\0';
	explore_begin(scenario);
	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		if (sim_steps[cpu])
			at = add(text, at, bytes, cpu, '.', sim_steps[cpu]);
		written[cpu] = sim_steps[cpu];
	}
	for (unsigned i = 0; i < result->length; i++) {
		struct step step = result->path[i];
		bool last = i + 1 == result->length ||
			    result->path[i + 1].cpu != step.cpu ||
			    result->path[i + 1].way;

		if (step.way == WAY_DRAIN)
			at = add(text, at, bytes, step.cpu, 'd', tso_oldest(step.cpu));
		else if (step.way)
			at = add(text, at, bytes, step.cpu, 'w', step.way);
		explore_step(step);
		if (last && sim_steps[step.cpu] != written[step.cpu] &&
		    step.way != WAY_DRAIN) {
			at = add(text, at, bytes, step.cpu, '.', sim_steps[step.cpu]);
			written[step.cpu] = sim_steps[step.cpu];
		}
	}
}

static bool over(void)
{
	return failure[0] || restart_wanted;
}

static bool do_one(unsigned cpu, unsigned way)
{
	bool optional;

	/* Stores that only this CPU sees were not buffered in the search. */
	while (!explore_ways(cpu, &optional) && model->can_drain(cpu))
		explore_step((struct step){(u8)cpu, WAY_DRAIN});
	if (way >= explore_ways(cpu, &optional))
		return false;
	explore_step((struct step){(u8)cpu, (u8)way});
	return true;
}

/* One item of the text. False: this source has no such step. */
static bool follow(unsigned cpu, char kind, unsigned n)
{
	switch (kind) {
	case '.':
		while (sim_steps[cpu] < n && !over()) {
			if (!do_one(cpu, 0))
				return false;
		}
		return true;
	case 'w':
		return do_one(cpu, n);
	case 'd':
		while (tso_oldest(cpu) <= n)
			explore_step((struct step){(u8)cpu, WAY_DRAIN});
		return true;
	}
	return false;
}

static bool follow_all(const struct scenario *scenario, const char *text)
{
	unsigned cpu, n;
	char kind;
	int used;

	explore_begin(scenario);
	while (!over() && sscanf(text, "%u%c%u%n", &cpu, &kind, &n, &used) == 3) {
		if (cpu >= MODEL_CPUS || !follow(cpu, kind, n))
			return false;
		explore_check(scenario);
		text += used;
		text += *text == ',';
	}
	if (!over())
		explore_check_end(scenario);
	return !*text || failure[0];
}

bool replay_run(const struct scenario *scenario, const char *text)
{
	bool followed;

	weak_append_only = scenario->append_only;
	replaying = true;
	locations_share_all(true);
	do {
		report_begin(false);
		followed = follow_all(scenario, text);
	} while (restart_wanted);
	report_begin(true);
	follow_all(scenario, text);
	replaying = false;
	locations_share_all(false);
	return followed;
}
