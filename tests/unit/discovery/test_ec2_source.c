/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_ec2_source.c - polls, pages and waits of the EC2 source.
 *
 * AWS is played, and time passes when the test says so. Waits are read from the loop
 * (uv_backend_timeout) and not waited for.
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

#include "discovery/ec2_source.h"
#include "tests/unit/discovery/heard_log.h"
#include "tests/unit/discovery/played_aws.h"
#include "tests/unit/moved_clock.h"

enum { POLL_MS = 3600 * 1000 };

/* ---- AWS, as the test plays it ---- */

static struct aws_call *open_call; /* the one under way, NULL: none */
static size_t calls;               /* started so far */

struct aws_call *aws_call_start(struct aws_client *client, enum aws_service service,
                                const struct aws_parameter *parameters, size_t parameter_count,
                                aws_done done, void *owner)
{
    assert_int_equal(service, AWS_EC2);
    calls++;
    return played_form(client, &open_call, parameters, parameter_count, done, owner);
}

static void answer_body(const char *body, size_t length)
{
    played_answer(&open_call, &(struct aws_result){.body = body, .body_length = length});
}

/* A page with the instances first .. first + count - 1, and the token of the next one. */
static void answer_page(unsigned first, unsigned count, const char *token)
{
    size_t size = 512 + count * 128;
    char *body = memory_new(size);
    char *end = stpcpy(body, "<DescribeInstancesResponse><reservationSet>");
    for (unsigned i = first; i < first + count; i++) {
        end += snprintf(end, size - (size_t)(end - body),
                        "<item><instancesSet><item><instanceId>i-%06u</instanceId></item>"
                        "</instancesSet></item>",
                        i);
    }
    snprintf(end, size - (size_t)(end - body),
             "</reservationSet><nextToken>%s</nextToken></DescribeInstancesResponse>", token);
    answer_body(body, strlen(body));
    free(body);
}

static void answer_failure(const char *text)
{
    struct aws_failure failure = {.kind = AWS_THROTTLED, .status = 503};
    error_set(&failure.error, "%s", text);
    played_answer(&open_call, &(struct aws_result){.failure = &failure});
}

/* ---- the source and what it tells ---- */

struct fixture {
    uv_loop_t loop;
    struct source *source;
    struct inventory *inventory; /* the last that was delivered */
    int64_t started_ms;
    size_t deliveries;
    size_t failures;
    struct error error;
    bool stop_when_told;
    struct heard_log log;
};

static struct ec2_settings settings = {
    .name = "main",
    .region = "eu-west-1",
    .poll_ms = POLL_MS,
    .group_tag = "aws:autoscaling:groupName",
    .weight_tag = "srv_weight",
    .address_tag = "ip_address",
    .port_tag = "srv_port",
    .hold_tag = "srv_hold",
    .drain_since_tag = "srv_drain_since",
};

static void fixture_stop(struct fixture *fixture)
{
    source_stop(fixture->source);
    fixture->source = NULL;
}

static void on_inventory(void *owner, struct inventory *inventory, int64_t started_ms)
{
    struct fixture *fixture = owner;
    inventory_free(fixture->inventory);
    fixture->inventory = inventory;
    fixture->started_ms = started_ms;
    fixture->deliveries++;
    if (fixture->stop_when_told) {
        fixture_stop(fixture);
    }
}

static void on_failure(void *owner, const struct error *error)
{
    struct fixture *fixture = owner;
    fixture->failures++;
    fixture->error = *error;
    if (fixture->stop_when_told) {
        fixture_stop(fixture);
    }
}

static int setup(void **state)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));
    const struct source_listener listener = {fixture, on_inventory, on_failure};
    uv_loop_init(&fixture->loop);
    log_set_sink(heard_log_add, &fixture->log);
    calls = 0;
    cancelled = 0;
    settings.filters = NULL;
    settings.filter_count = 0;
    fixture->source = ec2_source_new(&fixture->loop, &the_client, &settings, &listener);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->source != NULL) {
        fixture_stop(fixture);
    }
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    assert_null(open_call);
    log_set_sink(NULL, NULL);
    inventory_free(fixture->inventory);
    free(fixture);
    return 0;
}

