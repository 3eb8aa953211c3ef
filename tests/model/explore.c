// SPDX-License-Identifier: MIT
/* The search: every state that can be reached, each once. A step lets one CPU's announced
 * operation happen in one of its ways, and that CPU run on to its next. Going back is
 * putting a saved state back. */
#include "explore.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_DEPTH 20000
#define LAST_STEPS 3000               /* of a search that will begin anew */
#define MAX_STEPS 64                  /* from one state */
#define SHORTEST_BYTES (1500ul << 20) /* of memory for the shortest counterexample */

struct node {
	u8 *data; /* the state; NULL: there is no other way to go from it */
	struct step steps[MAX_STEPS];
	u8 count, next;
};

bool restart_wanted;
static bool path_over; /* this path cannot go on: something new was found on it */
static struct node nodes[MAX_DEPTH];
static struct step path[MAX_DEPTH];

void explore_restart(void)
{
	restart_wanted = path_over = true;
	if (sim_running >= 0)
		coroutine_yield();
}

/* --- one operation --- */

static void take_ipi(unsigned cpu)
{
	sim[cpu].op.result = sim[cpu].pending;
	if (!sim[cpu].pending)
		return;
	sim[cpu].pending = 0;
	model->take(cpu);
}

static void watch(unsigned cpu, const struct op *op)
{
	if (op->kind != OP_STORE)
		sim[cpu].watched[op->location / 64] |= 1ul << op->location % 64;
}

static void perform_other(unsigned cpu, struct op *op, unsigned way)
{
	switch (op->kind) {
	case OP_RELAX:
		memset(sim[cpu].watched, 0, sizeof(sim[cpu].watched));
		sim[cpu].changed = sim[cpu].polls = 0;
		break;
	case OP_SEND_IPI:
		sim[op->value].pending = 1;
		model->send(cpu, (unsigned)op->value);
		break;
	case OP_TAKE_IPI:
		sim[cpu].polls = 1;
		take_ipi(cpu);
		break;
	case OP_WAIT_IPI:
		if (!way)
			take_ipi(cpu);
		break;
	case OP_CHOICE:
		op->result = way;
	}
}

static bool is_memory(const struct op *op)
{
	return op->kind >= OP_LOAD && op->kind <= OP_FENCE;
}

void explore_perform(struct step step)
{
	struct op *op = &sim[step.cpu].op;
	const char *how = NULL;

	if (replaying && is_memory(op))
		how = model->explain(step.cpu, op, step.way);
	sim_steps[step.cpu]++;
	if (!is_memory(op)) {
		perform_other(step.cpu, op, step.way);
	} else {
		model->perform(step.cpu, op, step.way);
		if (op->kind != OP_FENCE)
			watch(step.cpu, op);
	}
	if (replaying)
		report_op(step.cpu, op, step.way, how);
}

void explore_step(struct step step)
{
	if (step.way == WAY_DRAIN) {
		if (replaying)
			report_drain(step.cpu);
		model->drain(step.cpu);
	} else {
		explore_perform(step);
		if (!failure[0])
			coroutine_resume(step.cpu);
	}
	arena_keep_forgotten();
}

unsigned explore_ways(unsigned cpu, bool *optional)
{
	const struct op *op = &sim[cpu].op;

	*optional = false;
	switch (op->kind) {
	case OP_END:
		return 0;
	case OP_RELAX:
		return sim[cpu].changed || (sim[cpu].pending && sim[cpu].polls) ||
		       model->unread(cpu);
	case OP_WAIT_IPI:
		*optional = !sim[cpu].pending;
		return op->how ? 2 : sim[cpu].pending;
	case OP_CHOICE:
		return (unsigned)op->value;
	default:
		return is_memory(op) ? model->ways(cpu, op) : 1;
	}
}

/* --- checks --- */

void explore_check(const struct scenario *scenario)
{
	if (scenario->always && !failure[0])
		scenario->always();
}

