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
    const struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");

    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_LOADING);
    assert_null(fleet_view(stage->fleet, 1));
    stage_poll(stage, 1, NULL, 0);
    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_PARTIAL);
    stage_poll(stage, 1, NULL, 0);
    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_PARTIAL);
    stage_poll(stage, 0, &instance, 1);
    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_COMPLETE);
    assert_non_null(fleet_view(stage->fleet, 1));
}

/* A start with a wrong filter must not say that every cluster is gone. */
static void a_zone_that_never_had_a_member_is_not_complete(void **state)
{
    struct stage *stage = *state;
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");

    instance.weight_tag = NULL;
    stage_poll(stage, 1, NULL, 0);
    stage_poll(stage, 0, &instance, 1);
    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_PARTIAL);
    instance.weight_tag = "10";
    stage_poll(stage, 0, &instance, 1);
    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_COMPLETE);
    /* Gone by its own word: known, and empty. */
    instance.state = STATE_TERMINATED;
    stage_poll(stage, 0, &instance, 1);
    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_COMPLETE);
    assert_served(stage, "");
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
    const char *const standby[] = {"i-1"};
    struct stage *stage = *state;
    struct fleet *reloaded = NULL;

    stage_poll(stage, 0, both, 1);
    assert_true(fleet_set_standby(stage->fleet, 0, standby, 1));
    assert_served(stage, "web:i-1");
    stage_poll(stage, 0, both, 2);

    zones[0] = (struct fleet_zone){.origin = "other.example.com"};
    zones[1] = stage->zone;
    sources[0] = (struct fleet_source){.name = "file new", .zone = 1, .rules = *fixture_rules()};
    sources[1] = (struct fleet_source){.name = "ec2 main", .zone = 1, .rules = *fixture_rules()};
    assert_true(fleet_new(&reloaded, &settings, NULL));
    fleet_adopt(reloaded, stage->fleet);
    assert_null(fleet_view(stage->fleet, 0));
    assert_null(fleet_view(reloaded, 0));
    assert_int_equal(fleet_view(reloaded, 1)->count, 2);
    assert_int_equal(fleet_zone_state(reloaded, 1), ZONE_PARTIAL);

    arena_free(&stage->arena);
    stage->count = fleet_clusters(reloaded, 1, &stage->now, &stage->arena, &stage->clusters, NULL);
    assert_int_equal(stage->count, 1);
    assert_string_equal(stage->clusters[0].members[0].id, "i-1");
    assert_int_equal(stage->clusters[0].members[0].weight, 0);
    assert_string_equal(stage->clusters[0].members[0].hold, "standby");
    fleet_free(reloaded);
}

static void a_standby_list_is_copied_and_says_when_it_differs(void **state)
{
    const char *const both[] = {"i-1", "i-2"};
    const char *const other[] = {"i-1", "i-3"};
    char id[] = "i-9";
    const char *const mine[] = {id};
    struct instance instance = fixture_instance("i-9", "web", "10.0.0.9");
    struct stage *stage = *state;

    assert_false(fleet_set_standby(stage->fleet, 0, NULL, 0));
    assert_true(fleet_set_standby(stage->fleet, 0, both, 2));
    assert_false(fleet_set_standby(stage->fleet, 0, both, 2));
    assert_true(fleet_set_standby(stage->fleet, 0, other, 2));
    assert_true(fleet_set_standby(stage->fleet, 0, other, 1));
    assert_true(fleet_set_standby(stage->fleet, 0, mine, 1));
    id[2] = '8';
    stage_poll(stage, 0, &instance, 1);
    stage_assemble(stage);
    assert_string_equal(stage->clusters[0].members[0].hold, "standby");
    assert_true(fleet_set_standby(stage->fleet, 0, NULL, 0));
    stage_assemble(stage);
    assert_string_equal(stage->clusters[0].members[0].hold, "none");
}

static void the_next_change_is_the_nearest_end_of_a_hold(void **state)
{
    struct instance here[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct instance there = fixture_instance("i-3", "zoo", "10.0.0.3");
    struct stage *stage = *state;

    assert_int_equal(fleet_next_change_s(stage->fleet, 0), 0);
    here[0].hold_tag = "drain until=1970-01-01T00:05:00Z";
    here[1].hold_tag = "maint";
    there.hold_tag = "maint until=1970-01-01T00:03:20Z";
    stage_poll(stage, 0, here, 2);
    stage_poll(stage, 1, &there, 1);
    assert_int_equal(fleet_next_change_s(stage->fleet, 0), 200);
    assert_int_equal(fleet_next_change_s(stage->fleet, 199), 200);
    assert_int_equal(fleet_next_change_s(stage->fleet, 200), 300);
    assert_int_equal(fleet_next_change_s(stage->fleet, 299), 300);
    assert_int_equal(fleet_next_change_s(stage->fleet, 300), 0);
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
        STAGE_TEST(a_zone_that_never_had_a_member_is_not_complete),
        STAGE_TEST(a_reload_keeps_views_and_owners_by_name),
        STAGE_TEST(a_standby_list_is_copied_and_says_when_it_differs),
        STAGE_TEST(the_next_change_is_the_nearest_end_of_a_hold),
        cmocka_unit_test(a_bad_rename_rule_is_told_with_its_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
