// SPDX-License-Identifier: MIT
/* The explorer as a program:
 *
 *   explorer list                    the scenarios, one a line, with the models (bits in
 *                                    hexadecimal) under which they are too large
 *   explorer run SCENARIO MODEL      explore; prints one line for the table, and a
 * failing                                    interleaving before it. Status 1: it failed
 *   explorer replay SCENARIO MODEL PATH   follow the path that a failing run has
 * printed */
#include "explore.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 65536

static const struct memory_model *const models[] = {&model_sc, &model_tso, &model_weak};

static const struct scenario *find_scenario(const char *name)
{
	for (unsigned i = 0; i < scenario_count; i++) {
		if (!strcmp(scenarios[i]->name, name))
			return scenarios[i];
	}
	fprintf(stderr, "explorer: no scenario %s\n", name);
	exit(2);
}

static enum model_id find_model(const char *name)
{
	for (unsigned i = 0; i < MODEL_COUNT; i++) {
		if (!strcmp(models[i]->name, name))
			return (enum model_id)i;
	}
	fprintf(stderr, "explorer: no model %s (there are sc, tso, weak)\n", name);
	exit(2);
}

/* A call of something that the model has not ends at address 0. */
static void crashed(int signal)
{
	static const char text[] =
		"explorer: the code under test has crashed, or has called "
		"what the model lacks\n";

	if (fwrite(text, 1, sizeof(text) - 1, stderr))
		fflush(stderr);
	_Exit(3);
}

static void catch_crashes(void)
{
	static u8 stack[65536];
	stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_ONSTACK};

	sigaltstack(&alternative, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static int list(void)
{
	for (unsigned i = 0; i < scenario_count; i++)
		printf("%s\t%s\t%x\t%s\n", scenarios[i]->name,
		       scenarios[i]->litmus ? "litmus" : "kick", scenarios[i]->too_large,
		       scenarios[i]->says);
	return 0;
}

static void show(const struct scenario *s, enum model_id id, struct result *result)
{
	static char text[PATH_BYTES];

	if (!s->litmus)
		explore_shorten(s, result);
	replay_encode(s, result, text, sizeof(text));
	printf("%s under %s fails: %s\n", s->name, models[id]->name, result->why);
	printf("%s\n", s->says);
	replay_run(s, text);
	printf("  => %s\n", failure[0] ? failure : "the replay did not get there");
	printf("  again: make check-model REPLAY=%s:%s:%s\n\n", s->name, models[id]->name,
	       text);
}

static const char *verdict(const struct scenario *s, enum model_id id,
			   const struct result *result, bool *held)
{
	if (s->litmus) {
		*held = result->failed == (s->reached_under >> id & 1);
		return result->failed ? "reached" : "never";
	}
	*held = !result->failed;
	if (result->failed)
		return "FAILS";
	if (weak_paths_cut)
		*held = false;
	return weak_paths_cut ? "CUT" : "holds";
}

static int run(const struct scenario *s, enum model_id id)
{
	struct result result = explore(s, models[id]);
	bool held;
	const char *said = verdict(s, id, &result, &held);

	if (!held && result.failed)
		show(s, id, &result);
	printf("row\t%s\t%s\t%s\t%lu\t%lu\t%.2f\t%s\t%s\n", s->name, models[id]->name,
	       id != MODEL_WEAK ? "all"
	       : s->append_only ? "append"
				: "full",
	       result.states, result.transitions, result.seconds, said,
	       held ? "ok" : "not ok");
	return held ? 0 : 1;
}

static int replay(const struct scenario *s, enum model_id id, const char *path)
{
	bool followed;

	model = models[id];
	followed = replay_run(s, path);
	if (!followed)
		printf("  => this source has no such interleaving\n");
	else
		printf("  => %s\n", failure[0] ? failure : "nothing is wrong at its end");
	return failure[0] ? 1 : 0;
}

int main(int argc, char **argv)
{
	catch_crashes();
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list();
	if (argc == 4 && !strcmp(argv[1], "run"))
		return run(find_scenario(argv[2]), find_model(argv[3]));
	if (argc == 5 && !strcmp(argv[1], "replay"))
		return replay(find_scenario(argv[2]), find_model(argv[3]), argv[4]);
	fprintf(stderr, "usage: explorer list | run SCENARIO MODEL | "
			"replay SCENARIO MODEL PATH\n");
	return 2;
}
