/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_address.c - Addresses and prefixes: text both ways, what may be served, who
 * is in a list.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "zones/address.h"

static struct address address_of(const char *text)
{
    struct address address;

    if (!address_parse(&address, text)) {
        fail_msg("%s", text);
    }
    return address;
}

static void addresses_are_read_and_written_in_their_one_form(void **state)
{
    static const struct {
        const char *text;
        const char *back;
        size_t length;
    } cases[] = {
        {"10.0.1.5",              "10.0.1.5",             4 },
        {"255.255.255.255",       "255.255.255.255",      4 },
        {"fd00::5",               "fd00::5",              16},
        {"FD00:0:0:0:0:0:0:0005", "fd00::5",              16},
        {"2001:db8:0:1:1:1:1:1",  "2001:db8:0:1:1:1:1:1", 16},
        {"2001:0:0:1:0:0:0:1",    "2001:0:0:1::1",        16},
        {"::",                    "::",                   16},
        {"::1",                   "::1",                  16},
        {"::ffff:10.0.0.1",       "::ffff:10.0.0.1",      16},
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct address address = address_of(cases[index].text);
        char text[ADDRESS_MAX_TEXT];

        assert_int_equal(address.length, cases[index].length);
        assert_string_equal(address_to_text(&address, text), cases[index].back);
    }
}

static void octets_past_an_ipv4_address_are_0(void **state)
{
    static const uint8_t zeros[12] = {0};
    struct address address;

    (void)state;
    memset(&address, 0xff, sizeof(address));
    assert_true(address_parse(&address, "10.0.0.1"));
    assert_memory_equal(address.octets + 4, zeros, sizeof(zeros));
}

static void what_is_not_exactly_an_address_is_refused(void **state)
{
    static const char *const texts[] = {
        "",           " 10.0.0.1",         "10.0.0.1 ", "10.0.0.1\n",  "10.0.0",
        "10.0.0.256", "10.0.0.01",         "010.0.0.1", "10.0.0.1.",   "0x0a000001",
        "167772161",  "10.0.0.1/32",       "fd00::1%1", "[fd00::1]",   ":::",
        "fd00::1::2", "1:2:3:4:5:6:7:8:9", "localhost", "10.0.0.1:80", "\xd9\xa1\xd9\xa0.0.0.1",
    };
    struct address address = {.length = 7};

    (void)state;
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++) {
        if (address_parse(&address, texts[index])) {
            fail_msg("\"%s\"", texts[index]);
        }
    }
    assert_int_equal(address.length, 7);
}

static void no_address_has_a_text_too(void **state)
{
    const struct address none = {.length = 0};
    char text[ADDRESS_MAX_TEXT];

    (void)state;
    assert_string_equal(address_to_text(&none, text), "none");
}

static void ipv4_comes_before_ipv6_and_octets_decide(void **state)
{
    static const char *const order[] = {"0.0.0.1", "9.255.255.255", "10.0.0.0", "200.0.0.1", "::",
                                        "::1",     "9::",           "fd00::",   "fd00::1"};
    const size_t count = sizeof(order) / sizeof(order[0]);

    (void)state;
    for (size_t left = 0; left < count; left++) {
        for (size_t right = 0; right < count; right++) {
            struct address a = address_of(order[left]);
            struct address b = address_of(order[right]);
            int result = address_compare(&a, &b);

            assert_int_equal((result > 0) - (result < 0), (left > right) - (left < right));
        }
    }
}

static void only_addresses_of_one_host_may_be_served(void **state)
{
    static const struct {
        const char *text;
        bool is_unicast;
    } cases[] = {
        {"10.0.0.1",        true },
        {"1.0.0.0",         true },
        {"127.0.0.1",       true },
        {"169.254.169.254", true },
        {"223.255.255.255", true },
        {"0.0.0.0",         false},
        {"0.1.2.3",         false},
        {"224.0.0.1",       false},
        {"239.255.255.255", false},
        {"240.0.0.1",       false},
        {"255.255.255.255", false},
        {"fd00::1",         true },
        {"::1",             true },
        {"fe80::1",         true },
        {"::2",             true },
        {"::",              false},
        {"ff02::1",         false},
        {"::ffff:10.0.0.1", false},
        {"::fffe:10.0.0.1", true },
    };
    const struct address none = {.length = 0};

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct address address = address_of(cases[index].text);

        if (address_is_unicast(&address) != cases[index].is_unicast) {
            fail_msg("%s", cases[index].text);
        }
    }
    assert_false(address_is_unicast(&none));
}

