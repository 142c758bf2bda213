/* SPDX-License-Identifier: MIT */

/*
 * Bad configuration files: what is said of them, and where.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/server/config_fixture.h"

static void every_problem_of_a_file_is_told_in_one_go_with_its_line(void **state)
{
    static const char path[] = "tests/fixtures/config/bad.conf";
    static const char *const wanted[] = {
        ":2: listen \"::1:53\": not ADDRESS:PORT such as 127.0.0.1:53 or [::1]:53",
        ":2: listen: 127.0.0.1:53 is there twice",
        ":3: unknown key \"lisen\"",
        ":4: workers \"5s\": not a number from 0 to 256",
        ":5: workers is set twice, first on line 4",
        ":6: \"zone\" is a section: write zone \"NAME\" {...}",
        ":7: unknown section \"bogus\"",
        ":8: ttl takes one value, not a list",
        ":8: zone: name \"a..b\": empty label",
        ":8: zone a..b: nameservers must be set",
        ":8: zone a..b: allow-query must be set when listen has a wildcard address (0.0.0.0:53)",
        ":9: zone sd.example.com: nameservers must be set",
        ":9: zone sd.example.com: allow-query must be set when listen has a wildcard address",
        ":10: ttl \"500ms\": not whole seconds",
        ":11: negative-ttl \"2\": not a duration such as 500ms, 10s, 2m, 1h or 1d",
        ":12: nameservers: \"+=\" is not taken, write \"=\" and the whole list",
        ":13: cluster-name \"_group._tcp\": {group} must stand in it once",
        ":14: rename rule \"no arrow\"",
        ":14: rename rule \"^a(b)$ -> \\2\"",
        ":15: target-names \"bob\": not one of address, instance, literal",
        ":16: unknown key \"allow-quer\" in section zone",
        ":17: allowed-prefixes: \"10.0.0.1/8\"",
        ":18: udp-size \"70000\": not a number from 512 to 65535",
        ":19: cluster \"WEB\": not a label of [a-z0-9_-], at most 63",
        ":19: port \"0\": not a number from 1 to 65535",
        ":20: section cluster needs a name before its brace",
        ":22: zone SD.example.com. is the same as zone sd.example.com on line 9",
        ":22: zone SD.example.com.: allow-query must be set",
        ":23: section zone sd.example.com is there twice, first on line 9",
        ":25: ec2 main: zone nix is not configured in this file",
        ":26: region \"evil.example/\": not \"self\" or a region such as eu-west-1",
        ":27: poll \"100ms\": not from 200ms to 1h",
        ":28: filters \"x\": not NAME=VALUE",
        ":29: section lifecycle takes no name",
        ":31: file f: zone must be set",
        ":31: file f: path must be set",
        ":32: secondary \"1.2.3.4\": not ADDRESS:PORT",
        ":32: secondary 1.2.3.4: key nokey is not configured in this file",
    };
    enum { WANTED = sizeof(wanted) / sizeof(wanted[0]) };
    struct heard heard = {.count = 0};
    unsigned last = 0;

    (void)state;
    assert_null(config_load(path, hear, &heard));
    for (size_t i = 0; i < WANTED; i++) {
        if (!heard_has(&heard, wanted[i])) {
            fail_msg("nobody said \"%s\"", wanted[i]);
        }
    }
    for (size_t i = 0; i < heard.count; i++) {
        unsigned line = (unsigned)strtoul(heard.texts[i] + sizeof(path), NULL, 10);

        assert_memory_equal(heard.texts[i], path, sizeof(path) - 1);
        assert_true(line >= last);
        last = line;
    }
    assert_int_equal(heard.count, WANTED);
    heard_free(&heard);
}

/* Each with the least file before it, which takes two lines. */
static const struct {
    const char *why;
    const char *text;
    const char *complaint;
} bad_texts[] = {
    {"a string that never ends",                        "admin = \"abc\n\n",                                             ":3: the string that starts here"                                    },
    {"a comment that never ends",                       "/* abc\n\n",                                                    ":3: the comment that starts here"                                   },
    {"a list that never ends",                          "filters = {\n\n",                                               ":3: the list that starts here"                                      },
    {"a section that never ends",                       "ec2 \"x\" {\nzone = \"a.example\"\n",                           ":3: the section that"                                               },
    {"a brace too many",                                "}\n",                                                           ":3: not a statement"                                                },
    {"a value without a name",                          "= 5\n",                                                         ":3: not a statement"                                                },
    {"a name alone",                                    "workers\n",                                                     ":3: not a statement"                                                },
    {"includes are not taken",                          "include(\"x\")\n",                                              ":3: not a statement"                                                },
    {"no comma in a list",                              "ec2 \"x\" { zone = \"a.example\" groups = {\"a\"\n\"b\"} }\n",  ":4: "                                                               },
    {"an octal escape past an octet",                   "admin = \"\\777\"\n",                                           ":3: "                                                               },
    {"a key where a section is wanted",                 "workers { }\n",
     ":3: not a section but a key: \"workers\""                                                                                                                                               },
    {"an empty name",                                   "ec2 \"\" { zone = \"a.example\" }\n",                           ":3: ec2 \"\": the name is empty"                                    },
    {"an empty value",                                  "ec2 \"x\" { zone = \"\" }\n",                                   ":3: zone \"\": is empty"                                            },
    {"an empty tag name",                               "ec2 \"x\" { zone = \"a.example\" port-tag = \"\" }\n",
     ":3: port-tag \"\": is empty"                                                                                                                                                            },
    {"a control character",                             "ec2 \"x\" { zone = \"a.example\" groups = {\"a\\nb\"} }\n",
     ":3: groups \"a?b\": has a control character in it"                                                                                                                                      },
    {"the root zone",                                   "zone \".\" { nameservers = \"x\" }\n",                          ":3: zone \".\": the root"                                           },
    {"two of one name whose escapes differ",
     "ec2 \"x\" { zone = \"a.example\" }\nec2 \"\\x78\" { zone = \"a.example\" }\n",                                     ":4: "                                                               },
    {"an untitled section twice",
     "ec2 \"x\" { zone = \"a.example\" events { queue-url = \"https://q/1/x\" }\nevents { } }\n",                        ":4: section events is there twice, first on line 3"                 },
    {"a cluster name that does not fit under its zone",
     "zone \"123456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789."
     "123456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789."
     "123456789.123456789.123456789.123456789.123456789.123456789.123456789.12345678\" {\n"
     "nameservers = \"x\" cluster-name = \"{group}.srv._tcp.prod\" }\n",                                                 ":4: cluster-name in zone 123456789."                                },
    {"a lifecycle without a hook",                      "ec2 \"x\" { zone = \"a.example\" lifecycle { drain = 5s } }\n",
     ":3: ec2 x: lifecycle: launch-hook or terminate-hook must be set"                                                                                                                        },
    {"one hook for both ends of a life",
     "ec2 \"x\" { zone = \"a.example\" lifecycle { launch-hook = \"h\" terminate-hook = \"h\" } "
     "}\n",                                                                                                              ":3: ec2 x: lifecycle: launch-hook and terminate-hook are both h"    },
    {"events without a queue",                          "ec2 \"x\" { zone = \"a.example\"\nevents { } }\n",
     ":4: ec2 x: events: queue-url must be set"                                                                                                                                               },
    {"a queue that is no URL",
     "ec2 \"x\" { zone = \"a.example\" events {\nqueue-url = \"arn:aws:sqs:::q\" } }\n",                                 ":4: queue-url \"arn:aws:sqs:::q\": the URL does not begin with http"},
    {"a secondary without its key",                     "secondary \"10.0.0.9:53\" { key = \"k\" }\n",
     ":3: secondary 10.0.0.9:53: key k is not configured"                                                                                                                                     },
    {"sha1 for TSIG",                                   "key \"k\" { algorithm = hmac-sha1 secret-file = \"x\" }\n",
     ":3: algorithm \"hmac-sha1\": not one of hmac-sha256, hmac-sha384, hmac-sha512"                                                                                                          },
    {"an unbuilt key is checked all the same",          "state-dir = {\"a\"}\n",                                         ":3: state-dir takes one"                                            },
    {"the value of an unbuilt key is checked",          "admin = \"localhost:80\"\n",                                    ":3: admin \"local"                                                  },
};

