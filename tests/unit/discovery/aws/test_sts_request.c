/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_sts_request.c - which words about a role pass, and the form.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "discovery/aws/sts_request.h"

static void what_sts_would_refuse_is_told_with_its_key(void **state)
{
    static const struct {
        struct sts_role role;
        const char *expected; /* "": right */
    } rows[] = {
        {{"profile web", "arn:aws:iam::1:role/x", NULL, NULL, NULL, NULL},                           ""                                     },
        {{"profile web", "arn:aws:iam::1:role/x", "e", "ab", "900", NULL},                           ""                                     },
        {{"profile web", "arn:aws:iam::1:role/x", "e", "a_+=,.@-", "43200", NULL},                   ""                                     },
        {{"profile web", "web-role", NULL, NULL, NULL, NULL},
         "profile web: role_arn: \"web-role\" is not an ARN"                                                                                },
        {{"profile web", "arn:x", NULL, "a", NULL, NULL},                                            "profile web: role_session_name: \"a\""},
        {{"profile web", "arn:x", NULL, "a b", NULL, NULL},
         "profile web: role_session_name: \"a b\" is not 2 to 64 letters, digits and _+=,.@-"                                               },
        {{"profile web", "arn:x", NULL,
          "a123456789a123456789a123456789a123456789a123456789a123456789abcde", NULL, NULL},
         "profile web: role_session_name: "                                                                                                 },
        {{"profile web", "arn:x", NULL, NULL, "899", NULL},
         "profile web: duration_seconds: \"899\" is not in 900 to 43200"                                                                    },
        {{"profile web", "arn:x", NULL, NULL, "43201", NULL},                                        "duration_seconds"                     },
        {{"profile web", "arn:x", NULL, NULL, "1h", NULL},                                           "duration_seconds: \"1h\""             },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {0};

        print_message("%s\n", rows[i].expected);
        assert_int_equal(sts_role_check(&rows[i].role, &error), rows[i].expected[0] == '\0');
        assert_non_null(strstr(error.text, rows[i].expected));
    }
}

static void a_session_is_called_after_the_host(void **state)
{
    static const struct {
        const char *host;
        const char *expected;
    } rows[] = {
        {"lb-1.example.com",                                             "rollcall-lb-1.example.com"},
        {"",                                                             "rollcall-"                },
        {"a b/c:\xc3\xa9",                                               "rollcall-a-b-c---"        },
        {"a123456789a123456789a123456789a123456789a123456789a123456789",
         "rollcall-a123456789a123456789a123456789a123456789a123456789a1234"                         },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[STS_SESSION_NAME_SIZE];

        sts_session_name(rows[i].host, name);
        assert_string_equal(name, rows[i].expected);
    }
}

static void the_form_holds_what_was_asked_for_and_nothing_else(void **state)
{
    static const struct {
        struct sts_role role;
        const char *token;
        const char *expected;
    } rows[] = {
        {{"w", "arn:aws:iam::1:role/x", NULL, NULL, NULL, NULL},
         NULL,       "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&"
         "RoleSessionName=rollcall-h"                                                      },
        {{"w", "arn:x", "a/b", "me", "900", NULL},
         NULL,       "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Ax&RoleSessionName=me&"
         "ExternalId=a%2Fb&DurationSeconds=900"                                            },
        {{"w", "arn:x", "never", NULL, "900", "/t"},
         "eyJ.e30=", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Ax&"
         "RoleSessionName=rollcall-h&DurationSeconds=900&WebIdentityToken=eyJ.e30%3D"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena arena;

        arena_init(&arena);
        assert_string_equal(sts_request_body(&rows[i].role, "h", rows[i].token, &arena),
                            rows[i].expected);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_sts_would_refuse_is_told_with_its_key),
        cmocka_unit_test(a_session_is_called_after_the_host),
        cmocka_unit_test(the_form_holds_what_was_asked_for_and_nothing_else),
    };

    return cmocka_run_group_tests_name("sts_request", tests, NULL, NULL);
}
