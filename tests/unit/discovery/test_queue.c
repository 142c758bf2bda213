/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_queue.c - receives, pokes, deletes and waits of the queue.
 *
 * AWS is played, and time passes when the test says so.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/queue.h"
#include "discovery/queue_deleter.h"
#include "discovery/queue_request.h"
#include "tests/unit/discovery/heard_log.h"
#include "tests/unit/discovery/played_aws.h"
#include "tests/unit/moved_clock.h"
#include "zones/arena.h"

/* ---- AWS, as the test plays it ---- */

static struct aws_call *receive; /* under way, NULL: none */
static struct aws_call *deletion;
static size_t receives; /* started so far */
static size_t deletions;

struct aws_call *aws_call_start_json(struct aws_client *client,
                                     const struct aws_json_request *request, aws_done done,
                                     void *owner)
{
    bool is_receive = strcmp(request->target, "AmazonSQS.ReceiveMessage") == 0;
    struct aws_call *call = played_call(client, is_receive ? &receive : &deletion, done, owner);

    assert_int_equal(request->service, AWS_SQS);
    if (!is_receive) {
        assert_string_equal(request->target, "AmazonSQS.DeleteMessageBatch");
    }
    call->timeout_ms = request->timeout_ms;
    snprintf(call->asked, sizeof(call->asked), "%s", request->body);
    receives += is_receive;
    deletions += !is_receive;
    return call;
}

static void answer_failure(struct aws_call **place, enum aws_failure_kind kind, const char *text)
{
    struct aws_failure failure = {.kind = kind, .status = 400};

    error_set(&failure.error, "%s", text);
    played_answer(place, &(struct aws_result){.failure = &failure, .body = ""});
}

/* Messages with the handles r0, r1, ... */
static void answer_messages(size_t first, size_t count)
{
    char body[2048] = "{\"Messages\":[";
    size_t length = strlen(body);

    for (size_t i = first; i < first + count; i++) {
        length += (size_t)snprintf(body + length, sizeof(body) - length,
                                   "%s{\"ReceiptHandle\":\"r%zu\",\"Body\":\"?\"}",
                                   i == first ? "" : ",", i);
    }
    strcat(body, "]}");
    played_body(&receive, body);
}

/* ---- the queue ---- */

#define URL "https://sqs.eu-west-1.amazonaws.com/123456789012/rollcall"

struct fixture {
    uv_loop_t loop;
    struct queue *queue;
    size_t pokes;
    bool stop_when_told;
    struct heard_log log;
};

static const struct queue_settings settings = {.name = "main", .url = URL};

static void fixture_stop(struct fixture *fixture)
{
    queue_stop(fixture->queue);
    fixture->queue = NULL;
}

static void on_message(void *owner)
{
    struct fixture *fixture = owner;

    fixture->pokes++;
    if (fixture->stop_when_told) {
        fixture_stop(fixture);
    }
}

static int setup(void **state)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));
    const struct queue_listener listener = {fixture, on_message};

    uv_loop_init(&fixture->loop);
    log_set_sink(heard_log_add, &fixture->log);
    receives = 0;
    deletions = 0;
    cancelled = 0;
    fixture->queue = queue_new(&fixture->loop, &the_client, &settings, &listener);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    queue_stop(fixture->queue);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    assert_null(receive);
    assert_null(deletion);
    log_set_sink(NULL, NULL);
    free(fixture);
    return 0;
}

/* Time passes, and what is due then runs. */
static void pass(struct fixture *fixture, int64_t wait_ms)
{
    clock_ahead_ms += wait_ms;
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static int64_t wait_ms(struct fixture *fixture)
{
    uv_update_time(&fixture->loop);
    return uv_backend_timeout(&fixture->loop);
}

static void the_first_long_poll_is_sent_at_once(void **state)
{
    (void)state;
    assert_int_equal(receives, 1);
    assert_string_equal(receive->asked, "{\"QueueUrl\":\"" URL
                                        "\",\"MaxNumberOfMessages\":10,\"WaitTimeSeconds\":20,"
                                        "\"VisibilityTimeout\":30}");
    assert_int_equal(receive->timeout_ms, 35000);
}

static void messages_are_one_poke_and_deleted_while_the_next_poll_runs(void **state)
{
    struct fixture *fixture = *state;

    answer_messages(0, 2);
    assert_int_equal(fixture->pokes, 1);
    assert_string_equal(deletion->asked, "{\"QueueUrl\":\"" URL "\",\"Entries\":["
                                         "{\"Id\":\"0\",\"ReceiptHandle\":\"r0\"},"
                                         "{\"Id\":\"1\",\"ReceiptHandle\":\"r1\"}]}");
    pass(fixture, 0);
    assert_non_null(receive);
    answer_messages(2, 1);
    pass(fixture, 0);
    assert_non_null(receive);
    assert_int_equal(fixture->pokes, 2);
    assert_int_equal(deletions, 1); /* one batch at a time */
    played_body(&deletion, "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"}]}");
    assert_non_null(
        strstr(deletion->asked, "\"Entries\":[{\"Id\":\"0\",\"ReceiptHandle\":\"r2\"}]"));
    played_body(&deletion, "{\"Successful\":[{\"Id\":\"0\"}]}");
    assert_null(deletion);
    assert_int_equal(queue_past(fixture->queue)->message_count, 3);
    assert_int_equal(queue_past(fixture->queue)->failure_count, 0);
    assert_string_equal(fixture->log.text, "");
}

