/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_call.c - whole calls against a service on the same loop.
 *
 * The service checks every signature by making it itself, from what arrived.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "discovery/aws/call.h"
#include "discovery/aws/sigv4.h"
#include "discovery/log.h"
#include "tests/unit/discovery/aws/canned_imds.h"

enum { SKEW_LIMIT_S = 15 * 60 };

static const char good_secret[] = "canary-secret";

struct bench {
    uv_loop_t loop;
    struct http *http;
    struct canned_server server;
    struct canned_imds imds;
    struct aws_client *client;
    char document[1024];
    /* the service */
    int64_t service_ahead_s;  /* its clock against the canned one */
    const char *accepted_key; /* others are AuthFailure */
    struct canned_reply (*answer)(void);
    size_t service_requests;
    /* what came */
    bool done;
    size_t calls;
    char body[256];
    bool failed;
    struct aws_failure failure;
    bool free_when_done;
    char log[4096];
};

static struct canned_reply error_reply(const struct bench *bench, const char *status,
                                       const char *code)
{
    time_t now = (time_t)(canned_now_s + bench->service_ahead_s);
    struct tm utc;
    char date[64];
    char body[512];

    strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&now, &utc));
    snprintf(body, sizeof(body),
             "<Response><Errors><Error><Code>%s</Code><Message>m</Message></Error></Errors>"
             "<RequestID>1</RequestID></Response>",
             code);
    return canned_text(status, date, body);
}

static int64_t request_time_s(const char *request)
{
    struct tm utc = {0};

    assert_non_null(strptime(canned_header(request, "X-Amz-Date"), "%Y%m%dT%H%M%SZ", &utc));
    return (int64_t)timegm(&utc);
}

/* What the signature must be, over all the headers that a signer has to sign. */
static bool signature_good(const char *request)
{
    static const char *const names[] = {"Host", "Content-Type", "X-Amz-Date",
                                        "X-Amz-Security-Token"};
    struct http_header headers[4];
    struct sigv4_request signed_request = {.method = "POST",
                                           .path = "/",
                                           .query = "",
                                           .headers = headers,
                                           .normalize_path = true,
                                           .double_encode_path = true};
    struct sigv4_scope scope = {NULL, good_secret, "eu-west-1", "ec2", request_time_s(request)};
    struct arena arena;
    bool good;
    char *key;

    arena_init(&arena);
    for (size_t i = 0; i < 4; i++) {
        const char *value = canned_header(request, names[i]);

        if (value[0] != '\0') {
            headers[signed_request.header_count++] =
                (struct http_header){names[i], arena_string(&arena, value)};
        }
    }
    signed_request.body = strstr(request, "\r\n\r\n") + 4;
    signed_request.body_length = strlen(signed_request.body);
    key = arena_string(&arena, strstr(canned_header(request, "Authorization"), "Credential=") + 11);
    key[strcspn(key, "/")] = '\0';
    scope.access_key = key;
    good = strcmp(sigv4_authorization(&signed_request, &scope, &arena),
                  canned_header(request, "Authorization")) == 0;
    arena_free(&arena);
    return good;
}

static struct canned_reply bench_answer(void *owner, const char *request)
{
    struct bench *bench = owner;
    int64_t service_now_s = canned_now_s + bench->service_ahead_s;
    char credential[64];

    if (strncmp(request, "POST / ", 7) != 0) {
        return canned_imds_answer(&bench->imds, request);
    }
    bench->service_requests++;
    snprintf(credential, sizeof(credential), "Credential=%s/", bench->accepted_key);
    if (llabs(request_time_s(request) - service_now_s) > SKEW_LIMIT_S) {
        return error_reply(bench, "400 Bad Request", "RequestExpired");
    }
    if (strstr(canned_header(request, "Authorization"), credential) == NULL ||
        !signature_good(request)) {
        return error_reply(bench, "401 Unauthorized", "AuthFailure");
    }
    return bench->answer();
}

static struct canned_reply answer_good(void)
{
    return canned_text("200 OK", "Content-Type: text/xml\r\n", "<fine/>");
}

