/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_failure.c - error replies and what they mean.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "discovery/aws/failure.h"
#include "zones/arena.h"

#define EC2_ERROR(code)                                                                            \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>" code             \
    "</Code><Message>Told by AWS.</Message></Error></Errors><RequestID>1</RequestID></Response>"
#define QUERY_ERROR(code)                                                                          \
    "<ErrorResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><Error><Type>"      \
    "Sender</Type><Code>" code "</Code><Message>Told by AWS.</Message></Error></ErrorResponse>"

#define JSON_ERROR(type) "{\"__type\":\"" type "\",\"message\":\"Told by AWS.\"}"

static void a_reply_is_sorted_by_its_code_and_else_by_its_status(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum aws_failure_kind kind;
        const char *code;
    } rows[] = {
        {503, EC2_ERROR("RequestLimitExceeded"),                            AWS_THROTTLED, "RequestLimitExceeded"  },
        {400, QUERY_ERROR("Throttling"),                                    AWS_THROTTLED, "Throttling"            },
        {429, "",                                                           AWS_THROTTLED, ""                      },
        {401, EC2_ERROR("AuthFailure"),                                     AWS_EXPIRED,   "AuthFailure"           },
        {400, EC2_ERROR("RequestExpired"),                                  AWS_EXPIRED,   "RequestExpired"        },
        {403, QUERY_ERROR("ExpiredToken"),                                  AWS_EXPIRED,   "ExpiredToken"          },
        {403, QUERY_ERROR("SignatureDoesNotMatch"),                         AWS_EXPIRED,   "SignatureDoesNotMatch" },
        {401, "nothing",                                                    AWS_EXPIRED,   ""                      },
        {403, EC2_ERROR("UnauthorizedOperation"),                           AWS_DENIED,    "UnauthorizedOperation" },
        {403, "<html><body>Forbidden</body></html>",                        AWS_DENIED,    ""                      },
        {500, EC2_ERROR("InternalError"),                                   AWS_SERVER,    "InternalError"         },
        {400, QUERY_ERROR("RequestTimeout"),                                AWS_SERVER,    "RequestTimeout"        },
        {502, "<html><p>Bad gateway</html>",                                AWS_SERVER,    ""                      },
        {503, "",                                                           AWS_SERVER,    ""                      },
        {400, EC2_ERROR("InvalidParameterValue"),                           AWS_OTHER,     "InvalidParameterValue" },
        {301, "",                                                           AWS_SERVER,    ""                      },
        {204, "",                                                           AWS_SERVER,    ""                      },
        {302, "<html><p>Found</html>",                                      AWS_SERVER,    ""                      },
        {400, "<html><p>Bad request</html>",                                AWS_SERVER,    ""                      },
        {404, "<html><p>Not found</html>",                                  AWS_SERVER,    ""                      },
        {408, "<html><p>Time-out</html>",                                   AWS_SERVER,    ""                      },
        {429, "<html><p>Slowly</html>",                                     AWS_THROTTLED, ""                      },
        {400, EC2_ERROR(""),                                                AWS_SERVER,    ""                      },
        {404, QUERY_ERROR("NoSuchEntity"),                                  AWS_OTHER,     "NoSuchEntity"          },
        {500, EC2_ERROR("NobodyKnows"),                                     AWS_SERVER,    "NobodyKnows"           },
        {400, EC2_ERROR("ConcurrentTagAccess"),                             AWS_THROTTLED, "ConcurrentTagAccess"   },
        {400, EC2_ERROR("IncorrectState"),                                  AWS_SERVER,    "IncorrectState"        },
        {400, EC2_ERROR("IncorrectInstanceState"),                          AWS_SERVER,    "IncorrectInstanceState"},
        {400, JSON_ERROR("com.amazonaws.sqs#QueueDoesNotExist"),            AWS_OTHER,     "QueueDoesNotExist"     },
        {400, JSON_ERROR("RequestThrottled"),                               AWS_THROTTLED, "RequestThrottled"      },
        {403, JSON_ERROR("com.amazonaws.sqs#OverLimit"),                    AWS_THROTTLED, "OverLimit"             },
        {400, JSON_ERROR("com.amazon.coral.service#AccessDeniedException"), AWS_DENIED,
         "AccessDeniedException"                                                                                   },
        {403, JSON_ERROR("x#InvalidClientTokenId"),                         AWS_EXPIRED,   "InvalidClientTokenId"  },
        {400, JSON_ERROR("x#"),                                             AWS_SERVER,    ""                      },
        {500, JSON_ERROR("com.amazon.coral.service#InternalFailure"),       AWS_SERVER,
         "InternalFailure"                                                                                         },
        {400, "{}",                                                         AWS_SERVER,    ""                      },
        {400, "{\"__type\":7}",                                             AWS_SERVER,    ""                      },
        {400, "{\"__type\":\"AccessDenied\"",                               AWS_SERVER,    ""                      },
        {400, "<Response><Errors><Error><Code>AuthFailure</Code>",          AWS_SERVER,    ""                      },
        {400,
         "<!DOCTYPE x><Response><Errors><Error><Code>AuthFailure</Code></Error></Errors>"
         "</Response>",                                                     AWS_SERVER,    ""                      },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct http_response response = {
            .status = rows[i].status, .body = rows[i].body, .body_length = strlen(rows[i].body)};
        struct aws_failure failure;

        print_message("%d %s\n", rows[i].status, rows[i].body);
        aws_failure_read("ec2", &response, &failure);
        assert_int_equal(failure.kind, rows[i].kind);
        assert_int_equal(failure.status, rows[i].status);
        assert_string_equal(failure.code, rows[i].code);
    }
}

