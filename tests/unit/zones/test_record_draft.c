/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_record_draft.c - records of zone files in a zone. */

#include "fixture.h"

static const char ORIGIN[] = "sd.example.com";

static struct snapshot *snapshot_with(const char *records)
{
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct error error;

    if (!fixture_add_records(builder, ORIGIN, records, &error)) {
        fail_msg("%s", error.text);
    }
    return fixture_finish(builder);
}

static void records_answer_with_their_own_ttl_the_lowest_of_the_set(void **state)
{
    struct snapshot *snapshot = snapshot_with("www 300 A 192.0.2.2\n"
                                              "www 200 A 192.0.2.1\n"
                                              "www 300 A 192.0.2.2\n"
                                              "www TXT \"hello\"\n");

    (void)state;
    fixture_assert_records(snapshot, "www.sd.example.com", RECORD_A,
                           "www.sd.example.com. 200 IN A 192.0.2.1\n"
                           "www.sd.example.com. 200 IN A 192.0.2.2\n");
    fixture_assert_records(snapshot, "www.sd.example.com", RECORD_TXT,
                           "www.sd.example.com. 60 IN TXT \"hello\"\n");
    assert_int_equal(fixture_lookup(snapshot, "www.sd.example.com", RECORD_AAAA).result,
                     LOOKUP_NODATA);
    snapshot_unref(snapshot);
}

static void the_order_of_the_file_does_not_matter(void **state)
{
    struct snapshot *one = snapshot_with("a A 192.0.2.1\na A 192.0.2.2\nb TXT x\nb A 192.0.2.3\n");
    struct snapshot *other =
        snapshot_with("b A 192.0.2.3\nb TXT x\na A 192.0.2.2\na A 192.0.2.1\n");

    (void)state;
    assert_true(snapshot_zone_equals(one, 0, other, 0));
    snapshot_unref(one);
    snapshot_unref(other);
}

static void nameservers_and_services_come_with_the_addresses_of_the_zone(void **state)
{
    struct snapshot *snapshot = snapshot_with("ns1 A 192.0.2.1\n"
                                              "ns1 AAAA 2001:db8::1\n"
                                              "@ NS ns2\n"
                                              "@ NS ns.example.org.\n"
                                              "ns2 A 192.0.2.2\n"
                                              "_ldap._tcp SRV 0 0 389 ns1\n"
                                              "_ldap._tcp SRV 0 1 389 ns1\n");

    (void)state;
    fixture_assert_records(snapshot, ORIGIN, RECORD_NS,
                           "sd.example.com. 10 IN NS ns.example.org.\n"
                           "sd.example.com. 10 IN NS ns1.sd.example.com.\n"
                           "sd.example.com. 10 IN NS ns2.sd.example.com.\n"
                           "ns1.sd.example.com. 60 IN A 192.0.2.1\n"
                           "ns2.sd.example.com. 60 IN A 192.0.2.2\n"
                           "ns1.sd.example.com. 60 IN AAAA 2001:db8::1\n");
    fixture_assert_records(snapshot, "_ldap._tcp.sd.example.com", RECORD_SRV,
                           "_ldap._tcp.sd.example.com. 60 IN SRV 0 0 389 ns1.sd.example.com.\n"
                           "_ldap._tcp.sd.example.com. 60 IN SRV 0 1 389 ns1.sd.example.com.\n"
                           "ns1.sd.example.com. 60 IN A 192.0.2.1\n"
                           "ns1.sd.example.com. 60 IN AAAA 2001:db8::1\n");
    snapshot_unref(snapshot);
}

static void a_static_service_may_target_a_member(void **state)
{
    const struct member member = fixture_member("i-1", "10.0.0.1", 1);
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;

    (void)state;
    assert_true(fixture_add_records(builder, ORIGIN, "_x._tcp SRV 0 0 1 ip-10-0-0-1\n", NULL));
    fixture_add_cluster(builder, "web", &member, 1);
    snapshot = fixture_finish(builder);
    fixture_assert_records(snapshot, "_x._tcp.sd.example.com", RECORD_SRV,
                           "_x._tcp.sd.example.com. 60 IN SRV 0 0 1 ip-10-0-0-1.sd.example.com.\n"
                           "ip-10-0-0-1.sd.example.com. 10 IN A 10.0.0.1\n");
    snapshot_unref(snapshot);
}

static void an_rrset_of_any_size_is_encoded(void **state)
{
    enum { COUNT = 500, LINE = 220 };
    static char text[COUNT * (LINE + 40)];
    struct snapshot *snapshot = NULL;
    const struct answer *answer = NULL;
    size_t length = 0;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        length +=
            (size_t)snprintf(text + length, sizeof(text) - length, "big TXT \"%0*d\"\n", LINE, i);
    }
    snapshot = snapshot_with(text);
    answer = fixture_answer(snapshot, "big.sd.example.com", RECORD_TXT);
    assert_true(answer->is_partial);
    assert_in_range(answer->answer_count, 200, 300);
    snapshot_unref(snapshot);
}

struct refusal_row {
    const char *why;
    const char *first;
    const char *second;
    const char *says; /* NULL: taken */
};

