/* SPDX-License-Identifier: MIT */

/*
 * Reading a whole configuration file: what it gives, and what is printed of it.
 */

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/server/config_fixture.h"

#define PRODUCT "tests/fixtures/config/product.conf"

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
        cmocka_unit_test(what_is_printed_reads_back_as_the_same),
        cmocka_unit_test(nothing_is_printed_of_a_bad_file),
        cmocka_unit_test(the_reference_in_the_tree_is_what_the_table_says),
        cmocka_unit_test(the_file_that_is_installed_loads),
        cmocka_unit_test(the_control_socket_is_found_in_a_file_with_other_errors),
        cmocka_unit_test(without_a_file_there_is_no_control_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
