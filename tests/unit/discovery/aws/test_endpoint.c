/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_endpoint.c - regions, partitions and configured URLs.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdbool.h>
#include <string.h>

#include "discovery/aws/endpoint.h"
#include "tests/unit/discovery/aws/canned_server.h"

static void only_texts_of_the_form_of_a_region_are_regions(void **state)
{
    static const char *const good[] = {"eu-west-1",      "us-gov-east-1",   "cn-north-1",
                                       "ap-southeast-5", "us-isob-east-1",  "eusc-de-east-1",
                                       "mx-central-1",   "us-east-12345678"};
    static const char *const bad[] = {"",
                                      "e-west-1",
                                      "euscc-west-1",
                                      "eu-1",
                                      "eu--west-1",
                                      "eu-west",
                                      "eu-west-",
                                      "eu-west-1a",
                                      "EU-west-1",
                                      "eu-west-1 ",
                                      "eu_west_1",
                                      "eu-west-1.evil.net",
                                      "eu-west-1/",
                                      "eu-west-1\n",
                                      "-west-1",
                                      "eu-west-1-",
                                      "us-east-111111111111111111111111111111111111"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        print_message("%s\n", good[i]);
        assert_true(aws_region_valid(good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        print_message("\"%s\"\n", bad[i]);
        assert_false(aws_region_valid(bad[i]));
    }
}

static bool find(const char *region, const struct aws_profile *profile, enum aws_service service,
                 struct arena *arena, struct aws_endpoint *endpoint, struct error *error)
{
    const struct aws_place place = {&canned_environment, region, profile};

    return aws_endpoint_find(&place, service, arena, endpoint, error);
}

static void flags_set(bool fips, bool dualstack)
{
    canned_environment_clear();
    canned_environment_set("AWS_USE_FIPS_ENDPOINT", fips ? "true" : NULL);
    canned_environment_set("AWS_USE_DUALSTACK_ENDPOINT", dualstack ? "True" : "false");
}

/* Acceptance group 32: the region matrix. */
static void each_service_answers_under_its_regions_suffix(void **state)
{
    static const char *const names[] = {"ec2", "autoscaling", "sqs", "sts"};
    static const struct {
        const char *region;
        const char *suffix;
        const char *dualstack_suffix;
        const char *fips_label;
    } rows[] = {
        {"eu-west-1",       "amazonaws.com",    "api.aws",                      "-fips"},
        {"us-east-1",       "amazonaws.com",    "api.aws",                      "-fips"},
        {"il-central-1",    "amazonaws.com",    "api.aws",                      "-fips"},
        {"zz-future-9",     "amazonaws.com",    "api.aws",                      "-fips"},
        {"cn-north-1",      "amazonaws.com.cn", "api.amazonwebservices.com.cn", "-fips"},
        {"us-gov-west-1",   "amazonaws.com",    "api.aws",                      ""     },
        {"us-iso-east-1",   "c2s.ic.gov",       "api.aws.ic.gov",               "-fips"},
        {"us-isob-east-1",  "sc2s.sgov.gov",    "api.aws.scloud",               "-fips"},
        {"us-isof-south-1", "csp.hci.ic.gov",   "api.aws.hci.ic.gov",           "-fips"},
        {"eu-isoe-west-1",  "cloud.adc-e.uk",   "api.cloud-aws.adc-e.uk",       "-fips"},
        {"eusc-de-east-1",  "amazonaws.eu",     "api.amazonwebservices.eu",     "-fips"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (unsigned j = 0; j < 16; j++) {
            enum aws_service service = (enum aws_service)(j / 4);
            bool fips = j % 4 >= 2;
            bool dualstack = j % 2 == 1;
            struct aws_endpoint endpoint;
            struct error error = {0};
            struct arena arena;
            char host[128];

            arena_init(&arena);
            flags_set(fips, dualstack);
            assert_true(find(rows[i].region, NULL, service, &arena, &endpoint, &error));
            snprintf(host, sizeof(host), "%s%s.%s.%s", names[service],
                     !fips       ? ""
                     : dualstack ? "-fips"
                                 : rows[i].fips_label,
                     rows[i].region, dualstack ? rows[i].dualstack_suffix : rows[i].suffix);
            assert_string_equal(endpoint.host, host);
            assert_string_equal(endpoint.url, arena_format(&arena, "https://%s/", host));
            assert_string_equal(endpoint.path, "/");
            assert_string_equal(endpoint.signing_name, names[service]);
            arena_free(&arena);
        }
    }
}

/* Acceptance group 32: AWS_ENDPOINT_URL precedence. */
static void the_more_special_place_tells_the_endpoint(void **state)
{
    static const struct {
        const char *variable; /* AWS_ENDPOINT_URL_AUTO_SCALING, and so on: NULL is not set */
        const char *common;
        const char *ignore;
        struct aws_profile profile;
        const char *expected;
    } rows[] = {
        {"http://1",
         "http://2",       NULL,
         {.service_urls = {[AWS_AUTO_SCALING] = "http://3"}, .endpoint_url = "http://4"},
         "http://1/"                                                                                                                      },
        {NULL,
         "http://2",       NULL,
         {.service_urls = {[AWS_AUTO_SCALING] = "http://3"}, .endpoint_url = "http://4"},
         "http://2/"                                                                                                                      },
        {"",
         "",               NULL,
         {.service_urls = {[AWS_AUTO_SCALING] = "http://3"}, .endpoint_url = "http://4"},
         "http://3/"                                                                                                                      },
        {NULL,
         NULL,             NULL,
         {.service_urls = {[AWS_EC2] = "http://3"}, .endpoint_url = "http://4"},
         "http://4/"                                                                                                                      },
        {NULL,       NULL, NULL,    {0},                                                    "https://autoscaling.eu-west-1.amazonaws.com/"},
        {"http://1",
         "http://2",       "true",
         {.service_urls = {[AWS_AUTO_SCALING] = "http://3"}, .endpoint_url = "http://4"},
         "https://autoscaling.eu-west-1.amazonaws.com/"                                                                                   },
        {NULL,
         NULL,             NULL,
         {.endpoint_url = "http://4", .ignore_endpoints = true},
         "https://autoscaling.eu-west-1.amazonaws.com/"                                                                                   },
        {NULL,
         "http://2",       NULL,
         {.ignore_endpoints = true},
         "https://autoscaling.eu-west-1.amazonaws.com/"                                                                                   },
        {NULL,       NULL, "FALSE", {.endpoint_url = "http://4", .ignore_endpoints = true}, "http://4/"                                   },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct aws_endpoint endpoint;
        struct error error = {0};
        struct arena arena;

        print_message("%zu\n", i);
        arena_init(&arena);
        canned_environment_clear();
        canned_environment_set("AWS_ENDPOINT_URL_AUTO_SCALING", rows[i].variable);
        canned_environment_set("AWS_ENDPOINT_URL", rows[i].common);
        canned_environment_set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", rows[i].ignore);
        assert_true(
            find("eu-west-1", &rows[i].profile, AWS_AUTO_SCALING, &arena, &endpoint, &error));
        assert_string_equal(endpoint.url, rows[i].expected);
        arena_free(&arena);
    }
}

static void the_environment_decides_over_the_profiles_fips_and_dualstack(void **state)
{
    static const struct aws_profile profile = {.use_fips = true, .use_dualstack = true};
    struct aws_endpoint endpoint;
    struct error error = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    canned_environment_clear();
    assert_true(find("eu-west-1", &profile, AWS_EC2, &arena, &endpoint, &error));
    assert_string_equal(endpoint.host, "ec2-fips.eu-west-1.api.aws");
    canned_environment_set("AWS_USE_FIPS_ENDPOINT", "false");
    assert_true(find("eu-west-1", &profile, AWS_EC2, &arena, &endpoint, &error));
    assert_string_equal(endpoint.host, "ec2.eu-west-1.api.aws");
    canned_environment_set("AWS_USE_DUALSTACK_ENDPOINT", "false");
    assert_true(find("eu-west-1", &profile, AWS_EC2, &arena, &endpoint, &error));
    assert_string_equal(endpoint.host, "ec2.eu-west-1.amazonaws.com");
    arena_free(&arena);
}

static void what_is_wrong_is_told_with_its_variable_or_key(void **state)
{
    static const struct {
        const char *variable;
        const char *value;
        struct aws_profile profile;
        const char *expected;
    } rows[] = {
        {"AWS_USE_FIPS_ENDPOINT",
         "yes",      {0},
         "AWS_USE_FIPS_ENDPOINT: \"yes\" is neither true nor false"                  },
        {"AWS_USE_DUALSTACK_ENDPOINT",
         "1",        {0},
         "AWS_USE_DUALSTACK_ENDPOINT: \"1\" is neither true nor false"               },
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
         "no",       {0},
         "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: \"no\" is neither true nor false"     },
        {"AWS_ENDPOINT_URL",
         "ftp://x",  {0},
         "AWS_ENDPOINT_URL: the URL does not begin with http:// or https://"         },
        {"HOME",
         "/",        {.name = "web", .endpoint_url = "x"},
         "profile web: endpoint_url: the URL does not begin with http:// or https://"},
        {"HOME",
         "/",        {.name = "web", .service_urls = {[AWS_AUTO_SCALING] = "x"}},
         "profile web: services: auto_scaling: endpoint_url: the URL does not begin with http:// "
         "or https://"                                                               },
        {"AWS_ENDPOINT_URL",
         "http://x", {.use_fips = true},
         "AWS_ENDPOINT_URL: a configured endpoint cannot be held to FIPS: set this one or "
         "AWS_USE_FIPS_ENDPOINT (use_fips_endpoint), not both"                       },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct aws_endpoint endpoint;
        struct error error = {0};
        struct arena arena;

        arena_init(&arena);
        canned_environment_clear();
        canned_environment_set(rows[i].variable, rows[i].value);
        assert_false(
            find("eu-west-1", &rows[i].profile, AWS_AUTO_SCALING, &arena, &endpoint, &error));
        assert_string_equal(error.text, rows[i].expected);
        arena_free(&arena);
    }
}

static void the_services_own_variable_wins_over_the_common_one(void **state)
{
    struct aws_endpoint endpoint;
    struct error error = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    canned_environment_clear();
    canned_environment_set("AWS_ENDPOINT_URL", "http://localhost:4566");
    canned_environment_set("AWS_ENDPOINT_URL_AUTO_SCALING", "https://[::1]:8443/asg/");
    assert_true(aws_endpoint_find(&(struct aws_place){&canned_environment, "eu-west-1", NULL},
                                  AWS_EC2, &arena, &endpoint, &error));
    assert_string_equal(endpoint.url, "http://localhost:4566/");
    assert_string_equal(endpoint.host, "localhost:4566");
    assert_true(aws_endpoint_find(&(struct aws_place){&canned_environment, "eu-west-1", NULL},
                                  AWS_AUTO_SCALING, &arena, &endpoint, &error));
    assert_string_equal(endpoint.url, "https://[::1]:8443/asg/");
    assert_string_equal(endpoint.host, "[::1]:8443");
    assert_string_equal(endpoint.path, "/asg/");
    arena_free(&arena);
}

static void a_configured_url_is_taken_apart_or_refused(void **state)
{
    static const struct {
        const char *url;
        const char *host; /* NULL: refused */
        const char *path;
    } rows[] = {
        {"http://127.0.0.1:80",            "127.0.0.1",       "/"   },
        {"https://x.example:443/",         "x.example",       "/"   },
        {"http://x.example:443/",          "x.example:443",   "/"   },
        {"https://x.example:65535",        "x.example:65535", "/"   },
        {"http://[fd00:ec2::254]",         "[fd00:ec2::254]", "/"   },
        {"http://a_b.example/x/y",         "a_b.example",     "/x/y"},
        {"https://x.example:65536",        NULL,              NULL  },
        {"https://x.example:0",            NULL,              NULL  },
        {"https://x.example:",             NULL,              NULL  },
        {"https://x.example:1a",           NULL,              NULL  },
        {"https://x.example:0000443",      NULL,              NULL  },
        {"https://user:secret@x.example/", NULL,              NULL  },
        {"https://x.example/?a=b",         NULL,              NULL  },
        {"https://x.example/#a",           NULL,              NULL  },
        {"https://x.example?a",            NULL,              NULL  },
        {"https://x.example/a b",          NULL,              NULL  },
        {"https://x.example/\r\nX: y",     NULL,              NULL  },
        {"https://x\r\n.example/",         NULL,              NULL  },
        {"https:///path",                  NULL,              NULL  },
        {"https://[::1/",                  NULL,              NULL  },
        {"ftp://x.example/",               NULL,              NULL  },
        {"file:///etc/passwd",             NULL,              NULL  },
        {"x.example",                      NULL,              NULL  },
        {"HTTPS://x.example",              NULL,              NULL  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct aws_endpoint endpoint = {0};
        struct error error = {0};
        struct arena arena;

        arena_init(&arena);
        print_message("%s\n", rows[i].url);
        if (rows[i].host == NULL) {
            assert_false(aws_endpoint_parse(rows[i].url, &arena, &endpoint, &error));
            assert_null(strstr(error.text, "secret"));
        } else {
            assert_true(aws_endpoint_parse(rows[i].url, &arena, &endpoint, &error));
            assert_string_equal(endpoint.host, rows[i].host);
            assert_string_equal(endpoint.path, rows[i].path);
        }
        arena_free(&arena);
    }
}

static void a_refused_url_names_its_variable(void **state)
{
    struct aws_endpoint endpoint;
    struct error error = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    canned_environment_clear();
    canned_environment_set("AWS_ENDPOINT_URL_EC2", "localhost:4566");
    assert_false(aws_endpoint_find(&(struct aws_place){&canned_environment, "eu-west-1", NULL},
                                   AWS_EC2, &arena, &endpoint, &error));
    assert_string_equal(error.text,
                        "AWS_ENDPOINT_URL_EC2: the URL does not begin with http:// or https://");
    arena_free(&arena);
}

/* "SERVICE REGION FIPS DUALSTACK" a line in, its host a line out: for the comparison with others.
 */
static int hosts_print(void)
{
    static const char *const names[] = {"ec2", "autoscaling", "sqs", "sts"};
    char name[32];
    char region[64];
    int fips;
    int dualstack;

    while (scanf("%31s %63s %d %d", name, region, &fips, &dualstack) == 4) {
        struct aws_endpoint endpoint = {.host = "?"};
        struct arena arena;

        arena_init(&arena);
        flags_set(fips != 0, dualstack != 0);
        for (unsigned i = 0; i < AWS_SERVICE_COUNT; i++) {
            if (strcmp(names[i], name) == 0) {
                (void)find(region, NULL, (enum aws_service)i, &arena, &endpoint, NULL);
            }
        }
        printf("%s\n", endpoint.host);
        arena_free(&arena);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_texts_of_the_form_of_a_region_are_regions),
        cmocka_unit_test(each_service_answers_under_its_regions_suffix),
        cmocka_unit_test(the_more_special_place_tells_the_endpoint),
        cmocka_unit_test(the_environment_decides_over_the_profiles_fips_and_dualstack),
        cmocka_unit_test(what_is_wrong_is_told_with_its_variable_or_key),
        cmocka_unit_test(the_services_own_variable_wins_over_the_common_one),
        cmocka_unit_test(a_configured_url_is_taken_apart_or_refused),
        cmocka_unit_test(a_refused_url_names_its_variable),
    };

    if (argc == 2 && strcmp(argv[1], "--hosts") == 0) {
        return hosts_print();
    }
    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