static void an_empty_poll_is_no_poke_and_the_next_one_follows(void **state)
{
    struct fixture *fixture = *state;

    pass(fixture, 20000);
    played_body(&receive, "{}");
    pass(fixture, 0);
    assert_int_equal(receives, 2);
    assert_int_equal(fixture->pokes, 0);

    /* Long polls that are cut short do not spin. */
    for (size_t i = 0; i < 20; i++) {
        if (receive != NULL) {
            played_body(&receive, "{}");
        }
        pass(fixture, 100);
    }
    assert_in_range(receives, 3, 5);
}

/* Acceptance group 31: Failed[] in a batch is retried. */
static void an_entry_that_failed_is_tried_again_and_then_left(void **state)
{
    struct fixture *fixture = *state;

    answer_messages(0, 3);
    played_body(&deletion, "{\"Successful\":[{\"Id\":\"0\"}],\"Failed\":[{\"Id\":\"1\",\"Code\":"
                           "\"InternalError\",\"Message\":\"no\",\"SenderFault\":false}]}");
    assert_null(deletion);
    assert_int_equal(heard_log_count(&fixture->log, "messages were not deleted"), 1);
    assert_non_null(strstr(fixture->log.text, "error=\"InternalError: no\""));
    pass(fixture, 1000);
    assert_non_null(strstr(deletion->asked, "[{\"Id\":\"0\",\"ReceiptHandle\":\"r1\"},"
                                            "{\"Id\":\"1\",\"ReceiptHandle\":\"r2\"}]"));
    played_body(&deletion, "{\"Successful\":[{\"Id\":\"1\"}]}");
    assert_null(deletion);
    pass(fixture, 4000);
    assert_non_null(strstr(deletion->asked, "[{\"Id\":\"0\",\"ReceiptHandle\":\"r1\"}]"));
    answer_failure(&deletion, AWS_SERVER, "down");
    pass(fixture, 60000);
    assert_null(deletion);
    assert_int_equal(deletions, QUEUE_DELETE_ATTEMPTS);
    assert_int_equal(queue_past(fixture->queue)->failure_count, 3);
    assert_int_equal(heard_log_count(&fixture->log, "messages were not deleted"), 1);
}

/* Afterwards the handle may not count any more. */
static void all_tries_to_delete_end_before_the_message_comes_again(void **state)
{
    struct fixture *fixture = *state;
    int64_t longest_ms = 0;

    answer_messages(0, 1);
    for (size_t i = 0; i < QUEUE_DELETE_ATTEMPTS; i++) {
        assert_non_null(deletion);
        assert_true(deletion->timeout_ms > 0);
        longest_ms += deletion->timeout_ms + 4000;
        answer_failure(&deletion, AWS_TRANSPORT, "no answer in time");
        pass(fixture, 4000);
    }
    assert_null(deletion);
    assert_true(longest_ms < QUEUE_VISIBILITY_S * 1000);
}

/* Who may receive but not delete gets the same messages again and again, and pokes by them. */
static void messages_that_are_never_deleted_do_not_become_a_storm(void **state)
{
    enum { STEP_MS = 100, STEPS = 6000 };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < STEPS; i++) {
        if (receive != NULL) {
            answer_messages(i * 10, 10);
        }
        if (deletion != NULL) {
            answer_failure(&deletion, AWS_DENIED, "no");
        }
        pass(fixture, STEP_MS);
    }
    /* Ten minutes with waits of 30 s on average. */
    assert_in_range(fixture->pokes, 10, 60);

    /* As soon as they can be, all goes on as fast as before. */
    pass(fixture, 60000);
    answer_messages(0, 1);
    pass(fixture, 4000);
    while (deletion != NULL) {
        played_body(&deletion,
                    "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"},{\"Id\":\"2\"},{\"Id\":\"3\"},"
                    "{\"Id\":\"4\"},{\"Id\":\"5\"},{\"Id\":\"6\"},{\"Id\":\"7\"},{\"Id\":\"8\"},"
                    "{\"Id\":\"9\"}]}");
    }
    pass(fixture, 60000);
    answer_messages(0, 1);
    pass(fixture, 0);
    assert_non_null(receive);
}

static void messages_that_cannot_be_deleted_are_not_hoarded(void **state)
{
    struct fixture *fixture = *state;
    size_t answered = 0;

    answer_messages(0, 10);
    for (size_t i = 1; i < 2 * QUEUE_DELETE_BACKLOG / QUEUE_BATCH_MAX; i++) {
        pass(fixture, 0);
        answer_messages(i * 10, 10);
    }
    assert_int_equal(queue_past(fixture->queue)->message_count, 2 * QUEUE_DELETE_BACKLOG);
    for (; deletion != NULL; answered++) {
        played_body(&deletion,
                    "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"},{\"Id\":\"2\"},{\"Id\":\"3\"},"
                    "{\"Id\":\"4\"},{\"Id\":\"5\"},{\"Id\":\"6\"},{\"Id\":\"7\"},{\"Id\":\"8\"},"
                    "{\"Id\":\"9\"}]}");
    }
    assert_int_equal(answered, QUEUE_DELETE_BACKLOG / QUEUE_BATCH_MAX);
}

