/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_call_answer.c - what becomes of a call by what is answered.
 */

#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/discovery/aws/call_bench.h"

/* Acceptance group 12, and far beyond it. */
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

static void on_other_done(void *owner, const struct aws_result *result)
{
    bool *went_well = owner;

    *went_well = result->failure == NULL;
}

/* Both were signed by the wrong clock; the second answer finds it corrected already. */
static void calls_side_by_side_are_all_signed_again_when_the_clock_was_wrong(void **state)
{
    struct bench *bench = *state;
    bool others_went_well[3] = {false};

    bench->service_ahead_s = 20 * 60;
    for (size_t i = 0; i < 3; i++) {
        (void)aws_call_start(bench->client, AWS_EC2, parameters, 2, on_other_done,
                             &others_went_well[i]);
    }
    call(bench);
    for (size_t i = 0; i < 3; i++) {
        assert_true(loop_until(&bench->loop, &others_went_well[i]));
    }
    assert_false(bench->failed);
    assert_int_equal(bench->service_requests, 2 * 4);
    assert_null(strstr(strstr(bench->log, "clock differs") + 1, "clock differs"));
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

/* Acceptance group 11. */
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

/* ---- trying again ---- */

/* Acceptance group 9. */
static void what_only_reads_is_tried_three_times_where_that_may_help(void **state)
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
        size_t before = bench->service_requests;

        bench->answer = rows[i].answer;
        call(bench);
        assert_true(bench->failed);
        assert_int_equal(bench->failure.kind, rows[i].kind);
        assert_string_equal(bench->body, "");
        assert_int_equal(bench->service_requests - before, 3);
        bench->answer = rows[i].answer;
        bench->answers_left = 2;
        call(bench);
        assert_false(bench->failed);
        assert_string_equal(bench->body, "<fine/>");
        assert_int_equal(bench->service_requests - before, 6);
    }
}

static struct canned_reply answer_denied(void)
{
    return canned_text("403 Forbidden", "",
                       "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error>"
                       "</Errors></Response>");
}

static struct canned_reply answer_wrong(void)
{
    return canned_text("400 Bad Request", "",
                       "<Response><Errors><Error><Code>InvalidParameterValue</Code></Error>"
                       "</Errors></Response>");
}

static struct canned_reply answer_redirect(void)
{
    return canned_text("302 Found", "Location: http://127.0.0.1:9/\r\n", "");
}

static void what_will_not_change_is_told_at_once(void **state)
{
    static const struct {
        struct canned_reply (*answer)(void);
        enum aws_failure_kind kind;
    } rows[] = {
        {answer_denied,   AWS_DENIED},
        {answer_wrong,    AWS_OTHER },
        {answer_redirect, AWS_SERVER},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bench->answer = rows[i].answer;
        call(bench);
        assert_true(bench->failed);
        assert_int_equal(bench->failure.kind, rows[i].kind);
        assert_int_equal(bench->service_requests, i + 1);
    }
}

static void what_changes_something_is_tried_once(void **state)
{
    static const struct {
        const char *action;
        size_t requests;
    } rows[] = {
        {"CreateTags",                     1},
        {"DeleteTags",                     1},
        {"CompleteLifecycleAction",        1},
        {"RecordLifecycleActionHeartbeat", 1},
        {"AssumeRole",                     1},
        {"",                               1},
        {"DescribeAutoScalingGroups",      3},
        {"GetCallerIdentity",              3},
    };
    struct bench *bench = *state;

    bench->answer = answer_throttled;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t before = bench->service_requests;

        call_action(bench, rows[i].action);
        print_message("%s\n", rows[i].action);
        assert_true(bench->failed);
        assert_int_equal(bench->service_requests - before, rows[i].requests);
    }
}

static struct canned_reply answer_asking_to_wait(void)
{
    return canned_text("503 Service Unavailable", "x-amz-retry-after: 150\r\n", "");
}

