/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_credentials.c - the chain, and when it is asked again.
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
    struct canned_imds canned;
    struct imds *imds;
    struct credential_cache *cache;
    char document[1024];
    bool done;
    size_t calls;
    char got[256]; /* "access secret token provider" */
    char error[512];
    bool free_when_done;
    bool renewed;
    char log[4096];
};

/* The role's document with keys of `generation` that end `left_s` from now. */
static void document_set(struct bench *bench, int generation, int64_t left_s)
{
    time_t ends = (time_t)(canned_now_s + left_s);
    struct tm utc;
    char text[32];

    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&ends, &utc));
    snprintf(bench->document, sizeof(bench->document),
             "{\"Code\":\"Success\",\"LastUpdated\":\"2025-11-22T13:00:00Z\",\"Type\":\"AWS-HMAC\","
             "\"AccessKeyId\":\"ASIA%d\",\"SecretAccessKey\":\"canary-secret-%d\","
             "\"Token\":\"canary-token-%d\",\"Expiration\":\"%s\"}",
             generation, generation, generation, text);
    bench->canned.document = bench->document;
}

static void hear_log(void *owner, enum log_level level, const char *line, size_t length)
{
    struct bench *bench = owner;
    size_t used = strlen(bench->log);

    (void)level;
    snprintf(bench->log + used, sizeof(bench->log) - used, "%.*s", (int)length, line);
}

static int setup(void **state)
{
    struct bench *bench = memory_new(sizeof(*bench));

    uv_loop_init(&bench->loop);
    bench->http = http_new(&bench->loop);
    bench->canned.role = "web-role_1+=,.@-";
    canned_server_start(&bench->server, &bench->loop, canned_imds_answer, &bench->canned);
    canned_environment_clear();
    canned_environment_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", bench->server.url);
    document_set(bench, 1, 6 * 3600);
    bench->imds = imds_new(bench->http, &canned_environment);
    bench->cache = credential_cache_new(
        &bench->loop, &(struct credential_settings){.environment = &canned_environment,
                                                    .http = bench->http,
                                                    .imds = bench->imds});
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
    if (bench->cache != NULL) {
        credential_cache_free(bench->cache);
    }
    imds_free(bench->imds);
    http_free(bench->http);
    canned_server_stop(&bench->server);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    result |= uv_loop_close(&bench->loop);
    free(bench);
    return result;
}

static void on_done(void *owner, const struct credentials *credentials, const struct error *error)
{
    struct bench *bench = owner;

    assert_true((credentials == NULL) != (error == NULL));
    bench->done = true;
    bench->calls++;
    bench->got[0] = '\0';
    bench->error[0] = '\0';
    if (credentials == NULL) {
        snprintf(bench->error, sizeof(bench->error), "%s", error->text);
    } else {
        snprintf(bench->got, sizeof(bench->got), "%s %s %s %s", credentials->access_key,
                 credentials->secret_key,
                 credentials->session_token == NULL ? "-" : credentials->session_token,
                 credentials->provider);
    }
    if (bench->free_when_done) {
        credential_cache_free(bench->cache);
        bench->cache = NULL;
    }
}

static void get(struct bench *bench)
{
    bench->done = false;
    credentials_get(bench->cache, on_done, bench);
    assert_true(loop_until(&bench->loop, &bench->done));
}

static void on_tick(uv_timer_t *timer)
{
    struct bench *bench = timer->data;

    credentials_get(bench->cache, on_done, bench);
    bench->renewed = strncmp(bench->got, "ASIA2 ", 6) == 0;
}

