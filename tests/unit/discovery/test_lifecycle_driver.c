/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_lifecycle_driver.c - rounds, waits and clocks of the lifecycle.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/unit/discovery/lifecycle_bench.h"

static void nobody_is_asked_before_the_first_look_of_the_source(void **state)
{
    struct fixture *fixture = *state;

    uv_run(&fixture->loop, UV_RUN_NOWAIT);
    assert_null(open_call);
    take(fixture, NULL, 0);
    assert_call(GROUPS_CALL);
}

static void a_launch_is_tagged_and_goes_on_once_the_tags_are_seen(void **state)
{
    struct fixture *fixture = *state;
    static const char waiting[] = WEB(INSTANCE("i-1", "Pending:Wait"));

    TAKE(fixture, {"i-1", NULL, NULL});
    look(waiting, true);
    assert_call("Action=CreateTags Version=2016-11-15 ResourceId.1=i-1 Tag.1.Key=srv_weight "
                "Tag.1.Value=65535 Tag.2.Key=ip_address Tag.2.Value=10.0.0.1");
    answer_ok();
    assert_int_equal(fixture->written, 1);
    assert_wait(fixture, 2 * POLL_MS / 10 * 9, 2 * POLL_MS / 10 * 11);

    /* EC2 does not show it yet: nothing is repeated, nothing goes on. */
    TAKE(fixture, {"i-1", NULL, NULL});
    look(waiting, false);
    assert_null(open_call);

    TAKE(fixture, {"i-1", "65535", NULL});
    look(waiting, false);
    assert_call(COMPLETE("up", "i-1"));
    answer_ok();
    assert_int_equal(fixture->written, 1);
    TAKE(fixture, {"i-1", "65535", NULL});
    look(waiting, false);
    assert_null(open_call);
}

static void ends_are_drained_and_untagged_in_one_call_each(void **state)
{
    struct fixture *fixture = *state;
    static const char waiting[] =
        WEB(INSTANCE("i-1", "Terminating:Wait") INSTANCE("i-2", "Terminating:Wait"));
    char before[64];
    char after[64];
    const char *since = NULL;

    TAKE(fixture, {"i-1", "65535", NULL}, {"i-2", "1", NULL});
    look(waiting, true);
    snprintf(before, sizeof(before), "%lld", (long long)time(NULL) - 1);
    since = strstr(open_call->asked, " Tag.2.Key=srv_drain_since Tag.2.Value=");
    assert_non_null(since);
    snprintf(after, sizeof(after), "%s", strrchr(since, '=') + 1);
    assert_true(strcmp(before, after) <= 0);
    assert_memory_equal(open_call->asked,
                        "Action=CreateTags Version=2016-11-15 ResourceId.1=i-1 ResourceId.2=i-2 "
                        "Tag.1.Key=srv_weight Tag.1.Value=0 ",
                        (size_t)(since - open_call->asked));
    answer_ok();

    /* After a restart in the middle of a drain: the clock ends it, whatever the interval is. */
    lifecycle_driver_stop(fixture->driver);
    driver_make(fixture);
    snprintf(before, sizeof(before), "%lld", (long long)time(NULL) - DRAIN_S / 2);
    TAKE(fixture, {"i-1", "0", before}, {"i-2", "0", before});
    look(waiting, true);
    assert_wait(fixture, DRAIN_S / 2 * 1000, DRAIN_S / 2 * 1000 + 2000);

    TAKE(fixture, {"i-1", "0", "1000"}, {"i-2", "0", "1000"});
    look(waiting, false);
    assert_call("Action=DeleteTags Version=2016-11-15 ResourceId.1=i-1 ResourceId.2=i-2 "
                "Tag.1.Key=srv_weight Tag.2.Key=ip_address Tag.3.Key=srv_drain_since");
    answer_ok();
    assert_int_equal(fixture->written, 2);
    TAKE(fixture, {"i-1", NULL, NULL}, {"i-2", NULL, NULL});
    look(waiting, false);
    assert_call(COMPLETE("down", "i-1"));
    answer_ok();
    assert_call(COMPLETE("down", "i-2"));
    answer_ok();
}

