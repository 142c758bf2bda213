/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_credential_chain.c - containers, STS and the instance, asked one
 * after the other. Acceptance group 32: rotation of token files, chains of roles, static stability.
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
#include <unistd.h>

#include "discovery/aws/credentials.h"
#include "discovery/log.h"
#include "tests/unit/discovery/aws/canned_imds.h"

struct bench {
    uv_loop_t loop;
    struct http *http;
    struct canned_server server;
    struct canned_imds instance;
    struct imds *imds;
    struct credential_cache *cache;
    char token_path[64];
    char sts_url[80];
    char container_url[96];
    int64_t life_s; /* of what STS and the container give */
    int generation;
    int failures; /* so many answers of theirs are `status` with `body` first */
    const char *status;
    const char *headers;
    const char *body;
    bool done;
    char got[256]; /* "access secret token provider" */
    char error[512];
    char log[4096];
};

enum answer_kind { ANSWER_CONTAINER, ANSWER_ROLE, ANSWER_IDENTITY };

static struct canned_reply keys_answer(struct bench *bench, enum answer_kind kind)
{
    time_t ends = (time_t)(canned_now_s + bench->life_s);
    struct tm utc;
    char text[32];
    char body[1024];

    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&ends, &utc));
    bench->generation++;
    if (kind == ANSWER_CONTAINER) {
        snprintf(body, sizeof(body),
                 "{\"AccessKeyId\":\"ASIA%d\",\"SecretAccessKey\":\"canary-secret-%d\","
                 "\"Token\":\"canary-token-%d\",\"Expiration\":\"%s\"}",
                 bench->generation, bench->generation, bench->generation, text);
    } else {
        const char *action = kind == ANSWER_ROLE ? "AssumeRole" : "AssumeRoleWithWebIdentity";

        snprintf(body, sizeof(body),
                 "<%sResponse><%sResult><Credentials><AccessKeyId>ASIA%d</AccessKeyId>"
                 "<SecretAccessKey>canary-secret-%d</SecretAccessKey>"
                 "<SessionToken>canary-token-%d</SessionToken><Expiration>%s</Expiration>"
                 "</Credentials></%sResult></%sResponse>",
                 action, action, bench->generation, bench->generation, bench->generation, text,
                 action, action);
    }
    return canned_text("200 OK", "", body);
}

static struct canned_reply answer(void *owner, const char *request)
{
    struct bench *bench = owner;
    bool for_container = strncmp(request, "GET /container", 14) == 0;

    if (!for_container && strncmp(request, "POST /sts", 9) != 0) {
        return canned_imds_answer(&bench->instance, request);
    }
    if (bench->failures > 0) {
        bench->failures--;
        return canned_text(bench->status, bench->headers == NULL ? "" : bench->headers,
                           bench->body == NULL ? "" : bench->body);
    }
    if (for_container) {
        return keys_answer(bench, ANSWER_CONTAINER);
    }
    return keys_answer(bench, strstr(request, "Action=AssumeRoleWithWebIdentity&") != NULL
                                  ? ANSWER_IDENTITY
                                  : ANSWER_ROLE);
}

static void hear_log(void *owner, enum log_level level, const char *line, size_t length)
{
    struct bench *bench = owner;
    size_t used = strlen(bench->log);

    (void)level;
    snprintf(bench->log + used, sizeof(bench->log) - used, "%.*s", (int)length, line);
}

static void cache_make(struct bench *bench, const char *role_arn, const char *external_id)
{
    static const struct aws_place place = {&canned_environment, "eu-west-3", NULL};

    if (bench->cache != NULL) {
        credential_cache_free(bench->cache);
    }
    bench->cache = credential_cache_new(
        &bench->loop, &(struct credential_settings){.environment = &canned_environment,
                                                    .http = bench->http,
                                                    .imds = bench->imds,
                                                    .role_arn = role_arn,
                                                    .external_id = external_id,
                                                    .retry_wait_ms = 1});
    credential_cache_set_place(bench->cache, &place);
}

