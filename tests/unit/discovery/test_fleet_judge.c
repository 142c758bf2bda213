/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_fleet_judge.c - everything that is known, and how it stands.
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

/* "web/i-1 served w=7 p=8443; ...": the members of the zone as they stand. */
static void assert_standing(struct stage *stage, const char *expected)
{
    const struct fleet_member *members = NULL;
    struct arena arena;
    char text[1024] = "";
    size_t length = 0;
    size_t count = 0;

    arena_init(&arena);
    count = fleet_members(stage->fleet, 0, &stage->now, &arena, &members);
    for (size_t i = 0; i < count; i++) {
        const struct fleet_member *member = &members[i];

        length += (size_t)snprintf(
            &text[length], sizeof(text) - length, "%s%s/%s %s w=%u p=%u %s%s", i == 0 ? "" : "; ",
            member->cluster == NULL ? "-" : member->cluster, member->entry->accepted.id,
            fleet_standing_name(member->standing), member->weight, member->port,
            hold_kind_name(member->hold), member->is_standby ? " standby" : "");
    }
    arena_free(&arena);
    assert_string_equal(text, expected);
}

static void members_out_of_the_answer_are_known_with_their_reason(void **state)
{
    struct instance here[] = {
        fixture_instance("i-1", "web", "10.0.0.1"), fixture_instance("i-2", "web", "10.0.0.2"),
        fixture_instance("i-3", "web", "10.0.0.3"), fixture_instance("i-4", "prod-api", "10.0.0.4"),
        fixture_instance("i-5", "api", "10.0.0.5"), fixture_instance("i-6", "---", "10.0.0.6"),
    };
    const char *const standby[] = {"i-3"};
    struct stage *stage = *state;

    here[0].hold_tag = "drain";
    here[1].hold_tag = "maint";
    here[1].weight_tag = "9";
    stage_poll(stage, 0, here, 6);
    (void)fleet_set_standby(stage->fleet, 0, standby, 1);
    assert_standing(stage, "api/i-4 name-taken w=65535 p=443 none; "
                           "api/i-5 served w=65535 p=443 none; "
                           "web/i-1 served w=0 p=8443 drain; "
                           "web/i-2 maint w=0 p=8443 maint; "
                           "web/i-3 served w=0 p=8443 none standby; "
                           "-/i-6 no-cluster w=65535 p=443 none");
}

static void an_expired_hold_is_none_but_stays_written(void **state)
{
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    const struct fleet_member *members = NULL;
    struct stage *stage = *state;

    instance.hold_tag = "maint until=1970-01-01T00:01:40Z";
    stage_poll(stage, 0, &instance, 1);
    stage->now.now_s = 99;
    assert_standing(stage, "web/i-1 maint w=0 p=8443 maint");
    stage->now.now_s = 100;
    assert_standing(stage, "web/i-1 served w=65535 p=8443 none");
    assert_int_equal(fleet_members(stage->fleet, 0, &(struct fleet_moment){.now_s = 100},
                                   &stage->arena, &members),
                     1);
    assert_int_equal(members[0].entry->accepted.hold.until_s, 100);
}

static void a_merged_cluster_waits_and_then_shows_the_repeat(void **state)
{
    const struct instance here = fixture_instance("i-1", "both", "10.0.0.1");
    const struct instance there[] = {
        fixture_instance("i-1", "both", "10.0.0.2"),
        fixture_instance("i-2", "both", "10.0.0.3"),
    };
    struct stage *stage = *state;

    stage_poll(stage, 0, &here, 1);
    assert_standing(stage, "both/i-1 waiting w=65535 p=443 none");
    stage_poll(stage, 1, there, 2);
    assert_standing(stage, "both/i-1 served w=65535 p=443 none; "
                           "both/i-1 repeated w=65535 p=5432 none; "
                           "both/i-2 served w=65535 p=5432 none");
}

static void a_member_without_a_port_is_known(void **state)
{
    const struct instance instance = fixture_instance("i-1", "zoo", "10.0.0.1");
    struct stage *stage = *state;

    stage->sources[0].rules.port = 0;
    stage_poll(stage, 0, &instance, 1);
    assert_standing(stage, "zoo/i-1 no-port w=65535 p=0 none");
}

static void looking_neither_complains_nor_gives_names_away(void **state)
{
    const struct instance first = fixture_instance("i-2", "web", "10.0.0.2");
    const struct instance both[] = {
        fixture_instance("i-1", "prod-web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct stage *stage = *state;

    stage_poll(stage, 0, &first, 1);
    assert_served(stage, "web:i-2");
    stage_poll(stage, 0, both, 2);
    assert_standing(stage, "web/i-1 name-taken w=65535 p=8443 none; "
                           "web/i-2 served w=65535 p=8443 none");
    assert_int_equal(stage->complaints, 0);
    assert_served(stage, "web:i-2");
    assert_int_equal(stage->complaints, 1);
}

static void an_empty_zone_has_nobody(void **state)
{
    assert_standing(*state, "");
}

static void every_standing_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int i = STANDING_SERVED; i <= STANDING_WAITING; i++) {
        const char *name = fleet_standing_name((enum fleet_standing)i);

        assert_string_not_equal(name, "unknown");
        for (int j = STANDING_SERVED; j < i; j++) {
            assert_string_not_equal(name, fleet_standing_name((enum fleet_standing)j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(members_out_of_the_answer_are_known_with_their_reason),
        STAGE_TEST(an_expired_hold_is_none_but_stays_written),
        STAGE_TEST(a_merged_cluster_waits_and_then_shows_the_repeat),
        STAGE_TEST(a_member_without_a_port_is_known),
        STAGE_TEST(looking_neither_complains_nor_gives_names_away),
        STAGE_TEST(an_empty_zone_has_nobody),
        cmocka_unit_test(every_standing_has_a_word_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