/* Ask every 5 ms, until a renewal that nobody waits for has come to its end. */
static void ask_until_renewed(struct bench *bench)
{
    uv_timer_t tick;

    (void)uv_timer_init(&bench->loop, &tick);
    tick.data = bench;
    (void)uv_timer_start(&tick, on_tick, 5, 5);
    assert_true(loop_until(&bench->loop, &bench->renewed));
    uv_close((uv_handle_t *)&tick, NULL);
    (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
}

static void the_environment_comes_first(void **state)
{
    struct bench *bench = *state;

    canned_environment_set("AWS_ACCESS_KEY_ID", "AKIA");
    canned_environment_set("AWS_SECRET_ACCESS_KEY", "secret");
    get(bench);
    assert_string_equal(bench->got, "AKIA secret - environment");
    canned_environment_set("AWS_SESSION_TOKEN", "token");
    credentials_invalidate(bench->cache);
    get(bench);
    assert_string_equal(bench->got, "AKIA secret token environment");
    assert_int_equal(bench->server.requests, 0);
}

static void half_a_pair_is_an_error(void **state)
{
    struct bench *bench = *state;

    canned_environment_set("AWS_SECRET_ACCESS_KEY", "canary");
    get(bench);
    assert_string_equal(bench->error, "environment: one of access key id and secret access key is "
                                      "missing");
    assert_int_equal(bench->server.requests, 0);
}

static void shared_files_come_before_the_instance(void **state)
{
    struct bench *bench = *state;
    char path[] = "/tmp/rollcall-credentials-XXXXXX";
    const char text[] = "[web]\naws_access_key_id = AKIA\naws_secret_access_key = secret\n";
    int file = mkstemp(path);

    assert_int_equal(write(file, text, sizeof(text) - 1), sizeof(text) - 1);
    close(file);
    canned_environment_set("AWS_SHARED_CREDENTIALS_FILE", path);
    canned_environment_set("AWS_PROFILE", "web");
    get(bench);
    unlink(path);
    assert_string_equal(bench->got, "AKIA secret - shared files");
    credentials_invalidate(bench->cache);
    get(bench);
    assert_string_equal(bench->got, "AKIA secret - shared files");
    assert_non_null(strstr(bench->log, "AWS_PROFILE: neither shared file has a profile"));
}

static void a_plan_that_cannot_work_ends_without_asking_anybody(void **state)
{
    struct bench *bench = *state;

    canned_environment_set("AWS_WEB_IDENTITY_TOKEN_FILE", "/token");
    get(bench);
    assert_string_equal(bench->error, "AWS_WEB_IDENTITY_TOKEN_FILE: a web identity token file, but "
                                      "no role");
    assert_int_equal(bench->server.requests, 0);
}

static void the_instances_role_is_asked_last_and_kept(void **state)
{
    struct bench *bench = *state;

    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 instance role");
    assert_non_null(strstr(bench->server.log[2], "/security-credentials/web-role_1+=,.@- HTTP"));
    assert_int_equal(bench->server.requests, 3);
    canned_now_s += 6 * 3600 - CREDENTIALS_ADVISORY_S - 1;
    get(bench);
    assert_int_equal(bench->server.requests, 3);
}

static void near_their_end_they_are_renewed_beside_the_calls(void **state)
{
    struct bench *bench = *state;

    get(bench);
    canned_now_s += 6 * 3600 - CREDENTIALS_ADVISORY_S;
    document_set(bench, 2, 6 * 3600);
    bench->done = false;
    credentials_get(bench->cache, on_done, bench);
    assert_true(bench->done); /* nobody waited */
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 instance role");
    ask_until_renewed(bench);
    assert_int_equal(bench->server.requests, 5); /* one renewal, with the token of the first */
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 instance role");
}

static int64_t clock_jumps_s; /* once the clock was looked at */

static int64_t jumping_clock(void)
{
    int64_t now_s = canned_now_s;

    canned_now_s += clock_jumps_s;
    clock_jumps_s = 0;
    return now_s;
}

/* The clock is set, or their last second passes, between two looks at it. */
static void those_that_end_while_a_renewal_fails_are_not_given_away(void **state)
{
    static const struct aws_environment environment = {canned_variable, jumping_clock};
    struct bench *bench = *state;

    credential_cache_free(bench->cache);
    bench->cache = credential_cache_new(
        &bench->loop, &(struct credential_settings){
                          .environment = &environment, .http = bench->http, .imds = bench->imds});
    get(bench);
    assert_string_equal(bench->error, "");
    canned_now_s += 6 * 3600 - CREDENTIALS_ADVISORY_S + 1;
    canned_environment_set("AWS_ACCESS_KEY_ID", "half a pair");
    clock_jumps_s = 3600;
    get(bench);
    assert_string_equal(bench->error, "environment: one of access key id and secret access key is "
                                      "missing");
}

static void nearer_to_it_calls_wait_for_new_ones(void **state)
{
    struct bench *bench = *state;

    get(bench);
    canned_now_s += 6 * 3600 - CREDENTIALS_MANDATORY_S;
    document_set(bench, 2, 6 * 3600);
    bench->done = false;
    credentials_get(bench->cache, on_done, bench);
    assert_false(bench->done);
    assert_true(loop_until(&bench->loop, &bench->done));
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 instance role");
}

static void while_the_service_is_down_the_old_ones_are_used_past_their_end(void **state)
{
    struct bench *bench = *state;
    size_t requests;

    get(bench);
    bench->canned.token_status = "500 Internal Server Error";
    bench->canned.text_status = "500 Internal Server Error";
    canned_now_s += 6 * 3600 - CREDENTIALS_MANDATORY_S;
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 instance role");
    assert_non_null(strstr(bench->log, "credentials not renewed"));
    requests = bench->server.requests;
    canned_now_s += CREDENTIALS_RETRY_S - 1;
    get(bench);
    assert_int_equal(bench->server.requests, requests);
    canned_now_s += 3600;
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 instance role");
    assert_true(bench->server.requests > requests);
    requests = bench->server.requests;
    canned_now_s += CREDENTIALS_STALE_RETRY_S + CREDENTIALS_STALE_JITTER_MIN_S - 1;
    get(bench);
    assert_int_equal(bench->server.requests, requests);
    canned_now_s += CREDENTIALS_STALE_JITTER_MAX_S;
    bench->canned.token_status = NULL;
    bench->canned.text_status = NULL;
    document_set(bench, 2, 6 * 3600);
    get(bench);
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 instance role");
}

static void ended_ones_that_the_service_still_gives_are_used_without_hurry(void **state)
{
    struct bench *bench = *state;

    document_set(bench, 1, -60);
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 instance role");
    get(bench);
    assert_int_equal(bench->server.requests, 3);
    assert_non_null(strstr(bench->log, "have ended already"));
}

/* Until some minutes before the end an instance gives what it has given. */
static void the_same_ones_again_are_not_asked_for_with_every_call(void **state)
{
    struct bench *bench = *state;

    get(bench);
    canned_now_s += 6 * 3600 - CREDENTIALS_MANDATORY_S;
    get(bench);
    assert_int_equal(bench->server.requests, 5);
    canned_now_s += CREDENTIALS_RETRY_S - 1;
    get(bench);
    assert_int_equal(bench->server.requests, 5);
    canned_now_s += 1;
    document_set(bench, 2, 6 * 3600);
    get(bench);
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 instance role");
}

/* With the usual times 15 minutes of life would mean to renew with every call. */
static void a_short_life_has_shorter_times(void **state)
{
    struct bench *bench = *state;

    document_set(bench, 1, 900);
    get(bench);
    document_set(bench, 2, 1800);
    canned_now_s += 900 - 900 / CREDENTIALS_ADVISORY_SHARE - 1;
    get(bench);
    assert_string_equal(bench->got, "ASIA1 canary-secret-1 canary-token-1 instance role");
    assert_int_equal(bench->server.requests, 3);
    canned_now_s += 900 / CREDENTIALS_ADVISORY_SHARE - 900 / CREDENTIALS_MANDATORY_SHARE + 1;
    get(bench);
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 instance role");
}

static void refused_ones_are_asked_for_again(void **state)
{
    struct bench *bench = *state;

    get(bench);
    document_set(bench, 2, 6 * 3600);
    credentials_invalidate(bench->cache);
    get(bench);
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 instance role");
    bench->canned.text_status = "404 Not Found";
    credentials_invalidate(bench->cache);
    get(bench);
    assert_string_equal(bench->got, "ASIA2 canary-secret-2 canary-token-2 instance role");
}

static void documents_that_are_not_right_are_told(void **state)
{
    static const struct {
        const char *document;
        const char *expected;
    } rows[] = {
        {"{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"canary\"}",
         "Code is \"AssumeRoleUnauthorizedAccess\", not \"Success\""                                                                 },
        {"<html>canary</html>",                                                         "instance metadata: the role's credentials: "},
        {"",                                                                            "instance metadata: the role's credentials: "},
        {"[]",                                                                          "instance metadata: the role's credentials: "},
        {"{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"canary\"}", "Token"                                      },
        {"{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"canary\","
         "\"Token\":\"canary\",\"Expiration\":\"tomorrow\"}",                  "Expiration"                                 },
        {"{\"Code\":\"Success\",\"AccessKeyId\":\"\",\"SecretAccessKey\":\"canary\"}",
         "AccessKeyId is empty"                                                                                                      },
        {"{\"Code\":\"Success\",\"AccessKeyId\":7}",                                    "AccessKeyId"                                },
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bench->canned.document = rows[i].document;
        get(bench);
        print_message("%s\n", bench->error);
        assert_string_equal(bench->got, "");
        assert_non_null(strstr(bench->error, rows[i].expected));
        assert_null(strstr(bench->error, "canary"));
    }
}

static void a_role_name_that_could_leave_the_path_is_refused(void **state)
{
    static const char *const roles[] = {
        "../../x",
        "a b",
        "a/b",
        "a?b",
        "",
        "\nrole",
        "a123456789a123456789a123456789a123456789a123456789a123456789abcde"};
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        bench->canned.role = roles[i];
        get(bench);
        assert_string_equal(bench->error, "no credentials in environment or shared files: instance "
                                          "metadata: what came is no role name");
    }
}