static void prefixes_are_read_and_written(void **state)
{
    static const struct {
        const char *text;
        const char *back;
    } cases[] = {
        {"10.0.0.0/8",                                  "10.0.0.0/8"  },
        {"10.0.0.1",                                    "10.0.0.1/32" },
        {"0.0.0.0/0",                                   "0.0.0.0/0"   },
        {"10.128.0.0/9",                                "10.128.0.0/9"},
        {"10.0.0.2/31",                                 "10.0.0.2/31" },
        {"FC00::/7",                                    "fc00::/7"    },
        {"::1",                                         "::1/128"     },
        {"::/0",                                        "::/0"        },
        {"1111:2222:3333:4444:5555:6666:7777:8888/128",
         "1111:2222:3333:4444:5555:6666:7777:8888/128"                },
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct prefix prefix;
        struct error error = {""};
        char text[ADDRESS_MAX_TEXT + 4];

        if (!prefix_parse(&prefix, cases[index].text, &error)) {
            fail_msg("%s", error.text);
        }
        assert_string_equal(prefix_to_text(&prefix, text), cases[index].back);
    }
}

static void what_is_wrong_with_a_prefix_is_told(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"",                                                             "not an IPv4 or IPv6 address"        },
        {"/8",                                                           "not an IPv4 or IPv6 address"        },
        {"10.0.0/8",                                                     "not an IPv4 or IPv6 address"        },
        {"example.com",                                                  "not an IPv4 or IPv6 address"        },
        {"10.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0/8",
         "not an IPv4 or IPv6 address"                                                                        },
        {"10.0.0.0/",                                                    "not a number from 0 to 32"          },
        {"10.0.0.0/33",                                                  "not a number from 0 to 32"          },
        {"10.0.0.0/264",                                                 "not a number from 0 to 32"          },
        {"10.0.0.0/4294967304",                                          "not a number from 0 to 32"          },
        {"10.0.0.0/-1",                                                  "not a number from 0 to 32"          },
        {"10.0.0.0/08",                                                  "not a number from 0 to 32"          },
        {"10.0.0.0/8 ",                                                  "not a number from 0 to 32"          },
        {"10.0.0.0/8/8",                                                 "not a number from 0 to 32"          },
        {"fc00::/129",                                                   "not a number from 0 to 128"         },
        {"10.0.0.1/8",                                                   "bits after the first 8 are not 0"   },
        {"10.1.0.0/15",                                                  "bits after the first 15 are not 0"  },
        {"fc00::1/127",                                                  "bits after the first 127 are not 0" },
        {"::ffff:10.0.0.0/104",                                          "write an IPv4-mapped prefix as IPv4"},
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct prefix prefix;
        struct error error = {""};

        assert_false(prefix_parse(&prefix, cases[index].text, &error));
        if (strstr(error.text, cases[index].why) == NULL) {
            fail_msg("%s: %s", cases[index].text, error.text);
        }
    }
}

static void a_list_holds_what_its_prefixes_hold(void **state)
{
    static const char *const texts[] = {"127.0.0.0/8", "10.16.0.0/12", "::1", "fc00::/7"};
    static const struct {
        const char *text;
        bool is_in;
    } cases[] = {
        {"127.255.255.255",  true },
        {"126.255.255.255",  false},
        {"128.0.0.0",        false},
        {"10.16.0.0",        true },
        {"10.31.255.255",    true },
        {"10.32.0.0",        false},
        {"10.15.255.255",    false},
        {"::1",              true },
        {"::2",              false},
        {"fdff::1",          true },
        {"fe00::",           false},
        {"::ffff:10.17.0.1", true },
        {"::ffff:10.32.0.1", false},
        {"::ffff:127.0.0.1", true },
        {"0.0.0.1",          false},
    };
    struct prefix list[4];

    (void)state;
    for (size_t index = 0; index < 4; index++) {
        assert_true(prefix_parse(&list[index], texts[index], NULL));
    }
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct address address = address_of(cases[index].text);

        if (prefix_list_contains(list, 4, &address) != cases[index].is_in) {
            fail_msg("%s", cases[index].text);
        }
        assert_false(prefix_list_contains(NULL, 0, &address));
    }
}

static void everything_of_one_family_is_not_everything_of_the_other(void **state)
{
    struct prefix all_v6;
    struct prefix all_v4;
    struct address v4 = address_of("10.0.0.1");
    struct address v6 = address_of("fd00::1");

    (void)state;
    assert_true(prefix_parse(&all_v6, "::/0", NULL));
    assert_true(prefix_parse(&all_v4, "0.0.0.0/0", NULL));
    assert_true(prefix_list_contains(&all_v4, 1, &v4));
    assert_false(prefix_list_contains(&all_v4, 1, &v6));
    assert_true(prefix_list_contains(&all_v6, 1, &v6));
    assert_false(prefix_list_contains(&all_v6, 1, &v4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written_in_their_one_form),
        cmocka_unit_test(octets_past_an_ipv4_address_are_0),
        cmocka_unit_test(what_is_not_exactly_an_address_is_refused),
        cmocka_unit_test(no_address_has_a_text_too),
        cmocka_unit_test(ipv4_comes_before_ipv6_and_octets_decide),
        cmocka_unit_test(only_addresses_of_one_host_may_be_served),
        cmocka_unit_test(prefixes_are_read_and_written),
        cmocka_unit_test(what_is_wrong_with_a_prefix_is_told),
        cmocka_unit_test(a_list_holds_what_its_prefixes_hold),
        cmocka_unit_test(everything_of_one_family_is_not_everything_of_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
