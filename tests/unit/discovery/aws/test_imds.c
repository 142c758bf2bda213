/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_imds.c - tokens, questions and tries.
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

#include "discovery/aws/imds.h"
#include "tests/unit/discovery/aws/canned_imds.h"

struct bench {
    uv_loop_t loop;
    struct http *http;
    struct canned_server server;
    struct canned_imds canned;
    struct imds *imds;
    bool done;
    size_t calls;
    char text[256];
    char error[512];
    bool free_when_done;
};

static int setup(void **state)
{
    struct bench *bench = memory_new(sizeof(*bench));

    uv_loop_init(&bench->loop);
    bench->http = http_new(&bench->loop);
    bench->canned.region = "eu-west-1";
    canned_server_start(&bench->server, &bench->loop, canned_imds_answer, &bench->canned);
    canned_environment_clear();
    canned_environment_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", bench->server.url);
    bench->imds = imds_new(bench->http, &canned_environment);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    int result;

    if (bench->imds != NULL) {
        imds_free(bench->imds);
    }
    http_free(bench->http);
    canned_server_stop(&bench->server);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    result = uv_loop_close(&bench->loop);
    free(bench);
    return result;
}

static void on_done(void *owner, const char *text, const struct error *error)
{
    struct bench *bench = owner;

    assert_true((text == NULL) != (error == NULL));
    bench->done = true;
    bench->calls++;
    snprintf(bench->text, sizeof(bench->text), "%s", text == NULL ? "" : text);
    snprintf(bench->error, sizeof(bench->error), "%s", error == NULL ? "" : error->text);
    if (bench->free_when_done) {
        imds_free(bench->imds);
        bench->imds = NULL;
    }
}

static void ask(struct bench *bench, const char *path)
{
    struct error error;

    bench->done = false;
    assert_non_null(imds_ask(bench->imds, path, on_done, bench, &error));
    assert_false(bench->done);
    assert_true(loop_until(&bench->loop, &bench->done));
}

static const char region_path[] = "/latest/meta-data/placement/region";

static void a_question_is_asked_with_a_token_that_is_kept(void **state)
{
    struct bench *bench = *state;

    ask(bench, region_path);
    assert_string_equal(bench->text, "eu-west-1");
    assert_string_equal(canned_header(bench->server.log[0], "X-aws-ec2-metadata-token-ttl-seconds"),
                        "21600");
    assert_string_equal(canned_header(bench->server.log[1], "X-aws-ec2-metadata-token"), "token-1");
    ask(bench, region_path);
    assert_int_equal(bench->server.requests, 3);
    canned_now_s += IMDS_TOKEN_TTL_S;
    ask(bench, region_path);
    assert_int_equal(bench->canned.tokens, 2);
    assert_string_equal(bench->text, "eu-west-1");
}

static void a_refused_token_is_replaced(void **state)
{
    struct bench *bench = *state;

    bench->canned.refusals = 1;
    ask(bench, region_path);
    assert_string_equal(bench->text, "eu-west-1");
    assert_int_equal(bench->canned.tokens, 2);
}

static void tokens_that_are_never_good_end_the_question(void **state)
{
    struct bench *bench = *state;

    bench->canned.refusals = 100;
    ask(bench, region_path);
    assert_string_equal(bench->error, "instance metadata: HTTP status 401 for "
                                      "/latest/meta-data/placement/region");
    assert_int_equal(bench->server.requests, 2 * IMDS_TRIES);
}

static void it_is_tried_three_times(void **state)
{
    struct bench *bench = *state;

    bench->canned.failures = IMDS_TRIES - 1;
    ask(bench, region_path);
    assert_string_equal(bench->text, "eu-west-1");
    imds_free(bench->imds);
    bench->imds = imds_new(bench->http, &canned_environment);
    bench->canned.failures = IMDS_TRIES;
    ask(bench, region_path);
    assert_string_equal(bench->error, "instance metadata: HTTP status 503 for the token");
    assert_int_equal(bench->canned.failures, 0);
}

static void statuses_that_do_not_change_are_not_tried_again(void **state)
{
    static const struct {
        const char *token_status;
        const char *text_status;
        const char *expected;
        size_t requests;
    } rows[] = {
        {"400 Bad Request",        NULL,            "HTTP status 400 for the token",               1},
        {"403 Forbidden",          NULL,            "version 2 is off, and version 1 is not used", 1},
        {"404 Not Found",          NULL,            "version 2 is off, and version 1 is not used", 1},
        {"405 Method Not Allowed", NULL,            "version 2 is off, and version 1 is not used", 1},
        {"200 OK",                 NULL,            "no session token",                            1},
        {NULL,                     "404 Not Found", "HTTP status 404 for /latest/",                2},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t before = bench->server.requests;

        bench->canned.token_status = rows[i].token_status;
        bench->canned.text_status = rows[i].text_status;
        ask(bench, region_path);
        print_message("%s\n", bench->error);
        assert_non_null(strstr(bench->error, rows[i].expected));
        assert_int_equal(bench->server.requests - before, rows[i].requests);
    }
}