static void the_text_tells_service_status_code_and_message(void **state)
{
    const char *body = EC2_ERROR("AuthFailure");
    const struct http_response whole = {.status = 401, .body = body, .body_length = strlen(body)};
    const struct http_response bare = {.status = 502, .body = ""};
    const struct http_response none = {.status = 0, .body = "", .error = {"connection refused"}};
    struct aws_failure failure;

    (void)state;
    aws_failure_read("ec2", &whole, &failure);
    assert_string_equal(failure.error.text, "ec2: HTTP status 401 AuthFailure: Told by AWS.");
    aws_failure_read("sts", &bare, &failure);
    assert_string_equal(failure.error.text, "sts: HTTP status 502");
    aws_failure_read("ec2", &none, &failure);
    assert_int_equal(failure.kind, AWS_TRANSPORT);
    assert_string_equal(failure.error.text, "ec2: connection refused");
}

static void the_message_of_a_json_failure_is_told_in_either_spelling(void **state)
{
    static const char *const bodies[] = {
        "{\"__type\":\"a#B\",\"message\":\"Told by AWS.\"}",
        "{\"__type\":\"a#B\",\"Message\":\"Told by AWS.\"}",
        "\r\n {\"Message\":\"Told by AWS.\\nNot this.\",\"__type\":\"B\",\"new\":[{}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        const struct http_response response = {
            .status = 400, .body = bodies[i], .body_length = strlen(bodies[i])};
        struct aws_failure failure;

        aws_failure_read("sqs", &response, &failure);
        assert_string_equal(failure.error.text, "sqs: HTTP status 400 B: Told by AWS.");
    }
}

static void signed_headers_that_aws_repeats_are_not_shown(void **state)
{
    const char *body =
        "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>It does not match.\n\n"
        "The Canonical String should have been\n'x-amz-security-token:AQoDsecret'</Message>"
        "</Error></ErrorResponse>";
    const struct http_response response = {
        .status = 403, .body = body, .body_length = strlen(body)};
    struct aws_failure failure;

    (void)state;
    aws_failure_read("sts", &response, &failure);
    assert_string_equal(failure.error.text,
                        "sts: HTTP status 403 SignatureDoesNotMatch: It does not match.");
}

static void a_long_code_and_message_are_cut(void **state)
{
    char body[4096] = "<Response><Errors><Error><Code>";
    struct http_response response = {.status = 400, .body = body};
    struct aws_failure failure;

    (void)state;
    memset(body + strlen(body), 'C', 1000);
    strcat(body, "</Code><Message>");
    memset(body + strlen(body), 'M', 2000);
    strcat(body, "</Message></Error></Errors></Response>");
    response.body_length = strlen(body);
    aws_failure_read("ec2", &response, &failure);
    assert_int_equal(strlen(failure.code), AWS_CODE_SIZE - 1);
    assert_int_equal(failure.kind, AWS_OTHER);
    assert_true(strlen(failure.error.text) < 400);
}

static void only_some_codes_may_mean_the_clock(void **state)
{
    static const struct {
        const char *code;
        bool expected;
    } rows[] = {
        {"RequestExpired",            true },
        {"RequestTimeTooSkewed",      true },
        {"RequestInTheFuture",        true },
        {"AuthFailure",               true },
        {"SignatureDoesNotMatch",     true },
        {"InvalidSignatureException", true },
        {"ExpiredToken",              false},
        {"UnauthorizedOperation",     false},
        {"",                          false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct aws_failure failure = {.kind = AWS_EXPIRED};

        memcpy(failure.code, rows[i].code, strlen(rows[i].code) + 1);
        assert_int_equal(aws_failure_may_be_clock(&failure), rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_sorted_by_its_code_and_else_by_its_status),
        cmocka_unit_test(the_text_tells_service_status_code_and_message),
        cmocka_unit_test(the_message_of_a_json_failure_is_told_in_either_spelling),
        cmocka_unit_test(signed_headers_that_aws_repeats_are_not_shown),
        cmocka_unit_test(a_long_code_and_message_are_cut),
        cmocka_unit_test(only_some_codes_may_mean_the_clock),
    };

    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
