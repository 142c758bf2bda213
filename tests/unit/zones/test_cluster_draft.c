/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_cluster_draft.c - members in order, names that clash, what is left out. */

#include "fixture.h"

static const char SRV[] = "_web._tcp.sd.example.com";

static void members_stand_by_id_and_drained_ones_last(void **state)
{
    const struct member members[] = {
        fixture_member("i-4", "10.0.0.4", 65535),
        fixture_member("i-1", "10.0.0.1", 0),
        fixture_member("i-3", "10.0.0.3", 1),
        fixture_member("i-2", "10.0.0.2", 0),
    };
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;

    (void)state;
    fixture_add_cluster(builder, "web", members, 4);
    snapshot = fixture_finish(builder);
    fixture_assert_records(
        snapshot, SRV, RECORD_SRV,
        "_web._tcp.sd.example.com. 10 IN SRV 0 1 443 ip-10-0-0-3.sd.example.com.\n"
        "_web._tcp.sd.example.com. 10 IN SRV 0 65535 443 ip-10-0-0-4.sd.example.com.\n"
        "_web._tcp.sd.example.com. 10 IN SRV 0 0 443 ip-10-0-0-1.sd.example.com.\n"
        "_web._tcp.sd.example.com. 10 IN SRV 0 0 443 ip-10-0-0-2.sd.example.com.\n"
        "ip-10-0-0-3.sd.example.com. 10 IN A 10.0.0.3\n"
        "ip-10-0-0-4.sd.example.com. 10 IN A 10.0.0.4\n"
        "ip-10-0-0-1.sd.example.com. 10 IN A 10.0.0.1\n"
        "ip-10-0-0-2.sd.example.com. 10 IN A 10.0.0.2\n");
    snapshot_unref(snapshot);
}

static void the_order_of_the_input_does_not_matter(void **state)
{
    enum { COUNT = 300, ROUNDS = 20 };
    static char ids[COUNT][FIXTURE_TEXT_SIZE];
    struct member members[COUNT];
    struct snapshot *first = NULL;
    uint64_t seed = 42;

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        char address[FIXTURE_TEXT_SIZE];

        (void)snprintf(ids[i], sizeof(ids[i]), "i-%03u", i % 250); /* fifty ids stand twice */
        (void)snprintf(address, sizeof(address), "10.0.%u.%u", i % 3, i % 200);
        members[i] = fixture_member(ids[i], address, (uint16_t)(i % 5));
        members[i].port = (uint16_t)(1 + i % 2);
    }
    for (int round = 0; round < ROUNDS; round++) {
        struct builder *builder = fixture_builder(TARGET_ADDRESS);
        struct snapshot *snapshot = NULL;

        for (size_t i = COUNT - 1; i > 0; i--) {
            size_t other = fixture_random(&seed) % (i + 1);
            struct member kept = members[i];

            members[i] = members[other];
            members[other] = kept;
        }
        fixture_add_cluster(builder, "web", members, COUNT);
        snapshot = fixture_finish(builder);
        if (first == NULL) {
            first = snapshot;
        } else {
            assert_true(snapshot_zone_equals(snapshot, 0, first, 0));
            snapshot_unref(snapshot);
        }
    }
    snapshot_unref(first);
}

static void one_target_and_port_is_sent_once(void **state)
{
    struct member members[] = {
        fixture_member("i-1", "10.0.0.1", 10), fixture_member("i-2", "10.0.0.1", 20), /* repeats */
        fixture_member("i-3", "10.0.0.1", 30), /* another port */
        fixture_member("i-4", "10.0.0.1", 40), /* repeats that */
    };
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;

    (void)state;
    members[2].port = members[3].port = 8443;
    fixture_add_cluster(builder, "web", members, 4);
    snapshot = fixture_finish(builder);
    fixture_assert_records(
        snapshot, SRV, RECORD_SRV,
        "_web._tcp.sd.example.com. 10 IN SRV 0 10 443 ip-10-0-0-1.sd.example.com.\n"
        "_web._tcp.sd.example.com. 10 IN SRV 0 30 8443 ip-10-0-0-1.sd.example.com.\n"
        "ip-10-0-0-1.sd.example.com. 10 IN A 10.0.0.1\n");
    fixture_assert_records(snapshot, "web.sd.example.com", RECORD_A,
                           "web.sd.example.com. 10 IN A 10.0.0.1\n");
    snapshot_unref(snapshot);
}

