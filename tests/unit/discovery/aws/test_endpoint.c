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

static void each_service_answers_under_its_regions_suffix(void **state)
{
    static const struct {
        enum aws_service service;
        const char *region;
        const char *url;
        const char *signing_name;
    } rows[] = {
        {AWS_EC2,          "eu-west-1",      "https://ec2.eu-west-1.amazonaws.com/",         "ec2"},
        {AWS_AUTO_SCALING, "eu-west-1",      "https://autoscaling.eu-west-1.amazonaws.com/",
         "autoscaling"                                                                            },
        {AWS_SQS,          "us-east-1",      "https://sqs.us-east-1.amazonaws.com/",         "sqs"},
        {AWS_STS,          "us-east-1",      "https://sts.us-east-1.amazonaws.com/",         "sts"},
        {AWS_EC2,          "cn-north-1",     "https://ec2.cn-north-1.amazonaws.com.cn/",     "ec2"},
        {AWS_EC2,          "us-gov-west-1",  "https://ec2.us-gov-west-1.amazonaws.com/",     "ec2"},
        {AWS_EC2,          "us-iso-east-1",  "https://ec2.us-iso-east-1.c2s.ic.gov/",        "ec2"},
        {AWS_EC2,          "us-isob-east-1", "https://ec2.us-isob-east-1.sc2s.sgov.gov/",    "ec2"},
        {AWS_EC2,          "eusc-de-east-1", "https://ec2.eusc-de-east-1.amazonaws.eu/",     "ec2"},
    };

    (void)state;
    canned_environment_clear();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct aws_endpoint endpoint;
        struct error error = {0};
        struct arena arena;

        arena_init(&arena);
        assert_true(aws_endpoint_find(&canned_environment, rows[i].service, rows[i].region, &arena,
                                      &endpoint, &error));
        assert_string_equal(endpoint.url, rows[i].url);
        assert_string_equal(endpoint.signing_name, rows[i].signing_name);
        assert_string_equal(endpoint.path, "/");
        assert_memory_equal(endpoint.host, rows[i].url + 8, strlen(rows[i].url) - 9);
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
    assert_true(
        aws_endpoint_find(&canned_environment, AWS_EC2, "eu-west-1", &arena, &endpoint, &error));
    assert_string_equal(endpoint.url, "http://localhost:4566/");
    assert_string_equal(endpoint.host, "localhost:4566");
    assert_true(aws_endpoint_find(&canned_environment, AWS_AUTO_SCALING, "eu-west-1", &arena,
                                  &endpoint, &error));
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
    assert_false(
        aws_endpoint_find(&canned_environment, AWS_EC2, "eu-west-1", &arena, &endpoint, &error));
    assert_string_equal(error.text,
                        "AWS_ENDPOINT_URL_EC2: the URL does not begin with http:// or https://");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_texts_of_the_form_of_a_region_are_regions),
        cmocka_unit_test(each_service_answers_under_its_regions_suffix),
        cmocka_unit_test(the_services_own_variable_wins_over_the_common_one),
        cmocka_unit_test(a_configured_url_is_taken_apart_or_refused),
        cmocka_unit_test(a_refused_url_names_its_variable),
    };

    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