static void a_bad_statement_is_told_alone_with_its_line(void **state)
{
    char text[TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
        struct heard heard;

        snprintf(text, sizeof(text), "%s%s", least, bad_texts[i].text);
        assert_null(load_text(text, &heard));
        if (heard.count != 1 || !heard_has(&heard, bad_texts[i].complaint)) {
            fail_msg("%s: %zu complaints, first: %s", bad_texts[i].why, heard.count,
                     heard.texts[0]);
        }
        heard_free(&heard);
    }
}

static void what_stands_in_a_section_that_is_refused_is_judged_all_the_same(void **state)
{
    static const char *const wanted[] = {
        ":3: section zone a.example is there twice, first on line 2",
        ":3: ttl \"1x\"",
        ":4: unknown key \"bogus\" in section cluster",
        ":4: port \"0\": not a number",
        ":6: section zone a.example is there twice, first on line 2",
        ":6: udp-size \"1\": not a number",
        ":7: section ec2 needs a name before its brace",
        ":7: poll \"1ms\": not from 200ms to 1h",
        ":8: section lifecycle takes no name",
        ":8: drain \"5\": not a duration",
        ":9: section lifecycle is there twice, first on line 8",
        ":9: launch-hook and terminate-hook are both h",
        ":11: poll \"2ms\": not from 200ms to 1h",
        ":12: section ec2 x\\x24y is there twice, first on line 11",
        ":12: ec2 x$y: zone nix is not configured in this file",
    };
    enum { WANTED = sizeof(wanted) / sizeof(wanted[0]) };
    struct heard heard;

    (void)state;
    assert_null(load_text("listen = \"127.0.0.1:53\"\n"
                          "zone \"a.example\" { nameservers = \"x\" }\n"
                          "zone a.example { ttl = 1x\n"
                          "  cluster \"web\" { bogus = 1 port = 0 }\n"
                          "}\n"
                          "\"zone\" \"a.example\" { udp-size = 1 }\n"
                          "ec2 { zone = \"a.example\" poll = 1ms\n"
                          "  lifecycle \"z\" { drain = 5 }\n"
                          "  lifecycle { launch-hook = h terminate-hook = h }\n"
                          "}\n"
                          "ec2 \"x\\x24y\" { zone = \"a.example\" poll = 2ms }\n"
                          "ec2 \"x\\x24y\" { zone = \"nix\" }\n",
                          &heard));
    for (size_t i = 0; i < WANTED; i++) {
        const char *colon = strchr(wanted[i] + 1, ':');

        if (i < heard.count && (strncmp(strchr(heard.texts[i], ':'), wanted[i],
                                        (size_t)(colon - wanted[i]) + 1) != 0 ||
                                strstr(heard.texts[i], colon + 2) == NULL)) {
            fail_msg("\"%s\" instead of \"%s\"", heard.texts[i], wanted[i]);
        }
    }
    assert_int_equal(heard.count, WANTED);
    heard_free(&heard);
}

