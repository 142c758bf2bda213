/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_fleet_clusters.c - sources put together: who is served under which
 * name.
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

static void groups_become_sorted_clusters(void **state)
{
    const struct instance instances[] = {
        fixture_instance("i-4", "zoo", "10.0.0.4"),
        fixture_instance("i-3", "web", "10.0.0.3"),
        fixture_instance("i-2", "prod-api", "10.0.0.2"),
        fixture_instance("i-1", "web", "10.0.0.1"),
    };
    struct stage *stage = *state;

    stage_poll(stage, 0, instances, 4);
    assert_served(stage, "api:i-2 web:i-1,i-3 zoo:i-4");
    assert_int_equal(stage->complaints, 0);
}

static void a_member_is_filled_from_the_view(void **state)
{
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct stage *stage = *state;
    const struct member *member = NULL;

    instance.weight_tag = "7";
    stage_poll(stage, 0, &instance, 1);
    stage_assemble(stage);
    member = &stage->clusters[0].members[0];
    assert_string_equal(member->id, "i-1");
    assert_string_equal(member->az, "eu-west-1a");
    assert_string_equal(member->hold, "none");
    assert_int_equal(member->address.octets[0], 10);
    assert_int_equal(member->weight, 7);
}

static void the_port_is_the_members_else_the_clusters_else_the_sources(void **state)
{
    struct instance instances[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
        fixture_instance("i-3", "zoo", "10.0.0.3"),
    };
    struct stage *stage = *state;

    instances[1].port_tag = "99";
    stage_poll(stage, 1, instances, 3);
    assert_served(stage, "web:i-1,i-2 zoo:i-3");
    assert_int_equal(stage->clusters[0].members[0].port, 8443);
    assert_int_equal(stage->clusters[0].members[1].port, 99);
    assert_int_equal(stage->clusters[1].members[0].port, 5432);
}

static void a_member_without_any_port_is_left_out_and_told(void **state)
{
    struct instance instances[] = {
        fixture_instance("i-1", "zoo", "10.0.0.1"),
        fixture_instance("i-2", "zoo", "10.0.0.2"),
    };
    struct stage *stage = *state;

    stage->sources[0].rules.port = 0;
    instances[1].port_tag = "80";
    stage_poll(stage, 0, instances, 2);
    assert_served(stage, "zoo:i-2");
    assert_int_equal(stage->complaints, 1);
    assert_non_null(strstr(stage->complaint.text, "i-1"));
}

static void a_zone_without_sources_is_complete_and_empty(void **state)
{
    struct stage *stage = *state;

    stage->sources[0].zone = 7;
    stage->sources[1].zone = 7;
    assert_int_equal(fleet_zone_state(stage->fleet, 0), ZONE_COMPLETE);
    assert_served(stage, "");
}

static void members_of_other_zones_stay_there(void **state)
{
    const struct instance here = fixture_instance("i-1", "web", "10.0.0.1");
    const struct instance there = fixture_instance("i-2", "web", "10.0.0.2");
    static struct fleet_zone zones[2]; /* the fleet borrows them until the end */
    struct stage *stage = *state;

    fleet_free(stage->fleet);
    zones[0] = stage->zone;
    zones[1] = (struct fleet_zone){.origin = "other.example.com"};
    stage->settings.zones = zones;
    stage->settings.zone_count = 2;
    stage->sources[1].zone = 1;
    assert_true(fleet_new(&stage->fleet, &stage->settings, NULL));
    stage_poll(stage, 0, &here, 1);
    stage_poll(stage, 1, &there, 1);
    assert_served(stage, "web:i-1");
    assert_int_equal(stage->complaints, 0);
}

static void two_groups_on_one_name_serve_the_first_and_name_both(void **state)
{
    const struct instance instances[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "prod-web", "10.0.0.2"),
        fixture_instance("i-3", "zoo", "10.0.0.3"),
    };
    struct stage *stage = *state;

    stage_poll(stage, 0, instances, 3);
    assert_served(stage, "web:i-2 zoo:i-3");
    assert_int_equal(stage->complaints, 1);
    assert_non_null(strstr(stage->complaint.text, "\"web\""));
    assert_non_null(strstr(stage->complaint.text, "\"prod-web\""));
}

