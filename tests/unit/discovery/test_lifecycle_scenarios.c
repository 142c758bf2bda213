/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_lifecycle_scenarios.c - runs tests/scenarios/NAME.scn, a test a file.
 *
 * tests/scenarios/README.md tells the language. Every expectation is the whole plan: an action
 * that is not written down fails the scenario as much as one that is missing.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/lifecycle.h"
#include "tests/unit/discovery/scenario.h"

enum {
    THINGS_MAX = 64,
    EPOCH_S = 1700000000, /* what a scenario calls 0 */
    ROLLCALLS = 3,
};

struct rollcall {
    struct lifecycle_memory *memory;
    struct lifecycle_plan plan;
};

/* The world as it looks now, and what is expected of the next reconciliation. */
struct stage {
    struct scenario scenario;
    int64_t now_s;
    struct scenario_line rules;
    struct scenario_line hooks[THINGS_MAX];
    struct scenario_line instances[THINGS_MAX];
    struct scenario_line servers[THINGS_MAX];
    size_t hook_count;
    size_t instance_count;
    size_t server_count;
    struct rollcall rollcalls[ROLLCALLS];
    struct rollcall *active;
    struct scenario_line expected[THINGS_MAX];
    size_t expected_count;
    bool is_expecting;
    struct arena arena;
};

/* The value of "key=value" among the words from `first` on, or NULL. "@N" is a moment. */
static const char *value_find(struct stage *stage, const struct scenario_line *thing, size_t first,
                              const char *key)
{
    size_t length = strlen(key);

    for (size_t i = first; i < thing->count; i++) {
        const char *value = thing->words[i] + length + 1;

        if (strncmp(thing->words[i], key, length) != 0 || thing->words[i][length] != '=') {
            continue;
        }
        if (value[0] == '@') {
            return arena_format(&stage->arena, "%" PRId64,
                                EPOCH_S + scenario_number(&stage->scenario, value + 1));
        }
        return value;
    }
    return NULL;
}

static int64_t seconds_find(struct stage *stage, const struct scenario_line *thing, size_t first,
                            const char *key, int64_t otherwise_s)
{
    const char *value = value_find(stage, thing, first, key);

    return value == NULL ? otherwise_s : scenario_number(&stage->scenario, value);
}

/* instance ID GROUP STATE; hook GROUP NAME launching|terminating heartbeat= global= */
static struct autoscaling_view *view_build(struct stage *stage)
{
    struct autoscaling_view *view = autoscaling_view_new();

    for (size_t i = 0; i < stage->instance_count; i++) {
        char **words = stage->instances[i].words;

        autoscaling_view_add_instance(view, words[1], words[2], words[3]);
    }
    for (size_t i = 0; i < stage->hook_count; i++) {
        struct scenario_line *thing = &stage->hooks[i];
        struct autoscaling_hook hook = {
            .group = thing->words[1],
            .name = thing->words[2],
            .is_terminating = strcmp(thing->words[3], "terminating") == 0,
            .heartbeat_timeout_s = seconds_find(stage, thing, 4, "heartbeat", 3600),
            .global_timeout_s = seconds_find(stage, thing, 4, "global", 172800),
        };

        autoscaling_view_add_hook(view, &hook);
    }
    autoscaling_view_finish(view);
    return view;
}

/* ec2 ID STATE ADDRESS TAG=VALUE... */
static struct inventory *inventory_build(struct stage *stage)
{
    struct inventory *inventory = inventory_new();

    for (size_t i = 0; i < stage->server_count; i++) {
        struct scenario_line *thing = &stage->servers[i];
        struct instance *instance = inventory_add(inventory);
        const char *address =
            thing->count < 4 || strcmp(thing->words[3], "-") == 0 ? NULL : thing->words[3];

        instance->id = thing->words[1];
        instance->state = instance_state_from_text(thing->words[2]);
        if (address != NULL && strchr(address, ':') != NULL) {
            instance->ipv6_address = address;
        } else {
            instance->private_address = address;
        }
        instance->weight_tag = value_find(stage, thing, 4, "srv_weight");
        instance->address_tag = value_find(stage, thing, 4, "ip_address");
        instance->drain_since_tag = value_find(stage, thing, 4, "srv_drain_since");
    }
    inventory_finish(inventory);
    return inventory;
}

static const char *action_text(struct stage *stage, const struct lifecycle_action *action)
{
    const char *name = lifecycle_action_name(action->kind);
    const char *last = action->kind == ACTION_TAG_LAUNCH ? action->address : action->hook;

    if (last == NULL) {
        return arena_format(&stage->arena, "%s %s", name, action->id);
    }
    return arena_format(&stage->arena, "%s %s %s", name, action->id, last);
}

