/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_apex.c - SOA, NS and negative answers. */

#include "fixture.h"

static void the_apex_has_soa_and_nameservers(void **state)
{
    struct snapshot *snapshot = fixture_finish(fixture_builder(TARGET_ADDRESS));

    (void)state;
    fixture_assert_records(snapshot, "sd.example.com", RECORD_SOA,
                           "sd.example.com. 10 IN SOA ns1.sd.example.com. "
                           "hostmaster.sd.example.com. 1800000000 30 10 1209600 2\n");
    fixture_assert_records(snapshot, "sd.example.com", RECORD_NS,
                           "sd.example.com. 10 IN NS ns1.sd.example.com.\n");
    assert_int_equal(fixture_lookup(snapshot, "sd.example.com", RECORD_A).result, LOOKUP_NODATA);
    snapshot_unref(snapshot);
}

struct ttl_row {
    const char *why;
    uint32_t ttl;
    uint32_t negative_ttl;
    const char *expected;
};

static void the_soa_of_negative_answers_has_the_lower_ttl(void **state)
{
    static const struct ttl_row rows[] = {
        {"negative-ttl below ttl", 10, 2,
         "sd.example.com. 2 IN SOA ns1.sd.example.com. hostmaster.sd.example.com. "
         "1800000000 30 10 1209600 2\n"},
        {"ttl below negative-ttl", 1,  5,
         "sd.example.com. 1 IN SOA ns1.sd.example.com. hostmaster.sd.example.com. "
         "1800000000 30 10 1209600 5\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct builder *builder = builder_new(NULL);
        struct name nameserver;
        struct zone zone = fixture_zone("sd.example.com", &nameserver);
        struct snapshot *snapshot = NULL;

        print_message("%s\n", rows[i].why);
        zone.ttl_seconds = rows[i].ttl;
        zone.negative_ttl_seconds = rows[i].negative_ttl;
        assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
        snapshot = fixture_finish(builder);
        fixture_assert_records(snapshot, "x.sd.example.com", RECORD_A, rows[i].expected);
        snapshot_unref(snapshot);
    }
}

/* The same octets follow questions of every length, so a pointer in them would be wrong. */
static void negative_answers_fit_questions_of_every_length(void **state)
{
    struct snapshot *snapshot = fixture_finish(fixture_builder(TARGET_ADDRESS));
    char name[NAME_MAX_TEXT] = "a.sd.example.com";

    (void)state;
    while (strlen(name) + 2 <= NAME_MAX_LENGTH - 2) {
        fixture_assert_records(snapshot, name, RECORD_A,
                               "sd.example.com. 2 IN SOA ns1.sd.example.com. "
                               "hostmaster.sd.example.com. 1800000000 30 10 1209600 2\n");
        memmove(name + 2, name, strlen(name) + 1);
        memcpy(name, "b.", 2);
    }
    snapshot_unref(snapshot);
}

static void a_zone_without_nameserver_is_refused(void **state)
{
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);
    struct error error;

    (void)state;
    zone.nameserver_count = 0;
    assert_false(builder_add_zone(builder, &zone, ZONE_COMPLETE, &error));
    assert_string_equal(error.text, "zone sd.example.com.: the zone has no nameserver");
    builder_free(builder);
}

static void an_origin_without_room_for_a_mailbox_is_refused(void **state)
{
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone zone = fixture_zone("example", &nameserver);

    (void)state;
    zone.cluster_name = "{group}";
    while (zone.origin.length + 11 <= NAME_MAX_LENGTH) {
        assert_true(name_prepend(&zone.origin, "abcd", 4));
    }
    assert_false(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    builder_free(builder);
}

static void the_root_can_be_a_zone(void **state)
{
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone zone = fixture_zone("example", &nameserver);
    const struct member member = fixture_member("i-1", "10.0.0.1", 1);
    struct snapshot *snapshot = NULL;

    (void)state;
    name_root(&zone.origin);
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    fixture_add_cluster(builder, "web", &member, 1);
    snapshot = fixture_finish(builder);
    fixture_assert_records(snapshot, "_web._tcp", RECORD_SRV,
                           "_web._tcp. 10 IN SRV 0 1 443 ip-10-0-0-1.\n"
                           "ip-10-0-0-1. 10 IN A 10.0.0.1\n");
    fixture_assert_records(snapshot, ".", RECORD_NS, ". 10 IN NS ns1.example.\n");
    assert_int_equal(fixture_lookup(snapshot, "x.org", RECORD_A).result, LOOKUP_NXDOMAIN);
    assert_int_equal(fixture_lookup(snapshot, "_tcp", RECORD_A).result, LOOKUP_NODATA);
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_apex_has_soa_and_nameservers),
        cmocka_unit_test(the_soa_of_negative_answers_has_the_lower_ttl),
        cmocka_unit_test(negative_answers_fit_questions_of_every_length),
        cmocka_unit_test(a_zone_without_nameserver_is_refused),
        cmocka_unit_test(an_origin_without_room_for_a_mailbox_is_refused),
        cmocka_unit_test(the_root_can_be_a_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