static void clashing_records_are_refused_by_name(void **state)
{
    static const struct refusal_row rows[] = {
        {"CNAME beside another type",   "x A 192.0.2.1\n", "x CNAME y\n",
         "x.sd.example.com.: a CNAME"                                                                               },
        {"another type beside a CNAME", "x CNAME y\n",     "x A 192.0.2.1\n",
         "x.sd.example.com.: a CNAME"                                                                               },
        {"two CNAMEs",                  "x CNAME y\n",     "x CNAME z\n",               "x.sd.example.com.: a CNAME"},
        {"one CNAME twice",             "x CNAME y\n",     "x CNAME y\n",               NULL                        },
        {"a cluster's SRV name",        "x CNAME y\n",     "_web._tcp TXT z\n",
         "_web._tcp.sd.example.com.: the name is taken"                                                             },
        {"its plain name gives way",    "x CNAME y\n",     "web TXT z\n",               NULL                        },
        {"a target's name",             "x CNAME y\n",     "ip-10-0-0-1 A 192.0.2.1\n",
         "ip-10-0-0-1.sd.example.com.: the name is taken"                                                           },
        {"between two names",           "x CNAME y\n",     "_tcp TXT z\n",              NULL                        },
        {"the same record again",       "x A 192.0.2.1\n", "x A 192.0.2.1\n",           NULL                        },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct member member = fixture_member("i-1", "10.0.0.1", 1);
        struct builder *builder = fixture_builder(TARGET_ADDRESS);
        struct error error = {{0}};
        bool is_added = false;

        fixture_add_cluster(builder, "web", &member, 1);
        assert_true(fixture_add_records(builder, ORIGIN, rows[i].first, &error));
        is_added = fixture_add_records(builder, ORIGIN, rows[i].second, &error);
        if (is_added != (rows[i].says == NULL) ||
            (!is_added && strstr(error.text, rows[i].says) == NULL)) {
            fail_msg("%s: %s", rows[i].why, error.text);
        }
        snapshot_unref(fixture_finish(builder));
    }
}

/* A zone file that is reloaded must not lose its good records to a bad one. */
static void records_after_a_clashing_one_are_added(void **state)
{
    const struct member member = fixture_member("i-1", "10.0.0.1", 1);
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;
    struct error error = {{0}};

    (void)state;
    fixture_add_cluster(builder, "web", &member, 1);
    assert_false(fixture_add_records(
        builder, ORIGIN, "_web._tcp TXT z\nip-10-0-0-1 A 192.0.2.1\nx A 192.0.2.1\n", &error));
    assert_non_null(strstr(error.text, "_web._tcp"));
    snapshot = fixture_finish(builder);
    assert_int_equal(fixture_lookup(snapshot, "x.sd.example.com", RECORD_A).result, LOOKUP_ANSWER);
    assert_int_equal(fixture_lookup(snapshot, "_web._tcp.sd.example.com", RECORD_SRV).result,
                     LOOKUP_ANSWER);
    snapshot_unref(snapshot);
}

struct type_row {
    const char *why;
    uint16_t type;
    const char *owner;
    bool is_added;
};

static void what_no_zone_file_may_bring_is_refused(void **state)
{
    static const struct type_row rows[] = {
        {"type 0",              0,            "x.sd.example.com", false},
        {"OPT",                 RECORD_OPT,   "x.sd.example.com", false},
        {"a question type",     252,          "x.sd.example.com", false},
        {"ANY",                 RECORD_ANY,   "x.sd.example.com", false},
        {"SOA",                 RECORD_SOA,   "sd.example.com",   false},
        {"a CNAME at the apex", RECORD_CNAME, "sd.example.com",   false},
        {"outside the zone",    RECORD_TXT,   "example.com",      false},
        {"an unknown type",     65280,        "x.sd.example.com", true },
    };
    static const uint8_t rdata[] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct record record = {.owner = fixture_name(rows[i].owner),
                                .type = rows[i].type,
                                .ttl_seconds = 1,
                                .rdata = rdata,
                                .rdata_length = 1};
        const struct record_list list = {.records = &record, .count = 1};
        struct builder *builder = fixture_builder(TARGET_ADDRESS);
        struct error error = {{0}};

        if (builder_add_records(builder, &list, &error) != rows[i].is_added) {
            fail_msg("%s: %s", rows[i].why, error.text);
        }
        snapshot_unref(fixture_finish(builder));
    }
}

static void a_name_has_at_most_250_types(void **state)
{
    static const uint8_t rdata[] = {0};
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct record record = {.owner = fixture_name("x.sd.example.com"), .rdata = rdata};
    const struct record_list list = {.records = &record, .count = 1};

    (void)state;
    for (uint16_t i = 0; i < 250; i++) {
        record.type = (uint16_t)(65280 - i);
        assert_true(builder_add_records(builder, &list, NULL));
    }
    record.type = 1000;
    assert_false(builder_add_records(builder, &list, NULL));
    record.type = 65280;
    assert_true(builder_add_records(builder, &list, NULL));
    assert_true(fixture_add_records(builder, ORIGIN, "y CNAME x\n", NULL));
    snapshot_unref(fixture_finish(builder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_answer_with_their_own_ttl_the_lowest_of_the_set),
        cmocka_unit_test(the_order_of_the_file_does_not_matter),
        cmocka_unit_test(nameservers_and_services_come_with_the_addresses_of_the_zone),
        cmocka_unit_test(a_static_service_may_target_a_member),
        cmocka_unit_test(an_rrset_of_any_size_is_encoded),
        cmocka_unit_test(clashing_records_are_refused_by_name),
        cmocka_unit_test(records_after_a_clashing_one_are_added),
        cmocka_unit_test(what_no_zone_file_may_bring_is_refused),
        cmocka_unit_test(a_name_has_at_most_250_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