static void the_group_that_had_the_name_keeps_it(void **state)
{
    const struct instance both[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "prod-web", "10.0.0.2"),
    };
    const struct instance second_alone = both[1];
    struct instance first_gone[] = {both[0], both[1]};
    struct stage *stage = *state;

    stage_poll(stage, 0, both, 1);
    assert_served(stage, "web:i-1");
    stage_poll(stage, 0, both, 2);
    for (int i = 0; i < 3; i++) {
        assert_served(stage, "web:i-1");
        assert_int_equal(stage->complaints, 1);
    }
    /* Absent once is not gone; gone by its state is, and the name is free. */
    stage_poll(stage, 0, &second_alone, 1);
    assert_served(stage, "web:i-1");
    first_gone[0].state = STATE_TERMINATED;
    stage_poll(stage, 0, first_gone, 2);
    assert_served(stage, "web:i-2,i-1"); /* the overlap rule: i-1 with weight 0 */
    assert_int_equal(stage->complaints, 0);
    stage_poll(stage, 0, both, 2);
    assert_served(stage, "web:i-2");
    assert_int_equal(stage->complaints, 1);
}

static void one_group_name_in_two_sources_is_two_groups(void **state)
{
    const struct instance cloud = fixture_instance("i-1", "db", "10.0.0.1");
    const struct instance house = fixture_instance("db-1", "db", "10.0.0.2");
    struct stage *stage = *state;

    stage_poll(stage, 1, &house, 1);
    assert_served(stage, "db:db-1");
    stage_poll(stage, 0, &cloud, 1);
    assert_served(stage, "db:db-1");
    assert_int_equal(stage->complaints, 1);
    assert_non_null(strstr(stage->complaint.text, "ec2 main"));
    assert_non_null(strstr(stage->complaint.text, "file on-prem"));
}

static void merge_puts_groups_together_when_all_of_them_are_known(void **state)
{
    const struct instance cloud[] = {
        fixture_instance("i-1", "both", "10.0.0.1"),
        fixture_instance("i-2", "prod-both", "10.0.0.2"),
        fixture_instance("i-3", "web", "10.0.0.3"),
    };
    const struct instance house[] = {
        fixture_instance("db-1", "both", "10.0.0.4"),
        fixture_instance("i-2", "both", "10.0.0.5"),
    };
    struct stage *stage = *state;

    stage_poll(stage, 0, cloud, 3);
    assert_served(stage, "web:i-3");
    stage_poll(stage, 1, house, 2);
    assert_served(stage, "both:db-1,i-1,i-2 web:i-3");
    /* i-2 is there twice: the first source's counts. */
    assert_int_equal(stage->clusters[0].members[2].address.octets[3], 2);
    assert_int_equal(stage->complaints, 1);
    assert_non_null(strstr(stage->complaint.text, "i-2"));
}

static void a_group_without_a_good_name_is_told_once_and_harms_no_other(void **state)
{
    const struct instance instances[] = {
        fixture_instance("i-1", "My Web", "10.0.0.1"),
        fixture_instance("i-2", "My Web", "10.0.0.2"),
        fixture_instance("i-3", "web", "10.0.0.3"),
    };
    struct stage *stage = *state;

    stage_poll(stage, 0, instances, 3);
    assert_served(stage, "web:i-3");
    assert_int_equal(stage->complaints, 1);
    assert_non_null(strstr(stage->complaint.text, "\"My Web\""));
}

static void an_instance_moves_with_its_group(void **state)
{
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct stage *stage = *state;

    stage_poll(stage, 0, &instance, 1);
    assert_served(stage, "web:i-1");
    instance.group = "prod-api";
    stage_poll(stage, 0, &instance, 1);
    assert_served(stage, "api:i-1");
}

/* One member of web with `hold`, and one without. */
static void stage_hold(struct stage *stage, const char *hold)
{
    struct instance instances[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };

    instances[0].hold_tag = hold;
    stage_poll(stage, 0, instances, 2);
}