static void the_plain_name_holds_each_address_once_in_instance_mode(void **state)
{
    const struct member members[] = {
        fixture_member("i-1", "10.0.0.9", 1), fixture_member("i-2", "10.0.0.1", 1),
        fixture_member("i-3", "10.0.0.9", 1), fixture_member("i-4", "fd00::1", 1),
        fixture_member("i-5", "fd00::1", 1),
    };
    struct builder *builder = fixture_builder(TARGET_INSTANCE);
    struct snapshot *snapshot = NULL;

    (void)state;
    fixture_add_cluster(builder, "web", members, 5);
    snapshot = fixture_finish(builder);
    fixture_assert_records(snapshot, "web.sd.example.com", RECORD_A,
                           "web.sd.example.com. 10 IN A 10.0.0.9\n"
                           "web.sd.example.com. 10 IN A 10.0.0.1\n");
    fixture_assert_records(snapshot, "web.sd.example.com", RECORD_AAAA,
                           "web.sd.example.com. 10 IN AAAA fd00::1\n");
    assert_int_equal(fixture_answer(snapshot, SRV, RECORD_SRV)->answer_count, 5);
    assert_int_equal(fixture_answer(snapshot, SRV, RECORD_SRV)->additional_count, 5);
    snapshot_unref(snapshot);
}

static void an_id_with_two_addresses_serves_the_first_and_says_so(void **state)
{
    const struct member members[] = {
        fixture_member("i-1", "10.0.0.2", 1),
        fixture_member("i-1", "10.0.0.1", 1),
        fixture_member("I-1", "10.0.0.3", 1),
    };
    const struct cluster cluster = {.name = "web", .members = members, .member_count = 3};
    struct builder *builder = fixture_builder(TARGET_INSTANCE);
    struct snapshot *snapshot = NULL;
    struct error error;

    (void)state;
    assert_false(builder_add_cluster(builder, &cluster, &error));
    assert_non_null(strstr(error.text, "web"));
    assert_non_null(strstr(error.text, "i-1.sd.example.com. belongs to another address"));
    assert_non_null(strstr(error.text, "(and 1 more)"));
    snapshot = fixture_finish(builder);
    /* "I-1" sorts first */
    fixture_assert_records(snapshot, "i-1.sd.example.com", RECORD_A,
                           "i-1.sd.example.com. 10 IN A 10.0.0.3\n");
    assert_int_equal(fixture_answer(snapshot, SRV, RECORD_SRV)->answer_count, 1);
    snapshot_unref(snapshot);
}

static void members_that_cannot_be_served_do_not_take_others_along(void **state)
{
    struct member members[] = {
        fixture_member("i-1", "10.0.0.1", 1),
        fixture_member("i-2", "10.0.0.2", 1),
        fixture_member("i-3", "10.0.0.3", 1),
    };
    const struct cluster cluster = {.name = "web", .members = members, .member_count = 3};
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;
    struct error error;

    (void)state;
    members[0].port = 0;
    members[1].address.length = 0;
    assert_false(builder_add_cluster(builder, &cluster, &error));
    assert_non_null(strstr(error.text, "port is 0"));
    snapshot = fixture_finish(builder);
    assert_int_equal(fixture_answer(snapshot, SRV, RECORD_SRV)->answer_count, 1);
    snapshot_unref(snapshot);
}

static void a_cluster_of_which_nobody_is_left_does_not_exist(void **state)
{
    struct member members[] = {fixture_member("i-1", "10.0.0.1", 1)};
    const struct cluster cluster = {.name = "web", .members = members, .member_count = 1};
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;

    (void)state;
    members[0].port = 0;
    assert_false(builder_add_cluster(builder, &cluster, NULL));
    snapshot = fixture_finish(builder);
    assert_int_equal(fixture_lookup(snapshot, SRV, RECORD_SRV).result, LOOKUP_NXDOMAIN);
    snapshot_unref(snapshot);
}

struct clash_row {
    const char *why;
    const char *record;
    const char *cluster;
    const char *id;
    bool is_cluster_served;
    const char *says;
};

