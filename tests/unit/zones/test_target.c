/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_target.c - names and TXT records of members. */

#include "fixture.h"
#include "zones/target.h"

static const char LONG_LABEL[] = "a234567890123456789012345678901234567890123456789012345678901234";

struct target_row {
    const char *why;
    enum target_names target_names;
    const char *id;
    const char *address;
    const char *expected; /* NULL: refused */
};

static void targets_are_named_after_address_or_id(void **state)
{
    static const struct target_row rows[] = {
        {"IPv4 with dashes",               TARGET_ADDRESS,  "i-1",      "10.0.1.5",                               "ip-10-0-1-5.sd.example.com."},
        {"every digit of an octet",        TARGET_ADDRESS,  "i-1",      "203.100.99.255",
         "ip-203-100-99-255.sd.example.com."                                                                                                   },
        {"IPv6 in full, no zeros first",   TARGET_ADDRESS,  "i-1",      "fd00::5",
         "ip6-fd00-0-0-0-0-0-0-5.sd.example.com."                                                                                              },
        {"the longest IPv6",               TARGET_ADDRESS,  "i-1",      "2001:db8:1111:2222:3333:4444:5555:ffff",
         "ip6-2001-db8-1111-2222-3333-4444-5555-ffff.sd.example.com."                                                                          },
        {"an id",                          TARGET_INSTANCE, "i-0abc",   "10.0.1.5",                               "i-0abc.sd.example.com."     },
        {"an id in upper case",            TARGET_INSTANCE, "DB-1",     "10.0.1.5",                               "db-1.sd.example.com."       },
        {"an id that is no label",         TARGET_INSTANCE, "i.0abc",   "10.0.1.5",                               NULL                         },
        {"an empty id",                    TARGET_INSTANCE, "",         "10.0.1.5",                               NULL                         },
        {"an id of 64 octets",             TARGET_INSTANCE, LONG_LABEL, "10.0.1.5",                               NULL                         },
        {"an id that is no label, unused", TARGET_ADDRESS,  "i.0abc",   "10.0.1.5",
         "ip-10-0-1-5.sd.example.com."                                                                                                         },
        {"the article's form",             TARGET_LITERAL,  "i-1",      "10.0.0.4",                               "10.0.0.4."                  },
        {"IPv6 has no literal form",       TARGET_LITERAL,  "i-1",      "fd00::5",
         "ip6-fd00-0-0-0-0-0-0-5.sd.example.com."                                                                                              },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct name nameserver;
        struct zone zone = fixture_zone("sd.example.com", &nameserver);
        struct member member = fixture_member(rows[i].id, rows[i].address, 1);
        struct name target;
        struct error error = {{0}};
        char text[NAME_MAX_TEXT] = "";
        bool is_named = false;

        zone.target_names = rows[i].target_names;
        is_named = target_name(&target, &zone, &member, &error);
        if (is_named != (rows[i].expected != NULL) ||
            (is_named && strcmp(name_to_text(&target, text), rows[i].expected) != 0)) {
            fail_msg("%s: %s %s", rows[i].why, text, error.text);
        }
        assert_true(is_named || error.text[0] != '\0');
    }
}

static void a_member_without_an_address_has_no_name(void **state)
{
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);
    struct member member = fixture_member("i-1", "10.0.0.1", 1);
    struct name target;

    (void)state;
    member.address.length = 0;
    assert_false(target_name(&target, &zone, &member, NULL));
}

static void a_name_that_would_be_too_long_is_refused(void **state)
{
    struct name nameserver;
    struct zone zone = fixture_zone("example", &nameserver);
    struct member member = fixture_member("i-1", "10.0.0.1", 1);
    struct name target;

    (void)state;
    while (name_prepend(&zone.origin, "123456789", 9)) {
    }
    assert_false(target_name(&target, &zone, &member, NULL));
}

static void the_txt_record_tells_id_zone_weight_and_hold(void **state)
{
    static const char expected[] =
        "\x0cinstance=i-1\x0fzone=eu-west-1a\x0cweight=65535\x09hold=none";
    struct member member = fixture_member("i-1", "10.0.0.1", 65535);
    uint8_t rdata[TARGET_TEXT_SIZE];

    (void)state;
    assert_int_equal(target_text(rdata, &member), sizeof(expected) - 1);
    assert_memory_equal(rdata, expected, sizeof(expected) - 1);
}

static void strings_longer_than_255_octets_are_cut(void **state)
{
    char hold[400];
    struct member member = fixture_member("i-1", "10.0.0.1", 0);
    uint8_t rdata[TARGET_TEXT_SIZE];
    size_t before = 13 + 16 + 9;

    (void)state;
    memset(hold, 'x', sizeof(hold) - 1);
    hold[sizeof(hold) - 1] = '\0';
    member.hold = hold;
    assert_int_equal(target_text(rdata, &member), before + 256);
    assert_int_equal(rdata[before], 255);
    assert_memory_equal(rdata + before + 1, "hold=xxx", 8);
    member.id = member.az = hold;
    assert_true(target_text(rdata, &member) <= sizeof(rdata));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_named_after_address_or_id),
        cmocka_unit_test(a_member_without_an_address_has_no_name),
        cmocka_unit_test(a_name_that_would_be_too_long_is_refused),
        cmocka_unit_test(the_txt_record_tells_id_zone_weight_and_hold),
        cmocka_unit_test(strings_longer_than_255_octets_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