static void silence_is_told_with_the_hop_limit(void **state)
{
    struct bench *bench = *state;

    bench->canned.token_status = "";
    ask(bench, region_path);
    print_message("%s\n", bench->error);
    assert_non_null(strstr(bench->error, "HttpPutResponseHopLimit"));
    assert_int_equal(bench->server.requests, IMDS_TRIES);
}

static void it_can_be_switched_off(void **state)
{
    struct bench *bench = *state;
    struct error error;

    canned_environment_set("AWS_EC2_METADATA_DISABLED", "TRUE");
    assert_null(imds_ask(bench->imds, region_path, on_done, bench, &error));
    assert_string_equal(error.text, "instance metadata: AWS_EC2_METADATA_DISABLED is set");
    canned_environment_set("AWS_EC2_METADATA_DISABLED", "false");
    ask(bench, region_path);
    assert_string_equal(bench->text, "eu-west-1");
}

static void an_endpoint_that_is_no_url_is_an_error(void **state)
{
    struct bench *bench = *state;
    struct error error;

    canned_environment_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254");
    assert_null(imds_ask(bench->imds, region_path, on_done, bench, &error));
    assert_memory_equal(error.text, "AWS_EC2_METADATA_SERVICE_ENDPOINT: ", 35);
}

static void an_endpoint_may_end_with_a_slash(void **state)
{
    struct bench *bench = *state;
    char url[80];

    snprintf(url, sizeof(url), "%s/", bench->server.url);
    canned_environment_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
    ask(bench, region_path);
    assert_string_equal(bench->text, "eu-west-1");
}

static void variables_say_how_long_and_how_often(void **state)
{
    struct bench *bench = *state;

    bench->canned.token_status = "";
    canned_environment_set("AWS_METADATA_SERVICE_TIMEOUT", "1");
    canned_environment_set("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2");
    ask(bench, region_path);
    assert_non_null(strstr(bench->error, "timed out after 100"));
    assert_int_equal(bench->server.requests, 2);
}

static void variables_that_are_no_such_numbers_are_named(void **state)
{
    static const struct {
        const char *variable;
        const char *value;
        const char *expected;
    } rows[] = {
        {"AWS_METADATA_SERVICE_TIMEOUT",      "0",   "\"0\" is not in 1 to 60"  },
        {"AWS_METADATA_SERVICE_TIMEOUT",      "61",  "\"61\" is not in 1 to 60" },
        {"AWS_METADATA_SERVICE_TIMEOUT",      "1.5", "\"1.5\" is not in 1 to 60"},
        {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "11",  "\"11\" is not in 1 to 10" },
        {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "-1",  "\"-1\" is not in 1 to 10" },
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error;
        size_t length = strlen(rows[i].variable);

        canned_environment_clear();
        canned_environment_set(rows[i].variable, rows[i].value);
        assert_null(imds_ask(bench->imds, region_path, on_done, bench, &error));
        assert_memory_equal(error.text, rows[i].variable, length);
        assert_string_equal(error.text + length + 2, rows[i].expected);
    }
}

static void a_cancelled_question_never_calls(void **state)
{
    struct bench *bench = *state;
    struct error error;
    struct imds_query *query = imds_ask(bench->imds, region_path, on_done, bench, &error);

    imds_cancel(query);
    ask(bench, region_path);
    assert_int_equal(bench->calls, 1);
}

static void the_service_may_be_freed_from_within_done(void **state)
{
    struct bench *bench = *state;
    struct error error;

    bench->free_when_done = true;
    assert_non_null(imds_ask(bench->imds, region_path, on_done, bench, &error));
    assert_non_null(imds_ask(bench->imds, region_path, on_done, bench, &error));
    assert_true(loop_until(&bench->loop, &bench->done));
    assert_int_equal(bench->calls, 1);
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_question_is_asked_with_a_token_that_is_kept),
        BENCH_TEST(a_refused_token_is_replaced),
        BENCH_TEST(tokens_that_are_never_good_end_the_question),
        BENCH_TEST(it_is_tried_three_times),
        BENCH_TEST(statuses_that_do_not_change_are_not_tried_again),
        BENCH_TEST(silence_is_told_with_the_hop_limit),
        BENCH_TEST(it_can_be_switched_off),
        BENCH_TEST(an_endpoint_that_is_no_url_is_an_error),
        BENCH_TEST(an_endpoint_may_end_with_a_slash),
        BENCH_TEST(variables_say_how_long_and_how_often),
        BENCH_TEST(variables_that_are_no_such_numbers_are_named),
        BENCH_TEST(a_cancelled_question_never_calls),
        BENCH_TEST(the_service_may_be_freed_from_within_done),
    };

    return cmocka_run_group_tests_name("imds", tests, NULL, NULL);
}