void explore_check_end(const struct scenario *scenario)
{
	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		const struct op *op = &sim[cpu].op;

		if (op->kind != OP_END && op->kind != OP_WAIT_IPI)
			model_fail("cpu%u waits for ever at %s:%d", cpu, op->file,
				   op->line);
	}
	if (!failure[0] && scenario->at_end)
		scenario->at_end();
}

/* --- the beginning --- */

/* Run one CPU alone until it waits for an interrupt. */
static void warm_up(unsigned cpu)
{
	bool optional;

	while (!failure[0] && !restart_wanted && sim[cpu].op.kind != OP_WAIT_IPI) {
		while (model->can_drain(cpu))
			model->drain(cpu);
		if (!explore_ways(cpu, &optional)) {
			model_fail("cpu%u does not get into its guest", cpu);
			return;
		}
		explore_step((struct step){(u8)cpu, 0});
	}
	while (model->can_drain(cpu))
		model->drain(cpu);
}

static bool is_new(unsigned cpu)
{
	return sim[cpu].op.kind == OP_NONE && !restart_wanted && !failure[0];
}

void explore_begin(const struct scenario *scenario)
{
	bool print = replaying;

	failure[0] = '\0';
	restart_wanted = path_over = false;
	locations_begin();
	arena_reset();
	coroutines_reset(scenario->cpu);
	if (scenario->setup)
		scenario->setup();
	arena_keep_forgotten();
	model->settle();
	replaying = false;
	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		if (scenario->warm >> cpu & 1 && is_new(cpu)) {
			coroutine_resume(cpu);
			warm_up(cpu);
		}
	}
	model->settle();
	memset(sim_steps, 0, sizeof(sim_steps));
	arena_keep_forgotten();
	arena_begin();
	replaying = print;
	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		if (is_new(cpu))
			coroutine_resume(cpu);
	}
	arena_keep_forgotten();
}

/* --- depth first --- */

static void add_step(struct node *node, unsigned cpu, unsigned way)
{
	if (node->count == MAX_STEPS)
		abort();
	node->steps[node->count++] = (struct step){(u8)cpu, (u8)way};
}

/* All steps from here. False: none that must happen. */
static bool list_steps(struct node *node)
{
	bool optional, must = false;

	node->count = node->next = 0;
	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		unsigned ways = explore_ways(cpu, &optional);
		unsigned first = sim[cpu].op.kind == OP_WAIT_IPI && !sim[cpu].pending;

		must |= ways && !optional;
		for (unsigned way = first; way < ways; way++)
			add_step(node, cpu, way);
		if (model->can_drain(cpu)) {
			add_step(node, cpu, WAY_DRAIN);
			must = true;
		}
	}
	return must;
}

static void keep(struct node *node, struct state state)
{
	node->data = NULL;
	if (node->count < 2)
		return;
	node->data = malloc(state.bytes);
	if (!node->data)
		abort();
	memcpy(node->data, state.data, state.bytes);
}

static void search(const struct scenario *scenario, struct result *result)
{
	unsigned depth = 1, further = LAST_STEPS;

	visited_add(arena_hash(arena_save()));
	if (!list_steps(&nodes[0]))
		explore_check_end(scenario);
	if (failure[0])
		return;
	keep(&nodes[0], arena_save());
	while (depth && !failure[0] && further) {
		struct node *node = &nodes[depth - 1];
		struct state state;

		if (node->next == node->count) {
			free(node->data);
			depth--;
			continue;
		}
		if (node->next)
			arena_restore(node->data);
		path[depth - 1] = node->steps[node->next++];
		explore_step(path[depth - 1]);
		result->transitions++;
		further -= restart_wanted;
		if (path_over) {
			path_over = false;
			failure[0] = '\0';
			continue;
		}
		explore_check(scenario);
		state = arena_save();
		if (failure[0] || !visited_add(arena_hash(state)))
			continue;
		if (depth == MAX_DEPTH)
			abort();
		if (!list_steps(&nodes[depth]))
			explore_check_end(scenario);
		if (failure[0])
			break;
		keep(&nodes[depth++], state);
	}
	result->length = depth;
	for (unsigned i = 0; i < depth; i++)
		free(nodes[i].data);
}