/* Acceptance group 31: queue missing, or forbidden: polling goes on. */
static void a_failure_is_told_once_a_kind_and_its_end_once(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < 10; i++) {
        answer_failure(&receive, AWS_OTHER, "sqs: QueueDoesNotExist");
        pass(fixture, 60000);
        answer_failure(&receive, AWS_DENIED, "sqs: AccessDenied");
        pass(fixture, 60000);
    }
    assert_int_equal(heard_log_count(&fixture->log, "queue cannot be read, polling goes on"), 2);
    assert_non_null(strstr(fixture->log.text, "source=main queue=" URL));
    assert_string_equal(queue_past(fixture->queue)->last_error.text, "sqs: AccessDenied");
    assert_int_equal(queue_past(fixture->queue)->failure_count, 20);
    assert_int_equal(fixture->pokes, 0);

    answer_messages(0, 1);
    assert_int_equal(fixture->pokes, 1);
    assert_int_equal(heard_log_count(&fixture->log, "queue is read again"), 1);
    assert_string_equal(queue_past(fixture->queue)->last_error.text, "");
    pass(fixture, 0);
    answer_messages(1, 1);
    assert_int_equal(heard_log_count(&fixture->log, "queue is read again"), 1);
    pass(fixture, 0);
    answer_failure(&receive, AWS_OTHER, "sqs: QueueDoesNotExist");
    assert_int_equal(heard_log_count(&fixture->log, "queue cannot be read, polling goes on"), 3);
}

/* Promise P12: the waits grow, spread by chance, to a minute. */
static void failures_are_followed_by_longer_waits(void **state)
{
    struct fixture *fixture = *state;
    int64_t shortest_ms = INT64_MAX;
    int64_t longest_ms = 0;

    for (size_t i = 0; i < 200; i++) {
        int64_t limit_ms = i < 6 ? INT64_C(1000) << i : 60000;
        int64_t next_ms = 0;

        answer_failure(&receive, AWS_TRANSPORT, "no network");
        next_ms = wait_ms(fixture);
        assert_in_range(next_ms, 0, limit_ms);
        if (i >= 6) {
            shortest_ms = next_ms < shortest_ms ? next_ms : shortest_ms;
            longest_ms = next_ms > longest_ms ? next_ms : longest_ms;
        }
        pass(fixture, 60000);
    }
    assert_true(longest_ms > 45000);
    assert_true(shortest_ms < 15000);
    played_body(&receive, "{}");
    pass(fixture, 1000);
    answer_failure(&receive, AWS_TRANSPORT, "no network");
    assert_in_range(wait_ms(fixture), 0, 1000);
}

static void an_answer_that_cannot_be_read_is_a_failure(void **state)
{
    struct fixture *fixture = *state;

    played_body(&receive, "<html/>");
    assert_int_equal(fixture->pokes, 0);
    assert_null(deletion);
    assert_int_equal(queue_past(fixture->queue)->failure_count, 1);
    assert_non_null(
        strstr(fixture->log.text, "sqs: its answer to ReceiveMessage: line 1, column 1"));
    pass(fixture, 1000);
    assert_int_equal(receives, 2);
}

static void stopped_it_says_nothing_more(void **state)
{
    struct fixture *fixture = *state;

    answer_messages(0, 1);
    pass(fixture, 0);
    assert_non_null(receive);
    assert_non_null(deletion);
    fixture_stop(fixture);
    assert_int_equal(cancelled, 2);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(receives, 2);
}

static void a_listener_may_stop_the_queue_that_tells(void **state)
{
    struct fixture *fixture = *state;

    fixture->stop_when_told = true;
    answer_messages(0, 10);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(receives, 1);
    assert_int_equal(fixture->pokes, 1);
}

static void stopping_none_does_nothing(void **state)
{
    (void)state;
    queue_stop(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_long_poll_is_sent_at_once),
        TEST(messages_are_one_poke_and_deleted_while_the_next_poll_runs),
        TEST(an_empty_poll_is_no_poke_and_the_next_one_follows),
        TEST(an_entry_that_failed_is_tried_again_and_then_left),
        TEST(all_tries_to_delete_end_before_the_message_comes_again),
        TEST(messages_that_are_never_deleted_do_not_become_a_storm),
        TEST(messages_that_cannot_be_deleted_are_not_hoarded),
        TEST(a_failure_is_told_once_a_kind_and_its_end_once),
        TEST(failures_are_followed_by_longer_waits),
        TEST(an_answer_that_cannot_be_read_is_a_failure),
        TEST(stopped_it_says_nothing_more),
        TEST(a_listener_may_stop_the_queue_that_tells),
        cmocka_unit_test(stopping_none_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