/* Run what is due now. */
static void turn(struct fixture *fixture)
{
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static void start(struct fixture *fixture)
{
    source_start(fixture->source, 0);
    turn(fixture);
    assert_non_null(open_call);
}

/* Time passes, and what is due then runs. */
static void pass(struct fixture *fixture, int64_t wait_ms)
{
    clock_ahead_ms += wait_ms;
    turn(fixture);
}

/* Make the next poll start, whenever it was due. */
static void next_poll(struct fixture *fixture)
{
    assert_null(open_call);
    uv_update_time(&fixture->loop);
    pass(fixture, uv_backend_timeout(&fixture->loop));
    assert_non_null(open_call);
}

#define FIRST_CALL                                                                                 \
    "Action=DescribeInstances Version=2016-11-15 MaxResults=1000 Filter.1.Name=tag-key "           \
    "Filter.1.Value.1=aws:autoscaling:groupName"

static void the_first_poll_is_asked_for_at_once(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(calls, 0);
    start(fixture);
    assert_string_equal(open_call->asked, FIRST_CALL);
    answer_page(1, 2, "");
    assert_int_equal(fixture->deliveries, 1);
    assert_int_equal(fixture->inventory->count, 2);
    assert_int_equal(fixture->failures, 0);
    assert_null(open_call);
}

static void further_filters_are_anded_and_equal_names_ored(void **state)
{
    struct fixture *fixture = *state;
    const struct source_listener listener = {fixture, on_inventory, on_failure};
    static const struct ec2_filter filters[] = {
        {"vpc-id",   "vpc-1"  },
        {"tag-key",  "team"   },
        {"vpc-id",   "vpc-2"  },
        {"tag:team", "a=b & c"},
    };
    fixture_stop(fixture);
    settings.filters = filters;
    settings.filter_count = sizeof(filters) / sizeof(filters[0]);
    fixture->source = ec2_source_new(&fixture->loop, &the_client, &settings, &listener);
    start(fixture);
    assert_string_equal(open_call->asked,
                        FIRST_CALL " Filter.2.Name=vpc-id Filter.2.Value.1=vpc-1"
                                   " Filter.2.Value.2=vpc-2"
                                   " Filter.3.Name=tag-key Filter.3.Value.1=team"
                                   " Filter.4.Name=tag:team Filter.4.Value.1=a=b & c");
    answer_page(1, 1, "t");
    assert_non_null(strstr(open_call->asked, "Filter.4.Value.1=a=b & c NextToken=t"));
    answer_page(2, 1, "");
    assert_int_equal(fixture->inventory->count, 2);
}

static void all_pages_make_one_inventory_whatever_their_length(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    int64_t started_ms = (int64_t)uv_now(&fixture->loop);
    answer_page(2000, 500, "a+/=b==");
    assert_string_equal(open_call->asked, FIRST_CALL " NextToken=a+/=b==");
    answer_page(0, 0, "second");
    assert_string_equal(open_call->asked, FIRST_CALL " NextToken=second");
    answer_page(0, 1000, "third");
    answer_page(1000, 999, "fourth");
    assert_int_equal(fixture->deliveries, 0);
    answer_page(1999, 1, "");
    assert_int_equal(fixture->deliveries, 1);
    assert_int_equal(fixture->started_ms, started_ms);
    assert_int_equal(fixture->inventory->count, 2500);
    assert_string_equal(fixture->inventory->instances[0].id, "i-000000");
    assert_string_equal(fixture->inventory->instances[2499].id, "i-002499");
    assert_non_null(inventory_find(fixture->inventory, "i-001999"));
}

static void a_page_that_comes_twice_adds_nobody(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    answer_page(0, 100, "a");
    answer_page(50, 100, "");
    assert_int_equal(fixture->inventory->count, 150);
}

static void a_failing_page_delivers_nothing_and_is_told_once(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    answer_page(0, 1000, "a");
    answer_failure("ec2: 503 RequestLimitExceeded");
    assert_int_equal(fixture->deliveries, 0);
    assert_int_equal(fixture->failures, 1);
    assert_string_equal(fixture->error.text, "page 2: ec2: 503 RequestLimitExceeded");

    /* The next poll begins with the first page and an empty list. */
    next_poll(fixture);
    assert_string_equal(open_call->asked, FIRST_CALL);
    answer_page(5000, 3, "");
    assert_int_equal(fixture->deliveries, 1);
    assert_int_equal(fixture->inventory->count, 3);
    assert_int_equal(fixture->failures, 1);
}

static void what_is_no_page_is_a_failure(void **state)
{
    static const struct {
        const char *body;
        const char *expected;
    } cases[] = {
        {"",                                                             "page 2: DescribeInstances: XML: the text is empty"},
        {"<html><body>busy</body></html>",
         "page 2: DescribeInstances: XML at octet 0: the root element is <html>, not "
         "<DescribeInstancesResponse>"                                                                                      },
        {"<!DOCTYPE x [<!ENTITY a \"b\">]><DescribeInstancesResponse/>",
         "page 2: DescribeInstances: XML at octet"                                                                          },
        {"<DescribeInstancesResponse/>",                                 "page 2: DescribeInstances: the answer has no"     },
    };
    struct fixture *fixture = *state;
    start(fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        answer_page(0, 10, "a");
        answer_body(cases[i].body, strlen(cases[i].body));
        assert_int_equal(fixture->failures, i + 1);
        assert_memory_equal(fixture->error.text, cases[i].expected, strlen(cases[i].expected));
        next_poll(fixture);
    }
    assert_int_equal(fixture->deliveries, 0);
}

static void a_page_cut_at_any_tag_delivers_nothing(void **state)
{
    static const char body[] =
        "<DescribeInstancesResponse><requestId>1</requestId><reservationSet><item><instancesSet>"
        "<item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name>"
        "</instanceState><privateIpAddress>10.0.0.1</privateIpAddress><tagSet><item>"
        "<key>srv_weight</key><value>1</value></item></tagSet></item></instancesSet></item>"
        "</reservationSet><nextToken/></DescribeInstancesResponse>";
    struct fixture *fixture = *state;
    start(fixture);
    for (size_t length = 0; length < sizeof(body) - 1; length++) {
        if (body[length] == '<' || (length > 0 && body[length - 1] == '>')) {
            answer_body(body, length);
            next_poll(fixture);
        }
    }
    assert_int_equal(fixture->deliveries, 0);
    assert_int_equal(fixture->failures, calls - 1);
    assert_true(fixture->failures > 30);
    answer_body(body, sizeof(body) - 1);
    assert_int_equal(fixture->deliveries, 1);
}

static void a_token_that_comes_again_is_a_failure(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    answer_page(0, 1, "a");
    answer_page(1, 1, "b");
    answer_page(2, 1, "a");
    assert_int_equal(fixture->failures, 1);
    assert_string_equal(fixture->error.text, "page 3: its nextToken is that of page 1");
    assert_int_equal(fixture->deliveries, 0);

    /* The same token in another poll is none of that. */
    next_poll(fixture);
    answer_page(0, 1, "a");
    answer_page(1, 1, "");
    assert_int_equal(fixture->deliveries, 1);
}

static void pages_without_end_are_a_failure(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    for (unsigned page = 0; open_call != NULL; page++) {
        char token[16];
        snprintf(token, sizeof(token), "%u", page);
        assert_true(page < 1000);
        answer_page(page, 1, token);
    }
    assert_int_equal(calls, 200);
    assert_int_equal(fixture->failures, 1);
    assert_string_equal(fixture->error.text, "page 200: more than 200 pages");
    assert_int_equal(fixture->deliveries, 0);
}

static void assert_wait(struct fixture *fixture, int64_t shortest_ms, int64_t longest_ms)
{
    uv_update_time(&fixture->loop);
    int64_t wait_ms = uv_backend_timeout(&fixture->loop);
    /* A slow machine may have used up some of it. */
    if (wait_ms < shortest_ms - 10000 || wait_ms > longest_ms) {
        fail_msg("%lld ms", (long long)wait_ms);
    }
}

static void a_success_is_followed_after_the_interval_with_jitter(void **state)
{
    struct fixture *fixture = *state;
    int shortest_ms = INT32_MAX;
    int longest_ms = 0;
    start(fixture);
    for (size_t i = 0; i < 100; i++) {
        answer_page(1, 1, "");
        assert_wait(fixture, POLL_MS / 10 * 9, POLL_MS / 10 * 11);
        int wait_ms = uv_backend_timeout(&fixture->loop);
        shortest_ms = wait_ms < shortest_ms ? wait_ms : shortest_ms;
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
        next_poll(fixture);
    }
    assert_true(longest_ms - shortest_ms > POLL_MS / 20);
}

static void failures_are_followed_by_longer_waits_until_one_succeeds(void **state)
{
    struct fixture *fixture = *state;
    int longest_ms = 0;
    start(fixture);
    answer_failure("no");
    assert_wait(fixture, POLL_MS / 10, POLL_MS);
    for (size_t i = 0; i < 100; i++) {
        next_poll(fixture);
        answer_failure("no");
        assert_wait(fixture, POLL_MS / 10, EC2_BACKOFF_LIMIT * POLL_MS);
        int wait_ms = uv_backend_timeout(&fixture->loop);
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
    }
    assert_true(longest_ms > 3 * POLL_MS);
    next_poll(fixture);
    answer_page(1, 1, "");
    assert_wait(fixture, POLL_MS / 10 * 9, POLL_MS / 10 * 11);
    next_poll(fixture);
    answer_failure("no");
    assert_wait(fixture, POLL_MS / 10, POLL_MS);
}

static void the_timer_starts_the_next_poll_by_itself(void **state)
{
    struct fixture *fixture = *state;
    settings.poll_ms = 1;
    start(fixture);
    answer_page(1, 1, "");
    uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_non_null(open_call);
    answer_failure("no");
    uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_non_null(open_call);
    settings.poll_ms = POLL_MS;
}

static void a_refresh_during_a_poll_looks_again_right_after_it(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    answer_page(0, 1, "a");
    source_refresh(fixture->source);
    source_refresh(fixture->source);
    assert_int_equal(calls, 2);
    answer_page(1, 1, "");
    assert_int_equal(fixture->deliveries, 1);
    assert_null(open_call);
    pass(fixture, EC2_REFRESH_GAP_MS);
    assert_string_equal(open_call->asked, FIRST_CALL);

    /* Once, however often it was asked for; and a failure does not swallow it. */
    answer_page(0, 1, "");
    pass(fixture, EC2_REFRESH_GAP_MS);
    assert_null(open_call);
    next_poll(fixture);
    source_refresh(fixture->source);
    answer_failure("no");
    pass(fixture, EC2_REFRESH_GAP_MS);
    assert_non_null(open_call);
}

/* What was asked for was to see, not to try. */
static void a_look_that_was_asked_for_and_failed_is_soon_taken_again(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    answer_page(1, 1, "");
    pass(fixture, EC2_REFRESH_GAP_MS);
    source_refresh(fixture->source);
    turn(fixture);
    for (int64_t longest_ms = EC2_REFRESH_GAP_MS; longest_ms <= 32 * EC2_REFRESH_GAP_MS;
         longest_ms *= 2) {
        assert_non_null(open_call);
        answer_failure("no");
        pass(fixture, longest_ms);
    }
    answer_page(1, 1, "");
    assert_wait(fixture, POLL_MS / 10 * 9, POLL_MS / 10 * 11);
    next_poll(fixture);
    answer_failure("no"); /* nobody asked for this one */
    assert_wait(fixture, POLL_MS / 10, POLL_MS);
}

/* The wait after failures grows with the polls, or with the refreshes: the shorter one counts. */
static void a_refresh_during_a_poll_that_fails_does_not_put_off_the_next_one(void **state)
{
    struct fixture *fixture = *state;
    settings.poll_ms = 100;
    start(fixture);
    for (size_t i = 0; i < 30; i++) {
        source_refresh(fixture->source);
        answer_failure("no");
        pass(fixture, EC2_BACKOFF_LIMIT * settings.poll_ms);
        assert_non_null(open_call);
    }
    settings.poll_ms = POLL_MS;
}

/* Promise P12: whoever fails is asked less often, however many pokes there are. */
static void after_failures_a_swarm_of_refreshes_makes_way(void **state)
{
    enum { STEP_MS = 100, STEPS = 600 };
    struct fixture *fixture = *state;
    start(fixture);
    for (size_t i = 0; i < STEPS; i++) {
        if (open_call != NULL) {
            answer_failure("no");
        }
        source_refresh(fixture->source);
        pass(fixture, STEP_MS);
    }
    /* A minute with waits of 4 s on average: 15 looks; without the growth it would be 120. */
    assert_in_range(calls, 8, 40);
}

/* Promise P12: what comes in swarms does not become a swarm of looks. */
static void a_swarm_of_refreshes_is_two_looks_a_second_and_none_of_them_is_lost(void **state)
{
    enum { STEP_MS = 100, STEPS = 100 };
    struct fixture *fixture = *state;
    size_t calls_before;
    start(fixture);
    answer_page(1, 1, "");
    pass(fixture, EC2_REFRESH_GAP_MS);
    source_refresh(fixture->source);
    turn(fixture);
    assert_int_equal(calls, 2); /* the first one after a while: at once */
    for (size_t i = 0; i < STEPS; i++) {
        if (open_call != NULL) {
            answer_page(1, 1, "");
        }
        source_refresh(fixture->source);
        source_refresh(fixture->source);
        pass(fixture, STEP_MS);
    }
    assert_in_range(calls, 2 + STEPS * STEP_MS / EC2_REFRESH_GAP_MS / 2,
                    3 + STEPS * STEP_MS / EC2_REFRESH_GAP_MS);
    if (open_call != NULL) {
        answer_page(1, 1, "");
    }
    calls_before = calls;
    source_refresh(fixture->source);
    pass(fixture, EC2_REFRESH_GAP_MS);
    assert_int_equal(calls, calls_before + 1);
    answer_page(1, 1, "");
}

static void a_refresh_never_puts_off_a_poll_that_is_due_before(void **state)
{
    struct fixture *fixture = *state;
    settings.poll_ms = 100;
    start(fixture);
    answer_page(1, 1, "");
    source_refresh(fixture->source);
    pass(fixture, 120);
    assert_non_null(open_call);
    settings.poll_ms = POLL_MS;
}

/* Promise P12: servers that start together do not look together. */
static void a_first_look_is_spread_over_the_time_it_is_given(void **state)
{
    enum { SPREAD_MS = 1000, STARTS = 60 };
    struct fixture *fixture = *state;
    const struct source_listener listener = {fixture, on_inventory, on_failure};
    int shortest_ms = INT32_MAX;
    int longest_ms = 0;
    for (size_t i = 0; i < STARTS; i++) {
        fixture_stop(fixture);
        uv_run(&fixture->loop, UV_RUN_DEFAULT);
        fixture->source = ec2_source_new(&fixture->loop, &the_client, &settings, &listener);
        source_start(fixture->source, SPREAD_MS);
        int wait_ms = uv_backend_timeout(&fixture->loop);
        assert_in_range(wait_ms, 0, SPREAD_MS);
        shortest_ms = wait_ms < shortest_ms ? wait_ms : shortest_ms;
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
    }
    assert_true(longest_ms - shortest_ms > SPREAD_MS / 2);

    /* Whoever cannot wait asks for it. */
    source_refresh(fixture->source);
    turn(fixture);
    assert_non_null(open_call);
}

static void a_source_stopped_during_a_call_says_nothing_more(void **state)
{
    struct fixture *fixture = *state;
    start(fixture);
    answer_page(0, 1000, "a");
    fixture_stop(fixture);
    assert_int_equal(cancelled, 1);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->deliveries + fixture->failures, 0);
}

