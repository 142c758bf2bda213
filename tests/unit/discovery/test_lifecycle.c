/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_lifecycle.c - plans as values, and what is remembered between them.
 *
 * What follows from which state stands in tests/scenarios.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <string.h>

#include "discovery/lifecycle.h"

enum { NOW_S = 1700000000, FLEET = 2000 };

static const struct lifecycle_rules RULES = {
    .launch_hook = "srvCreation",
    .terminate_hook = "srvTermination",
    .drain_s = 60,
};

/* One look at both services, and the memory of who looks. */
struct look {
    struct autoscaling_view *view;
    struct inventory *inventory;
    struct lifecycle_memory *memory;
    struct arena arena;
};

static struct look look_new(void)
{
    static const struct autoscaling_hook hooks[] = {
        {"web", "srvCreation",    false, 3600, 172800},
        {"web", "srvTermination", true,  3600, 172800},
    };
    struct look look = {
        .view = autoscaling_view_new(),
        .inventory = inventory_new(),
        .memory = lifecycle_memory_new(),
    };

    autoscaling_view_add_hook(look.view, &hooks[0]);
    autoscaling_view_add_hook(look.view, &hooks[1]);
    arena_init(&look.arena);
    return look;
}

static void look_add(struct look *look, const char *id, const char *state, const char *weight)
{
    struct instance *instance = inventory_add(look->inventory);

    instance->id = arena_string(&look->inventory->arena, id);
    instance->state = STATE_RUNNING;
    instance->private_address = "10.0.0.1";
    instance->weight_tag = weight;
    autoscaling_view_add_instance(look->view, id, "web", state);
}

static struct lifecycle_plan look_plan_at(struct look *look, struct lifecycle_moment moment)
{
    autoscaling_view_finish(look->view);
    inventory_finish(look->inventory);
    return lifecycle_reconcile(look->view, look->inventory, &RULES, look->memory, moment,
                               &look->arena);
}

static struct lifecycle_plan look_plan(struct look *look, int64_t now_s)
{
    return look_plan_at(look, (struct lifecycle_moment){.now_s = now_s});
}

static void look_free(struct look *look)
{
    lifecycle_memory_free(look->memory);
    inventory_free(look->inventory);
    autoscaling_view_free(look->view);
    arena_free(&look->arena);
}

/* Forget what was seen, not what was done. */
static void look_again(struct look *look)
{
    struct look fresh = look_new();

    lifecycle_memory_free(fresh.memory);
    inventory_free(look->inventory);
    autoscaling_view_free(look->view);
    look->inventory = fresh.inventory;
    look->view = fresh.view;
}

static void a_plan_outlives_what_it_was_made_from(void **state)
{
    struct look look = look_new();
    struct lifecycle_plan plan;

    (void)state;
    look_add(&look, "i-1", "Pending:Wait", NULL);
    look_add(&look, "i-2", "Pending:Wait", "65535");
    plan = look_plan(&look, NOW_S);
    look_again(&look);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.actions[0].kind, ACTION_TAG_LAUNCH);
    assert_string_equal(plan.actions[0].id, "i-1");
    assert_string_equal(plan.actions[0].group, "web");
    assert_string_equal(plan.actions[0].address, "10.0.0.1");
    assert_null(plan.actions[0].hook);
    assert_int_equal(plan.actions[1].kind, ACTION_CONTINUE);
    assert_string_equal(plan.actions[1].hook, "srvCreation");
    assert_null(plan.actions[1].address);
    look_free(&look);
}

static void nothing_to_look_at_is_nothing_to_do(void **state)
{
    struct look look = look_new();
    struct lifecycle_plan plan = look_plan(&look, NOW_S);

    (void)state;
    assert_int_equal(plan.count, 0);
    assert_int_equal(plan.next_s, 0);
    look_free(&look);
}

static void a_note_about_an_instance_that_is_gone_is_ignored(void **state)
{
    struct look look = look_new();
    struct lifecycle_action action = {.kind = ACTION_TAG_LAUNCH, .id = "i-1", .group = "web"};

    (void)state;
    lifecycle_note(look.memory, &action, NOW_S, true);
    look_add(&look, "i-1", "Pending:Wait", NULL);
    assert_int_equal(look_plan(&look, NOW_S).count, 1);
    look_free(&look);
}

static void what_was_done_is_forgotten_with_the_instance(void **state)
{
    struct look look = look_new();
    struct lifecycle_plan plan;

    (void)state;
    look_add(&look, "i-1", "Pending:Wait", NULL);
    plan = look_plan(&look, NOW_S);
    lifecycle_note(look.memory, &plan.actions[0], NOW_S, true);
    assert_int_equal(look_plan(&look, NOW_S + 1).count, 0);
    look_again(&look);
    assert_int_equal(look_plan(&look, NOW_S + 2).count, 0);
    look_add(&look, "i-1", "Pending:Wait", NULL);
    assert_int_equal(look_plan(&look, NOW_S + 3).count, 1);
    look_free(&look);
}

static void a_failure_for_good_gives_way_to_a_later_success(void **state)
{
    struct look look = look_new();
    struct lifecycle_plan plan;

    (void)state;
    look_add(&look, "i-1", "Pending:Wait", NULL);
    plan = look_plan(&look, NOW_S);
    lifecycle_note(look.memory, &plan.actions[0], NOW_S, true);
    lifecycle_note(look.memory, &plan.actions[0], NOW_S + 1, false);
    assert_int_equal(look_plan(&look, NOW_S + 2).count, 0);
    assert_int_equal(look_plan(&look, NOW_S + 31).count, 1);
    look_free(&look);
}