static void hear_log(void *owner, enum log_level level, const char *line, size_t length)
{
    struct bench *bench = owner;
    size_t used = strlen(bench->log);

    (void)level;
    snprintf(bench->log + used, sizeof(bench->log) - used, "%.*s", (int)length, line);
}

static void role_set(struct bench *bench, const char *key)
{
    snprintf(bench->document, sizeof(bench->document),
             "{\"Code\":\"Success\",\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"%s\","
             "\"Token\":\"canary-token/+==\",\"Expiration\":\"2025-11-22T20:00:00Z\"}",
             key, good_secret);
    bench->imds.document = bench->document;
    bench->imds.role = "web";
}

static void client_make(struct bench *bench, const char *region)
{
    const struct aws_client_settings settings = {region, &canned_environment};

    if (bench->client != NULL) {
        aws_client_free(bench->client);
    }
    bench->client = aws_client_new(&bench->loop, bench->http, &settings);
}

static int setup(void **state)
{
    struct bench *bench = memory_new(sizeof(*bench));

    uv_loop_init(&bench->loop);
    bench->http = http_new(&bench->loop);
    bench->answer = answer_good;
    bench->accepted_key = "AKIDEXAMPLE";
    canned_server_start(&bench->server, &bench->loop, bench_answer, bench);
    canned_environment_clear();
    canned_environment_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", bench->server.url);
    canned_environment_set("AWS_ENDPOINT_URL", bench->server.url);
    canned_environment_set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    canned_environment_set("AWS_SECRET_ACCESS_KEY", good_secret);
    client_make(bench, "eu-west-1");
    log_set_sink(hear_log, bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    int result =
        strstr(bench->log, "canary") != NULL || strstr(bench->failure.error.text, "canary") != NULL;

    log_set_sink(NULL, NULL);
    if (bench->client != NULL) {
        aws_client_free(bench->client);
    }
    http_free(bench->http);
    canned_server_stop(&bench->server);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    result |= uv_loop_close(&bench->loop);
    free(bench);
    return result;
}

static void on_done(void *owner, const struct aws_result *result)
{
    struct bench *bench = owner;

    bench->done = true;
    bench->calls++;
    snprintf(bench->body, sizeof(bench->body), "%.*s", (int)result->body_length, result->body);
    bench->failed = result->failure != NULL;
    memset(&bench->failure, 0, sizeof(bench->failure));
    if (bench->failed) {
        bench->failure = *result->failure;
    }
    if (bench->free_when_done) {
        aws_client_free(bench->client);
        bench->client = NULL;
    }
}

static const struct aws_parameter parameters[] = {
    {"Action",    "DescribeInstances"},
    {"NextToken", "a+b/c=="          }
};

static struct aws_call *start(struct bench *bench)
{
    bench->done = false;
    return aws_call_start(bench->client, AWS_EC2, parameters, 2, on_done, bench);
}

static void call(struct bench *bench)
{
    (void)start(bench);
    assert_false(bench->done);
    assert_true(loop_until(&bench->loop, &bench->done));
}

static void a_signed_form_is_posted_and_the_body_comes_back(void **state)
{
    struct bench *bench = *state;
    const char *sent;

    call(bench);
    assert_false(bench->failed);
    assert_string_equal(bench->body, "<fine/>");
    assert_string_equal(aws_client_region(bench->client), "eu-west-1");
    sent = bench->server.log[0];
    assert_string_equal(strstr(sent, "\r\n\r\n") + 4,
                        "Action=DescribeInstances&NextToken=a%2Bb%2Fc%3D%3D");
    assert_string_equal(canned_header(sent, "Content-Type"),
                        "application/x-www-form-urlencoded; charset=utf-8");
    assert_string_equal(canned_header(sent, "Host"), bench->server.url + 7);
    assert_string_equal(canned_header(sent, "X-Amz-Date"), "20251122T140000Z");
    assert_string_equal(canned_header(sent, "X-Amz-Security-Token"), "");
}

static void the_roles_token_is_sent_and_signed(void **state)
{
    struct bench *bench = *state;

    canned_environment_set("AWS_ACCESS_KEY_ID", NULL);
    canned_environment_set("AWS_SECRET_ACCESS_KEY", NULL);
    role_set(bench, "AKIDEXAMPLE");
    call(bench);
    assert_string_equal(bench->body, "<fine/>");
    assert_string_equal(canned_header(bench->server.log[3], "X-Amz-Security-Token"),
                        "canary-token/+==");
    call(bench);
    assert_int_equal(bench->server.requests, 5);
}

static void a_clock_that_is_wrong_is_corrected_once_and_for_all(void **state)
{
    static const int64_t ahead_s[] = {20 * 60, -20 * 60, 86400 * 365, -86400};
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(ahead_s) / sizeof(ahead_s[0]); i++) {
        size_t before = bench->service_requests;

        bench->service_ahead_s = ahead_s[i];
        call(bench);
        assert_false(bench->failed);
        assert_int_equal(bench->service_requests - before, 2);
        call(bench);
        assert_int_equal(bench->service_requests - before, 3);
    }
    assert_non_null(strstr(bench->log, "clock differs"));
}

