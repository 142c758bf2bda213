/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_sts_reply.c - credentials out of the two replies.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "discovery/aws/sts_reply.h"

#define CREDENTIALS                                                                                \
    "<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>canary+/s</SecretAccessKey>"    \
    "<SessionToken>canary//t==</SessionToken><Expiration>2025-11-22T15:00:00Z</Expiration>"        \
    "</Credentials>"
#define OWN(inner)                                                                                 \
    "<AssumeRoleResponse "                                                                         \
    "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>" inner                 \
    "</AssumeRoleResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"             \
    "</AssumeRoleResponse>"
#define WEB(inner)                                                                                 \
    "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>" inner                   \
    "<Audience>sts.amazonaws.com</Audience></AssumeRoleWithWebIdentityResult>"                     \
    "</AssumeRoleWithWebIdentityResponse>"

static void both_replies_are_read(void **state)
{
    static const char *const replies[] = {
        OWN("<AssumedRoleUser><Arn>a</Arn></AssumedRoleUser>" CREDENTIALS), WEB(CREDENTIALS)};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct credentials found = {.provider = "stays"};
        struct error error = {0};
        struct arena arena;

        arena_init(&arena);
        assert_true(sts_reply_parse(replies[i], strlen(replies[i]), &arena, &found, &error));
        assert_string_equal(found.access_key, "ASIA1");
        assert_string_equal(found.secret_key, "canary+/s");
        assert_string_equal(found.session_token, "canary//t==");
        assert_int_equal(found.ends_s, 1763823600);
        assert_string_equal(found.provider, "stays");
        arena_free(&arena);
    }
}

/* "Make no assumptions about the maximum size" of a token, says the STS API reference. */
static void a_session_token_may_be_long(void **state)
{
    static const char format[] =
        OWN("<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            "<SessionToken>%s</SessionToken><Expiration>2025-11-22T15:00:00Z</Expiration>"
            "</Credentials>");
    enum { TOKEN_OCTETS = 12000 };
    struct credentials found = {0};
    struct error error = {0};
    struct arena arena;
    const char *reply;
    char *token;

    (void)state;
    arena_init(&arena);
    token = arena_array(&arena, TOKEN_OCTETS + 1, 1);
    memset(token, 't', TOKEN_OCTETS);
    reply = arena_format(&arena, format, token);
    assert_true(sts_reply_parse(reply, strlen(reply), &arena, &found, &error));
    assert_string_equal(found.session_token, token);
    arena_free(&arena);
}

static void a_reply_that_is_not_right_is_refused_and_not_shown(void **state)
{
    static const struct {
        const char *body;
        const char *expected;
    } rows[] = {
        {"<html>canary</html>",                                                                          "root"                         },
        {"",                                                                                             ""                             },
        {OWN(""),                                                                                        "the answer has no AccessKeyId"},
        {OWN("<Credentials><AccessKeyId>A</AccessKeyId></Credentials>"),
         "the answer has no SecretAccessKey"                                                                                            },
        {OWN("<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>canary</SecretAccessKey>"
             "<SessionToken/><Expiration>2025-11-22T15:00:00Z</Expiration></Credentials>"),
         "the answer has no SessionToken"                                                                                               },
        {OWN("<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>canary</SecretAccessKey>"
             "<SessionToken>canary</SessionToken><Expiration>soon</Expiration></Credentials>"),
         "Expiration is not a time"                                                                                                     },
        {OWN(CREDENTIALS CREDENTIALS),                                                                   "AccessKeyId comes twice"      },
        {"<AssumeRoleResponse><AssumeRoleResult>" CREDENTIALS,                                           ""                             },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct credentials found = {0};
        struct error error = {0};
        struct arena arena;

        arena_init(&arena);
        assert_false(sts_reply_parse(rows[i].body, strlen(rows[i].body), &arena, &found, &error));
        print_message("%s\n", error.text);
        assert_non_null(strstr(error.text, rows[i].expected));
        assert_null(strstr(error.text, "canary"));
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_replies_are_read),
        cmocka_unit_test(a_session_token_may_be_long),
        cmocka_unit_test(a_reply_that_is_not_right_is_refused_and_not_shown),
    };

    return cmocka_run_group_tests_name("sts_reply", tests, NULL, NULL);
}
