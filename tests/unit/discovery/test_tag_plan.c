/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_tag_plan.c - what an order changes, by percent, and the floor.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "discovery/tag_plan.h"
#include "tests/unit/discovery/fleet_stage.h"

enum { NOW_S = 1700000000, WEB_COUNT = 8 };

static const struct tag_change drain = {
    .kind = CHANGE_HOLD, .hold = {HOLD_DRAIN, 0, "me", ""},
         .value = "drain by=me"
};
static const struct tag_change ready = {.kind = CHANGE_READY};
static const struct tag_change weight_0 = {.kind = CHANGE_WEIGHT, .weight = 0, .value = "0"};
static const struct tag_change weight_9 = {.kind = CHANGE_WEIGHT, .weight = 9, .value = "9"};

struct scene {
    struct stage *stage;
    struct instance web[WEB_COUNT];
    char ids[WEB_COUNT][8];
    char addresses[WEB_COUNT][16];
    struct inventory *inventory;
    struct tag_plan plan;
};

static int scene_setup(void **state)
{
    struct scene *scene = memory_new(sizeof(*scene));
    void *stage = NULL;

    stage_setup(&stage);
    scene->stage = stage;
    scene->stage->settings.source_count = 1;
    for (size_t i = 0; i < WEB_COUNT; i++) {
        snprintf(scene->ids[i], sizeof(scene->ids[i]), "i-%zu", i);
        snprintf(scene->addresses[i], sizeof(scene->addresses[i]), "10.0.0.%zu", i + 1);
        scene->web[i] = fixture_instance(scene->ids[i], "web", scene->addresses[i]);
    }
    *state = scene;
    return 0;
}

static int scene_teardown(void **state)
{
    struct scene *scene = *state;
    void *stage = scene->stage;

    scene->stage->settings.source_count = 2;
    stage_teardown(&stage);
    inventory_free(scene->inventory);
    free(scene);
    return 0;
}

/* Plan a change of the whole cluster, or of the first `id_count` ids. */
static void plan(struct scene *scene, const struct tag_change *change, unsigned percent,
                 size_t id_count)
{
    struct arena *arena = &scene->stage->arena;
    const char *ids[WEB_COUNT];
    const struct candidate *candidates = NULL;
    struct selection selection;
    const struct selection_request request = {
        .ids = ids, .id_count = id_count, .cluster = id_count == 0 ? "web" : NULL};

    inventory_free(scene->inventory);
    scene->inventory = fixture_poll(scene->web, WEB_COUNT);
    fleet_apply(scene->stage->fleet, 0, scene->inventory, 1, NULL, NULL);
    const struct selection_ground ground = {.fleet = scene->stage->fleet,
                                            .settings = &scene->stage->settings,
                                            .inventories = &scene->inventory,
                                            .now_s = NOW_S};
    size_t count = selection_candidates(&ground, arena, &candidates);

    for (size_t i = 0; i < id_count; i++) {
        ids[i] = scene->ids[i];
    }
    assert_true(selection_make(&selection, candidates, count, &request, arena, NULL));
    tag_plan_make(&scene->plan,
                  &(struct tag_plan_order){&selection, candidates, count, change, percent, NOW_S},
                  arena);
}

/* One letter an entry: x is to be written. */
static void assert_chosen(const struct scene *scene, const char *expected)
{
    char text[WEB_COUNT + 1] = "";

    for (size_t i = 0; i < scene->plan.count; i++) {
        text[i] = scene->plan.entries[i].is_chosen ? 'x' : '.';
    }
    assert_string_equal(text, expected);
}

static void a_percentage_is_rounded_up_and_counts_who_is_held(void **state)
{
    static const struct {
        unsigned percent;
        const char *chosen;
    } rows[] = {
        {1,   "........"}, /* one is held already */
        {12,  "........"},
        {13,  "x......."},
        {25,  "x......."},
        {26,  "x.x....."},
        {50,  "x.xx...."},
        {99,  "x.xxxxxx"},
        {100, "xxxxxxxx"}, /* all: the one in maintenance is to
  drain as well */
    };
    struct scene *scene = *state;

    scene->web[1].hold_tag = "maint by=her";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        plan(scene, &drain, rows[i].percent, 0);
        assert_chosen(scene, rows[i].chosen);
    }
}

