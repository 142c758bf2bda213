/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/call_bench.h - a client and a service on the same loop.
 *
 * The service checks every signature by making it itself, from what arrived.
 */

#ifndef TESTS_UNIT_DISCOVERY_AWS_CALL_BENCH_H
#define TESTS_UNIT_DISCOVERY_AWS_CALL_BENCH_H

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
    size_t answers_left; /* after so many `answer` is the good one again; 0: never */
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

static inline struct canned_reply error_reply(const struct bench *bench, const char *status,
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

static inline int64_t request_time_s(const char *request)
{
    struct tm utc = {0};

    assert_non_null(strptime(canned_header(request, "X-Amz-Date"), "%Y%m%dT%H%M%SZ", &utc));
    return (int64_t)timegm(&utc);
}

/* What the signature must be, over all the headers that a signer has to sign. */
static inline bool signature_good(const char *request)
{
    static const char *const names[] = {"Host", "Content-Type", "X-Amz-Date",
                                        "X-Amz-Security-Token", "X-Amz-Target"};
    struct http_header headers[5];
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
    for (size_t i = 0; i < 5; i++) {
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
    scope.service = canned_header(request, "X-Amz-Target")[0] == '\0' ? "ec2" : "sqs";
    good = strcmp(sigv4_authorization(&signed_request, &scope, &arena),
                  canned_header(request, "Authorization")) == 0;
    arena_free(&arena);
    return good;
}

static inline struct canned_reply answer_good(void)
{
    return canned_text("200 OK", "Content-Type: text/xml\r\n", "<fine/>");
}

static inline struct canned_reply bench_answer(void *owner, const char *request)
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
    if (bench->answers_left > 0 && --bench->answers_left == 0) {
        struct canned_reply (*last)(void) = bench->answer;

        bench->answer = answer_good;
        return last();
    }
    return bench->answer();
}

static inline void hear_log(void *owner, enum log_level level, const char *line, size_t length)
{
    struct bench *bench = owner;
    size_t used = strlen(bench->log);

    (void)level;
    snprintf(bench->log + used, sizeof(bench->log) - used, "%.*s", (int)length, line);
}

static inline void role_set(struct bench *bench, const char *key)
{
    snprintf(bench->document, sizeof(bench->document),
             "{\"Code\":\"Success\",\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"%s\","
             "\"Token\":\"canary-token/+==\",\"Expiration\":\"2025-11-22T20:00:00Z\"}",
             key, good_secret);
    bench->imds.document = bench->document;
    bench->imds.role = "web";
}

static uint32_t bench_chance; /* what the client takes for random */

static inline uint32_t bench_random(void)
{
    return bench_chance;
}

static inline void client_make(struct bench *bench, const char *region)
{
    const struct aws_client_settings settings = {
        .region = region, .environment = &canned_environment, .random = bench_random};

    if (bench->client != NULL) {
        aws_client_free(bench->client);
    }
    bench->client = aws_client_new(&bench->loop, bench->http, &settings);
}

static inline int setup(void **state)
{
    struct bench *bench = memory_new(sizeof(*bench));

    uv_loop_init(&bench->loop);
    bench->http = http_new(&bench->loop);
    bench->answer = answer_good;
    bench->accepted_key = "AKIDEXAMPLE";
    canned_server_start(&bench->server, &bench->loop, bench_answer, bench);
    bench_chance = 0;
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

static inline int teardown(void **state)
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

static inline void on_done(void *owner, const struct aws_result *result)
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

static inline struct aws_call *start(struct bench *bench)
{
    bench->done = false;
    return aws_call_start(bench->client, AWS_EC2, parameters, 2, on_done, bench);
}

/* The tests' own Action: one that is not repeated when it is no reading one. */
static inline void call_action(struct bench *bench, const char *action)
{
    const struct aws_parameter only[] = {
        {"Action", action}
    };

    bench->done = false;
    (void)aws_call_start(bench->client, AWS_EC2, only, 1, on_done, bench);
    assert_true(loop_until(&bench->loop, &bench->done));
}

static inline struct aws_call *start_json(struct bench *bench, int64_t timeout_ms)
{
    const struct aws_json_request request = {
        .service = AWS_SQS,
        .target = "AmazonSQS.ReceiveMessage",
        .body = "{\"WaitTimeSeconds\":20}",
        .timeout_ms = timeout_ms,
    };

    bench->done = false;
    return aws_call_start_json(bench->client, &request, on_done, bench);
}

static inline void call_json(struct bench *bench, int64_t timeout_ms)
{
    (void)start_json(bench, timeout_ms);
    assert_false(bench->done);
    assert_true(loop_until(&bench->loop, &bench->done));
}

static inline void call(struct bench *bench)
{
    (void)start(bench);
    assert_false(bench->done);
    assert_true(loop_until(&bench->loop, &bench->done));
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