static void a_drained_member_is_served_with_weight_0_and_its_hold(void **state)
{
    struct stage *stage = *state;

    stage_hold(stage, "drain by=ann reason=new kernel");
    assert_served(stage, "web:i-1,i-2");
    assert_int_equal(stage->complaints, 0);
    assert_int_equal(stage->clusters[0].members[0].weight, 0);
    assert_string_equal(stage->clusters[0].members[0].hold, "drain by=ann reason=new kernel");
    assert_int_equal(stage->clusters[0].members[1].weight, 65535);
    assert_string_equal(stage->clusters[0].members[1].hold, "none");
}

static void a_member_in_maintenance_is_left_out(void **state)
{
    struct stage *stage = *state;

    stage_hold(stage, "maint");
    assert_served(stage, "web:i-2");
    assert_int_equal(stage->complaints, 0);
}

static void an_expired_hold_counts_as_none_from_its_second_on(void **state)
{
    static const struct {
        const char *hold;
        int64_t now_s;
        const char *served;
        uint16_t weight; /* of i-1 or, without it, i-2 */
        const char *shown;
    } cases[] = {
        {"maint until=1970-01-01T00:01:40Z", 99,  "web:i-2",     65535, "none"},
        {"maint until=1970-01-01T00:01:40Z", 100, "web:i-1,i-2", 65535, "none"},
        {"drain until=1970-01-01T00:01:40Z", 99,  "web:i-1,i-2", 0,
         "drain until=1970-01-01T00:01:40Z"                                   },
        {"drain until=1970-01-01T00:01:40Z", 100, "web:i-1,i-2", 65535, "none"},
    };
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        stage->now.now_s = cases[i].now_s;
        stage_hold(stage, cases[i].hold);
        assert_served(stage, cases[i].served);
        assert_int_equal(stage->clusters[0].members[0].weight, cases[i].weight);
        assert_string_equal(stage->clusters[0].members[0].hold, cases[i].shown);
    }
}

static void a_long_hold_is_shown_in_200_octets_of_whole_characters(void **state)
{
    char text[16 + 4 * 240 + 1] = "drain reason=";
    size_t length = strlen(text);
    struct stage *stage = *state;
    const char *shown = NULL;

    for (int i = 0; i < 240; i++) {
        memcpy(&text[length], "\xe6\xbc\xa2", 4);
        length += 3;
    }
    stage_hold(stage, text);
    stage_assemble(stage);
    shown = stage->clusters[0].members[0].hold;
    assert_int_equal(strlen(shown), 13 + 62 * 3); /* 63 characters would make 202 octets */
    assert_memory_equal(shown, text, strlen(shown));
}