static const char *words_join(struct stage *stage, const struct scenario_line *thing, size_t first)
{
    const char *text = "";

    for (size_t i = first; i < thing->count; i++) {
        text = arena_format(&stage->arena, "%s%s%s", text, i == first ? "" : " ", thing->words[i]);
    }
    return text;
}

static const char *NO_GROUPS[] = {NULL};

static void reconcile(struct stage *stage)
{
    struct autoscaling_view *view = view_build(stage);
    struct inventory *inventory = inventory_build(stage);
    const char *groups[] = {value_find(stage, &stage->rules, 1, "groups")};
    struct lifecycle_rules rules = {
        .launch_hook = value_find(stage, &stage->rules, 1, "launch"),
        .terminate_hook = value_find(stage, &stage->rules, 1, "terminate"),
        .drain_s = seconds_find(stage, &stage->rules, 1, "drain", 60),
        .groups = groups[0] == NULL ? NO_GROUPS : groups,
        .group_count = groups[0] == NULL ? 0 : 1,
    };

    stage->active->plan = lifecycle_reconcile(
        view, inventory, &rules, stage->active->memory,
        (struct lifecycle_moment){EPOCH_S + stage->now_s, false}, &stage->arena);
    inventory_free(inventory);
    autoscaling_view_free(view);
}

/* Look once, and compare the whole plan with what was expected. */
static void expectation_check(struct stage *stage)
{
    const struct lifecycle_plan *plan = &stage->active->plan;
    size_t matches = 0;

    if (!stage->is_expecting) {
        return;
    }
    reconcile(stage);
    for (size_t i = 0; i < plan->count; i++) {
        const char *text = action_text(stage, &plan->actions[i]);

        if (i >= stage->expected_count ||
            strcmp(text, words_join(stage, &stage->expected[i], 1)) != 0) {
            scenario_fail(&stage->scenario, "before this line, at %" PRId64 ": planned \"%s\"",
                          stage->now_s, text);
        }
        matches++;
    }
    if (matches < stage->expected_count) {
        scenario_fail(&stage->scenario, "before this line, at %" PRId64 ": \"%s\" was not planned",
                      stage->now_s, words_join(stage, &stage->expected[matches], 1));
    }
    stage->expected_count = 0;
    stage->is_expecting = false;
}

/* done | failed [ID]: what was planned was carried out, or never will be. */
static void outcome_note(struct stage *stage, const struct scenario_line *thing)
{
    const struct lifecycle_plan *plan = &stage->active->plan;
    const char *id = thing->count > 1 ? thing->words[1] : NULL;

    for (size_t i = 0; i < plan->count; i++) {
        if (id == NULL || strcmp(plan->actions[i].id, id) == 0) {
            lifecycle_note(stage->active->memory, &plan->actions[i], EPOCH_S + stage->now_s,
                           strcmp(thing->words[0], "failed") == 0);
        }
    }
}

/* A thing is known by its first `keys` words after the verb; the newer one stands. */
static void thing_put(struct stage *stage, struct scenario_line *things, size_t *count,
                      const struct scenario_line *thing, size_t keys)
{
    for (size_t i = 0; i < *count; i++) {
        size_t same = 1;

        while (same <= keys && strcmp(things[i].words[same], thing->words[same]) == 0) {
            same++;
        }
        if (same > keys) {
            things[i] = *thing;
            return;
        }
    }
    if (*count == THINGS_MAX || thing->count <= keys) {
        scenario_fail(&stage->scenario, "too many things, or too few words");
    }
    things[(*count)++] = *thing;
}

static void thing_drop(struct scenario_line *things, size_t *count, const char *id)
{
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        if (strcmp(things[i].words[1], id) != 0) {
            things[kept++] = things[i];
        }
    }
    *count = kept;
}

static void wake_check(struct stage *stage, const struct scenario_line *thing)
{
    int64_t next_s = stage->active->plan.next_s;
    int64_t expected_s = strcmp(thing->words[1], "never") == 0
                             ? 0
                             : EPOCH_S + scenario_number(&stage->scenario, thing->words[1]);

    if (next_s != expected_s) {
        scenario_fail(&stage->scenario, "wakes at %" PRId64 ", not at %s",
                      next_s == 0 ? 0 : next_s - EPOCH_S, thing->words[1]);
    }
}