static int64_t dated_s;        /* the next answer's Date */
static int64_t answer_takes_s; /* and how long it is on its way */

static struct canned_reply answer_dated(void)
{
    time_t dated = (time_t)dated_s;
    struct tm utc;
    char date[64];

    strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&dated, &utc));
    canned_now_s += answer_takes_s;
    return canned_text("200 OK", date, "<fine/>");
}

static void the_time_of_aws_is_ours_unless_its_answers_say_otherwise(void **state)
{
    static const struct {
        const char *why;
        int64_t date_ahead_s;
        int64_t takes_s;
        int64_t expected_s;
    } cases[] = {
        {"whole seconds, and a short way",           -2,    0,  0    },
        {"whole seconds on the other side",          2,     0,  0    },
        {"our clock is behind",                      60,    0,  60   },
        {"still the same difference",                58,    0,  60   },
        {"still the same difference, the other way", 62,    0,  60   },
        {"another one",                              63,    0,  63   },
        {"our clock was set right",                  0,     0,  0    },
        {"a slow answer is no wrong clock",          0,     15, 0    },
        {"nor one that AWS was slow to begin",       15,    15, 0    },
        {"our clock is ahead",                       -3600, 15, -3600},
    };
    struct bench *bench = *state;

    assert_int_equal(aws_client_now_s(bench->client), canned_now_s);
    bench->answer = answer_dated;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t now_s = canned_now_s;

        dated_s = now_s + cases[i].date_ahead_s;
        answer_takes_s = cases[i].takes_s;
        call(bench);
        assert_false(bench->failed);
        if (aws_client_now_s(bench->client) != canned_now_s + cases[i].expected_s) {
            fail_msg("%s: %lld", cases[i].why,
                     (long long)(aws_client_now_s(bench->client) - canned_now_s));
        }
    }
    /* Signatures keep to their own correction, and an answer without a Date changes nothing. */
    bench->answer = answer_good;
    call(bench);
    assert_false(bench->failed);
    assert_int_equal(request_time_s(bench->server.log[bench->server.requests - 1]), canned_now_s);
    assert_int_equal(aws_client_now_s(bench->client), canned_now_s - 3600);
}

static struct canned_reply answer_expired_without_date(void)
{
    return canned_text("400 Bad Request", "",
                       "<Response><Errors><Error><Code>RequestExpired</Code></Error></Errors>"
                       "</Response>");
}

static void without_a_date_there_is_nothing_to_correct(void **state)
{
    struct bench *bench = *state;

    bench->answer = answer_expired_without_date;
    call(bench);
    assert_true(bench->failed);
    assert_int_equal(bench->failure.kind, AWS_EXPIRED);
    assert_string_equal(bench->failure.code, "RequestExpired");
    assert_int_equal(bench->service_requests, 1);
    assert_string_equal(bench->log, "");
}