static void token_write(const struct bench *bench, const char *text)
{
    FILE *file = fopen(bench->token_path, "wb");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int setup(void **state)
{
    struct bench *bench = memory_new(sizeof(*bench));

    uv_loop_init(&bench->loop);
    bench->http = http_new(&bench->loop);
    bench->life_s = 3600;
    bench->instance.role = "web-role";
    bench->instance.document = "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIAHOST\","
                               "\"SecretAccessKey\":\"canary-host\",\"Token\":\"canary-host-t\","
                               "\"Expiration\":\"2030-01-01T00:00:00Z\"}";
    canned_server_start(&bench->server, &bench->loop, answer, bench);
    snprintf(bench->sts_url, sizeof(bench->sts_url), "%s/sts", bench->server.url);
    snprintf(bench->container_url, sizeof(bench->container_url), "%s/container/canary-id?a=b",
             bench->server.url);
    snprintf(bench->token_path, sizeof(bench->token_path), "/tmp/rollcall-chain-%d", getpid());
    canned_environment_clear();
    canned_environment_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", bench->server.url);
    canned_environment_set("AWS_ENDPOINT_URL_STS", bench->sts_url);
    bench->imds = imds_new(bench->http, &canned_environment);
    cache_make(bench, NULL, NULL);
    log_set_sink(hear_log, bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    int result;

    /* Whatever a test did, no secret may have been told. */
    result = strstr(bench->log, "canary") != NULL || strstr(bench->error, "canary") != NULL;
    log_set_sink(NULL, NULL);
    credential_cache_free(bench->cache);
    imds_free(bench->imds);
    http_free(bench->http);
    canned_server_stop(&bench->server);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    result |= uv_loop_close(&bench->loop);
    (void)unlink(bench->token_path);
    free(bench);
    return result;
}

static void on_done(void *owner, const struct credentials *credentials, const struct error *error)
{
    struct bench *bench = owner;

    bench->done = true;
    bench->got[0] = '\0';
    bench->error[0] = '\0';
    if (credentials == NULL) {
        snprintf(bench->error, sizeof(bench->error), "%s", error->text);
        print_message("%s\n", bench->error);
    } else {
        snprintf(bench->got, sizeof(bench->got), "%s %s %s %s", credentials->access_key,
                 credentials->secret_key,
                 credentials->session_token == NULL ? "-" : credentials->session_token,
                 credentials->provider);
    }
}

static void get(struct bench *bench)
{
    bench->done = false;
    credentials_get(bench->cache, on_done, bench);
    assert_true(loop_until(&bench->loop, &bench->done));
}

static void answer_with(struct bench *bench, int failures, const char *status, const char *body)
{
    bench->failures = failures;
    bench->status = status;
    bench->body = body;
}

/* ---- container ---- */

static void container_set(const struct bench *bench)
{
    canned_environment_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", bench->container_url);
    canned_environment_set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", bench->token_path);
}

static void a_container_is_asked_with_the_token_of_the_moment(void **state)
{
    struct bench *bench = *state;

    container_set(bench);
    token_write(bench, "Basic one\n");
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 container");
    assert_memory_equal(bench->server.log[0], "GET /container/canary-id?a=b HTTP/1.1\r\n", 39);
    assert_string_equal(canned_header(bench->server.log[0], "Authorization"), "Basic one");
    token_write(bench, "Basic two");
    canned_now_s += 3600 - CREDENTIALS_MANDATORY_S;
    get(bench);
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 container");
    assert_string_equal(canned_header(bench->server.log[1], "Authorization"), "Basic two");
    assert_int_equal(bench->server.requests, 2);
}

static void a_container_that_is_in_trouble_is_tried_three_times(void **state)
{
    struct bench *bench = *state;

    canned_environment_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", bench->container_url);
    answer_with(bench, 2, "500 Internal Server Error", "canary");
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 container");
    credentials_invalidate(bench->cache);
    cache_make(bench, NULL, NULL);
    answer_with(bench, 3, "429 Too Many Requests", "canary");
    get(bench);
    assert_string_equal(bench->error, "container credentials: HTTP status 429");
    assert_int_equal(bench->failures, 0);
    assert_int_equal(bench->server.requests, 6);
}

static void what_a_container_refuses_is_told_at_once(void **state)
{
    struct bench *bench = *state;
    char closed_url[80];

    canned_environment_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", bench->container_url);
    answer_with(bench, 1, "403 Forbidden", "{\"message\":\"canary\"}");
    get(bench);
    assert_string_equal(bench->error, "container credentials: HTTP status 403");
    answer_with(bench, 1, "200 OK", "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"canary\"}");
    get(bench);
    assert_string_equal(bench->error, "container credentials: document: \"Token\" is missing");
    assert_int_equal(bench->server.requests, 2);
    /* Port 1 of the loopback is closed; the URL is as good as a key. */
    snprintf(closed_url, sizeof(closed_url), "http://127.0.0.1:1/canary-id");
    canned_environment_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", closed_url);
    get(bench);
    assert_string_equal(bench->error, "container credentials: no answer");
    token_write(bench, "canary\nX-Evil: 1");
    canned_environment_set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", bench->token_path);
    get(bench);
    assert_non_null(strstr(bench->error, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: /tmp/"));
    assert_non_null(strstr(bench->error, "line end"));
}

/* ---- web identity ---- */

static void identity_set(const struct bench *bench)
{
    canned_environment_set("AWS_WEB_IDENTITY_TOKEN_FILE", bench->token_path);
    canned_environment_set("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod");
    canned_environment_set("AWS_ROLE_SESSION_NAME", "pod");
}

static void a_web_identity_is_exchanged_unsigned_with_the_token_of_the_moment(void **state)
{
    struct bench *bench = *state;

    identity_set(bench);
    token_write(bench, "jwt-one");
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 web identity");
    assert_non_null(strstr(bench->server.log[0],
                           "\r\n\r\nAction=AssumeRoleWithWebIdentity&Version=2011-06-15&"
                           "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fpod&RoleSessionName=pod&"
                           "WebIdentityToken=jwt-one"));
    assert_string_equal(canned_header(bench->server.log[0], "Authorization"), "");
    token_write(bench, "jwt-two\n");
    canned_now_s += 3600;
    get(bench);
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 web identity");
    assert_non_null(strstr(bench->server.log[1], "WebIdentityToken=jwt-two"));
}

#define STS_ERROR(code)                                                                            \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code>"                               \
    "<Message>message of STS</Message></Error></ErrorResponse>"

static void
an_identity_provider_that_cannot_be_reached_and_an_ended_token_are_tried_again(void **state)
{
    struct bench *bench = *state;

    identity_set(bench);
    token_write(bench, "jwt-one");
    answer_with(bench, 2, "400 Bad Request", STS_ERROR("IDPCommunicationError"));
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 web identity");
    cache_make(bench, NULL, NULL);
    answer_with(bench, 1, "400 Bad Request", STS_ERROR("ExpiredTokenException"));
    get(bench);
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 web identity");
    cache_make(bench, NULL, NULL);
    answer_with(bench, 1, "400 Bad Request", STS_ERROR("InvalidIdentityToken"));
    get(bench);
    assert_string_equal(bench->error,
                        "AWS_WEB_IDENTITY_TOKEN_FILE: arn:aws:iam::1:role/pod: sts: HTTP status "
                        "400 InvalidIdentityToken: message of STS");
    assert_int_equal(bench->server.requests, 6);
}

static void a_token_file_that_is_not_there_is_named(void **state)
{
    struct bench *bench = *state;

    identity_set(bench);
    canned_environment_set("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token");
    get(bench);
    assert_string_equal(bench->error, "AWS_WEB_IDENTITY_TOKEN_FILE: token file /nonexistent/token: "
                                      "No such file or directory");
    assert_int_equal(bench->server.requests, 0);
}

/* ---- roles ---- */

static void keys_set(void)
{
    canned_environment_set("AWS_ACCESS_KEY_ID", "AKIA");
    canned_environment_set("AWS_SECRET_ACCESS_KEY", "canary");
}

static void the_configured_role_is_assumed_signed_in_the_region(void **state)
{
    struct bench *bench = *state;
    const char *authorization;

    keys_set();
    cache_make(bench, "arn:aws:iam::2:role/reader", "ext/1");
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 assumed role");
    authorization = canned_header(bench->server.log[0], "Authorization");
    assert_non_null(strstr(authorization, "Credential=AKIA/20251122/eu-west-3/sts/aws4_request"));
    assert_non_null(strstr(bench->server.log[0], "Action=AssumeRole&"));
    assert_non_null(strstr(bench->server.log[0], "&RoleSessionName=rollcall-"));
    assert_non_null(strstr(bench->server.log[0], "&ExternalId=ext%2F1"));
    get(bench);
    assert_int_equal(bench->server.requests, 1);
}

static void a_role_is_assumed_with_the_role_of_the_instance(void **state)
{
    struct bench *bench = *state;

    cache_make(bench, "arn:aws:iam::2:role/reader", NULL);
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 assumed role");
    assert_int_equal(bench->server.requests, 4);
    assert_non_null(strstr(canned_header(bench->server.log[3], "Authorization"), "ASIAHOST/"));
    assert_string_equal(canned_header(bench->server.log[3], "X-Amz-Security-Token"),
                        "canary-host-t");
}

static void roles_of_two_profiles_are_assumed_one_with_the_other(void **state)
{
    static const char files[] =
        "[profile base]\naws_access_key_id = AKIA\naws_secret_access_key = canary\n"
        "[profile inner]\nrole_arn = arn:aws:iam::2:role/inner\nsource_profile = base\n"
        "[profile outer]\nrole_arn = arn:aws:iam::3:role/outer\nsource_profile = inner\n"
        "duration_seconds = 900\n";
    struct bench *bench = *state;

    token_write(bench, files);
    canned_environment_set("AWS_CONFIG_FILE", bench->token_path);
    canned_environment_set("AWS_PROFILE", "outer");
    get(bench);
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 assumed role");
    assert_non_null(strstr(canned_header(bench->server.log[0], "Authorization"), "=AKIA/"));
    assert_non_null(strstr(bench->server.log[0], "inner"));
    assert_null(strstr(bench->server.log[0], "DurationSeconds"));
    assert_non_null(strstr(canned_header(bench->server.log[1], "Authorization"), "=ASIA1/"));
    assert_string_equal(canned_header(bench->server.log[1], "X-Amz-Security-Token"),
                        "canary-token-1");
    assert_non_null(strstr(bench->server.log[1], "outer"));
    assert_non_null(strstr(bench->server.log[1], "DurationSeconds=900"));
}

static void a_role_of_15_minutes_is_not_assumed_for_every_call(void **state)
{
    struct bench *bench = *state;

    keys_set();
    cache_make(bench, "arn:aws:iam::2:role/reader", NULL);
    bench->life_s = 900;
    get(bench);
    for (int i = 0; i < 60; i++) {
        canned_now_s += 10;
        get(bench);
    }
    assert_int_equal(bench->server.requests, 1);
}

static void a_refused_role_is_told_and_keeps_the_old_credentials_until_their_end(void **state)
{
    struct bench *bench = *state;

    keys_set();
    cache_make(bench, "arn:aws:iam::2:role/reader", NULL);
    get(bench);
    answer_with(bench, 99, "403 Forbidden", STS_ERROR("AccessDenied"));
    canned_now_s += 3600 - 1;
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 assumed role");
    assert_non_null(strstr(bench->log, "credentials not renewed"));
    canned_now_s += CREDENTIALS_RETRY_S;
    get(bench);
    assert_string_equal(bench->error, "role-arn: arn:aws:iam::2:role/reader: sts: HTTP status 403 "
                                      "AccessDenied: message of STS");
    answer_with(bench, 0, NULL, NULL);
    get(bench);
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 assumed role");
}

static void while_sts_is_down_the_old_credentials_are_used_past_their_end(void **state)
{
    struct bench *bench = *state;

    keys_set();
    cache_make(bench, "arn:aws:iam::2:role/reader", NULL);
    get(bench);
    answer_with(bench, 3, "503 Service Unavailable", "");
    canned_now_s += 3600 + 1;
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 assumed role");
    assert_int_equal(bench->failures, 0);
}

static void a_clock_that_differs_is_corrected_and_the_role_assumed_again(void **state)
{
    struct bench *bench = *state;

    keys_set();
    cache_make(bench, "arn:aws:iam::2:role/reader", NULL);
    answer_with(bench, 1, "403 Forbidden", STS_ERROR("SignatureDoesNotMatch"));
    bench->headers = "Date: Sat, 22 Nov 2025 16:00:00 GMT\r\n";
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 assumed role");
    assert_string_equal(canned_header(bench->server.log[0], "X-Amz-Date"), "20251122T140000Z");
    assert_string_equal(canned_header(bench->server.log[1], "X-Amz-Date"), "20251122T160000Z");
    cache_make(bench, "arn:aws:iam::2:role/reader", NULL);
    bench->headers = NULL;
    answer_with(bench, 1, "403 Forbidden", STS_ERROR("SignatureDoesNotMatch"));
    get(bench);
    assert_non_null(strstr(bench->error, "SignatureDoesNotMatch"));
    assert_int_equal(bench->server.requests, 3);
}

static void a_reply_that_is_none_is_told(void **state)
{
    struct bench *bench = *state;

    keys_set();
    cache_make(bench, "arn:aws:iam::2:role/reader", NULL);
    answer_with(bench, 1, "200 OK", "<html>canary</html>");
    get(bench);
    assert_memory_equal(bench->error, "role-arn: arn:aws:iam::2:role/reader: sts: ", 43);
}

static void without_a_region_no_role_is_assumed(void **state)
{
    struct bench *bench = *state;

    keys_set();
    cache_make(bench, "arn:aws:iam::2:role/reader", NULL);
    credential_cache_set_place(bench->cache, &(struct aws_place){&canned_environment, NULL, NULL});
    get(bench);
    assert_string_equal(bench->error, "role-arn: arn:aws:iam::2:role/reader: no region is known to "
                                      "ask STS in");
}

static void proxies_of_the_environment_are_ignored(void **state)
{
    struct bench *bench = *state;

    /* libcurl reads the process's own variables. Nobody listens on port 1. */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    keys_set();
    cache_make(bench, "arn:aws:iam::2:role/reader", NULL);
    get(bench);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 assumed role");
}

static void a_wait_between_two_tries_ends_with_the_cache(void **state)
{
    struct bench *bench = *state;
    size_t requests;

    canned_environment_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", bench->container_url);
    answer_with(bench, 99, "500 Internal Server Error", "");
    credentials_get(bench->cache, on_done, bench);
    while (bench->server.requests == 0) {
        (void)uv_run(&bench->loop, UV_RUN_ONCE);
    }
    cache_make(bench, NULL, NULL);
    requests = bench->server.requests;
    answer_with(bench, 0, NULL, NULL);
    get(bench);
    assert_int_equal(bench->server.requests, requests + 1);
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_container_is_asked_with_the_token_of_the_moment),
        BENCH_TEST(a_container_that_is_in_trouble_is_tried_three_times),
        BENCH_TEST(what_a_container_refuses_is_told_at_once),
        BENCH_TEST(a_web_identity_is_exchanged_unsigned_with_the_token_of_the_moment),
        BENCH_TEST(an_identity_provider_that_cannot_be_reached_and_an_ended_token_are_tried_again),
        BENCH_TEST(a_token_file_that_is_not_there_is_named),
        BENCH_TEST(the_configured_role_is_assumed_signed_in_the_region),
        BENCH_TEST(a_role_is_assumed_with_the_role_of_the_instance),
        BENCH_TEST(roles_of_two_profiles_are_assumed_one_with_the_other),
        BENCH_TEST(a_role_of_15_minutes_is_not_assumed_for_every_call),
        BENCH_TEST(a_refused_role_is_told_and_keeps_the_old_credentials_until_their_end),
        BENCH_TEST(while_sts_is_down_the_old_credentials_are_used_past_their_end),
        BENCH_TEST(a_clock_that_differs_is_corrected_and_the_role_assumed_again),
        BENCH_TEST(a_reply_that_is_none_is_told),
        BENCH_TEST(without_a_region_no_role_is_assumed),
        BENCH_TEST(proxies_of_the_environment_are_ignored),
        BENCH_TEST(a_wait_between_two_tries_ends_with_the_cache),
    };

    return cmocka_run_group_tests_name("credential_chain", tests, NULL, NULL);
}