static void names_that_are_taken_are_named(void **state)
{
    static const struct clash_row rows[] = {
        {"a record at the SRV name",    "_web._tcp A 192.0.2.1\n", "web", "i-1", false,
         "_web._tcp.sd.example.com. is taken by a record"                                                         },
        {"a record at the plain name",  "web A 192.0.2.1\n",       "web", "i-1", true,
         "web.sd.example.com. is taken by a record"                                                               },
        {"a record at a target",        "i-1 A 192.0.2.1\n",       "web", "i-1", true,
         "i-1.sd.example.com. is taken by a record"                                                               },
        {"a cluster at a target",       "x A 192.0.2.1\n",         "web", "old", true,
         "old.sd.example.com. is taken by a member"                                                               },
        {"its own name at a target",    "x A 192.0.2.1\n",         "web", "web", true,
         "web.sd.example.com. is taken by a member"                                                               },
        {"a second cluster",            "x A 192.0.2.1\n",         "old", "i-1", true,  "taken by another cluster"},
        {"a cluster named as a target", "x A 192.0.2.1\n",         "i-9", "i-1", true,
         "i-9.sd.example.com. is taken by a member"                                                               },
        {"a name that is no label",     "x A 192.0.2.1\n",         "w.b", "i-1", false, "not a DNS label"         },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct member old = fixture_member("i-9", "10.0.0.9", 1);
        const struct member members[] = {
            fixture_member(rows[i].id, "10.0.0.1", 1),
            fixture_member("i-2", "10.0.0.2", 1),
        };
        const struct cluster cluster = {
            .name = rows[i].cluster, .members = members, .member_count = 2};
        struct builder *builder = fixture_builder(TARGET_INSTANCE);
        struct snapshot *snapshot = NULL;
        struct error error = {{0}};
        char srv[FIXTURE_TEXT_SIZE];

        assert_true(fixture_add_records(builder, "sd.example.com", rows[i].record, &error));
        fixture_add_cluster(builder, "old", &old, 1);
        if ((builder_add_cluster(builder, &cluster, &error) &&
             builder_place_plain_names(builder, &error)) ||
            strstr(error.text, rows[i].says) == NULL) {
            fail_msg("%s: %s", rows[i].why, error.text);
        }
        snapshot = fixture_finish(builder);
        (void)snprintf(srv, sizeof(srv), "_%s._tcp.sd.example.com", rows[i].cluster);
        assert_int_equal(fixture_lookup(snapshot, srv, RECORD_SRV).result == LOOKUP_ANSWER,
                         rows[i].is_cluster_served);
        snapshot_unref(snapshot);
    }
}

static void nothing_of_a_refused_cluster_is_added(void **state)
{
    const struct member members[] = {fixture_member("i-1", "10.0.0.1", 1)};
    const struct cluster cluster = {.name = "web", .members = members, .member_count = 1};
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;
    struct error error;

    (void)state;
    assert_true(fixture_add_records(builder, "sd.example.com", "_web._tcp TXT \"mine\"\n", &error));
    assert_false(builder_add_cluster(builder, &cluster, &error));
    snapshot = fixture_finish(builder);
    assert_int_equal(fixture_lookup(snapshot, SRV, RECORD_SRV).result, LOOKUP_NODATA);
    assert_int_equal(fixture_lookup(snapshot, "ip-10-0-0-1.sd.example.com", RECORD_A).result,
                     LOOKUP_NXDOMAIN);
    assert_int_equal(fixture_lookup(snapshot, "web.sd.example.com", RECORD_A).result,
                     LOOKUP_NXDOMAIN);
    snapshot_unref(snapshot);
}

static void srv_and_addresses_share_a_name_when_cluster_name_is_the_group(void **state)
{
    const struct member members[] = {
        fixture_member("i-1", "10.0.0.1", 1),
        fixture_member("i-2", "fd00::2", 1),
    };
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);
    struct snapshot *snapshot = NULL;

    (void)state;
    zone.cluster_name = "{group}";
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    fixture_add_cluster(builder, "web", members, 2);
    snapshot = fixture_finish(builder);
    assert_int_equal(fixture_answer(snapshot, "web.sd.example.com", RECORD_SRV)->answer_count, 2);
    assert_int_equal(fixture_answer(snapshot, "web.sd.example.com", RECORD_A)->answer_count, 1);
    assert_int_equal(fixture_answer(snapshot, "web.sd.example.com", RECORD_AAAA)->answer_count, 1);
    snapshot_unref(snapshot);
}

static void two_clusters_share_a_target_whatever_their_order(void **state)
{
    const struct member web = fixture_member("i-b", "10.0.0.1", 5);
    const struct member api = fixture_member("i-a", "10.0.0.1", 7);
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *one = NULL;
    struct snapshot *other = NULL;

    (void)state;
    fixture_add_cluster(builder, "web", &web, 1);
    fixture_add_cluster(builder, "api", &api, 1);
    one = fixture_finish(builder);
    builder = fixture_builder(TARGET_ADDRESS);
    fixture_add_cluster(builder, "api", &api, 1);
    fixture_add_cluster(builder, "web", &web, 1);
    other = fixture_finish(builder);
    assert_true(snapshot_zone_equals(one, 0, other, 0));
    fixture_assert_records(one, "ip-10-0-0-1.sd.example.com", RECORD_TXT,
                           "ip-10-0-0-1.sd.example.com. 10 IN TXT \"instance=i-a\" "
                           "\"zone=eu-west-1a\" \"weight=7\" \"hold=none\"\n");
    assert_int_equal(fixture_answer(one, SRV, RECORD_SRV)->additional_count, 1);
    assert_int_equal(fixture_answer(one, "_api._tcp.sd.example.com", RECORD_SRV)->additional_count,
                     1);
    snapshot_unref(one);
    snapshot_unref(other);
}

