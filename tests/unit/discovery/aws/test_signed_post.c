/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_signed_post.c - the headers of a POST, and what is signed.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "discovery/aws/signed_post.h"

enum { MOMENT_S = 1763820000 }; /* 2025-11-22T14:00:00Z */

static const struct aws_endpoint endpoint = {"sqs", "https://sqs.eu-west-1.amazonaws.com/",
                                             "sqs.eu-west-1.amazonaws.com", "/"};

static const char *header_of(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, name) == 0) {
            return request->headers[i].value;
        }
    }
    return NULL;
}

static void every_header_but_the_signature_is_signed(void **state)
{
    static const struct {
        const char *token;
        const char *target;
        const char *signed_headers;
    } rows[] = {
        {NULL,    NULL,                       "SignedHeaders=content-type;host;x-amz-date,"                     },
        {"token", NULL,                       "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"},
        {NULL,    "AmazonSQS.ReceiveMessage",
         "SignedHeaders=content-type;host;x-amz-date;x-amz-target,"                                             },
        {"token", "AmazonSQS.ReceiveMessage",
         "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,"                        },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct credentials credentials = {
            .access_key = "AKIDEXAMPLE", .secret_key = "secret", .session_token = rows[i].token};
        const struct signed_post post = {&endpoint,        "eu-west-1",    MOMENT_S, &credentials,
                                         SIGNED_POST_JSON, rows[i].target, "{}"};
        struct http_request request = {.timeout_ms = 7};
        struct arena arena;

        arena_init(&arena);
        signed_post_make(&post, &arena, &request);
        assert_string_equal(request.method, "POST");
        assert_string_equal(request.url, endpoint.url);
        assert_string_equal(request.body, "{}");
        assert_int_equal(request.body_length, 2);
        assert_int_equal(request.timeout_ms, 7);
        assert_string_equal(header_of(&request, "Host"), endpoint.host);
        assert_string_equal(header_of(&request, "Content-Type"), "application/x-amz-json-1.0");
        assert_string_equal(header_of(&request, "X-Amz-Date"), "20251122T140000Z");
        assert_non_null(strstr(header_of(&request, "Authorization"), rows[i].signed_headers));
        assert_non_null(strstr(header_of(&request, "Authorization"),
                               "Credential=AKIDEXAMPLE/20251122/eu-west-1/sqs/aws4_request"));
        assert_int_equal(header_of(&request, "X-Amz-Target") != NULL, rows[i].target != NULL);
        assert_int_equal(header_of(&request, "X-Amz-Security-Token") != NULL,
                         rows[i].token != NULL);
        arena_free(&arena);
    }
}

static void without_credentials_nothing_is_signed(void **state)
{
    const struct signed_post post = {&endpoint,        "eu-west-1", MOMENT_S,     NULL,
                                     SIGNED_POST_FORM, NULL,        "Action=Some"};
    struct http_request request = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    signed_post_make(&post, &arena, &request);
    assert_int_equal(request.header_count, 2);
    assert_string_equal(header_of(&request, "Host"), endpoint.host);
    assert_string_equal(header_of(&request, "Content-Type"),
                        "application/x-www-form-urlencoded; charset=utf-8");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_header_but_the_signature_is_signed),
        cmocka_unit_test(without_credentials_nothing_is_signed),
    };

    return cmocka_run_group_tests_name("signed_post", tests, NULL, NULL);
}