static void a_source_stopped_before_its_first_poll_asks_nobody(void **state)
{
    struct fixture *fixture = *state;
    source_start(fixture->source, 0);
    fixture_stop(fixture);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(calls, 0);
}

static void a_listener_may_stop_the_source_that_delivers(void **state)
{
    struct fixture *fixture = *state;
    fixture->stop_when_told = true;
    start(fixture);
    answer_page(0, 1, "");
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->deliveries, 1);
    assert_int_equal(calls, 1);
}

static void a_listener_may_stop_the_source_that_failed(void **state)
{
    struct fixture *fixture = *state;
    fixture->stop_when_told = true;
    start(fixture);
    answer_failure("no");
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->failures, 1);
    assert_int_equal(calls, 1);
}

static void instances_without_an_id_are_logged_when_their_number_changes(void **state)
{
    static const char body[] =
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item/><item><instanceId>"
        "i-1</instanceId></item><item/></instancesSet></item></reservationSet>"
        "</DescribeInstancesResponse>";
    struct fixture *fixture = *state;
    start(fixture);
    answer_body(body, sizeof(body) - 1);
    assert_int_equal(fixture->inventory->count, 1);
    assert_non_null(strstr(fixture->log.text, "source=main instances=2\n"));
    fixture->log.text[0] = '\0';
    next_poll(fixture);
    answer_body(body, sizeof(body) - 1);
    assert_string_equal(fixture->log.text, "");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_poll_is_asked_for_at_once),
        TEST(further_filters_are_anded_and_equal_names_ored),
        TEST(all_pages_make_one_inventory_whatever_their_length),
        TEST(a_page_that_comes_twice_adds_nobody),
        TEST(a_failing_page_delivers_nothing_and_is_told_once),
        TEST(what_is_no_page_is_a_failure),
        TEST(a_page_cut_at_any_tag_delivers_nothing),
        TEST(a_token_that_comes_again_is_a_failure),
        TEST(pages_without_end_are_a_failure),
        TEST(a_success_is_followed_after_the_interval_with_jitter),
        TEST(failures_are_followed_by_longer_waits_until_one_succeeds),
        TEST(the_timer_starts_the_next_poll_by_itself),
        TEST(a_refresh_during_a_poll_looks_again_right_after_it),
        TEST(a_swarm_of_refreshes_is_two_looks_a_second_and_none_of_them_is_lost),
        TEST(a_look_that_was_asked_for_and_failed_is_soon_taken_again),
        TEST(a_refresh_during_a_poll_that_fails_does_not_put_off_the_next_one),
        TEST(after_failures_a_swarm_of_refreshes_makes_way),
        TEST(a_refresh_never_puts_off_a_poll_that_is_due_before),
        TEST(a_first_look_is_spread_over_the_time_it_is_given),
        TEST(a_source_stopped_during_a_call_says_nothing_more),
        TEST(a_source_stopped_before_its_first_poll_asks_nobody),
        TEST(a_listener_may_stop_the_source_that_delivers),
        TEST(a_listener_may_stop_the_source_that_failed),
        TEST(instances_without_an_id_are_logged_when_their_number_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
