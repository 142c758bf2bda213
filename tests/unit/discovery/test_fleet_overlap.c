/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_fleet_overlap.c - the overlap rule: who stays beside those who took
 * everybody's place, and for how long. Promise P2 (the overlap part).
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

enum { TTL_S = 5, LASTS_MS = TTL_S * 1000 + FLEET_OVERLAP_MS };

/* The next look at the source shows exactly these; who is not among them has terminated. */
static void look(struct stage *stage, const char *const *ids)
{
    static const char *const all[] = {"a", "b", "c", "d", "e"};
    struct instance instances[5];
    size_t count = 0;

    stage->zone.ttl_seconds = TTL_S;
    for (size_t i = 0; i < 5; i++) {
        static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4",
                                                "10.0.0.5"};
        bool is_there = false;

        for (size_t j = 0; ids[j] != NULL; j++) {
            is_there = is_there || strcmp(ids[j], all[i]) == 0;
        }
        instances[count] = fixture_instance(all[i], "web", addresses[i]);
        instances[count].state = is_there ? STATE_RUNNING : STATE_TERMINATED;
        count++;
    }
    /* Each look later than the flap rule waits; the clock of the fleet is another. */
    {
        static int64_t started_ms = 1;
        struct inventory *poll = fixture_poll(instances, count);

        started_ms += INT64_C(1000) * 1000;
        fleet_apply(stage->fleet, 0, poll, started_ms, NULL, NULL);
        inventory_free(poll);
    }
}

#define LOOK(stage, ...) look(stage, (const char *const[]){__VA_ARGS__, NULL})

static const struct member *member_of(const struct stage *stage, const char *id)
{
    for (size_t i = 0; stage->count > 0 && i < stage->clusters[0].member_count; i++) {
        if (strcmp(stage->clusters[0].members[i].id, id) == 0) {
            return &stage->clusters[0].members[i];
        }
    }
    return NULL;
}

static void assert_weight(const struct stage *stage, const char *id, unsigned weight)
{
    const struct member *member = member_of(stage, id);

    assert_non_null(member);
    assert_int_equal(member->weight, weight);
}

static void a_full_replacement_keeps_the_old_ones_at_weight_0_for_ttl_and_ten_seconds(void **state)
{
    struct stage *stage = *state;

    stage->now.now_ms = 1000;
    LOOK(stage, "a", "b");
    assert_served(stage, "web:a,b");
    assert_int_equal(fleet_next_change_ms(stage->fleet, 1000), 0);

    stage->now.now_ms = 2000;
    LOOK(stage, "c", "d");
    assert_served(stage, "web:c,d,a,b");
    assert_weight(stage, "a", 0);
    assert_weight(stage, "c", 65535);
    assert_string_equal(member_of(stage, "a")->hold, "overlap");
    assert_int_equal(fleet_next_change_ms(stage->fleet, 2000), 2000 + LASTS_MS);

    stage->now.now_ms = 2000 + LASTS_MS - 1;
    assert_served(stage, "web:c,d,a,b");
    stage->now.now_ms = 2000 + LASTS_MS;
    assert_served(stage, "web:c,d");
    assert_int_equal(fleet_next_change_ms(stage->fleet, stage->now.now_ms), 0);
}

static void one_that_stays_is_enough_for_the_others_to_go(void **state)
{
    struct stage *stage = *state;

    LOOK(stage, "a", "b", "c");
    assert_served(stage, "web:a,b,c");
    LOOK(stage, "c", "d");
    assert_served(stage, "web:c,d");
}

static void the_first_answer_after_a_start_replaces_nobody(void **state)
{
    struct stage *stage = *state;

    LOOK(stage, "a", "b");
    assert_served(stage, "web:a,b");
}

static void an_empty_cluster_keeps_nobody_and_forgets_who_was_there(void **state)
{
    struct instance held = fixture_instance("a", "web", "10.0.0.1");
    struct stage *stage = *state;

    held.hold_tag = "maint";
    LOOK(stage, "a");
    assert_served(stage, "web:a");
    stage_poll(stage, 0, &held, 1);
    LOOK(stage, "b");
    assert_served(stage, "web:b,a"); /* nobody asked between: b replaces a */

    LOOK(stage, "c");
    assert_served(stage, "web:c,a,b");
}

