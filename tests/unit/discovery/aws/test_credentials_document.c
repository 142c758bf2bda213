/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_credentials_document.c - the JSON of instances and containers.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "discovery/aws/credentials_document.h"

#define KEYS "\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"canary\",\"Token\":\"canary-t\""

static void documents_are_read_or_told(void **state)
{
    static const struct {
        const char *text;
        bool has_code;
        const char *expected; /* "": right */
    } rows[] = {
        {"{" KEYS ",\"Expiration\":\"2025-11-22T15:00:00Z\"}",                       false, ""                                   },
        {"{" KEYS ",\"Expiration\":\"2025-11-22T15:00:00.123Z\",\"RoleArn\":\"r\"}", false, ""                                   },
        {"{\"Code\":\"Success\"," KEYS ",\"Expiration\":\"2025-11-22T15:00:00Z\"}",  true,  ""                                   },
        {"{" KEYS ",\"Expiration\":\"2025-11-22T15:00:00Z\"}",                       true,  "\"Code\" is missing"                },
        {"{\"Code\":\"Failed\"," KEYS "}",                                           true,  "Code is \"Failed\", not \"Success\""},
        {"{" KEYS ",\"Expiration\":\"tomorrow\"}",                                   false, "Expiration is not a time"           },
        {"{" KEYS "}",                                                               false, "\"Expiration\" is missing"          },
        {"{\"code\":\"x\",\"message\":\"canary\"}",                                  false, "\"AccessKeyId\" is missing"         },
        {"canary",                                                                   false, "line 1, column 1"                   },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct credentials found = {.provider = "p"};
        struct error error = {0};
        struct arena arena;

        arena_init(&arena);
        assert_int_equal(credentials_document_read(rows[i].text, strlen(rows[i].text),
                                                   rows[i].has_code, &arena, &found, &error),
                         rows[i].expected[0] == '\0');
        print_message("%s\n", error.text);
        assert_non_null(strstr(error.text, rows[i].expected));
        assert_null(strstr(error.text, "canary"));
        if (rows[i].expected[0] == '\0') {
            assert_string_equal(found.access_key, "A");
            assert_string_equal(found.secret_key, "canary");
            assert_string_equal(found.session_token, "canary-t");
            assert_string_equal(found.provider, "p");
            assert_int_equal(found.ends_s, 1763823600);
        }
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(documents_are_read_or_told)};

    return cmocka_run_group_tests_name("credentials_document", tests, NULL, NULL);
}
