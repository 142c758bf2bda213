/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_builder.c - zones beside and within each other, serials, lifetimes. */

#include "fixture.h"

static void a_zone_is_refused_twice_and_without_group(void **state)
{
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);
    struct error error;
    struct snapshot *snapshot = NULL;

    (void)state;
    assert_false(builder_add_zone(builder, &zone, ZONE_COMPLETE, &error));
    assert_string_equal(error.text, "zone sd.example.com. is there twice");
    zone.origin = fixture_name("other.example.com");
    zone.cluster_name = "web";
    assert_false(builder_add_zone(builder, &zone, ZONE_COMPLETE, &error));
    assert_string_equal(error.text, "zone other.example.com.: cluster-name \"web\" has no {group}");
    snapshot = fixture_finish(builder);
    assert_int_equal(snapshot_zone_count(snapshot), 1);
    snapshot_unref(snapshot);
}

static void an_unfinished_builder_can_be_freed(void **state)
{
    const struct member member = fixture_member("i-1", "10.0.0.1", 1);
    struct builder *builder = fixture_builder(TARGET_ADDRESS);

    (void)state;
    fixture_add_cluster(builder, "web", &member, 1);
    builder_free(builder);
    builder_free(NULL);
}

static void settings_are_copied(void **state)
{
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);
    struct prefix prefix;
    char pattern[] = "_{group}._tcp";
    const struct zone *copy = NULL;
    struct snapshot *snapshot = NULL;

    (void)state;
    assert_true(prefix_parse(&prefix, "10.0.0.0/8", NULL));
    zone.allow_query = &prefix;
    zone.allow_query_count = 1;
    zone.cluster_name = pattern;
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    memset(&prefix, 0, sizeof(prefix));
    memset(pattern, 'x', sizeof(pattern) - 1);
    name_root(&nameserver);
    snapshot = fixture_finish(builder);
    copy = snapshot_zone(snapshot, 0);
    assert_int_equal(copy->allow_query[0].bits, 8);
    assert_string_equal(copy->cluster_name, "_{group}._tcp");
    assert_int_equal(copy->nameservers[0].length, 20);
    assert_true(name_equals(&copy->origin, &zone.origin));
    snapshot_unref(snapshot);
}

static void an_empty_cluster_has_no_names(void **state)
{
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;

    (void)state;
    fixture_add_cluster(builder, "web", NULL, 0);
    snapshot = fixture_finish(builder);
    assert_int_equal(fixture_lookup(snapshot, "_web._tcp.sd.example.com", RECORD_SRV).result,
                     LOOKUP_NXDOMAIN);
    assert_int_equal(fixture_lookup(snapshot, "_tcp.sd.example.com", RECORD_SRV).result,
                     LOOKUP_NXDOMAIN);
    snapshot_unref(snapshot);
}

/* One builder, filled the same way but for what a row changes. */
struct variant {
    const char *why;
    enum zone_state state;
    uint16_t weight;
    uint16_t port;
    const char *az;
    const char *records;
    uint32_t ttl;
    uint16_t udp_size;
    bool grows;
};

static struct snapshot *variant_build(const struct variant *variant,
                                      const struct snapshot *previous, uint32_t now)
{
    struct builder *builder = builder_new(previous);
    struct name nameservers[2];
    struct zone zones[2] = {fixture_zone("a.example", &nameservers[0]),
                            fixture_zone("b.example", &nameservers[1])};
    struct member members[2] = {fixture_member("i-1", "10.0.0.1", 1),
                                fixture_member("i-2", "10.0.0.2", 1)};
    struct error error;

    members[1].weight = variant->weight;
    members[1].port = variant->port;
    members[1].az = variant->az;
    zones[0].ttl_seconds = variant->ttl;
    zones[0].udp_size_octets = variant->udp_size;
    assert_true(builder_add_zone(builder, &zones[0], variant->state, &error));
    fixture_add_cluster(builder, "web", members, 2);
    assert_true(fixture_add_records(builder, "a.example", variant->records, &error));
    assert_true(builder_add_zone(builder, &zones[1], ZONE_COMPLETE, &error));
    fixture_add_cluster(builder, "web", members, 1);
    return builder_finish(builder, now);
}

static const char RECORDS[] = "x A 192.0.2.1\ny TXT z\n";

/* The serial in the SOA that a question for it gets. */
static uint32_t answer_serial(const struct snapshot *snapshot, const char *name)
{
    const struct answer *soa = fixture_lookup(snapshot, name, RECORD_SOA).answer;

    return ldns_read_uint32(soa->octets + answer_end(soa, 0) - 20);
}