static void changes_meanwhile_add_theirs_and_each_goes_in_its_time(void **state)
{
    struct stage *stage = *state;

    stage->now.now_ms = 1000;
    LOOK(stage, "a");
    assert_served(stage, "web:a");
    stage->now.now_ms = 2000;
    LOOK(stage, "b");
    assert_served(stage, "web:b,a");
    stage->now.now_ms = 3000;
    LOOK(stage, "c");
    assert_served(stage, "web:c,a,b");
    assert_int_equal(fleet_next_change_ms(stage->fleet, 3000), 2000 + LASTS_MS);
    stage->now.now_ms = 2000 + LASTS_MS;
    assert_served(stage, "web:c,b");
    assert_int_equal(fleet_next_change_ms(stage->fleet, stage->now.now_ms), 3000 + LASTS_MS);
    stage->now.now_ms = 3000 + LASTS_MS;
    assert_served(stage, "web:c");
}

static void an_old_one_that_comes_back_is_a_member_again(void **state)
{
    struct stage *stage = *state;

    LOOK(stage, "a", "b");
    assert_served(stage, "web:a,b");
    LOOK(stage, "c");
    assert_served(stage, "web:c,a,b");
    LOOK(stage, "a", "c");
    assert_served(stage, "web:a,c,b");
    assert_weight(stage, "a", 65535);
    assert_weight(stage, "b", 0);
    /* It was in the answer, so its being alone replaces nobody: c goes at once, b in its time. */
    LOOK(stage, "a");
    assert_served(stage, "web:a,b");
    stage->now.now_ms = LASTS_MS;
    assert_served(stage, "web:a");
}

static void an_operators_word_takes_out_at_once(void **state)
{
    struct instance instances[] = {
        fixture_instance("a", "web", "10.0.0.1"),
        fixture_instance("b", "web", "10.0.0.2"),
    };
    struct stage *stage = *state;

    stage_poll(stage, 0, instances, 1);
    assert_served(stage, "web:a");
    instances[0].hold_tag = "maint";
    stage_poll(stage, 0, instances, 2);
    assert_served(stage, "web:b");
    stage_poll(stage, 0, instances, 1);
}

static void maintenance_of_all_gives_an_empty_cluster(void **state)
{
    struct instance instance = fixture_instance("a", "web", "10.0.0.1");
    struct stage *stage = *state;

    stage_poll(stage, 0, &instance, 1);
    assert_served(stage, "web:a");
    instance.hold_tag = "maint";
    stage_poll(stage, 0, &instance, 1);
    assert_served(stage, "web:");
}

static void another_port_is_another_server(void **state)
{
    struct instance instance = fixture_instance("a", "web", "10.0.0.1");
    struct stage *stage = *state;

    stage_poll(stage, 0, &instance, 1);
    assert_served(stage, "web:a");
    instance.port_tag = "99";
    stage_poll(stage, 0, &instance, 1);
    assert_served(stage, "web:a,a");
    assert_int_equal(stage->clusters[0].members[0].port, 99);
    assert_int_equal(stage->clusters[0].members[0].weight, 65535);
    assert_int_equal(stage->clusters[0].members[1].port, 8443);
    assert_int_equal(stage->clusters[0].members[1].weight, 0);
}

static void where_targets_are_named_by_id_an_id_has_one_address(void **state)
{
    static const struct zone by_id = {.cluster_name = "_{group}._tcp",
                                      .target_names = TARGET_INSTANCE};
    struct instance instance = fixture_instance("a", "web", "10.0.0.1");
    struct stage *stage = *state;

    stage->zone.zone = &by_id;
    stage_poll(stage, 0, &instance, 1);
    assert_served(stage, "web:a");
    instance.private_address = "10.0.0.9";
    stage_poll(stage, 0, &instance, 1);
    assert_served(stage, "web:a");
    assert_int_equal(stage->clusters[0].members[0].weight, 65535);
}

