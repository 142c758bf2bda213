/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_selection.c - who is meant, and what is said when it is nobody.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "discovery/selection.h"
#include "tests/unit/discovery/fleet_stage.h"

struct scene {
    struct stage *stage;
    struct inventory *inventories[2];
    const struct candidate *candidates;
    size_t count;
    struct selection selection;
    struct error error;
};

static int scene_setup(void **state)
{
    struct scene *scene = memory_new(sizeof(*scene));
    void *stage = NULL;

    stage_setup(&stage);
    scene->stage = stage;
    *state = scene;
    return 0;
}

static int scene_teardown(void **state)
{
    struct scene *scene = *state;
    void *stage = scene->stage;

    stage_teardown(&stage);
    inventory_free(scene->inventories[0]);
    free(scene);
    return 0;
}

/* The first source is EC2, the second a file. */
static void look(struct scene *scene)
{
    struct instance away = fixture_instance("i-9", "web", "10.0.0.9");
    struct instance pending = fixture_instance("i-7", "web", "10.0.0.7");
    struct instance unweighted = fixture_instance("i-8", "web", "10.0.0.8");
    struct instance b = fixture_instance("i-2", "web", "10.0.0.2");

    away.state = STATE_SHUTTING_DOWN;
    pending.state = STATE_PENDING;
    unweighted.weight_tag = NULL;
    b.az = "eu-west-1b";
    const struct instance instances[] = {
        fixture_instance("i-3", "api", "10.0.0.3"),
        b,
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-6", "bad name", "10.0.0.6"),
        pending,
        unweighted,
        away,
        {.id = "i-5", .state = STATE_RUNNING},
    };
    const struct instance members[] = {fixture_instance("db-1", "db", "10.0.1.1")};
    const struct selection_ground ground = {.fleet = scene->stage->fleet,
                                            .settings = &scene->stage->settings,
                                            .inventories = scene->inventories};

    scene->inventories[0] = fixture_poll(instances, sizeof(instances) / sizeof(instances[0]));
    fleet_apply(scene->stage->fleet, 0, scene->inventories[0], 1, NULL, NULL);
    stage_poll(scene->stage, 1, members, 1);
    scene->count = selection_candidates(&ground, &scene->stage->arena, &scene->candidates);
}

static bool choose(struct scene *scene, const struct selection_request *request)
{
    return selection_make(&scene->selection, scene->candidates, scene->count, request,
                          &scene->stage->arena, &scene->error);
}

static void assert_chosen(const struct scene *scene, const char *expected)
{
    char text[128] = "";
    size_t length = 0;

    for (size_t i = 0; i < scene->selection.count; i++) {
        length += (size_t)snprintf(&text[length], sizeof(text) - length, "%s%s", i == 0 ? "" : " ",
                                   scene->selection.chosen[i]->id);
    }
    assert_string_equal(text, expected);
}

static void candidates_are_members_and_those_who_may_become_some(void **state)
{
    struct scene *scene = *state;
    static const struct {
        const char *id;
        const char *cluster;
        bool is_member;
        bool has_tags;
    } rows[] = {
        {"db-1", "db",  true,  false},
        {"i-1",  "web", true,  true },
        {"i-2",  "web", true,  true },
        {"i-3",  "api", true,  true },
        {"i-6",  NULL,  false, true },
        {"i-7",  NULL,  false, true },
        {"i-8",  NULL,  false, true },
    };

    look(scene);
    for (size_t i = 0; i < scene->count; i++) {
        const struct candidate *candidate = &scene->candidates[i];

        /* Group "bad name" may be a member without a cluster or none: either may be held. */
        if (strcmp(candidate->id, "i-6") != 0) {
            assert_int_equal(candidate->member != NULL, rows[i].is_member);
        }
        assert_string_equal(candidate->id, rows[i].id);
        assert_int_equal(candidate->instance != NULL, rows[i].has_tags);
        if (rows[i].cluster == NULL) {
            assert_null(candidate->cluster);
        } else {
            assert_string_equal(candidate->cluster, rows[i].cluster);
        }
    }
    assert_int_equal(scene->count, sizeof(rows) / sizeof(rows[0]));
}