static void the_serial_grows_when_and_only_when_content_changes(void **state)
{
    static const struct variant first = {"first", ZONE_COMPLETE, 5,    443, "a", RECORDS,
                                         10,      512,           false};
    static const struct variant rows[] = {
        {"nothing",                ZONE_COMPLETE, 5, 443, "a", RECORDS,                                   10, 512,  false},
        {"order of records",       ZONE_COMPLETE, 5, 443, "a", "y TXT z\nx A 192.0.2.1\n",                10, 512,
         false                                                                                                           },
        {"state",                  ZONE_LOADING,  5, 443, "a", RECORDS,                                   10, 512,  false},
        {"udp-size",               ZONE_COMPLETE, 5, 443, "a", RECORDS,                                   10, 4096, false},
        {"a weight",               ZONE_COMPLETE, 6, 443, "a", RECORDS,                                   10, 512,  true },
        {"a port",                 ZONE_COMPLETE, 5, 444, "a", RECORDS,                                   10, 512,  true },
        {"a zone of availability", ZONE_COMPLETE, 5, 443, "b", RECORDS,                                   10, 512,  true },
        {"a record more",          ZONE_COMPLETE, 5, 443, "a", "x A 192.0.2.1\ny TXT z\nz A 192.0.2.1\n", 10,
         512,                                                                                                       true },
        {"a record less",          ZONE_COMPLETE, 5, 443, "a", "y TXT z\n",                               10, 512,  true },
        {"a record's data",        ZONE_COMPLETE, 5, 443, "a", "x A 192.0.2.2\ny TXT z\n",                10, 512,  true },
        {"a record's TTL",         ZONE_COMPLETE, 5, 443, "a", "x 5 A 192.0.2.1\ny TXT z\n",              10, 512,  true },
        {"a record's owner",       ZONE_COMPLETE, 5, 443, "a", "w A 192.0.2.1\ny TXT z\n",                10, 512,  true },
        {"the zone's TTL",         ZONE_COMPLETE, 5, 443, "a", RECORDS,                                   11, 512,  true },
    };
    struct snapshot *previous = variant_build(&first, NULL, 1000);

    (void)state;
    assert_int_equal(snapshot_zone_serial(previous, 0), 1000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct snapshot *next = variant_build(&rows[i], previous, 2000);
        uint32_t expected = rows[i].grows ? 2000 : 1000;

        if (rows[i].state == ZONE_COMPLETE) {
            assert_int_equal(answer_serial(next, "a.example"), expected);
            assert_int_equal(answer_serial(next, "nobody.a.example"), expected);
        }
        if (snapshot_zone_serial(next, 0) != expected || snapshot_zone_serial(next, 1) != 1000) {
            fail_msg("%s: serials %u and %u", rows[i].why, snapshot_zone_serial(next, 0),
                     snapshot_zone_serial(next, 1));
        }
        snapshot_unref(next);
    }
    snapshot_unref(previous);
}

static void a_change_within_a_second_still_moves_the_serial(void **state)
{
    static const struct variant one = {"one", ZONE_COMPLETE, 5, 443, "a", RECORDS, 10, 512, false};
    static const struct variant two = {"two", ZONE_COMPLETE, 6, 443, "a", RECORDS, 10, 512, false};
    struct snapshot *first = variant_build(&one, NULL, 1000);
    struct snapshot *second = variant_build(&two, first, 1000);
    struct snapshot *third = variant_build(&one, second, 900);

    (void)state;
    assert_int_equal(snapshot_zone_serial(second, 0), 1001);
    assert_int_equal(snapshot_zone_serial(third, 0), 1002);
    snapshot_unref(first);
    snapshot_unref(second);
    snapshot_unref(third);
}

/* Members past the end of the longest message are content too. */
static void a_change_that_no_message_shows_moves_the_serial(void **state)
{
    enum { COUNT = 1600 };
    static char ids[COUNT][FIXTURE_TEXT_SIZE];
    static struct member members[COUNT];
    struct snapshot *previous = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        char address[FIXTURE_TEXT_SIZE];

        (void)snprintf(ids[i], sizeof(ids[i]), "i-%05zu", i);
        (void)snprintf(address, sizeof(address), "10.200.%zu.%zu", i / 250, i % 250);
        members[i] = fixture_member(ids[i], address, 1);
    }
    for (uint32_t round = 0; round < 3; round++) {
        struct builder *builder = fixture_builder_after(previous, TARGET_ADDRESS);
        struct snapshot *next = NULL;

        members[COUNT - 1].port = round == 2 ? 444 : 443; /* stands in no TXT record */
        fixture_add_cluster(builder, "web", members, COUNT);
        next = builder_finish(builder, 1000 + round);
        assert_int_equal(snapshot_zone_serial(next, 0), round == 2 ? 1002 : 1000);
        snapshot_unref(previous);
        previous = next;
    }
    snapshot_unref(previous);
}