static void every_cluster_has_its_own_overlap(void **state)
{
    struct instance instances[] = {
        fixture_instance("i-1", "api", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
        fixture_instance("i-3", "api", "10.0.0.3"),
    };
    struct stage *stage = *state;

    stage_poll(stage, 0, instances, 2);
    assert_served(stage, "api:i-1 web:i-2");
    instances[0].state = STATE_TERMINATED;
    stage_poll(stage, 0, instances, 3);
    assert_served(stage, "api:i-3,i-1 web:i-2");
}

static void a_reload_carries_it_over(void **state)
{
    static struct fleet_source sources[2]; /* the new fleet borrows them until the end */
    static struct fleet_settings settings;
    struct stage *stage = *state;
    struct fleet *reloaded = NULL;

    LOOK(stage, "a");
    assert_served(stage, "web:a");
    LOOK(stage, "b");
    assert_served(stage, "web:b,a");
    settings = stage->settings;
    sources[0] = stage->sources[1]; /* the other way round */
    sources[1] = stage->sources[0];
    settings.sources = sources;
    assert_true(fleet_new(&reloaded, &settings, NULL));
    fleet_adopt(reloaded, stage->fleet);
    fleet_free(stage->fleet);
    stage->fleet = reloaded;
    assert_served(stage, "web:b,a");
    stage->now.now_ms = LASTS_MS;
    assert_served(stage, "web:b");
}

/* A reload to three sources: `names[i]` is what the source at i is called. */
static void reload(struct stage *stage, const char *const names[3])
{
    static struct configuration {
        struct fleet_source sources[3];
        struct fleet_settings settings;
    } configurations[2]; /* both fleets borrow theirs until the end */
    static size_t next = 0;
    struct configuration *made = &configurations[next++ % 2];
    struct fleet *reloaded = NULL;

    for (size_t i = 0; i < 3; i++) {
        made->sources[i] = stage->sources[0];
        made->sources[i].name = names[i];
    }
    made->settings = stage->settings;
    made->settings.sources = made->sources;
    made->settings.source_count = 3;
    assert_true(fleet_new(&reloaded, &made->settings, NULL));
    fleet_adopt(reloaded, stage->fleet);
    fleet_free(stage->fleet);
    stage->fleet = reloaded;
}

/* Its answer would be SERVFAIL, and all of it gone from a load balancer half a minute later. */
static void a_new_source_that_is_silent_takes_no_merged_cluster_away(void **state)
{
    const struct instance members[] = {
        fixture_instance("i-1", "both", "10.0.0.1"),
        fixture_instance("i-2", "both", "10.0.0.2"),
        fixture_instance("i-3", "both", "10.0.0.3"),
    };
    struct stage *stage = *state;

    stage_poll(stage, 0, &members[0], 1);
    assert_served(stage, ""); /* nobody knows how much is missing */
    stage_poll(stage, 1, &members[1], 1);
    assert_served(stage, "both:i-1,i-2");
    reload(stage, (const char *const[]){"ec2 new", "ec2 main", "file on-prem"});
    assert_served(stage, "both:i-1,i-2");
    assert_served(stage, "both:i-1,i-2");
    stage_poll(stage, 0, &members[2], 1);
    assert_served(stage, "both:i-1,i-2,i-3");
}

/* Whoever was to go while its cluster waited is not in the last answer any more: that it comes back
 * does not mean that somebody is left. */
static void who_went_while_a_merged_cluster_waited_is_nobody_left(void **state)
{
    const struct instance first = fixture_instance("i-1", "both", "10.0.0.1");
    const struct instance second = fixture_instance("i-2", "both", "10.0.0.2");
    struct stage *stage = *state;

    stage->now.now_ms = 1000;
    stage_poll(stage, 0, &first, 1);
    stage_poll(stage, 1, NULL, 0);
    assert_served(stage, "both:i-1");
    reload(stage, (const char *const[]){"ec2 b", "file b", "ec2 c"});
    stage_poll(stage, 0, &second, 1);
    stage_poll(stage, 1, NULL, 0);
    stage_poll(stage, 2, NULL, 0);
    assert_served(stage, "both:i-2,i-1");
    reload(stage, (const char *const[]){"ec2 d", "file d", "ec2 e"});
    stage_poll(stage, 0, &first, 1);
    stage->now.now_ms += LASTS_MS;
    assert_served(stage, "");
    stage_poll(stage, 1, NULL, 0);
    stage_poll(stage, 2, NULL, 0);
    assert_served(stage, "both:i-1,i-2");
}

/* Its members are out of the answer, not unknown: taking the hold off brings them back. */
static void maintenance_of_all_does_not_make_a_merged_cluster_wait_for_a_silent_source(void **state)
{
    struct instance member = fixture_instance("i-1", "both", "10.0.0.1");
    struct stage *stage = *state;

    stage_poll(stage, 0, &member, 1);
    stage_poll(stage, 1, NULL, 0);
    assert_served(stage, "both:i-1");
    reload(stage, (const char *const[]){"ec2 new", "ec2 main", "file on-prem"});
    member.hold_tag = "maint";
    stage_poll(stage, 1, &member, 1);
    assert_served(stage, "both:");
    assert_served(stage, "both:");
    reload(stage, (const char *const[]){"file on-prem", "ec2 new", "ec2 main"});
    assert_served(stage, "both:");
    member.hold_tag = NULL;
    stage_poll(stage, 2, &member, 1);
    assert_served(stage, "both:i-1");
}

static void maintenance_of_all_that_a_renamed_source_had_is_no_knowledge(void **state)
{
    struct instance members[] = {
        fixture_instance("i-1", "both", "10.0.0.1"),
        fixture_instance("i-2", "both", "10.0.0.2"),
    };
    struct stage *stage = *state;

    members[0].hold_tag = members[1].hold_tag = "maint";
    stage_poll(stage, 0, &members[0], 1);
    stage_poll(stage, 1, &members[1], 1);
    assert_served(stage, "both:");
    reload(stage, (const char *const[]){"ec2 main", "file renamed", "ec2 new"});
    members[0].hold_tag = NULL;
    stage_poll(stage, 0, &members[0], 1);
    assert_served(stage, "");
}

static void a_merged_cluster_waits_for_a_source_that_took_its_members_along(void **state)
{
    const struct instance members[] = {
        fixture_instance("i-1", "both", "10.0.0.1"),
        fixture_instance("i-2", "both", "10.0.0.2"),
    };
    struct stage *stage = *state;

    stage_poll(stage, 0, &members[0], 1);
    stage_poll(stage, 1, &members[1], 1);
    assert_served(stage, "both:i-1,i-2");
    reload(stage, (const char *const[]){"ec2 main", "file renamed", "ec2 new"});
    assert_served(stage, "");
    assert_served(stage, "");
    stage_poll(stage, 1, &members[1], 1);
    assert_served(stage, "");
    stage_poll(stage, 2, NULL, 0);
    assert_served(stage, "both:i-1,i-2");
}

/* What came from disk and was never true here leaves nothing behind. */
static void what_was_never_true_does_not_stay_beside_the_truth(void **state)
{
    struct stage *stage = *state;

    LOOK(stage, "a");
    assert_served(stage, "web:a");
    fleet_restore(stage->fleet, 0, NULL);
    LOOK(stage, "b");
    assert_served(stage, "web:b");
    assert_int_equal(fleet_next_change_ms(stage->fleet, stage->now.now_ms), 0);
}

static void they_are_shown_as_what_they_are(void **state)
{
    struct stage *stage = *state;
    const struct fleet_member *members = NULL;

    stage->now.now_ms = 1000;
    LOOK(stage, "a");
    assert_served(stage, "web:a");
    LOOK(stage, "b");
    assert_served(stage, "web:b,a");
    assert_int_equal(fleet_members(stage->fleet, 0, &stage->now, &stage->arena, &members), 2);
    assert_string_equal(members[0].entry->accepted.id, "a");
    assert_string_equal(members[0].cluster, "web");
    assert_int_equal(members[0].standing, STANDING_OVERLAP);
    assert_int_equal(members[0].weight, 0);
    assert_int_equal(members[0].until_ms, 1000 + LASTS_MS);
    assert_int_equal(members[1].standing, STANDING_SERVED);
    stage->now.now_ms += LASTS_MS;
    assert_int_equal(fleet_members(stage->fleet, 0, &stage->now, &stage->arena, &members), 1);
}

/* What was wrong with one that is gone is of no interest any more. */
static void who_stays_is_not_judged(void **state)
{
    struct instance members[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct stage *stage = *state;
    const struct fleet_member *shown = NULL;

    stage_poll(stage, 0, members, 1);
    members[0].weight_tag = "much";
    members[0].port_tag = "8080"; /* so that the answer is made of the one with the bad value */
    stage_poll(stage, 0, members, 1);
    assert_served(stage, "web:i-1");
    members[0].state = STATE_TERMINATED;
    stage_poll(stage, 0, members, 2);
    assert_served(stage, "web:i-2,i-1");
    assert_int_equal(fleet_members(stage->fleet, 0, &stage->now, &stage->arena, &shown), 2);
    assert_int_equal(shown[0].standing, STANDING_OVERLAP);
    assert_string_equal(shown[0].entry->accepted.id, "i-1");
    assert_int_equal(shown[0].entry->reason, REASON_MEMBER);
    assert_null(shown[0].entry->value);
}

static void members_come_first_where_room_is_short(void **state)
{
    enum { MANY = FLEET_MAX_MEMBERS };
    struct instance *instances = test_calloc(2 * MANY, sizeof(*instances));
    char(*texts)[2][16] = test_calloc(2 * MANY, sizeof(*texts));
    struct stage *stage = *state;
    struct inventory *poll = NULL;

    for (size_t i = 0; i < 2 * MANY; i++) {
        (void)snprintf(texts[i][0], sizeof(texts[i][0]), "i-%05zu", i);
        (void)snprintf(texts[i][1], sizeof(texts[i][1]), "10.1.%zu.%zu", i / 250, i % 250 + 1);
        instances[i] = fixture_instance(texts[i][0], "web", texts[i][1]);
    }
    stage_poll(stage, 0, instances, MANY);
    stage_assemble(stage);
    assert_int_equal(stage->clusters[0].member_count, MANY);
    for (size_t i = 0; i < MANY; i++) {
        instances[i].state = STATE_TERMINATED;
    }
    poll = fixture_poll(instances, 2 * MANY - 1);
    fleet_apply(stage->fleet, 0, poll, 1000, NULL, NULL);
    inventory_free(poll);
    stage_assemble(stage);
    assert_int_equal(stage->clusters[0].member_count, MANY);
    assert_int_equal(stage->clusters[0].members[MANY - 2].weight, 65535);
    assert_int_equal(stage->clusters[0].members[MANY - 1].weight, 0);
    test_free(texts);
    test_free(instances);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(a_full_replacement_keeps_the_old_ones_at_weight_0_for_ttl_and_ten_seconds),
        STAGE_TEST(one_that_stays_is_enough_for_the_others_to_go),
        STAGE_TEST(the_first_answer_after_a_start_replaces_nobody),
        STAGE_TEST(an_empty_cluster_keeps_nobody_and_forgets_who_was_there),
        STAGE_TEST(changes_meanwhile_add_theirs_and_each_goes_in_its_time),
        STAGE_TEST(an_old_one_that_comes_back_is_a_member_again),
        STAGE_TEST(an_operators_word_takes_out_at_once),
        STAGE_TEST(maintenance_of_all_gives_an_empty_cluster),
        STAGE_TEST(another_port_is_another_server),
        STAGE_TEST(where_targets_are_named_by_id_an_id_has_one_address),
        STAGE_TEST(every_cluster_has_its_own_overlap),
        STAGE_TEST(a_reload_carries_it_over),
        STAGE_TEST(a_new_source_that_is_silent_takes_no_merged_cluster_away),
        STAGE_TEST(who_went_while_a_merged_cluster_waited_is_nobody_left),
        STAGE_TEST(maintenance_of_all_does_not_make_a_merged_cluster_wait_for_a_silent_source),
        STAGE_TEST(maintenance_of_all_that_a_renamed_source_had_is_no_knowledge),
        STAGE_TEST(a_merged_cluster_waits_for_a_source_that_took_its_members_along),
        STAGE_TEST(what_was_never_true_does_not_stay_beside_the_truth),
        STAGE_TEST(they_are_shown_as_what_they_are),
        STAGE_TEST(who_stays_is_not_judged),
        STAGE_TEST(members_come_first_where_room_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
