/* SPDX-License-Identifier: MIT */

/*
 * A source that looks elsewhere: what came from disk of another region goes at once, what a reload
 * left behind goes with the first look that has somebody to take its place.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "server/whereabouts.h"
#include "tests/unit/discovery/fleet_stage.h"

/* Source 0 as it is left behind: two members, found in `place` and `region`. */
static struct whereabouts left_behind(struct stage *stage, bool is_restored, const char *place,
                                      const char *region)
{
    const struct instance members[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct inventory *poll = fixture_poll(members, 2);
    struct whereabouts whereabouts = {.place = "here"};
    struct view *view = guard_apply(
        NULL, poll, &(struct guard_rules){.membership = fixture_rules()}, 1, NULL, NULL);

    view->is_restored = is_restored;
    fleet_restore(stage->fleet, 0, view);
    inventory_free(poll);
    whereabouts_adopt(&whereabouts, place, region);
    return whereabouts;
}

static void what_came_from_disk_of_another_region_goes_at_once(void **state)
{
    static const struct {
        const char *why;
        bool is_restored;
        const char *place;
        const char *kept;
        const char *found;
        bool is_dropped;
    } rows[] = {
        {"a moved image",              true,  "here",  "eu-west-1", "us-east-1", true },
        {"the same region",            true,  "here",  "eu-west-1", "eu-west-1", false},
        {"not found out yet",          true,  "here",  "eu-west-1", NULL,        false},
        {"not known then",             true,  "here",  NULL,        "us-east-1", false},
        {"polled by this process",     false, "here",  "eu-west-1", "us-east-1", false},
        {"a reload sent it elsewhere", true,  "there", "eu-west-1", "us-east-1", false},
    };
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct whereabouts whereabouts =
            left_behind(stage, rows[i].is_restored, rows[i].place, rows[i].kept);

        if (whereabouts_check_region(&whereabouts, stage->fleet, 0, rows[i].found) !=
                rows[i].is_dropped ||
            (fleet_view(stage->fleet, 0) == NULL) != rows[i].is_dropped) {
            fail_msg("%s", rows[i].why);
        }
        whereabouts_free(&whereabouts);
    }
}

static void what_a_reload_left_behind_goes_with_the_first_look_that_has_somebody(void **state)
{
    static const struct {
        const char *why;
        const char *place;
        const char *kept;
        const char *found;
        const char *weight; /* of the one instance that is there; NULL: it is no member */
        enum whereabouts_verdict expected;
    } rows[] = {
        {"another place",              "there", NULL,        NULL,        "1",  WHEREABOUTS_MOVED },
        {"another region",             "here",  "eu-west-1", "us-east-1", "1",  WHEREABOUTS_MOVED },
        {"another place without any",  "there", NULL,        NULL,        NULL, WHEREABOUTS_NOBODY},
        {"another region without any", "here",  "eu-west-1", "us-east-1", NULL, WHEREABOUTS_NOBODY},
        {"the same place and region",  "here",  "eu-west-1", "eu-west-1", "1",  WHEREABOUTS_SAME  },
        {"the same place without any", "here",  "eu-west-1", "eu-west-1", NULL, WHEREABOUTS_SAME  },
        {"a file in the same place",   "here",  NULL,        NULL,        "1",  WHEREABOUTS_SAME  },
    };
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct instance instance = fixture_instance("i-9", "web", "10.0.9.9");
        struct inventory *poll = NULL;
        struct whereabouts whereabouts = left_behind(stage, false, rows[i].place, rows[i].kept);

        instance.weight_tag = rows[i].weight;
        poll = fixture_poll(&instance, 1);
        if (whereabouts_settle(&whereabouts, stage->fleet, 0, rows[i].found, poll) !=
                rows[i].expected ||
            (fleet_view(stage->fleet, 0)->count == 0) != (rows[i].expected == WHEREABOUTS_MOVED)) {
            fail_msg("%s", rows[i].why);
        }
        assert_string_equal(whereabouts_place(&whereabouts),
                            rows[i].expected == WHEREABOUTS_NOBODY ? rows[i].place : "here");
        inventory_free(poll);
        whereabouts_free(&whereabouts);
    }
}

/* Nobody need be kept of a place that had nobody. */
static void a_place_without_members_is_left_for_any_other(void **state)
{
    struct stage *stage = *state;
    struct whereabouts whereabouts = left_behind(stage, false, "there", NULL);
    struct inventory *poll = fixture_poll(NULL, 0);

    fleet_restore(stage->fleet, 0, NULL);
    fleet_apply(stage->fleet, 0, poll, 1, NULL, NULL);
    assert_int_equal(fleet_view(stage->fleet, 0)->count, 0);
    assert_int_equal(whereabouts_settle(&whereabouts, stage->fleet, 0, NULL, poll),
                     WHEREABOUTS_MOVED);
    assert_string_equal(whereabouts_place(&whereabouts), "here");
    inventory_free(poll);
    whereabouts_free(&whereabouts);
}

/* As when a filter is added: a bad value costs nobody who is in both places its last good one. */
static void who_is_in_both_places_keeps_what_was_known(void **state)
{
    struct instance instances[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct stage *stage = *state;
    struct whereabouts whereabouts = left_behind(stage, false, "there", NULL);
    struct inventory *poll = NULL;

    instances[0].weight_tag = "many"; /* its last good values stay */
    instances[1].weight_tag = NULL;   /* as absent as if it were not there */
    poll = fixture_poll(
        (struct instance[]){instances[0], instances[1], fixture_instance("i-3", "web", "10.0.0.3")},
        3);
    assert_int_equal(whereabouts_settle(&whereabouts, stage->fleet, 0, NULL, poll),
                     WHEREABOUTS_MOVED);
    fleet_apply(stage->fleet, 0, poll, 1, NULL, NULL);
    assert_served(stage, "web:i-1,i-3");
    inventory_free(poll);
    whereabouts_free(&whereabouts);
}

/* Whoever is served beside the new ones has weight 0: HAProxy may not recover when all go. */
static void the_members_of_the_old_place_stay_for_an_overlap(void **state)
{
    const struct instance instance = fixture_instance("i-9", "web", "10.0.9.9");
    struct stage *stage = *state;
    struct whereabouts whereabouts = left_behind(stage, false, "there", NULL);
    struct inventory *poll = fixture_poll(&instance, 1);

    assert_served(stage, "web:i-1,i-2");
    assert_int_equal(whereabouts_settle(&whereabouts, stage->fleet, 0, NULL, poll),
                     WHEREABOUTS_MOVED);
    fleet_apply(stage->fleet, 0, poll, 1, NULL, NULL);
    assert_served(stage, "web:i-9,i-1,i-2");
    assert_int_equal(stage->clusters[0].members[1].weight, 0);
    assert_int_equal(stage->clusters[0].members[2].weight, 0);
    stage->now.now_ms = fleet_next_change_ms(stage->fleet, stage->now.now_ms);
    assert_served(stage, "web:i-9");
    inventory_free(poll);
    whereabouts_free(&whereabouts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(what_came_from_disk_of_another_region_goes_at_once),
        STAGE_TEST(what_a_reload_left_behind_goes_with_the_first_look_that_has_somebody),
        STAGE_TEST(a_place_without_members_is_left_for_any_other),
        STAGE_TEST(who_is_in_both_places_keeps_what_was_known),
        STAGE_TEST(the_members_of_the_old_place_stay_for_an_overlap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