static void the_deepest_zone_answers(void **state)
{
    static const char *const origins[] = {"example.com", "deep.sd.example.com", "sd.example.com"};
    const struct member member = fixture_member("i-1", "10.0.0.1", 1);
    struct builder *builder = builder_new(NULL);
    struct snapshot *snapshot = NULL;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct name nameserver;
        struct zone zone = fixture_zone(origins[i], &nameserver);

        assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
        fixture_add_cluster(builder, "web", &member, 1);
        if (i == 0) {
            assert_true(fixture_add_records(builder, "example.com",
                                            "x.sd A 192.0.2.1\nsd TXT hidden\n"
                                            "_web._tcp.sd A 192.0.2.1\n",
                                            NULL));
        }
    }
    snapshot = fixture_finish(builder);
    for (size_t i = 0; i < 3; i++) {
        char name[FIXTURE_TEXT_SIZE];
        struct lookup lookup;

        (void)snprintf(name, sizeof(name), "_web._tcp.%s", origins[i]);
        lookup = fixture_lookup(snapshot, name, RECORD_SRV);
        assert_int_equal(lookup.result, LOOKUP_ANSWER);
        assert_ptr_equal(lookup.zone, snapshot_zone(snapshot, i));
        (void)snprintf(name, sizeof(name), "nobody.%s", origins[i]);
        lookup = fixture_lookup(snapshot, name, RECORD_SRV);
        assert_int_equal(lookup.result, LOOKUP_NXDOMAIN);
        assert_ptr_equal(lookup.zone, snapshot_zone(snapshot, i));
        assert_int_equal(fixture_lookup(snapshot, origins[i], RECORD_SOA).result, LOOKUP_ANSWER);
    }
    assert_int_equal(fixture_lookup(snapshot, "x.sd.example.com", RECORD_A).result,
                     LOOKUP_NXDOMAIN);
    assert_int_equal(fixture_lookup(snapshot, "sd.example.com", RECORD_TXT).result, LOOKUP_NODATA);
    assert_int_equal(fixture_lookup(snapshot, "_web._tcp.sd.example.com", RECORD_A).result,
                     LOOKUP_NODATA);
    snapshot_unref(snapshot);
}

static void names_on_the_way_to_a_deeper_zone_exist(void **state)
{
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone zone = fixture_zone("example.com", &nameserver);
    struct zone child = fixture_zone("sd.corp.example.com", &nameserver);
    struct snapshot *snapshot = NULL;

    (void)state;
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    assert_true(builder_add_zone(builder, &child, ZONE_COMPLETE, NULL));
    snapshot = fixture_finish(builder);
    assert_int_equal(fixture_lookup(snapshot, "corp.example.com", RECORD_A).result, LOOKUP_NODATA);
    assert_int_equal(fixture_lookup(snapshot, "x.corp.example.com", RECORD_A).result,
                     LOOKUP_NXDOMAIN);
    snapshot_unref(snapshot);
}

/* Both would answer for 10.0.0.4; and a zone of that very name keeps its apex. */
static void literal_targets_belong_to_the_first_zone_that_names_them(void **state)
{
    const struct member members[] = {fixture_member("i-1", "10.0.0.4", 1),
                                     fixture_member("i-2", "10.0.0.5", 1)};
    static const char *const origins[] = {"a.example", "b.example", "10.0.0.5"};
    struct builder *builder = builder_new(NULL);
    struct snapshot *snapshot = NULL;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct name nameserver;
        struct zone zone = fixture_zone(origins[i], &nameserver);

        zone.target_names = TARGET_LITERAL;
        assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
        if (i < 2) {
            fixture_add_cluster(builder, "web", members, 2);
        }
    }
    snapshot = fixture_finish(builder);
    assert_ptr_equal(fixture_lookup(snapshot, "10.0.0.4", RECORD_A).zone,
                     snapshot_zone(snapshot, 0));
    assert_ptr_equal(fixture_lookup(snapshot, "10.0.0.5", RECORD_A).zone,
                     snapshot_zone(snapshot, 2));
    assert_int_equal(fixture_lookup(snapshot, "10.0.0.5", RECORD_SOA).result, LOOKUP_ANSWER);
    assert_int_equal(fixture_lookup(snapshot, "x.10.0.0.4", RECORD_SOA).result, LOOKUP_REFUSED);
    assert_int_equal(fixture_lookup(snapshot, "x.10.0.0.5", RECORD_SOA).result, LOOKUP_NXDOMAIN);
    snapshot_unref(snapshot);
}

static void no_zones_make_an_empty_snapshot(void **state)
{
    struct snapshot *snapshot = fixture_finish(builder_new(NULL));

    (void)state;
    assert_int_equal(snapshot_zone_count(snapshot), 0);
    assert_int_equal(fixture_lookup(snapshot, "example.com", RECORD_A).result, LOOKUP_REFUSED);
    assert_int_equal(fixture_lookup(snapshot, ".", RECORD_A).result, LOOKUP_REFUSED);
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_is_refused_twice_and_without_group),
        cmocka_unit_test(an_unfinished_builder_can_be_freed),
        cmocka_unit_test(settings_are_copied),
        cmocka_unit_test(an_empty_cluster_has_no_names),
        cmocka_unit_test(the_serial_grows_when_and_only_when_content_changes),
        cmocka_unit_test(a_change_within_a_second_still_moves_the_serial),
        cmocka_unit_test(a_change_that_no_message_shows_moves_the_serial),
        cmocka_unit_test(the_deepest_zone_answers),
        cmocka_unit_test(names_on_the_way_to_a_deeper_zone_exist),
        cmocka_unit_test(literal_targets_belong_to_the_first_zone_that_names_them),
        cmocka_unit_test(no_zones_make_an_empty_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