/* The loop's clock is real, so the polls are short here. */
static void an_old_picture_lets_no_instance_go_on(void **state)
{
    struct fixture *fixture = *state;
    static const char in_service[] = WEB(INSTANCE("i-1", "InService") INSTANCE("i-2", "InService"));
    static const char ending[] =
        WEB(INSTANCE("i-1", "Terminating:Wait") INSTANCE("i-2", "Terminating:Wait"));

    lifecycle_driver_stop(fixture->driver);
    settings.poll_ms = 1;
    driver_make(fixture);
    TAKE(fixture, {"i-1", NULL, NULL}, {"i-2", "1", NULL});
    look(in_service, true);
    /* EC2 does not answer any more: the rounds come from the timer. */
    for (size_t round = 0; round < 3; round++) {
        while (open_call == NULL) {
            uv_run(&fixture->loop, UV_RUN_ONCE);
        }
        for (uint64_t begun_ms = uv_now(&fixture->loop);
             uv_now(&fixture->loop) <= begun_ms + 3 * (uint64_t)settings.poll_ms;) {
            uv_update_time(&fixture->loop);
        }
        look(ending, false);
        if (round == 0) {
            assert_call_is("Action=CreateTags", "ResourceId.1=i-2 Tag.1.Key=srv_weight "
                                                "Tag.1.Value=0");
            answer_ok();
        }
        assert_null(open_call);
    }
    assert_int_equal(log_count(fixture, "EC2 was not read for 3 polls"), 1);

    settings.poll_ms = POLL_MS;
    TAKE(fixture, {"i-1", NULL, NULL}, {"i-2", "0", NULL});
    look(ending, false);
    assert_call(COMPLETE("down", "i-1"));
}

static void a_look_that_took_longer_than_the_polls_is_not_old(void **state)
{
    struct fixture *fixture = *state;

    take_late(fixture, &(struct seen){"i-1", NULL, NULL}, 1, 4 * (int64_t)POLL_MS);
    look(WEB(INSTANCE("i-1", "Terminating:Wait")), true);
    assert_call(COMPLETE("down", "i-1"));
}

static void drains_are_timed_by_the_clock_of_aws(void **state)
{
    enum { AHEAD_S = 1000 };
    struct fixture *fixture = *state;
    static const char waiting[] =
        WEB(INSTANCE("i-1", "Terminating:Wait") INSTANCE("i-2", "Terminating:Wait"));
    char since[32];

    /* Our clock is ahead of AWS's: by ours the drain of i-1 would be over. */
    ahead_s = -AHEAD_S;
    snprintf(since, sizeof(since), "%lld", (long long)time(NULL) - AHEAD_S - 1);
    TAKE(fixture, {"i-1", "0", since}, {"i-2", "1", NULL});
    look(waiting, true);
    assert_call_is("Action=CreateTags", "ResourceId.1=i-2 Tag.1");
    assert_in_range(strtoll(strrchr(open_call->asked, '=') + 1, NULL, 10),
                    time(NULL) - AHEAD_S - 10, time(NULL) - AHEAD_S + 1);
    answer_ok();
    assert_wait(fixture, (DRAIN_S - 1) * 1000, (DRAIN_S + 1) * 1000);
}

static void trouble_ends_the_round_and_the_next_one_comes_later(void **state)
{
    static const enum aws_failure_kind kinds[] = {AWS_THROTTLED, AWS_TRANSPORT, AWS_EXPIRED};
    struct fixture *fixture = *state;
    static const char waiting[] =
        WEB(INSTANCE("i-1", "Pending:Wait") INSTANCE("i-2", "Pending:Wait"));

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        lifecycle_driver_stop(fixture->driver);
        driver_make(fixture);
        TAKE(fixture, {"i-1", "65535", NULL}, {"i-2", "65535", NULL});
        look(waiting, true);
        answer_failure(kinds[i], "Trouble", "");
        assert_wait(fixture, POLL_MS / 10, POLL_MS);
        /* The source's looks do not make it sooner. */
        TAKE(fixture, {"i-1", "65535", NULL}, {"i-2", "65535", NULL});
        assert_wait(fixture, POLL_MS / 10, POLL_MS);
    }
}

static void stopped_during_any_call_it_says_nothing_more(void **state)
{
    struct fixture *fixture = *state;

    for (size_t calls = 0; calls < 4; calls++) {
        lifecycle_driver_stop(fixture->driver);
        driver_make(fixture);
        TAKE(fixture, {"i-1", NULL, NULL}, {"i-2", "1", NULL});
        for (size_t i = 0; i < calls; i++) {
            static const char *const bodies[] = {
                WEB(INSTANCE("i-1", "Pending:Wait") INSTANCE("i-2", "Pending:Wait")), OUR_HOOKS,
                "<Response/>"};

            answer_body(bodies[i]);
        }
        assert_non_null(open_call);
    }
    lifecycle_driver_stop(fixture->driver);
    assert_null(open_call);
    assert_int_equal(fixture->written, 0);
    driver_make(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFECYCLE_TEST(nobody_is_asked_before_the_first_look_of_the_source),
        LIFECYCLE_TEST(a_launch_is_tagged_and_goes_on_once_the_tags_are_seen),
        LIFECYCLE_TEST(ends_are_drained_and_untagged_in_one_call_each),
        LIFECYCLE_TEST(an_old_picture_lets_no_instance_go_on),
        LIFECYCLE_TEST(a_look_that_took_longer_than_the_polls_is_not_old),
        LIFECYCLE_TEST(drains_are_timed_by_the_clock_of_aws),
        LIFECYCLE_TEST(trouble_ends_the_round_and_the_next_one_comes_later),
        LIFECYCLE_TEST(stopped_during_any_call_it_says_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