static void what_is_so_already_is_not_written(void **state)
{
    static const struct {
        const char *why;
        const char *hold;
        bool is_drained; /* by `drain` */
        bool is_readied;
    } rows[] = {
        {"no hold",                NULL,                               true,  false},
        {"the same",               "drain by=me",                      false, true },
        {"the same of another",    "drain by=her",                     false, true },
        {"another reason",         "drain by=me reason=because",       true,  true },
        {"another end",            "drain until=2039-01-01T00:00:00Z", true,  true },
        {"the other kind",         "maint",                            true,  true },
        {"one that has expired",   "drain until=2001-01-01T00:00:00Z", true,  true },
        {"one that is unreadable", "drian",                            true,  true },
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        scene->web[0].hold_tag = rows[i].hold;
        plan(scene, &drain, 100, 1);
        if (scene->plan.chosen != rows[i].is_drained) {
            fail_msg("drain: %s", rows[i].why);
        }
        plan(scene, &ready, 100, 1);
        if (scene->plan.chosen != rows[i].is_readied) {
            fail_msg("ready: %s", rows[i].why);
        }
    }
}

static void an_entry_tells_before_and_after(void **state)
{
    struct scene *scene = *state;

    scene->web[0].hold_tag = "maint";
    plan(scene, &drain, 100, 2);
    assert_string_equal(scene->plan.entries[0].before, "maint");
    assert_string_equal(scene->plan.entries[0].after, "drain by=me");
    assert_null(scene->plan.entries[1].before);
    plan(scene, &ready, 100, 2);
    assert_null(scene->plan.entries[0].after);
    plan(scene, &weight_9, 100, 1);
    assert_string_equal(scene->plan.entries[0].before, "65535");
    assert_string_equal(scene->plan.entries[0].after, "9");
}

static void a_member_without_tags_is_never_written(void **state)
{
    struct scene *scene = *state;
    const struct candidate candidate = {.id = "db-1", .origin = "sd.example.com", .cluster = "db"};
    const struct candidate *chosen[] = {&candidate};
    const struct selection selection = {.chosen = chosen, .count = 1};

    tag_plan_make(&scene->plan,
                  &(struct tag_plan_order){&selection, &candidate, 1, &drain, 100, NOW_S},
                  &scene->stage->arena);
    assert_int_equal(scene->plan.chosen, 0);
    assert_int_equal(scene->plan.effect_count, 0);
}

static void the_effect_counts_all_members_of_the_cluster(void **state)
{
    static const struct {
        const struct tag_change *change;
        size_t ids;
        size_t before;
        size_t after;
        bool is_breach;
    } rows[] = {
  /* Of 8 members 2 is held, 3 is in maintenance, 4 has weight 0. */
        {&drain,    1, 5, 4, false},
        {&drain,    2, 5, 3, true },
        {&drain,    4, 5, 3, true }, /* 2 and 3 were out before */
        {&weight_0, 1, 5, 4, false},
        {&weight_0, 2, 5, 3, true },
        {&weight_9, 4, 5, 5, false}, /* a weight takes no hold off */
        {&weight_9, 5, 5, 6, false},
        {&ready,    8, 5, 7, false},
    };
    struct scene *scene = *state;

    scene->web[2].hold_tag = "drain";
    scene->web[3].hold_tag = "maint";
    scene->web[4].weight_tag = "0";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        plan(scene, rows[i].change, 100, rows[i].ids);
        assert_int_equal(scene->plan.effect_count, 1);
        assert_string_equal(scene->plan.effects[0].cluster, "web");
        assert_int_equal(scene->plan.effects[0].members, WEB_COUNT);
        assert_int_equal(scene->plan.effects[0].before, rows[i].before);
        assert_int_equal(scene->plan.effects[0].after, rows[i].after);
        assert_int_equal(tag_plan_breach(&scene->plan) != NULL, rows[i].is_breach);
    }
}

static void the_floor_binds_only_what_makes_it_worse(void **state)
{
    struct scene *scene = *state;

    for (size_t i = 0; i < 6; i++) {
        scene->web[i].hold_tag = "maint";
    }
    plan(scene, &ready, 100, 1);
    assert_null(tag_plan_breach(&scene->plan)); /* 3 of 8, but more than before */
    plan(scene, &drain, 100, 6);
    assert_null(tag_plan_breach(&scene->plan)); /* from maint to drain: as many as before */
    plan(scene, &drain, 100, 7);
    assert_non_null(tag_plan_breach(&scene->plan));
}

static void a_single_member_cannot_be_taken_without_force(void **state)
{
    struct scene *scene = *state;

    for (size_t i = 1; i < WEB_COUNT; i++) {
        scene->web[i].group = "api";
    }
    plan(scene, &drain, 100, 1);
    assert_int_equal(scene->plan.effects[0].members, 1);
    assert_non_null(tag_plan_breach(&scene->plan));
}

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(a_percentage_is_rounded_up_and_counts_who_is_held),
        SCENE_TEST(what_is_so_already_is_not_written),
        SCENE_TEST(an_entry_tells_before_and_after),
        SCENE_TEST(a_member_without_tags_is_never_written),
        SCENE_TEST(the_effect_counts_all_members_of_the_cluster),
        SCENE_TEST(the_floor_binds_only_what_makes_it_worse),
        SCENE_TEST(a_single_member_cannot_be_taken_without_force),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
