/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_call.c - what is sent, where to, and how calls begin and end.
 */

#include <unistd.h>

#include "tests/unit/discovery/aws/call_bench.h"

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

static void a_json_call_names_its_target_in_a_signed_header(void **state)
{
    struct bench *bench = *state;
    const char *sent;

    call_json(bench, 0);
    assert_false(bench->failed);
    sent = bench->server.log[0];
    assert_string_equal(strstr(sent, "\r\n\r\n") + 4, "{\"WaitTimeSeconds\":20}");
    assert_string_equal(canned_header(sent, "Content-Type"), "application/x-amz-json-1.0");
    assert_string_equal(canned_header(sent, "X-Amz-Target"), "AmazonSQS.ReceiveMessage");
    assert_non_null(strstr(canned_header(sent, "Authorization"), "/eu-west-1/sqs/aws4_request"));
    assert_non_null(strstr(canned_header(sent, "Authorization"), "x-amz-target"));
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

static void count_up(void *owner)
{
    (*(size_t *)owner)++;
}

static void the_region_is_told_once_before_anybody_is_asked_there(void **state)
{
    struct bench *bench = *state;
    size_t told = 0;

    bench->imds.region = "eu-west-1";
    client_make(bench, "self");
    aws_client_watch_region(bench->client, count_up, &told);
    assert_int_equal(told, 0);
    call(bench);
    assert_false(bench->failed);
    assert_int_equal(told, 1);
    call(bench);
    assert_int_equal(told, 1);

    told = 0;
    bench->imds.region = "evil.net";
    client_make(bench, "self");
    aws_client_watch_region(bench->client, count_up, &told);
    call(bench);
    assert_true(bench->failed);
    assert_int_equal(told, 0);
}

static void the_profile_tells_region_and_endpoint(void **state)
{
    struct bench *bench = *state;
    char path[] = "/tmp/rollcall-call-XXXXXX";
    int descriptor = mkstemp(path);
    char text[256];
    int length = snprintf(text, sizeof(text), "[default]\nregion = eu-west-1\nendpoint_url = %s\n",
                          bench->server.url);

    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, (size_t)length), length);
    (void)close(descriptor);
    canned_environment_set("AWS_ENDPOINT_URL", NULL);
    canned_environment_set("AWS_CONFIG_FILE", path);
    client_make(bench, "self");
    call(bench);
    assert_string_equal(bench->failure.error.text, "");
    assert_string_equal(aws_client_region(bench->client), "eu-west-1");
    /* Read once: a client does not move. */
    assert_int_equal(unlink(path), 0);
    call(bench);
    assert_false(bench->failed);
    assert_int_equal(bench->service_requests, 2);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_signed_form_is_posted_and_the_body_comes_back),
        BENCH_TEST(a_json_call_names_its_target_in_a_signed_header),
        BENCH_TEST(the_roles_token_is_sent_and_signed),
        BENCH_TEST(the_region_comes_from_the_first_that_tells_one),
        BENCH_TEST(the_region_is_told_once_before_anybody_is_asked_there),
        BENCH_TEST(the_profile_tells_region_and_endpoint),
        BENCH_TEST(without_credentials_the_call_fails_from_the_loop),
        BENCH_TEST(a_cancelled_call_never_calls_whatever_it_waits_for),
        BENCH_TEST(calls_under_way_end_with_the_client),
        BENCH_TEST(the_client_may_be_freed_from_within_done),
        BENCH_TEST(the_client_may_be_freed_when_the_first_step_fails),
    };

    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
