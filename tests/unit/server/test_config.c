/* SPDX-License-Identifier: MIT */

/*
 * Reading a whole configuration file: what it gives, and what is said of a bad one.
 */

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/config.h"

#define PRODUCT "tests/fixtures/config/product.conf"

enum { HEARD_LIMIT = 120, TEXT_SIZE = 4096 };

struct heard {
    size_t count;
    char *texts[HEARD_LIMIT];
};

static void hear(void *owner, const char *text)
{
    struct heard *heard = owner;

    assert_true(heard->count < HEARD_LIMIT);
    heard->texts[heard->count++] = strdup(text);
}

static void heard_free(struct heard *heard)
{
    while (heard->count > 0) {
        free(heard->texts[--heard->count]);
    }
}

static bool heard_has(const struct heard *heard, const char *part)
{
    for (size_t i = 0; i < heard->count; i++) {
        if (strstr(heard->texts[i], part) != NULL) {
            return true;
        }
    }
    return false;
}

/* A file of this text; the path is in a buffer that the next call overwrites. */
static const char *file_of(const void *text, size_t length)
{
    static char path[64];
    int fd = -1;

    snprintf(path, sizeof(path), "/tmp/rollcall-test-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), (ssize_t)length);
    close(fd);
    return path;
}

static struct config *load_text(const char *text, struct heard *heard)
{
    const char *path = file_of(text, strlen(text));
    struct config *config = NULL;

    heard->count = 0;
    config = config_load(path, hear, heard);
    unlink(path);
    return config;
}

static struct config *load_good(const char *path)
{
    struct heard heard = {.count = 0};
    struct config *config = config_load(path, hear, &heard);

    if (config == NULL) {
        fail_msg("%s", heard.texts[0]);
    }
    assert_int_equal(heard.count, 0);
    return config;
}

static void the_listens_of_the_product_page_are_addresses(void **state)
{
    struct config *config = load_good(PRODUCT);
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    (void)state;
    assert_int_equal(config->listen_count, 2);
    assert_string_equal(config->listens[0].text, "127.0.0.1:53");
    assert_int_equal(config->listens[0].length, sizeof(in));
    memcpy(&in, &config->listens[0].address, sizeof(in));
    assert_int_equal(in.sin_family, AF_INET);
    assert_int_equal(in.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    assert_int_equal(in.sin_port, htons(53));
    assert_int_equal(config->listens[1].length, sizeof(in6));
    memcpy(&in6, &config->listens[1].address, sizeof(in6));
    assert_int_equal(in6.sin6_family, AF_INET6);
    assert_memory_equal(&in6.sin6_addr, &in6addr_loopback, sizeof(in6.sin6_addr));
    assert_true(config->workers >= 1);
    assert_int_equal(config->log_level, LEVEL_INFO);
    config_free(config);
}

static void the_zone_of_the_product_page_has_its_values(void **state)
{
    struct config *config = load_good(PRODUCT);
    const struct config_zone *zone = &config->zones[0];
    char text[NAME_MAX_TEXT];
    char prefix[ADDRESS_MAX_TEXT + 4];

    (void)state;
    assert_int_equal(config->zone_count, 1);
    assert_string_equal(name_to_text(&zone->zone.origin, text), "sd.example.com.");
    assert_int_equal(zone->zone.ttl_seconds, 10);
    assert_int_equal(zone->zone.negative_ttl_seconds, 2);
    assert_int_equal(zone->zone.nameserver_count, 1);
    assert_string_equal(name_to_text(&zone->zone.nameservers[0], text), "ns1.sd.example.com.");
    assert_string_equal(zone->zone.cluster_name, "_{group}._tcp");
    assert_int_equal(zone->zone.target_names, TARGET_ADDRESS);
    assert_int_equal(zone->zone.udp_size_octets, 8192);
    assert_int_equal(zone->zone.allow_query_count, 3);
    assert_string_equal(prefix_to_text(&zone->zone.allow_query[1], prefix), "10.0.0.0/8");
    assert_int_equal(zone->allowed_prefix_count, 5);
    assert_string_equal(prefix_to_text(&zone->allowed_prefixes[4], prefix), "fc00::/7");
    assert_string_equal(zone->records_path, "tests/fixtures/config/static.zone");
    assert_string_equal(zone->fleet.origin, "sd.example.com");
    assert_int_equal(zone->fleet.rename_count, 1);
    assert_string_equal(zone->fleet.rename[0], "^prod-(.*)-asg$ -> \\1");
    assert_int_equal(zone->fleet.cluster_count, 1);
    assert_string_equal(zone->fleet.clusters[0].name, "web");
    assert_int_equal(zone->fleet.clusters[0].port, 8443);
    assert_false(zone->fleet.clusters[0].merge);
    config_free(config);
}

static void the_sources_of_the_product_page_have_their_values(void **state)
{
    struct config *config = load_good(PRODUCT);
    const struct ec2_settings *ec2 = &config->sources[0].ec2;
    const struct fleet_source *fleet = config->fleet.sources;

    (void)state;
    assert_int_equal(config->fleet.source_count, 2);
    assert_int_equal(config->sources[0].kind, SOURCE_EC2);
    assert_string_equal(ec2->name, "main");
    assert_string_equal(ec2->region, "self");
    assert_int_equal(ec2->poll_ms, 5000);
    assert_int_equal(ec2->filter_count, 1);
    assert_string_equal(ec2->filters[0].name, "vpc-id");
    assert_string_equal(ec2->filters[0].value, "vpc-0a1b2c3d");
    assert_string_equal(ec2->group_tag, "aws:autoscaling:groupName");
    assert_string_equal(ec2->weight_tag, "srv_weight");
    assert_string_equal(ec2->address_tag, "ip_address");
    assert_string_equal(ec2->port_tag, "srv_port");
    assert_string_equal(ec2->hold_tag, "srv_hold");
    assert_string_equal(ec2->drain_since_tag, "srv_drain_since");
    assert_string_equal(fleet[0].name, "ec2 main");
    assert_int_equal(fleet[0].zone, 0);
    assert_int_equal(fleet[0].rules.port, 443);
    assert_int_equal(fleet[0].rules.group_count, 1);
    assert_string_equal(fleet[0].rules.groups[0], "prod-*");
    assert_int_equal(fleet[0].rules.allowed_prefix_count, 5);
    assert_int_equal(config->sources[1].kind, SOURCE_FILE);
    assert_string_equal(config->sources[1].file.name, "on-prem");
    assert_string_equal(config->sources[1].file.path, "tests/fixtures/config/fleet.json");
    assert_string_equal(fleet[1].name, "file on-prem");
    assert_int_equal(fleet[1].rules.port, 443);
    assert_int_equal(fleet[1].rules.group_count, 0);
    config_free(config);
}

static const char least[] = "listen = \"127.0.0.1:53\"\n"
                            "zone \"a.example\" { nameservers = \"ns.a.example\" }\n";

static void the_lifecycle_section_becomes_the_rules_of_its_source(void **state)
{
    struct config *config = load_good(PRODUCT);
    const struct lifecycle_settings *lifecycle = &config->sources[0].lifecycle;

    (void)state;
    assert_true(config->sources[0].has_lifecycle);
    assert_false(config->sources[1].has_lifecycle);
    assert_string_equal(lifecycle->name, "main");
    assert_int_equal(lifecycle->poll_ms, 5000);
    assert_string_equal(lifecycle->rules.launch_hook, "srvCreation");
    assert_string_equal(lifecycle->rules.terminate_hook, "srvTermination");
    assert_int_equal(lifecycle->rules.drain_s, 60);
    assert_int_equal(lifecycle->rules.group_count, 1);
    assert_string_equal(lifecycle->rules.groups[0], "prod-*");
    assert_string_equal(lifecycle->rules.weight_tag, "srv_weight");
    assert_string_equal(lifecycle->rules.address_tag, "ip_address");
    assert_string_equal(lifecycle->rules.drain_since_tag, "srv_drain_since");
    config_free(config);
}

static void a_drain_is_never_shorter_than_what_the_load_balancers_need(void **state)
{
    static const struct {
        const char *keys;
        int64_t expected_s; /* with a TTL of 10 s */
    } cases[] = {
        {"drain = 60s",                         60},
        {"drain = 0s",                          12},
        {"drain = 12500ms",                     13},
        {"drain = 5s resolve-interval = 100ms", 11},
        {"drain = 30s resolve-interval = 20s",  50},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[TEXT_SIZE];
        struct heard heard;
        struct config *config = NULL;

        snprintf(text, sizeof(text),
                 "%sec2 \"x\" { zone = \"a.example\" events { queue-url = \"https://q/1/x\" } "
                 "lifecycle { launch-hook = \"u\" %s } "
                 "}\nec2 \"y\" { zone = \"a.example\" }\n",
                 least, cases[i].keys);
        config = load_text(text, &heard);
        assert_non_null(config);
        assert_int_equal(config->sources[0].lifecycle.rules.drain_s, cases[i].expected_s);
        assert_null(config->sources[0].lifecycle.rules.terminate_hook);
        assert_false(config->sources[1].has_lifecycle);
        config_free(config);
    }
}

static void keys_that_are_not_built_yet_are_named_when_they_are_set(void **state)
{
    struct config *config = load_good(PRODUCT);

    (void)state;
    assert_string_equal(config->unbuilt, "admin (line 5), "
                                         "zone sd.example.com: cluster web: shards (line 17), "
                                         "secondary 10.0.0.9:53 (line 34), "
                                         "key xfr (line 35)");
    config_free(config);
}

static void the_least_file_loads_with_every_default(void **state)
{
    struct heard heard;
    struct config *config = load_text(least, &heard);

    (void)state;
    assert_non_null(config);
    assert_int_equal(config->zones[0].zone.ttl_seconds, 10);
    assert_int_equal(config->zones[0].zone.allow_query_count, 6);
    assert_int_equal(config->zones[0].zone.udp_size_octets, 8192);
    assert_null(config->zones[0].records_path);
    assert_int_equal(config->fleet.source_count, 0);
    assert_null(config->unbuilt);
    config_free(config);
}

static void zones_and_sources_are_the_same_index_for_index(void **state)
{
    static const char text[] =
        "listen = \"127.0.0.1:53\"\nworkers = 3\nlog-level = debug\n"
        "file \"one\" { zone = \"B.example\" path = \"/x/one.json\" port = 81 }\n"
        "zone \"a.example\" { nameservers = \"ns.a.example\"\n"
        "  cluster \"web\" { merge = yes } cluster \"api\" { port = 82 } }\n"
        "zone \"b.example\" { nameservers = {\"x.\", \"y.\"} target-names = literal\n"
        "  cluster \"web\" { port = 83 } }\n"
        "ec2 \"one\" { zone = \"a.example.\" poll = 200ms region = us-gov-west-1 groups = {} }\n"
        "ec2 \"two\" { zone = \"b.example\" }\n";
    struct heard heard;
    struct config *config = load_text(text, &heard);

    (void)state;
    assert_non_null(config);
    assert_int_equal(config->workers, 3);
    assert_int_equal(config->log_level, LEVEL_DEBUG);
    assert_int_equal(config->fleet.zone_count, 2);
    assert_string_equal(config->fleet.zones[1].origin, "b.example");
    assert_ptr_equal(config->fleet.zones[0].clusters, config->zones[0].fleet.clusters);
    assert_int_equal(config->fleet.zones[0].cluster_count, 2);
    assert_true(config->fleet.zones[0].clusters[0].merge);
    assert_int_equal(config->fleet.zones[0].clusters[0].port, 0);
    assert_int_equal(config->fleet.zones[0].clusters[1].port, 82);
    assert_int_equal(config->fleet.zones[1].clusters[0].port, 83);
    assert_int_equal(config->zones[1].zone.target_names, TARGET_LITERAL);
    assert_int_equal(config->fleet.source_count, 3);
    assert_string_equal(config->fleet.sources[0].name, "ec2 one");
    assert_int_equal(config->fleet.sources[0].zone, 0);
    assert_int_equal(config->sources[0].ec2.poll_ms, 200);
    assert_string_equal(config->fleet.sources[1].name, "ec2 two");
    assert_int_equal(config->fleet.sources[1].zone, 1);
    assert_string_equal(config->fleet.sources[2].name, "file one");
    assert_int_equal(config->fleet.sources[2].zone, 1);
    assert_int_equal(config->fleet.sources[2].rules.port, 81);
    assert_string_equal(config->sources[2].file.path, "/x/one.json");
    config_free(config);
}

static void double_quotes_take_values_from_the_environment_and_single_ones_do_not(void **state)
{
    static const char text[] =
        "listen = \"127.0.0.1:${ROLLCALL_TEST_PORT}\"\n"
        "zone \"a.example\" { nameservers = \"ns.a.example\" }\n"
        "ec2 \"x\" { zone = \"${ROLLCALL_TEST_ZONE:-a.example}\" groups = {'${B}'} }\n";
    struct heard heard;
    struct config *config = NULL;

    (void)state;
    setenv("ROLLCALL_TEST_PORT", "5300", 1);
    config = load_text(text, &heard);
    assert_non_null(config);
    assert_string_equal(config->listens[0].text, "127.0.0.1:5300");
    assert_string_equal(config->fleet.sources[0].rules.groups[0], "${B}");
    assert_int_equal(config->fleet.sources[0].zone, 0);
    config_free(config);
    unsetenv("ROLLCALL_TEST_PORT");
    assert_null(load_text(text, &heard));
    assert_true(heard_has(&heard, ":1: listen \"127.0.0.1:\": port: not a number"));
    heard_free(&heard);
}

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

/* The output of config_print(), owned by the caller. */
static char *printed(const char *path)
{
    struct heard heard = {.count = 0};
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    assert_true(config_print(path, out, hear, &heard));
    fclose(out);
    return text;
}

static void what_is_printed_reads_back_as_the_same(void **state)
{
    char *once = printed(PRODUCT);
    const char *path = file_of(once, strlen(once));
    char *twice = printed(path);

    (void)state;
    unlink(path);
    assert_string_equal(once, twice);
    assert_non_null(strstr(once, "    rename = {\"^prod-(.*)-asg\\$ -> \\\\1\"}\n"));
    assert_non_null(strstr(once, "log-level = info\n"));
    assert_non_null(strstr(once, "        shards = 4\n"));
    assert_non_null(strstr(once, "    # external-id is not set\n"));
    free(once);
    free(twice);
}

static void nothing_is_printed_of_a_bad_file(void **state)
{
    struct heard heard = {.count = 0};
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    assert_false(config_print("tests/fixtures/config/bad.conf", out, hear, &heard));
    fclose(out);
    assert_int_equal(length, 0);
    assert_true(heard.count > 0);
    heard_free(&heard);
    free(text);
}

static void the_reference_in_the_tree_is_what_the_table_says(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    FILE *file = fopen("server/CONFIGURATION.md", "re");
    char *kept = calloc(1, 64 * 1024);

    (void)state;
    config_print_reference(out);
    fclose(out);
    assert_non_null(file);
    assert_true(fread(kept, 1, 64 * 1024 - 1, file) > 0);
    fclose(file);
    /* After a change: rollcall check --print-reference > server/CONFIGURATION.md */
    assert_string_equal(text, kept);
    free(text);
    free(kept);
}

static void the_file_that_is_installed_loads(void **state)
{
    struct config *config = load_good("server/rollcall.conf");

    (void)state;
    assert_null(config->unbuilt);
    config_free(config);
}

static void the_control_socket_is_found_in_a_file_with_other_errors(void **state)
{
    static const struct {
        const char *why;
        const char *text;
        const char *path; /* NULL: refused */
        const char *said;
    } rows[] = {
        {"the default",              "",                                     "/run/rollcall/control.sock", ""                   },
        {"set",                      "control = \"/a/b.sock\"\n",            "/a/b.sock",                  ""                   },
        {"an unknown key before it", "bogus = 1\ncontrol = \"/a/b.sock\"\n", "/a/b.sock",                  ""                   },
        {"a bad value elsewhere",    "workers = x\n",                        "/run/rollcall/control.sock", ""                   },
        {"a syntax error after it",  "control = \"/a/b.sock\"\n}\n",         "/a/b.sock",                  ""                   },
        {"a syntax error before it", "}\ncontrol = \"/a/b.sock\"\n",         NULL,                         ":3: not a statement"},
        {"a bad value of its own",   "control = \"\"\n",                     NULL,                         "control"            },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[] = "/tmp/rollcall-config-XXXXXX";
        struct error error = {""};
        char *found = NULL;
        int descriptor = mkstemp(path);

        assert_true(dprintf(descriptor, "%s%s", least, rows[i].text) > 0);
        close(descriptor);
        found = config_control_path(path, &error);
        if ((found == NULL) != (rows[i].path == NULL) ||
            (found != NULL && strcmp(found, rows[i].path) != 0) ||
            strstr(error.text, rows[i].said) == NULL) {
            fail_msg("%s: %s %s", rows[i].why, found == NULL ? "NULL" : found, error.text);
        }
        free(found);
        assert_int_equal(unlink(path), 0);
    }
}

static void without_a_file_there_is_no_control_socket(void **state)
{
    struct error error = {""};

    (void)state;
    assert_null(config_control_path("/none/rollcall.conf", &error));
    assert_string_equal(error.text,
                        "/none/rollcall.conf: cannot be opened: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_listens_of_the_product_page_are_addresses),
        cmocka_unit_test(the_zone_of_the_product_page_has_its_values),
        cmocka_unit_test(the_sources_of_the_product_page_have_their_values),
        cmocka_unit_test(the_lifecycle_section_becomes_the_rules_of_its_source),
        cmocka_unit_test(a_drain_is_never_shorter_than_what_the_load_balancers_need),
        cmocka_unit_test(keys_that_are_not_built_yet_are_named_when_they_are_set),
        cmocka_unit_test(the_least_file_loads_with_every_default),
        cmocka_unit_test(zones_and_sources_are_the_same_index_for_index),
        cmocka_unit_test(double_quotes_take_values_from_the_environment_and_single_ones_do_not),
        cmocka_unit_test(every_problem_of_a_file_is_told_in_one_go_with_its_line),
        cmocka_unit_test(a_bad_statement_is_told_alone_with_its_line),
        cmocka_unit_test(what_stands_in_a_section_that_is_refused_is_judged_all_the_same),
        cmocka_unit_test(what_stands_before_a_syntax_error_is_told_as_well),
        cmocka_unit_test(a_good_file_loads_after_one_with_a_string_that_never_ends),
        cmocka_unit_test(wildcard_addresses_want_an_allow_query_in_every_zone),
        cmocka_unit_test(files_that_are_no_configuration_are_refused),
        cmocka_unit_test(a_thousand_problems_are_cut_to_a_hundred),
        cmocka_unit_test(what_is_printed_reads_back_as_the_same),
        cmocka_unit_test(nothing_is_printed_of_a_bad_file),
        cmocka_unit_test(the_reference_in_the_tree_is_what_the_table_says),
        cmocka_unit_test(the_file_that_is_installed_loads),
        cmocka_unit_test(the_control_socket_is_found_in_a_file_with_other_errors),
        cmocka_unit_test(without_a_file_there_is_no_control_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