static void refused_credentials_are_renewed_once(void **state)
{
    struct bench *bench = *state;

    canned_environment_set("AWS_ACCESS_KEY_ID", NULL);
    canned_environment_set("AWS_SECRET_ACCESS_KEY", NULL);
    role_set(bench, "AKIDEXAMPLE");
    call(bench);
    assert_false(bench->failed);
    bench->accepted_key = "AKIDROTATED";
    role_set(bench, "AKIDROTATED");
    call(bench);
    assert_false(bench->failed);
    assert_int_equal(bench->service_requests, 3);
    bench->accepted_key = "AKIDNOBODY";
    role_set(bench, "AKIDOTHER");
    call(bench);
    assert_true(bench->failed);
    assert_int_equal(bench->failure.kind, AWS_EXPIRED);
    assert_string_equal(bench->failure.code, "AuthFailure");
    assert_int_equal(bench->service_requests, 5);
}

static void the_same_credentials_are_not_tried_twice(void **state)
{
    struct bench *bench = *state;

    bench->accepted_key = "AKIDOTHER";
    call(bench);
    assert_true(bench->failed);
    assert_int_equal(bench->failure.kind, AWS_EXPIRED);
    assert_int_equal(bench->failure.status, 401);
    assert_string_equal(bench->failure.error.text, "ec2: HTTP status 401 AuthFailure: m");
    assert_int_equal(bench->service_requests, 1);
}

static struct canned_reply answer_throttled(void)
{
    return canned_text("503 Service Unavailable", "",
                       "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors>"
                       "</Response>");
}

static struct canned_reply answer_html(void)
{
    return canned_text("502 Bad Gateway", "", "<html>bad<br>gateway</html>");
}

static struct canned_reply answer_cut(void)
{
    return canned_raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<fi");
}

static void failures_are_told_at_once_and_by_kind(void **state)
{
    static const struct {
        struct canned_reply (*answer)(void);
        enum aws_failure_kind kind;
    } rows[] = {
        {answer_throttled, AWS_THROTTLED},
        {answer_html,      AWS_SERVER   },
        {answer_cut,       AWS_TRANSPORT}
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bench->answer = rows[i].answer;
        call(bench);
        assert_true(bench->failed);
        assert_int_equal(bench->failure.kind, rows[i].kind);
        assert_string_equal(bench->body, "");
        assert_int_equal(bench->service_requests, i + 1);
    }
}

static void the_region_comes_from_the_first_that_tells_one(void **state)
{
    static const struct {
        const char *wanted;
        const char *region;
        const char *default_region;
        const char *metadata;
        const char *expected; /* NULL: error */
        const char *error;
    } rows[] = {
        {"eu-west-1", "us-east-1", NULL,        NULL,        "eu-west-1", NULL                    },
        {"self",      "eu-west-1", "us-east-1", "us-east-2", "eu-west-1", NULL                    },
        {"self",      NULL,        "eu-west-1", "us-east-2", "eu-west-1", NULL                    },
        {"self",      NULL,        NULL,        "eu-west-1", "eu-west-1", NULL                    },
        {"self",      NULL,        NULL,        NULL,        NULL,        "no region in configur" },
        {"self",      NULL,        NULL,        "evil.net",  NULL,        "instance metadata: \"e"},
        {"self",      "EU",        NULL,        "eu-west-1", NULL,        "AWS_REGION: \"EU\" is" },
        {"europe",    NULL,        NULL,        NULL,        NULL,        "region: \"europe\" is" },
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        canned_environment_set("AWS_REGION", rows[i].region);
        canned_environment_set("AWS_DEFAULT_REGION", rows[i].default_region);
        bench->imds.region = rows[i].metadata;
        client_make(bench, rows[i].wanted);
        call(bench);
        print_message("%zu %s\n", i, bench->failure.error.text);
        if (rows[i].expected == NULL) {
            assert_true(bench->failed);
            assert_int_equal(bench->failure.kind, AWS_TRANSPORT);
            assert_memory_equal(bench->failure.error.text, rows[i].error, strlen(rows[i].error));
            assert_null(aws_client_region(bench->client));
        } else {
            assert_false(bench->failed);
            assert_string_equal(aws_client_region(bench->client), rows[i].expected);
        }
    }
}

