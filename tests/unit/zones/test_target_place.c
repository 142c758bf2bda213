/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_target_place.c - whose a target's name is, when clusters share it or want
 * it for different addresses, from one table to the next.
 */

#include "fixture.h"

static const char TARGET[] = "i-1.sd.example.com";

static size_t srv_count(const struct snapshot *snapshot, const char *cluster)
{
    char name[FIXTURE_TEXT_SIZE];
    struct lookup lookup;

    (void)snprintf(name, sizeof(name), "_%s._tcp.sd.example.com", cluster);
    lookup = fixture_lookup(snapshot, name, RECORD_SRV);
    return lookup.result == LOOKUP_ANSWER ? lookup.answer->answer_count : 0;
}

/* Build clusters "api", unless there is none, and "web" on `previous`, which is let go. */
static struct snapshot *pair_build(struct snapshot *previous, const struct member *api,
                                   const struct member *web, size_t web_count, struct error *error)
{
    struct builder *builder = fixture_builder_after(previous, TARGET_INSTANCE);
    const struct cluster clusters[] = {
        {.name = "api", .members = api, .member_count = api == NULL ? 0 : 1},
        {.name = "web", .members = web, .member_count = web_count          },
    };
    struct snapshot *snapshot = NULL;

    *error = (struct error){{0}};
    assert_true(builder_add_cluster(builder, &clusters[0], error));
    (void)builder_add_cluster(builder, &clusters[1], error);
    snapshot = builder_finish(builder, FIXTURE_NOW);
    snapshot_unref(previous);
    return snapshot;
}

/* "web" does not change, but a cluster before it takes one of its names, and gives it back. */
static void a_name_that_is_lost_and_won_again(void **state)
{
    const struct member web[] = {fixture_member("i-0", "10.0.0.1", 1),
                                 fixture_member("i-1", "10.0.0.2", 1),
                                 fixture_member("i-2", "10.0.0.3", 1)};
    const struct member thief = fixture_member("i-1", "10.0.0.9", 5);
    struct error error;
    struct snapshot *snapshot = pair_build(NULL, NULL, web, 3, &error);

    (void)state;
    assert_int_equal(srv_count(snapshot, "web"), 3);
    for (int round = 0; round < 2; round++) {
        snapshot = pair_build(snapshot, &thief, web, 3, &error);
        assert_non_null(strstr(error.text, "\"i-1\" is left out: its target name "
                                           "i-1.sd.example.com. belongs to another address"));
        assert_int_equal(srv_count(snapshot, "web"), 2);
        fixture_assert_records(snapshot, TARGET, RECORD_A,
                               "i-1.sd.example.com. 10 IN A 10.0.0.9\n");
        fixture_assert_records(snapshot, "i-0.sd.example.com", RECORD_A,
                               "i-0.sd.example.com. 10 IN A 10.0.0.1\n");
        fixture_assert_records(snapshot, "web.sd.example.com", RECORD_A,
                               "web.sd.example.com. 10 IN A 10.0.0.1\n"
                               "web.sd.example.com. 10 IN A 10.0.0.3\n");
    }
    snapshot = pair_build(snapshot, NULL, web, 3, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(srv_count(snapshot, "web"), 3);
    fixture_assert_records(snapshot, TARGET, RECORD_A, "i-1.sd.example.com. 10 IN A 10.0.0.2\n");
    snapshot_unref(snapshot);
}

/* The text that sorts first is the one that counts, also when its cluster is not made anew. */
static void the_text_of_a_shared_target_follows_both_clusters(void **state)
{
    static const struct {
        uint16_t api;
        uint16_t web;
        const char *expected;
    } rows[] = {
        {5, 7, "5"},
        {5, 3, "3"},
        {5, 7, "5"},
        {9, 7, "7"},
        {9, 7, "7"},
        {6, 7, "6"},
    };
    struct snapshot *snapshot = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct member api = fixture_member("i-1", "10.0.0.1", rows[i].api);
        const struct member web = fixture_member("i-1", "10.0.0.1", rows[i].web);
        struct error error;
        char expected[4 * FIXTURE_TEXT_SIZE];

        snapshot = pair_build(snapshot, &api, &web, 1, &error);
        (void)snprintf(expected, sizeof(expected),
                       "i-1.sd.example.com. 10 IN TXT \"instance=i-1\" \"zone=eu-west-1a\" "
                       "\"weight=%s\" \"hold=none\"\n",
                       rows[i].expected);
        fixture_assert_records(snapshot, TARGET, RECORD_TXT, expected);
        assert_int_equal(srv_count(snapshot, "api"), 1);
        assert_int_equal(srv_count(snapshot, "web"), 1);
    }
    snapshot_unref(snapshot);
}

/* A record below it made the name; the member is there all the same, in every table. */
static void a_name_between_others_can_be_a_target(void **state)
{
    const struct member web[] = {fixture_member("i-1", "10.0.0.1", 1)};
    struct snapshot *snapshot = NULL;

    (void)state;
    for (int round = 0; round < 3; round++) {
        struct builder *builder = fixture_builder_after(snapshot, TARGET_INSTANCE);
        struct snapshot *next = NULL;

        assert_true(
            fixture_add_records(builder, "sd.example.com", "below.i-1 A 192.0.2.1\n", NULL));
        fixture_add_cluster(builder, "web", web, 1);
        next = builder_finish(builder, FIXTURE_NOW + (uint32_t)round);
        fixture_assert_records(next, TARGET, RECORD_A, "i-1.sd.example.com. 10 IN A 10.0.0.1\n");
        assert_int_equal(fixture_lookup(next, TARGET, RECORD_SRV).result, LOOKUP_NODATA);
        assert_int_equal(fixture_lookup(next, "below.i-1.sd.example.com", RECORD_A).result,
                         LOOKUP_ANSWER);
        assert_int_equal(snapshot_zone_serial(next, 0), FIXTURE_NOW);
        snapshot_unref(snapshot);
        snapshot = next;
    }
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_is_lost_and_won_again),
        cmocka_unit_test(the_text_of_a_shared_target_follows_both_clusters),
        cmocka_unit_test(a_name_between_others_can_be_a_target),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
