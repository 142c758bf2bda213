/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_alias.c - what a question for a name with a CNAME gets. */

#include "fixture.h"

static const char ORIGIN[] = "sd.example.com";

static struct snapshot *snapshot_with(const char *records)
{
    const struct member members[] = {
        fixture_member("i-1", "10.0.0.1", 1),
        fixture_member("i-2", "10.0.0.2", 1),
    };
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct error error;

    if (!fixture_add_records(builder, ORIGIN, records, &error)) {
        fail_msg("%s", error.text);
    }
    fixture_add_cluster(builder, "web", members, 2);
    return fixture_finish(builder);
}

struct alias_row {
    const char *why;
    const char *records;
    uint16_t type;
    const char *expected;
};

static void an_alias_answers_with_what_it_leads_to(void **state)
{
    static const struct alias_row rows[] = {
        {"the CNAME itself",               "x CNAME web\n",                            RECORD_CNAME,
         "x.sd.example.com. 60 IN CNAME web.sd.example.com.\n"                                                                                          },
        {"ANY gets the CNAME",             "x CNAME web\n",                            RECORD_ANY,
         "x.sd.example.com. 60 IN CNAME web.sd.example.com.\n"                                                                                          },
        {"a type of the target",           "x CNAME web\n",                            RECORD_A,
         "x.sd.example.com. 60 IN CNAME web.sd.example.com.\n"
         "web.sd.example.com. 10 IN A 10.0.0.1\nweb.sd.example.com. 10 IN A 10.0.0.2\n"                                                                 },
        {"a type that the target has not", "x CNAME web\n",                            RECORD_AAAA,
         "x.sd.example.com. 60 IN CNAME web.sd.example.com.\n"                                                                                          },
        {"services, without glue",         "x CNAME _web._tcp\n",                      RECORD_SRV,
         "x.sd.example.com. 60 IN CNAME _web._tcp.sd.example.com.\n"
         "_web._tcp.sd.example.com. 10 IN SRV 0 1 443 ip-10-0-0-1.sd.example.com.\n"
         "_web._tcp.sd.example.com. 10 IN SRV 0 1 443 ip-10-0-0-2.sd.example.com.\n"                                                                    },
        {"two links",                      "x CNAME y\ny CNAME z\nz 30 A 192.0.2.1\n", RECORD_A,
         "x.sd.example.com. 60 IN CNAME y.sd.example.com.\n"
         "y.sd.example.com. 60 IN CNAME z.sd.example.com.\n"
         "z.sd.example.com. 30 IN A 192.0.2.1\n"                                                                                                        },
        {"a target that is absent",        "x CNAME nobody\n",                         RECORD_A,
         "x.sd.example.com. 60 IN CNAME nobody.sd.example.com.\n"                                                                                       },
        {"a target elsewhere",             "x CNAME www.example.org.\n",               RECORD_A,
         "x.sd.example.com. 60 IN CNAME www.example.org.\n"                                                                                             },
        {"an empty non-terminal",          "x CNAME _tcp\n",                           RECORD_A,
         "x.sd.example.com. 60 IN CNAME _tcp.sd.example.com.\n"                                                                                         },
        {"itself",                         "x CNAME x\n",                              RECORD_A,     "x.sd.example.com. 60 IN CNAME x.sd.example.com.\n"},
        {"a loop of two",                  "x CNAME y\ny CNAME x\n",                   RECORD_A,
         "x.sd.example.com. 60 IN CNAME y.sd.example.com.\n"
         "y.sd.example.com. 60 IN CNAME x.sd.example.com.\n"                                                                                            },
        {"a loop further on",              "x CNAME y\ny CNAME z\nz CNAME y\n",        RECORD_A,
         "x.sd.example.com. 60 IN CNAME y.sd.example.com.\n"
         "y.sd.example.com. 60 IN CNAME z.sd.example.com.\n"
         "z.sd.example.com. 60 IN CNAME y.sd.example.com.\n"                                                                                            },
        {"the apex, but never its SOA",    "x CNAME @\n",                              RECORD_SOA,
         "x.sd.example.com. 60 IN CNAME sd.example.com.\n"                                                                                              },
        {"the apex's nameservers",         "x CNAME @\n",                              RECORD_NS,
         "x.sd.example.com. 60 IN CNAME sd.example.com.\n"
         "sd.example.com. 10 IN NS ns1.sd.example.com.\n"                                                                                               },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct snapshot *snapshot = snapshot_with(rows[i].records);

        print_message("%s\n", rows[i].why);
        fixture_assert_records(snapshot, "x.sd.example.com", rows[i].type, rows[i].expected);
        snapshot_unref(snapshot);
    }
}