static void without_credentials_the_call_fails_from_the_loop(void **state)
{
    struct bench *bench = *state;

    canned_environment_set("AWS_ACCESS_KEY_ID", NULL);
    canned_environment_set("AWS_SECRET_ACCESS_KEY", NULL);
    canned_environment_set("AWS_EC2_METADATA_DISABLED", "true");
    call(bench);
    assert_true(bench->failed);
    assert_int_equal(bench->failure.kind, AWS_TRANSPORT);
    assert_string_equal(bench->failure.error.text,
                        "no credentials in environment or shared files: instance metadata: "
                        "AWS_EC2_METADATA_DISABLED is set");
}

static void a_cancelled_call_never_calls_whatever_it_waits_for(void **state)
{
    struct bench *bench = *state;

    canned_environment_set("AWS_ACCESS_KEY_ID", NULL);
    canned_environment_set("AWS_SECRET_ACCESS_KEY", NULL);
    role_set(bench, "AKIDEXAMPLE");
    bench->imds.region = "eu-west-1";
    /* Token, region, role, document, the call itself: cancel after each number of answers. */
    for (size_t requests = 0; requests < 5; requests++) {
        struct aws_call *under_way;
        size_t before = bench->server.requests;

        client_make(bench, "self");
        under_way = start(bench);
        while (bench->server.requests - before < requests) {
            (void)uv_run(&bench->loop, UV_RUN_ONCE);
        }
        assert_false(bench->done);
        aws_call_cancel(under_way);
        assert_int_equal(bench->calls, 0);
    }
    call(bench);
    assert_int_equal(bench->calls, 1);
    assert_false(bench->failed);
}

static void calls_under_way_end_with_the_client(void **state)
{
    struct bench *bench = *state;

    for (size_t requests = 0; requests < 2; requests++) {
        client_make(bench, "eu-west-1");
        (void)start(bench);
        (void)start(bench);
        while (bench->server.requests < requests) {
            (void)uv_run(&bench->loop, UV_RUN_ONCE);
        }
    }
    aws_client_free(bench->client);
    bench->client = NULL;
    assert_int_equal(bench->calls, 0);
}

static void the_client_may_be_freed_from_within_done(void **state)
{
    struct bench *bench = *state;

    bench->free_when_done = true;
    (void)start(bench);
    (void)start(bench);
    assert_true(loop_until(&bench->loop, &bench->done));
    assert_int_equal(bench->calls, 1);
}

static void the_client_may_be_freed_when_the_first_step_fails(void **state)
{
    struct bench *bench = *state;

    canned_environment_set("AWS_ACCESS_KEY_ID", NULL);
    bench->free_when_done = true;
    (void)start(bench);
    (void)start(bench);
    assert_true(loop_until(&bench->loop, &bench->done));
    assert_int_equal(bench->calls, 1);
    assert_true(bench->failed);
    assert_int_equal(bench->failure.kind, AWS_TRANSPORT);
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_signed_form_is_posted_and_the_body_comes_back),
        BENCH_TEST(the_roles_token_is_sent_and_signed),
        BENCH_TEST(a_clock_that_is_wrong_is_corrected_once_and_for_all),
        BENCH_TEST(the_time_of_aws_is_ours_unless_its_answers_say_otherwise),
        BENCH_TEST(without_a_date_there_is_nothing_to_correct),
        BENCH_TEST(refused_credentials_are_renewed_once),
        BENCH_TEST(the_same_credentials_are_not_tried_twice),
        BENCH_TEST(failures_are_told_at_once_and_by_kind),
        BENCH_TEST(the_region_comes_from_the_first_that_tells_one),
        BENCH_TEST(without_credentials_the_call_fails_from_the_loop),
        BENCH_TEST(a_cancelled_call_never_calls_whatever_it_waits_for),
        BENCH_TEST(calls_under_way_end_with_the_client),
        BENCH_TEST(the_client_may_be_freed_from_within_done),
        BENCH_TEST(the_client_may_be_freed_when_the_first_step_fails),
    };

    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
