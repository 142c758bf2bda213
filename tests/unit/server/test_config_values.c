/* SPDX-License-Identifier: MIT */

/*
 * Single values: what each parser takes and what it refuses.
 */

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/config_types.h"
#include "server/config_values.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void numbers_are_decimal_digits_within_their_range(void **state)
{
    static const struct {
        const char *why;
        const char *text;
        bool is_right;
        int64_t number;
    } rows[] = {
        {"the least",                 "5",                    true,  5    },
        {"the most",                  "70000",                true,  70000},
        {"leading zeros are decimal", "0010",                 true,  10   },
        {"below",                     "4",                    false, 0    },
        {"above",                     "70001",                false, 0    },
        {"past 64 bits",              "18446744073709551621", false, 0    },
        {"nothing",                   "",                     false, 0    },
        {"a sign",                    "+6",                   false, 0    },
        {"a minus",                   "-6",                   false, 0    },
        {"a blank before",            " 6",                   false, 0    },
        {"a blank after",             "6 ",                   false, 0    },
        {"hexadecimal",               "0x10",                 false, 0    },
        {"a unit",                    "6s",                   false, 0    },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t number = 0;
        struct error error;

        if (number_parse(&number, rows[i].text, 5, 70000, &error) != rows[i].is_right ||
            (rows[i].is_right && number != rows[i].number)) {
            fail_msg("%s: \"%s\"", rows[i].why, rows[i].text);
        }
    }
}

static void durations_have_a_unit(void **state)
{
    static const struct {
        const char *why;
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        {"milliseconds",                    "500ms",                500     },
        {"seconds",                         "10s",                  10000   },
        {"minutes",                         "2m",                   120000  },
        {"hours",                           "2h",                   7200000 },
        {"days",                            "1d",                   86400000},
        {"nothing is not the same as zero", "0s",                   0       },
        {"the most",                        "24h",                  86400000},
        {"above",                           "86401s",               -1      },
        {"would overflow in milliseconds",  "9223372036854775807d", -1      },
        {"past 64 bits",                    "9223372036854775808s", -1      },
        {"no unit",                         "10",                   -1      },
        {"no number",                       "s",                    -1      },
        {"nothing",                         "",                     -1      },
        {"two units",                       "1m30s",                -1      },
        {"a fraction",                      "1.5s",                 -1      },
        {"a blank",                         "10 s",                 -1      },
        {"capitals",                        "10S",                  -1      },
        {"a minus",                         "-1s",                  -1      },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ms = -1;
        struct error error;
        bool is_right = duration_parse(&ms, rows[i].text, 0, 86400000, &error);

        if (is_right != (rows[i].ms >= 0) || (is_right && ms != rows[i].ms)) {
            fail_msg("%s: \"%s\"", rows[i].why, rows[i].text);
        }
    }
}

static void durations_are_written_with_their_largest_unit(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0,        "0s"    },
        {1,        "1ms"   },
        {1500,     "1500ms"},
        {90000,    "90s"   },
        {120000,   "2m"    },
        {3600000,  "1h"    },
        {86400000, "1d"    },
        {90000000, "25h"   }
    };
    char text[DURATION_MAX_TEXT];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(duration_to_text(rows[i].ms, text), rows[i].text);
    }
}

static void a_choice_is_one_of_the_names_and_the_others_are_told(void **state)
{
    static const struct config_choice choices[] = {
        {"red",   3},
        {"green", 7},
        {NULL,    0}
    };
    int64_t number = 0;
    struct error error;

    (void)state;
    assert_true(choice_parse(&number, "green", choices, &error));
    assert_int_equal(number, 7);
    assert_false(choice_parse(&number, "Green", choices, &error));
    assert_false(choice_parse(&number, "", choices, &error));
    assert_string_equal(error.text, "not one of red, green");
}