static void literal_targets_answer_outside_the_zone(void **state)
{
    const struct member members[] = {
        fixture_member("i-1", "10.0.0.4", 1),
        fixture_member("i-2", "fd00::4", 1),
    };
    struct builder *builder = fixture_builder(TARGET_LITERAL);
    struct snapshot *snapshot = NULL;

    (void)state;
    fixture_add_cluster(builder, "web", members, 2);
    snapshot = fixture_finish(builder);
    fixture_assert_records(snapshot, SRV, RECORD_SRV,
                           "_web._tcp.sd.example.com. 10 IN SRV 0 1 443 10.0.0.4.\n"
                           "_web._tcp.sd.example.com. 10 IN SRV 0 1 443 "
                           "ip6-fd00-0-0-0-0-0-0-4.sd.example.com.\n"
                           "10.0.0.4. 10 IN A 10.0.0.4\n"
                           "ip6-fd00-0-0-0-0-0-0-4.sd.example.com. 10 IN AAAA fd00::4\n");
    fixture_assert_records(snapshot, "10.0.0.4", RECORD_A, "10.0.0.4. 10 IN A 10.0.0.4\n");
    assert_int_equal(fixture_lookup(snapshot, "10.0.0.4", RECORD_AAAA).result, LOOKUP_NODATA);
    assert_int_equal(fixture_lookup(snapshot, "10.0.0.4", RECORD_TXT).result, LOOKUP_ANSWER);
    assert_int_equal(fixture_lookup(snapshot, "0.0.4", RECORD_A).result, LOOKUP_REFUSED);
    assert_int_equal(fixture_lookup(snapshot, "x.10.0.0.4", RECORD_A).result, LOOKUP_REFUSED);
    assert_int_equal(fixture_lookup(snapshot, "10.0.0.5", RECORD_A).result, LOOKUP_REFUSED);
    snapshot_unref(snapshot);
}

/* Whoever may name a group must not be able to take a member out of another cluster. */
static void a_cluster_named_like_a_target_pushes_no_member_out(void **state)
{
    const struct member first = fixture_member("i-1", "10.0.0.1", 1);
    const struct member second = fixture_member("i-2", "10.0.0.2", 1);
    const struct cluster hostile = {.name = "ip-10-0-0-2", .members = &first, .member_count = 1};
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;
    struct error error = {{0}};

    (void)state;
    assert_true(builder_add_cluster(builder, &hostile, &error));
    fixture_add_cluster(builder, "web", &second, 1);
    assert_false(builder_place_plain_names(builder, &error));
    assert_non_null(strstr(error.text, "served by SRV alone"));
    snapshot = fixture_finish(builder);
    assert_int_equal(
        fixture_lookup(snapshot, "_ip-10-0-0-2._tcp.sd.example.com", RECORD_SRV).result,
        LOOKUP_ANSWER);
    assert_int_equal(fixture_lookup(snapshot, "_web._tcp.sd.example.com", RECORD_SRV).result,
                     LOOKUP_ANSWER);
    assert_int_equal(
        fixture_lookup(snapshot, "ip-10-0-0-2.sd.example.com", RECORD_A).answer->answer_count, 1);
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_stand_by_id_and_drained_ones_last),
        cmocka_unit_test(the_order_of_the_input_does_not_matter),
        cmocka_unit_test(one_target_and_port_is_sent_once),
        cmocka_unit_test(the_plain_name_holds_each_address_once_in_instance_mode),
        cmocka_unit_test(an_id_with_two_addresses_serves_the_first_and_says_so),
        cmocka_unit_test(members_that_cannot_be_served_do_not_take_others_along),
        cmocka_unit_test(a_cluster_of_which_nobody_is_left_does_not_exist),
        cmocka_unit_test(names_that_are_taken_are_named),
        cmocka_unit_test(a_cluster_named_like_a_target_pushes_no_member_out),
        cmocka_unit_test(nothing_of_a_refused_cluster_is_added),
        cmocka_unit_test(srv_and_addresses_share_a_name_when_cluster_name_is_the_group),
        cmocka_unit_test(two_clusters_share_a_target_whatever_their_order),
        cmocka_unit_test(literal_targets_answer_outside_the_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