static void the_wait_that_an_answer_asks_for_is_kept(void **state)
{
    struct bench *bench = *state;
    uint64_t started_ns = uv_hrtime();

    bench->answer = answer_asking_to_wait;
    bench->answers_left = 1;
    call(bench);
    assert_false(bench->failed);
    assert_int_equal(bench->service_requests, 2);
    assert_true(uv_hrtime() - started_ns >= 140 * 1000000U); /* the loop counts whole ms */
}

static void an_outage_uses_the_quota_up_and_success_fills_it_again(void **state)
{
    /* 500 tokens, 5 a retry, 2 retries a call. */
    enum { CALLS_WITH_RETRIES = 50 };
    struct bench *bench = *state;
    size_t before;

    bench->answer = answer_html;
    for (size_t i = 0; i < CALLS_WITH_RETRIES; i++) {
        call(bench);
        assert_true(bench->failed);
    }
    assert_int_equal(bench->service_requests, 3 * CALLS_WITH_RETRIES);
    call(bench);
    assert_int_equal(bench->service_requests, 3 * CALLS_WITH_RETRIES + 1);
    bench->answer = answer_good;
    for (size_t i = 0; i < 5; i++) {
        call(bench);
    }
    before = bench->service_requests;
    bench->answer = answer_html;
    bench->answers_left = 1;
    call(bench);
    assert_false(bench->failed);
    assert_int_equal(bench->service_requests - before, 2);
}