static void sockets_are_numeric_addresses_with_a_port(void **state)
{
    static const struct {
        const char *why;
        const char *text;
        int family; /* 0: refused */
        uint16_t port;
        bool is_wildcard;
    } rows[] = {
        {"IPv4",                            "127.0.0.1:53",                                             AF_INET,  53,    false},
        {"IPv6",                            "[::1]:5300",                                               AF_INET6, 5300,  false},
        {"IPv4 wildcard",                   "0.0.0.0:53",                                               AF_INET,  53,    true },
        {"IPv6 wildcard",                   "[::]:53",                                                  AF_INET6, 53,    true },
        {"IPv6 wildcard, long",             "[0:0:0:0:0:0:0:0]:53",                                     AF_INET6, 53,    true },
        {"the last port",                   "10.0.0.1:65535",                                           AF_INET,  65535, false},
        {"port 0",                          "127.0.0.1:0",                                              0,        0,     false},
        {"a port too many",                 "127.0.0.1:65536",                                          0,        0,     false},
        {"no port",                         "127.0.0.1",                                                0,        0,     false},
        {"an empty port",                   "127.0.0.1:",                                               0,        0,     false},
        {"no address",                      ":53",                                                      0,        0,     false},
        {"a star",                          "*:53",                                                     0,        0,     false},
        {"a name",                          "localhost:53",                                             0,        0,     false},
        {"IPv6 without brackets",           "::1:53",                                                   0,        0,     false},
        {"IPv4 in brackets",                "[127.0.0.1]:53",                                           0,        0,     false},
        {"no closing bracket",              "[::1:53",                                                  0,        0,     false},
        {"only an opening bracket",         "[:53",                                                     0,        0,     false},
        {"nothing in brackets",             "[]:53",                                                    0,        0,     false},
        {"octets between bracket and port", "[::1]x:53",                                                0,        0,     false},
        {"a scope",                         "[fe80::1%eth0]:53",                                        0,        0,     false},
        {"longer than any address",         "[1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1]:53", 0,
         0,                                                                                                              false},
        {"nothing",                         "",                                                         0,        0,     false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_listen listen;
        struct error error;
        bool is_right = socket_parse(&listen, rows[i].text, &error);

        if (is_right != (rows[i].family != 0)) {
            fail_msg("%s: \"%s\"", rows[i].why, rows[i].text);
        }
        if (is_right) {
            /* The port stands at the same place in both families. */
            struct sockaddr_in in;

            memcpy(&in, &listen.address, sizeof(in));
            assert_int_equal(in.sin_family, rows[i].family);
            assert_int_equal(ntohs(in.sin_port), rows[i].port);
            assert_int_equal(listen.length, rows[i].family == AF_INET
                                                ? sizeof(struct sockaddr_in)
                                                : sizeof(struct sockaddr_in6));
            assert_int_equal(socket_is_wildcard(&listen), rows[i].is_wildcard);
        }
    }
}

static void addresses_that_strangers_may_reach_are_public(void **state)
{
    static const struct {
        const char *text;
        bool is_public;
    } rows[] = {
        {"0.0.0.0:53",         true },
        {"[::]:53",            true },
        {"127.0.0.1:53",       false},
        {"127.255.255.254:53", false},
        {"128.0.0.1:53",       true },
        {"10.255.0.1:53",      false},
        {"11.0.0.1:53",        true },
        {"172.15.255.255:53",  true },
        {"172.16.0.0:53",      false},
        {"172.31.255.255:53",  false},
        {"172.32.0.0:53",      true },
        {"192.167.1.1:53",     true },
        {"192.168.1.1:53",     false},
        {"100.63.255.255:53",  true },
        {"100.64.0.1:53",      false},
        {"100.127.255.255:53", false},
        {"100.128.0.0:53",     true },
        {"169.254.1.1:53",     false},
        {"203.0.113.5:53",     true },
        {"[::1]:53",           false},
        {"[::2]:53",           true },
        {"[fc00::1]:53",       false},
        {"[fdff::1]:53",       false},
        {"[fe00::1]:53",       true },
        {"[fe80::1]:53",       false},
        {"[fec0::1]:53",       true },
        {"[2001:db8::1]:53",   true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_listen listen;

        assert_true(socket_parse(&listen, rows[i].text, NULL));
        if (socket_is_public(&listen) != rows[i].is_public) {
            fail_msg("%s", rows[i].text);
        }
    }
}

static void cluster_names_hold_the_group_once(void **state)
{
    static const struct {
        const char *why;
        const char *text;
        bool is_right;
    } rows[] = {
        {"the default",              "_{group}._tcp",         true },
        {"the group alone",          "{group}",               true },
        {"the group within a label", "_x-{group}-y._udp.srv", true },
        {"no group",                 "_web._tcp",             false},
        {"two groups",               "{group}.{group}",       false},
        {"another mark",             "{cluster}._tcp",        false},
        {"a brace left",             "{group}}._tcp",         false},
        {"an empty label",           "_{group}.._tcp",        false},
        {"a dot at the end",         "_{group}._tcp.",        false},
        {"a blank",                  "_{group}. _tcp",        false},
        {"a hyphen at an end",       "{group}.-tcp",          false},
        {"a wildcard",               "*.{group}",             false},
        {"nothing",                  "",                      false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error error;

        if (labels_check(rows[i].text, &error) != rows[i].is_right) {
            fail_msg("%s: \"%s\"", rows[i].why, rows[i].text);
        }
    }
}

static void a_cluster_name_of_three_hundred_octets_is_refused(void **state)
{
    char text[301];
    struct error error;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text, "{group}", strlen("{group}"));
    assert_false(labels_check(text, &error));
}

static void regions_have_the_shape_of_a_region(void **state)
{
    static const struct {
        const char *text;
        bool is_right;
    } rows[] = {
        {"self",                   true },
        {"eu-west-1",              true },
        {"us-gov-west-1",          true },
        {"ap-southeast-12",        true },
        {"us-isob-east-1",         true },
        {"eusc-de-east-1",         true },
        {"",                       false},
        {"eu",                     false},
        {"eu-1",                   false},
        {"eu-west",                false},
        {"eu-west-",               false},
        {"eu-west-1a",             false},
        {"eu--1",                  false},
        {"europ-west-1",           false},
        {"EU-west-1",              false},
        {"eu-west-1.evil.example", false},
        {"eu-west-1/",             false},
        {"-west-1",                false},
        {"evil.example/eu-west-1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error error;

        if (region_check(rows[i].text, &error) != rows[i].is_right) {
            fail_msg("\"%s\"", rows[i].text);
        }
    }
}

static void a_queue_is_named_by_its_url(void **state)
{
    static const struct {
        const char *text;
        bool is_right;
    } rows[] = {
        {"https://sqs.eu-west-1.amazonaws.com/123456789012/rollcall",   true },
        {"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q.fifo", true },
        {"https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com:443/1/q",     true },
        {"http://127.0.0.1:4566/000000000000/rollcall",                 true },
        {"http://[::1]:4566/q",                                         true },
        {"http://sqs.eu-west-1.amazonaws.com/123456789012/rollcall",    false},
        {"http://[::1]/q",                                              false},
        {"https://sqs.eu-west-1.amazonaws.com",                         false},
        {"https://sqs.eu-west-1.amazonaws.com/",                        false},
        {"https://user@sqs.eu-west-1.amazonaws.com/1/q",                false},
        {"https://sqs.eu-west-1.amazonaws.com/1/q?x=y",                 false},
        {"sqs.eu-west-1.amazonaws.com/1/q",                             false},
        {"arn:aws:sqs:eu-west-1:1:q",                                   false},
        {"rollcall",                                                    false},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error error;

        if (queue_url_check(rows[i].text, &arena, &error) != rows[i].is_right) {
            fail_msg("\"%s\"", rows[i].text);
        }
    }
    arena_free(&arena);
}

static void a_proxy_is_a_plain_http_url_without_user_and_path(void **state)
{
    static const struct {
        const char *text;
        bool is_right;
    } rows[] = {
        {"http://proxy.example.com:3128",        true },
        {"http://10.0.0.1:8080/",                true },
        {"http://[2001:db8::1]:3128",            true },
        {"http://proxy.example.com",             true },
        {"http://user:secret@proxy.example.com", false},
        {"http://proxy.example.com:3128/path",   false},
        {"https://proxy.example.com:3128",       false},
        {"socks5://proxy.example.com",           false},
        {"proxy.example.com:3128",               false},
        {"http://",                              false},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error error = {0};

        if (proxy_check(rows[i].text, &arena, &error) != rows[i].is_right) {
            fail_msg("\"%s\"", rows[i].text);
        }
        assert_null(strstr(error.text, "secret"));
    }
    arena_free(&arena);
}

static void filters_are_split_at_the_first_equals_sign(void **state)
{
    struct arena arena;
    struct ec2_filter filter;
    struct error error;

    (void)state;
    arena_init(&arena);
    assert_true(filter_parse(&filter, "tag:role=a=b", &arena, &error));
    assert_string_equal(filter.name, "tag:role");
    assert_string_equal(filter.value, "a=b");
    assert_false(filter_parse(&filter, "vpc-id", &arena, &error));
    assert_false(filter_parse(&filter, "=x", &arena, &error));
    assert_false(filter_parse(&filter, "vpc-id=", &arena, &error));
    arena_free(&arena);
}

static void every_default_of_the_table_is_a_right_value(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        const char *rest = key->fallback == NULL ? "" : key->fallback;

        while (*rest != '\0') {
            size_t length = key->is_list ? strcspn(rest, " ") : strlen(rest);
            const char *text = arena_string_of(&arena, rest, length);
            union config_value value;
            struct error error;

            if (!config_value_parse(&value, key, text, &arena, &error)) {
                fail_msg("%s: \"%s\": %s", key->name, text, error.text);
            }
            rest += length + strspn(rest + length, " ");
        }
    }
    arena_free(&arena);
}

static void every_row_of_the_table_is_found_by_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];

        assert_int_equal(config_key_find(key->section, key->name, strlen(key->name)), i);
        assert_int_equal(
            config_section_find(key->section, key->name, strlen(key->name)) == SECTION_KINDS, true);
        assert_non_null(key->help);
        assert_true(key->type != TYPE_CHOICE || key->choices != NULL);
        assert_true(key->size != 0 || key->is_unbuilt);
    }
    assert_int_equal(config_key_find(SECTION_ROOT, "liste", 5), config_key_count);
    assert_int_equal(config_key_find(SECTION_ROOT, "listen-", 7), config_key_count);
    assert_int_equal(config_key_find(SECTION_ZONE, "listen", 6), config_key_count);
    assert_int_equal(config_section_find(SECTION_ROOT, "cluster", 7), SECTION_KINDS);
    assert_int_equal(config_section_find(SECTION_ZONE, "cluster", 7), SECTION_CLUSTER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_decimal_digits_within_their_range),
        cmocka_unit_test(durations_have_a_unit),
        cmocka_unit_test(durations_are_written_with_their_largest_unit),
        cmocka_unit_test(a_choice_is_one_of_the_names_and_the_others_are_told),
        cmocka_unit_test(sockets_are_numeric_addresses_with_a_port),
        cmocka_unit_test(addresses_that_strangers_may_reach_are_public),
        cmocka_unit_test(cluster_names_hold_the_group_once),
        cmocka_unit_test(a_cluster_name_of_three_hundred_octets_is_refused),
        cmocka_unit_test(regions_have_the_shape_of_a_region),
        cmocka_unit_test(a_queue_is_named_by_its_url),
        cmocka_unit_test(a_proxy_is_a_plain_http_url_without_user_and_path),
        cmocka_unit_test(filters_are_split_at_the_first_equals_sign),
        cmocka_unit_test(every_default_of_the_table_is_a_right_value),
        cmocka_unit_test(every_row_of_the_table_is_found_by_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
