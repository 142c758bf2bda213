/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_fleet.c - the fleet is made, fed and carried over a reload.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "tests/unit/discovery/fleet_stage.h"

static void the_zone_is_complete_when_every_source_has_delivered(void **state)
{
    struct stage *stage = *state;

    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_LOADING);
    assert_null(fleet_view(stage->fleet, 1));
    stage_poll(stage, 1, NULL, 0);
    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_PARTIAL);
    stage_poll(stage, 1, NULL, 0);
    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_PARTIAL);
    stage_poll(stage, 0, NULL, 0);
    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_COMPLETE);
    assert_non_null(fleet_view(stage->fleet, 1));
}

static void a_reload_keeps_views_and_owners_by_name(void **state)
{
    const struct instance both[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "prod-web", "10.0.0.2"),
    };
    struct fleet_zone zones[2];
    struct fleet_source sources[2];
    const struct fleet_settings settings = {zones, 2, sources, 2};
    struct stage *stage = *state;
    struct fleet *reloaded = NULL;

    stage_poll(stage, 0, both, 1);
    assert_served(stage, "web:i-1");
    stage_poll(stage, 0, both, 2);

    zones[0] = (struct fleet_zone){.origin = "other.example.com"};
    zones[1] = stage->zone;
    sources[0] = (struct fleet_source){"file new", 1, *fixture_rules()};
    sources[1] = (struct fleet_source){"ec2 main", 1, *fixture_rules()};
    assert_true(fleet_new(&reloaded, &settings, NULL));
    fleet_adopt(reloaded, stage->fleet);
    assert_null(fleet_view(stage->fleet, 0));
    assert_null(fleet_view(reloaded, 0));
    assert_int_equal(fleet_view(reloaded, 1)->count, 2);
    assert_int_equal(fleet_zone_state(reloaded, 1), ZONE_PARTIAL);

    arena_free(&stage->arena);
    stage->count = fleet_clusters(reloaded, 1, &stage->arena, &stage->clusters, NULL, NULL);
    assert_int_equal(stage->count, 1);
    assert_string_equal(stage->clusters[0].members[0].id, "i-1");
    fleet_free(reloaded);
}

static void a_bad_rename_rule_is_told_with_its_zone(void **state)
{
    const char *const rules[] = {"^(a$ -> b"};
    const struct fleet_zone zones[] = {
        {.origin = "good.example.com"},
        { .origin = "bad.example.com", .rename = rules, .rename_count = 1},
    };
    const struct fleet_settings settings = {zones, 2, NULL, 0};
    struct fleet *fleet = NULL;
    struct error error = {""};

    (void)state;
    assert_false(fleet_new(&fleet, &settings, &error));
    assert_null(fleet);
    assert_non_null(strstr(error.text, "bad.example.com"));
    assert_non_null(strstr(error.text, "^(a$ -> b"));
    fleet_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(the_zone_is_complete_when_every_source_has_delivered),
        STAGE_TEST(a_reload_keeps_views_and_owners_by_name),
        cmocka_unit_test(a_bad_rename_rule_is_told_with_its_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