static void maintenance_of_every_member_is_obeyed_and_told(void **state)
{
    struct instance instances[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct stage *stage = *state;

    instances[0].hold_tag = "maint";
    instances[1].hold_tag = "maint";
    stage_poll(stage, 0, instances, 2);
    assert_served(stage, "web:");
    assert_int_equal(stage->complaints, 1);
    assert_non_null(strstr(stage->complaint.text, "\"web\" has no member left"));

    instances[1].hold_tag = "drain";
    stage_poll(stage, 0, instances, 2);
    assert_served(stage, "web:i-2");
    assert_int_equal(stage->complaints, 1);
    assert_non_null(strstr(stage->complaint.text, "takes no new sessions"));

    /* The tags alone say so: a group that is being taken down is no alarm. */
    instances[0].hold_tag = NULL;
    instances[0].weight_tag = "0";
    instances[1].hold_tag = NULL;
    instances[1].weight_tag = "0";
    stage_poll(stage, 0, instances, 2);
    assert_served(stage, "web:i-1,i-2");
    assert_int_equal(stage->complaints, 0);
}

static void a_member_in_standby_has_weight_0_and_says_so(void **state)
{
    const char *const standby[] = {"i-1", "i-7"};
    struct stage *stage = *state;

    (void)fleet_set_standby(stage->fleet, 0, standby, 2);
    stage_hold(stage, NULL);
    assert_served(stage, "web:i-1,i-2");
    assert_int_equal(stage->clusters[0].members[0].weight, 0);
    assert_string_equal(stage->clusters[0].members[0].hold, "standby");
    assert_int_equal(stage->clusters[0].members[1].weight, 65535);

    stage_hold(stage, "drain by=ann");
    stage_assemble(stage);
    assert_string_equal(stage->clusters[0].members[0].hold, "drain by=ann");
    stage_hold(stage, "maint");
    assert_served(stage, "web:i-2");
}

static void the_text_of_clusters_outlives_the_view(void **state)
{
    const struct instance one = fixture_instance("i-1", "web", "10.0.0.1");
    const struct instance other = fixture_instance("i-2", "api", "10.0.0.2");
    struct stage *stage = *state;

    stage_poll(stage, 0, &one, 1);
    stage_assemble(stage);
    stage_poll(stage, 0, &other, 1);
    assert_string_equal(stage->clusters[0].name, "web");
    assert_string_equal(stage->clusters[0].members[0].id, "i-1");
}

/* `count` instances i-00000, i-00001, …; in one group "big", or each in a group of its own. */
static struct inventory *crowd_new(size_t first, size_t count, bool one_group)
{
    struct inventory *poll = inventory_new();

    for (size_t i = first; i < first + count; i++) {
        struct instance *instance = inventory_add(poll);

        *instance = fixture_instance(arena_format(&poll->arena, "i-%05zu", i), "big", NULL);
        instance->private_address =
            arena_format(&poll->arena, "10.1.%u.%u", (unsigned)(i >> 8), (unsigned)(i & 255));
        if (!one_group) {
            instance->group = arena_format(&poll->arena, "g-%05zu", i);
        }
    }
    (void)inventory_finish(poll);
    return poll;
}

static void too_many_members_never_block_a_removal(void **state)
{
    static const struct {
        size_t count;
        size_t served;
        size_t complaints;
    } cases[] = {
        {FLEET_MAX_MEMBERS - 1,          FLEET_MAX_MEMBERS - 1, 0},
        {FLEET_MAX_MEMBERS,              FLEET_MAX_MEMBERS,     0},
        {FLEET_MAX_MEMBERS + 1,          FLEET_MAX_MEMBERS,     1},
        {(size_t)FLEET_MAX_MEMBERS * 10, FLEET_MAX_MEMBERS,     1},
    };
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct inventory *poll = crowd_new(0, cases[i].count, true);

        fleet_apply(stage->fleet, 0, poll, (int64_t)i, NULL, NULL);
        stage_assemble(stage);
        assert_int_equal(stage->count, 1);
        assert_int_equal(stage->clusters[0].member_count, cases[i].served);
        assert_string_equal(stage->clusters[0].members[0].id, "i-00000");
        assert_int_equal(stage->complaints, cases[i].complaints);
        poll->instances[0].state = STATE_TERMINATED;
        (void)inventory_finish(poll);
        fleet_apply(stage->fleet, 0, poll, (int64_t)i, NULL, NULL);
        stage_assemble(stage);
        assert_string_equal(stage->clusters[0].members[0].id, "i-00001");
        inventory_free(poll);
    }
}

static void too_many_clusters_do_not_push_out_those_that_are_served(void **state)
{
    struct inventory *before = crowd_new(10, FLEET_MAX_CLUSTERS, false);
    struct inventory *after = crowd_new(0, FLEET_MAX_CLUSTERS + 10, false);
    struct stage *stage = *state;

    fleet_apply(stage->fleet, 0, before, 1, NULL, NULL);
    stage_assemble(stage);
    assert_int_equal(stage->count, FLEET_MAX_CLUSTERS);
    assert_int_equal(stage->complaints, 0);

    fleet_apply(stage->fleet, 0, after, 2, NULL, NULL);
    stage_assemble(stage);
    assert_int_equal(stage->count, FLEET_MAX_CLUSTERS);
    assert_string_equal(stage->clusters[0].name, "g-00010");
    assert_int_equal(stage->complaints, 1);
    assert_non_null(strstr(stage->complaint.text, "10 clusters"));

    after->instances[20].state = STATE_STOPPED;
    (void)inventory_finish(after);
    fleet_apply(stage->fleet, 0, after, 3, NULL, NULL);
    stage_assemble(stage);
    assert_int_equal(stage->count, FLEET_MAX_CLUSTERS);
    assert_string_equal(stage->clusters[0].name, "g-00000");
    assert_string_equal(stage->clusters[1].name, "g-00010");
    assert_string_equal(stage->clusters[11].name, "g-00021");
    inventory_free(before);
    inventory_free(after);
}