static void ids_are_sorted_taken_once_and_missed_by_name(void **state)
{
    struct scene *scene = *state;
    const char *const ids[] = {"i-8", "i-1", "i-404", "i-8", "", "i-9", "i-404"};

    look(scene);
    assert_true(choose(scene, &(struct selection_request){.ids = ids, .id_count = 7}));
    assert_chosen(scene, "i-1 i-8");
    assert_int_equal(scene->selection.not_found_count, 3);
    assert_string_equal(scene->selection.not_found[0], "i-404");
    assert_string_equal(scene->selection.not_found[1], "");
    assert_string_equal(scene->selection.not_found[2], "i-9"); /* on its way out */
}

static void why_an_id_is_not_found_is_said_truly(void **state)
{
    static const char *const globs[] = {"api"};
    static const char *const ids[] = {"i-9", "i-5", "i-404", "i-1"};
    static const struct {
        bool takes_api_only;
        const char *why[4];
    } rows[] = {
        {false, {"shutting-down", "in no group", "EC2 knows no such instance", ""}},
        {true,
         {"in group web, which is not taken", "in no group", "EC2 knows no such instance",
          "in group web, which is not taken"}                                     },
    };
    struct scene *scene = *state;
    const struct selection_ground ground = {.fleet = scene->stage->fleet,
                                            .settings = &scene->stage->settings,
                                            .inventories = scene->inventories};
    const char *lost[4];

    look(scene);
    memcpy(lost, ids, sizeof(ids));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct selection selection = {.not_found = lost, .not_found_count = i == 0 ? 3 : 4};

        if (rows[i].takes_api_only) {
            scene->stage->sources[0].rules.groups = globs;
            scene->stage->sources[0].rules.group_count = 1;
        }
        selection_explain(&selection, &ground, &scene->stage->arena);
        for (size_t k = 0; k < selection.not_found_count; k++) {
            assert_memory_equal(selection.not_found_why[k], rows[i].why[k], strlen(rows[i].why[k]));
        }
    }
}

static void a_cluster_is_its_members(void **state)
{
    struct scene *scene = *state;

    look(scene);
    assert_true(choose(scene, &(struct selection_request){.cluster = "web"}));
    assert_chosen(scene, "i-1 i-2");
    assert_true(choose(scene, &(struct selection_request){.cluster = "web.sd.example.com"}));
    assert_chosen(scene, "i-1 i-2");
    assert_true(choose(scene, &(struct selection_request){.cluster = "web", .az = "eu-west-1b"}));
    assert_chosen(scene, "i-2");
}

static void nobody_meant_is_told_with_what_there_is(void **state)
{
    struct scene *scene = *state;
    static const struct {
        struct selection_request request;
        const char *said;
    } rows[] = {
        {{.cluster = "wbe"},                    "no cluster wbe; there are: db, web, api"},
        {{.cluster = "we"},                     "no cluster we; "                        },
        {{.cluster = "web.example.com"},        "no cluster web.example.com; "           },
        {{.cluster = ""},                       "no cluster ; "                          },
        {{.cluster = "web", .az = "us-east-1"}, "no member in zone us-east-1"            },
    };

    look(scene);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_false(choose(scene, &rows[i].request));
        if (strstr(scene->error.text, rows[i].said) == NULL) {
            fail_msg("%s: %s", rows[i].said, scene->error.text);
        }
    }
}

static void a_name_in_two_zones_has_to_be_said_in_full(void **state)
{
    struct scene *scene = *state;
    const struct view_entry entry = {
        .accepted = {.id = "i-1", .az = ""}
    };
    const struct fleet_member member = {.cluster = "web", .entry = &entry};
    const struct candidate both[] = {
        {.source = 0, .origin = "one.example", .id = "i-1", .cluster = "web", .member = &member},
        {.source = 1, .origin = "two.example", .id = "i-1", .cluster = "web", .member = &member},
    };

    scene->candidates = both;
    scene->count = 2;
    assert_false(choose(scene, &(struct selection_request){.cluster = "web"}));
    assert_non_null(strstr(scene->error.text, "web.one.example or web.two.example"));
    assert_true(choose(scene, &(struct selection_request){.cluster = "web.two.example"}));
    assert_int_equal(scene->selection.count, 1);
    assert_ptr_equal(scene->selection.chosen[0], &both[1]);
}

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(candidates_are_members_and_those_who_may_become_some),
        SCENE_TEST(ids_are_sorted_taken_once_and_missed_by_name),
        SCENE_TEST(why_an_id_is_not_found_is_said_truly),
        SCENE_TEST(a_cluster_is_its_members),
        SCENE_TEST(nobody_meant_is_told_with_what_there_is),
        SCENE_TEST(a_name_in_two_zones_has_to_be_said_in_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