static void what_stands_before_a_syntax_error_is_told_as_well(void **state)
{
    struct heard heard;

    (void)state;
    assert_null(
        load_text("workers = x\nlisen = 1\nzone \"a.example\" { ttl = 1x }\n= 5\n", &heard));
    assert_int_equal(heard.count, 4);
    assert_true(heard_has(&heard, ":1: workers \"x\""));
    assert_true(heard_has(&heard, ":2: unknown key \"lisen\""));
    assert_true(heard_has(&heard, ":3: ttl \"1x\""));
    assert_true(heard_has(&heard, ":4: not a statement"));
    heard_free(&heard);
}

static void a_good_file_loads_after_one_with_a_string_that_never_ends(void **state)
{
    struct heard heard;
    struct config *config = NULL;

    (void)state;
    assert_null(load_text("listen = \"127", &heard));
    heard_free(&heard);
    config = load_text(least, &heard);
    assert_non_null(config);
    config_free(config);
}

static void wildcard_addresses_want_an_allow_query_in_every_zone(void **state)
{
    struct heard heard;
    struct config *config = NULL;

    (void)state;
    assert_null(load_text("listen = \"[::]:53\"\nzone \"a.example\" { nameservers = \"x\" }\n"
                          "zone \"b.example\" { nameservers = \"x\" allow-query = \"::1\" }\n",
                          &heard));
    assert_int_equal(heard.count, 1);
    assert_true(heard_has(&heard, ":2: zone a.example: allow-query must be set"));
    heard_free(&heard);
    config = load_text("listen = {\"[::]:53\", \"0.0.0.0:53\"}\n"
                       "zone \"b.example\" { nameservers = \"x\" allow-query = \"::1\" }\n",
                       &heard);
    assert_non_null(config);
    config_free(config);
}

static void public_addresses_want_an_allow_query_in_every_zone(void **state)
{
    struct heard heard;
    struct config *config = NULL;

    (void)state;
    assert_null(load_text("listen = {\"127.0.0.1:53\", \"203.0.113.5:53\"}\n"
                          "zone \"a.example\" { nameservers = \"x\" }\n",
                          &heard));
    assert_int_equal(heard.count, 1);
    assert_true(heard_has(&heard, ":2: zone a.example: allow-query must be set when listen has a "
                                  "public address (203.0.113.5:53)"));
    heard_free(&heard);
    config = load_text("listen = {\"10.0.0.1:53\", \"[fe80::1]:53\", \"100.64.0.1:53\"}\n"
                       "zone \"a.example\" { nameservers = \"x\" }\n",
                       &heard);
    assert_non_null(config);
    assert_int_equal(config->warning_count, 0);
    config_free(config);
}