static void chains_end_after_eight_links(void **state)
{
    char records[1024] = "l9 A 192.0.2.1\n";
    struct snapshot *snapshot = NULL;

    (void)state;
    for (int i = 0; i < 9; i++) {
        size_t length = strlen(records);

        (void)snprintf(records + length, sizeof(records) - length, "l%d CNAME l%d\n", i, i + 1);
    }
    snapshot = snapshot_with(records);
    assert_int_equal(fixture_answer(snapshot, "l0.sd.example.com", RECORD_A)->answer_count, 8);
    assert_int_equal(fixture_answer(snapshot, "l1.sd.example.com", RECORD_A)->answer_count, 9);
    snapshot_unref(snapshot);
}

static void types_of_an_alias_ascend(void **state)
{
    struct snapshot *snapshot =
        snapshot_with("x CNAME y\ny A 192.0.2.1\ny TXT z\ny AAAA 2001:db8::1\n");
    const struct name name = fixture_name("x.sd.example.com");
    const struct node *node =
        table_find(&snapshot->table, name.octets, name.length, name_hash(name.octets, name.length));
    static const uint16_t expected[] = {RRSET_OTHER_TYPES, RECORD_A, RECORD_CNAME, RECORD_TXT,
                                        RECORD_AAAA};

    (void)state;
    assert_int_equal(node->rrset_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(node->rrsets[i].type, expected[i]);
    }
    snapshot_unref(snapshot);
}

static void a_chain_ends_where_another_zone_begins(void **state)
{
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone parent = fixture_zone("example.com", &nameserver);
    struct name child_nameserver;
    struct zone child = fixture_zone("sd.example.com", &child_nameserver);
    struct snapshot *snapshot = NULL;
    struct error error;

    (void)state;
    assert_true(builder_add_zone(builder, &parent, ZONE_COMPLETE, &error));
    assert_true(fixture_add_records(builder, "example.com", "x CNAME www.sd\nwww.sd A 192.0.2.1\n",
                                    &error));
    assert_true(builder_add_zone(builder, &child, ZONE_COMPLETE, &error));
    assert_true(fixture_add_records(builder, "sd.example.com", "www A 192.0.2.2\n", &error));
    snapshot = fixture_finish(builder);
    fixture_assert_records(snapshot, "x.example.com", RECORD_A,
                           "x.example.com. 60 IN CNAME www.sd.example.com.\n");
    snapshot_unref(snapshot);
}

/* Pointers count from the start of the message, whose question is another one here. */
static void an_alias_of_compressed_services_has_them_in_full(void **state)
{
    const struct member members[] = {
        fixture_member("i-1", "10.0.0.1", 1),
        fixture_member("i-2", "10.0.0.2", 1),
    };
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone zone = fixture_zone(ORIGIN, &nameserver);
    struct snapshot *snapshot = NULL;

    (void)state;
    zone.compress_targets = COMPRESS_ALWAYS;
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    assert_true(fixture_add_records(builder, ORIGIN, "x CNAME _web._tcp\n", NULL));
    fixture_add_cluster(builder, "web", members, 2);
    snapshot = fixture_finish(builder);
    fixture_assert_records(
        snapshot, "x.sd.example.com", RECORD_SRV,
        "x.sd.example.com. 60 IN CNAME _web._tcp.sd.example.com.\n"
        "_web._tcp.sd.example.com. 10 IN SRV 0 1 443 ip-10-0-0-1.sd.example.com.\n"
        "_web._tcp.sd.example.com. 10 IN SRV 0 1 443 ip-10-0-0-2.sd.example.com.\n");
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alias_answers_with_what_it_leads_to),
        cmocka_unit_test(an_alias_of_compressed_services_has_them_in_full),
        cmocka_unit_test(chains_end_after_eight_links),
        cmocka_unit_test(types_of_an_alias_ascend),
        cmocka_unit_test(a_chain_ends_where_another_zone_begins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