static void more_notes_than_there_is_room_for_drop_the_oldest(void **state)
{
    struct look look = look_new();
    char hook[32];

    (void)state;
    look_add(&look, "i-1", "Pending:Wait", "65535");
    assert_int_equal(look_plan(&look, NOW_S).count, 1);
    for (int i = 0; i < 100; i++) {
        struct lifecycle_action action = {.kind = ACTION_CONTINUE, .id = "i-1", .hook = hook};

        snprintf(hook, sizeof(hook), "hook-%d", i);
        lifecycle_note(look.memory, &action, NOW_S + i, false);
    }
    snprintf(hook, sizeof(hook), "srvCreation");
    lifecycle_note(look.memory,
                   &(struct lifecycle_action){.kind = ACTION_CONTINUE, .id = "i-1", .hook = hook},
                   NOW_S + 100, false);
    assert_int_equal(look_plan(&look, NOW_S + 101).count, 0);
    look_free(&look);
}

static void each_of_many_instances_has_its_own_notes(void **state)
{
    struct look look = look_new();
    struct lifecycle_plan plan;
    char id[16];

    (void)state;
    for (int i = 0; i < FLEET; i++) {
        snprintf(id, sizeof(id), "i-%d", (i * 7919) % FLEET);
        look_add(&look, id, "Pending:Wait", NULL);
    }
    plan = look_plan(&look, NOW_S);
    assert_int_equal(plan.count, FLEET);
    for (size_t i = 1; i < plan.count; i++) {
        assert_true(strcmp(plan.actions[i - 1].id, plan.actions[i].id) < 0);
    }
    for (size_t i = 0; i < plan.count; i += 2) {
        lifecycle_note(look.memory, &plan.actions[i], NOW_S, false);
    }
    assert_int_equal(look_plan(&look, NOW_S + 1).count, FLEET / 2);
    look_free(&look);
}

/* What the tags looked like long ago: who looks untagged may be served, and the other way round. */
static void an_old_picture_is_good_for_heartbeats_and_one_drain_alone(void **state)
{
    static const struct {
        const char *why;
        const char *state;
        const char *weight;
        const char *since;
        int expected; /* -1: nothing */
    } cases[] = {
        {"a launch to tag",      "Pending:Wait",     NULL,    NULL,         -1              },
        {"a launch to go on",    "Pending:Wait",     "65535", NULL,         -1              },
        {"an end without tags",  "Terminating:Wait", NULL,    NULL,         -1              },
        {"a drain that is over", "Terminating:Wait", "0",     "1600000000", -1              },
        {"a drain to begin",     "Terminating:Wait", "65535", NULL,         ACTION_TAG_DRAIN},
    };
    const struct lifecycle_moment moment = {.now_s = NOW_S, .is_inventory_old = true};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct look look = look_new();
        struct lifecycle_plan plan;

        look_add(&look, "i-1", cases[i].state, cases[i].weight);
        look.inventory->instances[0].drain_since_tag = cases[i].since;
        plan = look_plan_at(&look, moment);
        if (plan.count != (cases[i].expected < 0 ? 0 : 1) ||
            (plan.count > 0 && (int)plan.actions[0].kind != cases[i].expected)) {
            fail_msg("%s", cases[i].why);
        }
        look_free(&look);
    }
}

static void a_drain_that_an_old_picture_does_not_show_is_not_begun_anew(void **state)
{
    struct lifecycle_moment moment = {.now_s = NOW_S, .is_inventory_old = true};
    struct look look = look_new();
    struct lifecycle_plan plan;

    (void)state;
    look_add(&look, "i-1", "Terminating:Wait", "65535");
    plan = look_plan_at(&look, moment);
    assert_int_equal(plan.count, 1);
    lifecycle_note(look.memory, &plan.actions[0], NOW_S, false);
    for (moment.now_s = NOW_S; moment.now_s < NOW_S + 600; moment.now_s++) {
        assert_int_equal(look_plan_at(&look, moment).count, 0);
    }
    look_free(&look);
}

static void every_action_has_a_name(void **state)
{
    (void)state;
    for (int kind = ACTION_TAG_LAUNCH; kind <= ACTION_HEARTBEAT; kind++) {
        assert_true(strlen(lifecycle_action_name((enum lifecycle_action_kind)kind)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_outlives_what_it_was_made_from),
        cmocka_unit_test(nothing_to_look_at_is_nothing_to_do),
        cmocka_unit_test(a_note_about_an_instance_that_is_gone_is_ignored),
        cmocka_unit_test(what_was_done_is_forgotten_with_the_instance),
        cmocka_unit_test(a_failure_for_good_gives_way_to_a_later_success),
        cmocka_unit_test(more_notes_than_there_is_room_for_drop_the_oldest),
        cmocka_unit_test(each_of_many_instances_has_its_own_notes),
        cmocka_unit_test(an_old_picture_is_good_for_heartbeats_and_one_drain_alone),
        cmocka_unit_test(a_drain_that_an_old_picture_does_not_show_is_not_begun_anew),
        cmocka_unit_test(every_action_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
