/* SPDX-License-Identifier: MIT */

/*
 * What a source looks at, as a text: it changes with every setting that changes who is found, and
 * with no other.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/place.h"

static void config_must_be_right(void *owner, const char *text)
{
    (void)owner;
    fail_msg("%s", text);
}

static struct config *config_of(const char *source)
{
    char path[] = "/tmp/rollcall-place-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    struct config *config = NULL;

    assert_non_null(file);
    (void)fprintf(file,
                  "listen = {\"127.0.0.1:5353\"}\n"
                  "zone \"a.example.com\" { nameservers = {\"ns1.example.com\"} }\n"
                  "zone \"b.example.com\" { nameservers = {\"ns1.example.com\"} }\n"
                  "%s\n",
                  source);
    assert_int_equal(fclose(file), 0);
    config = config_load(path, config_must_be_right, NULL);
    (void)unlink(path);
    assert_non_null(config);
    return config;
}

static bool places_are_same(const char *left, const char *right)
{
    struct config *configs[2] = {config_of(left), config_of(right)};
    struct arena arena;
    bool is_same = false;

    arena_init(&arena);
    is_same =
        strcmp(place_settings(configs[0], 0, &arena), place_settings(configs[1], 0, &arena)) == 0;
    arena_free(&arena);
    config_free(configs[0]);
    config_free(configs[1]);
    return is_same;
}

#define EC2(keys) "ec2 \"main\" { zone = \"a.example.com\" " keys " }"

static void what_changes_who_is_found_changes_the_place(void **state)
{
    static const char *const rows[][2] = {
        {EC2(""),                                                    EC2("region = \"eu-west-1\"")                             },
        {EC2(""),                                                    EC2("groups = {\"web-*\"}")                               },
        {EC2("groups = {\"a\", \"b\"}"),                             EC2("groups = {\"a\"}")                                   },
        {EC2("groups = {\"a\\\" group=\\\"b\"}"),                    EC2("groups = {\"a\", \"b\"}")                            },
        {EC2(""),                                                    EC2("filters = {\"vpc-id=vpc-1\"}")                       },
        {EC2("filters = {\"vpc-id=vpc-2\"}"),                        EC2("filters = {\"vpc-id=vpc-1\"}")                       },
        {EC2(""),                                                    EC2("role-arn = \"arn:aws:iam::123456789012:role/r\"")    },
        {EC2(""),                                                    EC2("weight-tag = \"w\"")                                 },
        {EC2(""),                                                    "ec2 \"main\" { zone = \"b.example.com\" }"               },
        {"file \"main\" { zone = \"a.example.com\" path = \"/x\" }",
         "file \"main\" { zone = \"a.example.com\" path = \"/y\" }"                                                            },
        {EC2(""),                                                    "file \"main\" { zone = \"a.example.com\" path = \"/y\" }"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (places_are_same(rows[i][0], rows[i][1])) {
            fail_msg("%s and %s", rows[i][0], rows[i][1]);
        }
    }
}

static void what_changes_how_it_looks_does_not(void **state)
{
    (void)state;
    assert_true(places_are_same(EC2(""), EC2("poll = 30s port = 8443")));
    assert_true(places_are_same(EC2(""), "ec2 \"other\" { zone = \"a.example.com\" }"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changes_who_is_found_changes_the_place),
        cmocka_unit_test(what_changes_how_it_looks_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