static void standby_check(struct stage *stage, const struct scenario_line *thing)
{
    struct autoscaling_view *view = view_build(stage);
    const char *const *ids = NULL;
    size_t count = lifecycle_standby(view, &stage->arena, &ids);
    const char *text = count == 0 ? "none" : "";

    for (size_t i = 0; i < count; i++) {
        text = arena_format(&stage->arena, "%s%s%s", text, i == 0 ? "" : " ", ids[i]);
    }
    autoscaling_view_free(view);
    if (strcmp(text, words_join(stage, thing, 1)) != 0) {
        scenario_fail(&stage->scenario, "in standby: %s", text);
    }
}

static void restart(struct stage *stage)
{
    lifecycle_memory_free(stage->active->memory);
    stage->active->memory = lifecycle_memory_new();
    stage->active->plan = (struct lifecycle_plan){.count = 0};
}

static void world_change(struct stage *stage, const struct scenario_line *thing)
{
    const char *verb = thing->words[0];

    if (strcmp(verb, "rules") == 0) {
        stage->rules = *thing;
    } else if (strcmp(verb, "hook") == 0 && thing->count >= 4) {
        thing_put(stage, stage->hooks, &stage->hook_count, thing, 2);
    } else if (strcmp(verb, "instance") == 0 && thing->count == 4) {
        thing_put(stage, stage->instances, &stage->instance_count, thing, 1);
    } else if (strcmp(verb, "ec2") == 0 && thing->count >= 3) {
        thing_put(stage, stage->servers, &stage->server_count, thing, 1);
    } else if (strcmp(verb, "gone") == 0 && thing->count == 2) {
        thing_drop(stage->instances, &stage->instance_count, thing->words[1]);
    } else if (strcmp(verb, "lost") == 0 && thing->count == 2) {
        thing_drop(stage->servers, &stage->server_count, thing->words[1]);
    } else {
        scenario_fail(&stage->scenario, "\"%s\" is not understood", words_join(stage, thing, 0));
    }
}

static void command_run(struct stage *stage, const struct scenario_line *thing)
{
    const char *verb = thing->words[0];

    if (strcmp(verb, "expect") == 0 && thing->count > 1) {
        stage->is_expecting = true;
        if (strcmp(thing->words[1], "nothing") != 0) {
            assert_true(stage->expected_count < THINGS_MAX);
            stage->expected[stage->expected_count++] = *thing;
        }
        return;
    }
    expectation_check(stage);
    if (strcmp(verb, "done") == 0 || strcmp(verb, "failed") == 0) {
        outcome_note(stage, thing);
    } else if (strcmp(verb, "restart") == 0) {
        restart(stage);
    } else if (strcmp(verb, "wake") == 0 && thing->count == 2) {
        wake_check(stage, thing);
    } else if (strcmp(verb, "standby") == 0) {
        standby_check(stage, thing);
    } else {
        world_change(stage, thing);
    }
}

/* [at SECONDS] [A:|B:|C:] command ... */
static void line_run(void *owner, char *text)
{
    struct stage *stage = owner;
    struct scenario_line thing = scenario_cut(&stage->scenario, arena_string(&stage->arena, text));
    const char *moment = scenario_take_moment(&thing);
    int64_t now_s = moment == NULL ? stage->now_s : scenario_number(&stage->scenario, moment);
    struct rollcall *rollcall = &stage->rollcalls[0];

    if (thing.count > 1 && strlen(thing.words[0]) == 2 && thing.words[0][1] == ':') {
        size_t index = (size_t)(thing.words[0][0] - 'A');

        assert_true(index < ROLLCALLS);
        rollcall = &stage->rollcalls[index];
        scenario_drop(&thing, 1);
    }
    if (thing.count == 0) {
        return;
    }
    if (now_s != stage->now_s || rollcall != stage->active) {
        expectation_check(stage);
    }
    stage->now_s = now_s;
    stage->active = rollcall;
    command_run(stage, &thing);
}

static void file_run(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    char rules[] = "rules launch=srvCreation terminate=srvTermination drain=60";

    assert_non_null(stage);
    stage->scenario.path = *state;
    arena_init(&stage->arena);
    for (size_t i = 0; i < ROLLCALLS; i++) {
        stage->rollcalls[i].memory = lifecycle_memory_new();
    }
    stage->active = &stage->rollcalls[0];
    line_run(stage, rules);
    scenario_read(&stage->scenario, line_run, stage);
    expectation_check(stage);
    for (size_t i = 0; i < ROLLCALLS; i++) {
        lifecycle_memory_free(stage->rollcalls[i].memory);
    }
    arena_free(&stage->arena);
    free(stage);
}

int main(void)
{
    return scenario_run_group("scenarios", "tests/scenarios/*.scn", file_run);
}