/* A table from disk has what its writer put there. */
static void too_many_owners_from_outside_are_not_served_all(void **state)
{
    enum { COUNT = FLEET_MAX_CLUSTERS + 10 };
    struct inventory *poll = crowd_new(0, COUNT, false);
    struct cluster_owner *owners = memory_new(COUNT * sizeof(*owners));
    struct stage *stage = *state;

    for (size_t i = 0; i < COUNT; i++) {
        const char *group = poll->instances[i].group;

        owners[i] = (struct cluster_owner){group, "ec2 main", group};
    }
    fleet_set_owners(stage->fleet, 0, owners, COUNT);
    free(owners);
    fleet_apply(stage->fleet, 0, poll, 1, NULL, NULL);
    stage_assemble(stage);
    assert_int_equal(stage->count, FLEET_MAX_CLUSTERS);
    assert_int_equal(stage->complaints, 1);
    inventory_free(poll);
}

static void standby_makes_anew_only_the_cluster_of_whom_it_is_about(void **state)
{
    const struct instance members[] = {
        fixture_instance("i-1", "api", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
        fixture_instance("i-3", "web", "10.0.0.3"),
    };
    struct stage *stage = *state;
    uint64_t api = 0;
    uint64_t web = 0;

    stage_poll(stage, 0, members, 3);
    assert_true(fleet_set_standby(stage->fleet, 0, (const char *const[]){"i-2", "i-stranger"}, 2));
    assert_served(stage, "api:i-1 web:i-2,i-3");
    assert_int_equal(stage->clusters[1].members[0].weight, 0);
    api = stage->clusters[0].version;
    web = stage->clusters[1].version;
    assert_true(fleet_set_standby(stage->fleet, 0, (const char *const[]){"i-2", "i-3"}, 2));
    assert_served(stage, "api:i-1 web:i-2,i-3");
    assert_int_equal(stage->clusters[1].members[1].weight, 0);
    assert_int_equal(stage->clusters[0].version, api);
    assert_int_not_equal(stage->clusters[1].version, web);
    assert_true(fleet_set_standby(stage->fleet, 0, NULL, 0));
    assert_served(stage, "api:i-1 web:i-2,i-3");
    assert_int_equal(stage->clusters[1].members[0].weight, 65535);
    assert_int_equal(stage->clusters[1].members[1].weight, 65535);
    assert_int_equal(stage->clusters[0].version, api);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(groups_become_sorted_clusters),
        STAGE_TEST(a_member_is_filled_from_the_view),
        STAGE_TEST(the_port_is_the_members_else_the_clusters_else_the_sources),
        STAGE_TEST(a_member_without_any_port_is_left_out_and_told),
        STAGE_TEST(a_zone_without_sources_is_complete_and_empty),
        STAGE_TEST(members_of_other_zones_stay_there),
        STAGE_TEST(two_groups_on_one_name_serve_the_first_and_name_both),
        STAGE_TEST(the_group_that_had_the_name_keeps_it),
        STAGE_TEST(one_group_name_in_two_sources_is_two_groups),
        STAGE_TEST(merge_puts_groups_together_when_all_of_them_are_known),
        STAGE_TEST(a_group_without_a_good_name_is_told_once_and_harms_no_other),
        STAGE_TEST(an_instance_moves_with_its_group),
        STAGE_TEST(a_drained_member_is_served_with_weight_0_and_its_hold),
        STAGE_TEST(a_member_in_maintenance_is_left_out),
        STAGE_TEST(an_expired_hold_counts_as_none_from_its_second_on),
        STAGE_TEST(a_long_hold_is_shown_in_200_octets_of_whole_characters),
        STAGE_TEST(maintenance_of_every_member_is_obeyed_and_told),
        STAGE_TEST(a_member_in_standby_has_weight_0_and_says_so),
        STAGE_TEST(the_text_of_clusters_outlives_the_view),
        STAGE_TEST(too_many_members_never_block_a_removal),
        STAGE_TEST(too_many_clusters_do_not_push_out_those_that_are_served),
        STAGE_TEST(too_many_owners_from_outside_are_not_served_all),
        STAGE_TEST(standby_makes_anew_only_the_cluster_of_whom_it_is_about),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