static void a_call_that_waits_for_its_retry_can_be_cancelled(void **state)
{
    struct bench *bench = *state;
    struct aws_call *under_way;

    bench_chance = UINT32_MAX; /* a second, nearly */
    bench->answer = answer_throttled;
    for (size_t i = 1; i <= 2; i++) {
        const struct aws_usage *usage = NULL;

        under_way = start(bench);
        while (aws_client_usage(bench->client, &usage) == 0 || usage[0].throttles < i) {
            (void)uv_run(&bench->loop, UV_RUN_ONCE);
        }
        if (i == 1) {
            aws_call_cancel(under_way);
        }
    }
    aws_client_free(bench->client);
    bench->client = NULL;
    (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
    assert_int_equal(bench->calls, 0);
    assert_int_equal(bench->service_requests, 2);
}

/* ---- the network; acceptance group 14 ---- */

static struct canned_server *resetting;

/* Half an answer, then RST. */
static struct canned_reply answer_reset(void)
{
    const struct linger at_once = {1, 0};
    uv_os_fd_t descriptor;

    assert_int_equal(uv_fileno((uv_handle_t *)&resetting->peers->stream, &descriptor), 0);
    assert_int_equal(setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    return answer_cut();
}

/* Half an answer, and then nothing more. */
static struct canned_reply answer_half(void)
{
    struct canned_reply reply = answer_cut();

    reply.close = false;
    return reply;
}

static void a_connection_reset_in_the_middle_of_a_body_is_no_answer(void **state)
{
    struct bench *bench = *state;

    resetting = &bench->server;
    bench->answer = answer_reset;
    call_json(bench, 0);
    assert_true(bench->failed);
    assert_int_equal(bench->failure.kind, AWS_TRANSPORT);
    assert_string_equal(bench->body, "");
    bench->answers_left = 2;
    call(bench);
    assert_false(bench->failed);
}

static void a_body_that_does_not_end_is_no_answer(void **state)
{
    struct bench *bench = *state;

    bench->answer = answer_half;
    call_json(bench, 100);
    assert_true(bench->failed);
    assert_int_equal(bench->failure.kind, AWS_TRANSPORT);
    assert_string_equal(bench->body, "");
    assert_non_null(strstr(bench->failure.error.text, "timed out"));
}

static void a_host_that_is_not_found_or_refuses_is_no_answer(void **state)
{
    static const struct {
        const char *url;
        const char *told;
    } rows[] = {
        {"http://127.0.0.1:1",                                                           "connect to"},
 /* A label of 64 octets: no resolver has to be asked. */
        {"http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test", "resolve"   },
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct aws_usage *usage;

        canned_environment_set("AWS_ENDPOINT_URL", rows[i].url);
        client_make(bench, "eu-west-1");
        call(bench);
        print_message("%s\n", bench->failure.error.text);
        assert_true(bench->failed);
        assert_int_equal(bench->failure.kind, AWS_TRANSPORT);
        assert_int_equal(bench->failure.status, 0);
        assert_non_null(strcasestr(bench->failure.error.text, rows[i].told));
        assert_int_equal(aws_client_usage(bench->client, &usage), 1);
        assert_int_equal(usage[0].failures, 3);
    }
}

/* ---- JSON ---- */

static struct canned_reply answer_no_queue(void)
{
    return canned_text("400 Bad Request",
                       "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender\r\n",
                       "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\","
                       "\"message\":\"The specified queue does not exist.\"}");
}

static void a_json_failure_is_told_by_its_type_and_tried_once(void **state)
{
    struct bench *bench = *state;

    bench->answer = answer_no_queue;
    call_json(bench, 0);
    assert_true(bench->failed);
    assert_int_equal(bench->failure.kind, AWS_OTHER);
    assert_string_equal(bench->failure.code, "QueueDoesNotExist");
    assert_string_equal(
        bench->failure.error.text,
        "sqs: HTTP status 400 QueueDoesNotExist: The specified queue does not exist.");
    bench->answer = answer_html;
    call_json(bench, 0);
    assert_int_equal(bench->failure.kind, AWS_SERVER);
    assert_int_equal(bench->service_requests, 2);
}

/* ---- usage ---- */

static void requests_throttles_and_failures_are_counted_by_action(void **state)
{
    static const struct aws_usage expected[] = {
        {"DescribeInstances", 6, 2, 3},
        {"CreateTags",        2, 1, 0},
        {"ReceiveMessage",    1, 0, 0},
    };
    struct bench *bench = *state;
    const struct aws_usage *usage;

    assert_int_equal(aws_client_usage(bench->client, &usage), 0);
    bench->answer = answer_throttled;
    bench->answers_left = 2;
    call(bench);
    bench->answer = answer_html;
    call(bench);
    bench->answer = answer_throttled;
    bench->answers_left = 1;
    call_action(bench, "CreateTags");
    call_action(bench, "CreateTags");
    call_json(bench, 0);
    assert_int_equal(aws_client_usage(bench->client, &usage), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(usage[i].action, expected[i].action);
        assert_int_equal(usage[i].calls, expected[i].calls);
        assert_int_equal(usage[i].throttles, expected[i].throttles);
        assert_int_equal(usage[i].failures, expected[i].failures);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_clock_that_is_wrong_is_corrected_once_and_for_all),
        BENCH_TEST(calls_side_by_side_are_all_signed_again_when_the_clock_was_wrong),
        BENCH_TEST(the_time_of_aws_is_ours_unless_its_answers_say_otherwise),
        BENCH_TEST(without_a_date_there_is_nothing_to_correct),
        BENCH_TEST(refused_credentials_are_renewed_once),
        BENCH_TEST(the_same_credentials_are_not_tried_twice),
        BENCH_TEST(what_only_reads_is_tried_three_times_where_that_may_help),
        BENCH_TEST(what_will_not_change_is_told_at_once),
        BENCH_TEST(what_changes_something_is_tried_once),
        BENCH_TEST(the_wait_that_an_answer_asks_for_is_kept),
        BENCH_TEST(an_outage_uses_the_quota_up_and_success_fills_it_again),
        BENCH_TEST(a_call_that_waits_for_its_retry_can_be_cancelled),
        BENCH_TEST(a_connection_reset_in_the_middle_of_a_body_is_no_answer),
        BENCH_TEST(a_body_that_does_not_end_is_no_answer),
        BENCH_TEST(a_host_that_is_not_found_or_refuses_is_no_answer),
        BENCH_TEST(a_json_failure_is_told_by_its_type_and_tried_once),
        BENCH_TEST(requests_throttles_and_failures_are_counted_by_action),
    };

    return cmocka_run_group_tests_name("call_answer", tests, NULL, NULL);
}