/* Open to all is an operator's right, if it is said; large answers to all are warned of. */
static void large_answers_to_everybody_are_warned_of(void **state)
{
    static const struct {
        const char *why;
        const char *keys; /* of the zone, on lines 3 and 4 */
        unsigned line;    /* 0: no warning */
        const char *named;
    } rows[] = {
        {"the default size",    "allow-query = \"0.0.0.0/0\"\n\n",                    2, "0.0.0.0/0"},
        {"an octet too many",   "allow-query = \"0.0.0.0/0\"\nudp-size = 1233\n",     4, "1233"     },
        {"what is safe",        "allow-query = \"0.0.0.0/0\"\nudp-size = 1232\n",     0, NULL       },
        {"everybody with IPv6", "\nallow-query = {\"10.0.0.0/8\", \"::/0\"}\n",       2, "::/0"     },
        {"everybody in halves", "allow-query = {\"0.0.0.0/1\", \"128.0.0.0/1\"}\n\n", 2,
         "0.0.0.0/1"                                                                                },
        {"all of global IPv6",  "allow-query = \"2000::/3\"\n\n",                     2, "2000::/3" },
        {"one large network",   "allow-query = \"11.0.0.0/8\"\nudp-size = 65535\n",   0, NULL       },
        {"the default",         "\n\n",                                               0, NULL       },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[TEXT_SIZE];
        struct heard heard;
        struct config *config = NULL;

        (void)snprintf(text, sizeof(text),
                       "listen = \"127.0.0.1:53\"\n"
                       "zone \"a.example\" { nameservers = \"x\"\n%s}\n",
                       rows[i].keys);
        config = load_text(text, &heard);
        assert_non_null(config);
        if (config->warning_count != (rows[i].line == 0 ? 0 : 1)) {
            fail_msg("%s: %zu warnings", rows[i].why, config->warning_count);
        }
        if (rows[i].line != 0) {
            assert_int_equal(config->warnings[0].line, rows[i].line);
            assert_non_null(strstr(config->warnings[0].text, "zone a.example: udp-size is "));
            assert_non_null(strstr(config->warnings[0].text, rows[i].named));
        }
        config_free(config);
    }
}

static void files_that_are_no_configuration_are_refused(void **state)
{
    static char large[1024 * 1024 + 1];
    struct heard heard = {.count = 0};
    const char *path = NULL;

    (void)state;
    memset(large, ' ', sizeof(large));
    path = file_of(large, sizeof(large));
    assert_null(config_load(path, hear, &heard));
    unlink(path);
    assert_true(heard_has(&heard, ": is larger than 1048576 octets"));
    path = file_of("listen\0 = 1", 11);
    assert_null(config_load(path, hear, &heard));
    unlink(path);
    assert_true(heard_has(&heard, ": is not text: it holds a NUL octet"));
    assert_null(config_load("/nonexistent/rollcall.conf", hear, &heard));
    assert_true(heard_has(&heard, "/nonexistent/rollcall.conf: cannot be opened: No such file"));
    assert_null(config_load("/tmp", hear, &heard));
    assert_true(heard_has(&heard, "/tmp: cannot be read: Is a directory"));
    assert_int_equal(heard.count, 4);
    heard_free(&heard);
    assert_null(load_text("", &heard));
    assert_int_equal(heard.count, 2);
    assert_true(heard_has(&heard, ": no zone is configured"));
    assert_true(heard_has(&heard, ":1: the file: listen must be set"));
    heard_free(&heard);
}

static void a_thousand_problems_are_cut_to_a_hundred(void **state)
{
    static char text[16 * 1000 + 1];
    struct heard heard;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        memcpy(text + i * 4, "a=1\n", 4);
    }
    assert_null(load_text(text, &heard));
    assert_int_equal(heard.count, 101);
    assert_true(heard_has(&heard, ": and 902 more problems"));
    heard_free(&heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_problem_of_a_file_is_told_in_one_go_with_its_line),
        cmocka_unit_test(a_bad_statement_is_told_alone_with_its_line),
        cmocka_unit_test(what_stands_in_a_section_that_is_refused_is_judged_all_the_same),
        cmocka_unit_test(what_stands_before_a_syntax_error_is_told_as_well),
        cmocka_unit_test(a_good_file_loads_after_one_with_a_string_that_never_ends),
        cmocka_unit_test(wildcard_addresses_want_an_allow_query_in_every_zone),
        cmocka_unit_test(public_addresses_want_an_allow_query_in_every_zone),
        cmocka_unit_test(large_answers_to_everybody_are_warned_of),
        cmocka_unit_test(files_that_are_no_configuration_are_refused),
        cmocka_unit_test(a_thousand_problems_are_cut_to_a_hundred),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