static void all_who_wait_get_one_answer(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 3; i++) {
        credentials_get(bench->cache, on_done, bench);
    }
    get(bench);
    assert_int_equal(bench->calls, 4);
    assert_int_equal(bench->server.requests, 3);
}

static void who_cancels_hears_nothing(void **state)
{
    struct bench *bench = *state;
    struct bench other = {0};

    credentials_get(bench->cache, on_done, &other);
    credentials_get(bench->cache, on_done, bench);
    credentials_cancel(bench->cache, &other);
    assert_true(loop_until(&bench->loop, &bench->done));
    assert_int_equal(other.calls, 0);
}

static void the_cache_may_be_freed_from_within_done(void **state)
{
    struct bench *bench = *state;

    bench->free_when_done = true;
    credentials_get(bench->cache, on_done, bench);
    credentials_get(bench->cache, on_done, bench);
    assert_true(loop_until(&bench->loop, &bench->done));
    assert_int_equal(bench->calls, 1);
}

static void a_renewal_under_way_ends_with_the_cache(void **state)
{
    struct bench *bench = *state;

    credentials_get(bench->cache, on_done, bench);
    credential_cache_free(bench->cache);
    bench->cache = NULL;
    assert_int_equal(bench->calls, 0);
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(the_environment_comes_first),
        BENCH_TEST(half_a_pair_is_an_error),
        BENCH_TEST(shared_files_come_before_the_instance),
        BENCH_TEST(a_plan_that_cannot_work_ends_without_asking_anybody),
        BENCH_TEST(the_instances_role_is_asked_last_and_kept),
        BENCH_TEST(near_their_end_they_are_renewed_beside_the_calls),
        BENCH_TEST(those_that_end_while_a_renewal_fails_are_not_given_away),
        BENCH_TEST(nearer_to_it_calls_wait_for_new_ones),
        BENCH_TEST(while_the_service_is_down_the_old_ones_are_used_past_their_end),
        BENCH_TEST(ended_ones_that_the_service_still_gives_are_used_without_hurry),
        BENCH_TEST(the_same_ones_again_are_not_asked_for_with_every_call),
        BENCH_TEST(a_short_life_has_shorter_times),
        BENCH_TEST(refused_ones_are_asked_for_again),
        BENCH_TEST(documents_that_are_not_right_are_told),
        BENCH_TEST(a_role_name_that_could_leave_the_path_is_refused),
        BENCH_TEST(all_who_wait_get_one_answer),
        BENCH_TEST(who_cancels_hears_nothing),
        BENCH_TEST(the_cache_may_be_freed_from_within_done),
        BENCH_TEST(a_renewal_under_way_ends_with_the_cache),
    };

    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