/* --- breadth first, for the shortest counterexample --- */

struct link {
	u8 *data;
	unsigned parent, depth;
	struct step step;
};

static void back_along(const struct link *links, unsigned last, struct result *result)
{
	result->length = links[last].depth;
	result->path = realloc(result->path, result->length * sizeof(struct step));
	for (unsigned i = last; links[i].depth; i = links[i].parent)
		result->path[links[i].depth - 1] = links[i].step;
}

/* Replaces the path by a shortest one, if there is memory enough to find it. False: more
 * became known to be shared, so the path is out of date. */
static bool shorten(const struct scenario *scenario, struct result *result)
{
	unsigned size = 1u << 16, count = 1;
	struct link *links = malloc(size * sizeof(*links));
	u64 used = 0;
	struct state state;
	struct node node;

	visited_clear();
	explore_begin(scenario);
	state = arena_save();
	visited_add(arena_hash(state));
	links[0] = (struct link){.data = malloc(state.bytes)};
	memcpy(links[0].data, state.data, state.bytes);
	for (unsigned at = 0; at < count && used < SHORTEST_BYTES; at++) {
		arena_restore(links[at].data);
		failure[0] = '\0';
		if (!list_steps(&node))
			explore_check_end(scenario);
		if (failure[0]) {
			back_along(links, at, result);
			break;
		}
		for (unsigned i = 0; i < node.count && !failure[0]; i++) {
			arena_restore(links[at].data);
			explore_step(node.steps[i]);
			if (restart_wanted) {
				used = SHORTEST_BYTES;
				break;
			}
			explore_check(scenario);
			state = arena_save();
			if (!failure[0] && !visited_add(arena_hash(state)))
				continue;
			if (count == size)
				links = realloc(links, (size *= 2) * sizeof(*links));
			links[count] = (struct link){.data = malloc(state.bytes),
						     .parent = at,
						     .depth = links[at].depth + 1,
						     .step = node.steps[i]};
			memcpy(links[count++].data, state.data, state.bytes);
			used += state.bytes;
			if (failure[0])
				back_along(links, count - 1, result);
		}
		if (failure[0])
			break;
		free(links[at].data);
		links[at].data = NULL;
	}
	for (unsigned i = 0; i < count; i++)
		free(links[i].data);
	free(links);
	return !restart_wanted;
}

/* --- a whole scenario under one model --- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Search until nothing more becomes known to be shared. */
static void search_all(const struct scenario *scenario, struct result *result)
{
	static char why[sizeof(failure)];

	do {
		result->transitions = 0;
		result->length = 0;
		visited_clear();
		explore_begin(scenario);
		if (!restart_wanted && !failure[0])
			search(scenario, result);
		result->states = visited_count();
	} while (restart_wanted);
	result->failed = failure[0];
	if (!result->failed)
		return;
	memcpy(why, failure, sizeof(why));
	result->why = why;
	result->path = realloc(result->path, (result->length + 1) * sizeof(struct step));
	memcpy(result->path, path, result->length * sizeof(struct step));
}

struct result explore(const struct scenario *scenario, const struct memory_model *with)
{
	struct result result = {0};
	double start = now();

	model = with;
	locations_clear();
	arena_forget_lines();
	weak_append_only = scenario->append_only;
	weak_paths_cut = 0;
	search_all(scenario, &result);
	result.seconds = now() - start;
	return result;
}

void explore_shorten(const struct scenario *scenario, struct result *result)
{
	struct result again = *result;

	while (!shorten(scenario, &again))
		search_all(scenario, &again);
	result->path = again.path;
	result->length = again.length;
}
