/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_lifecycle_look.c - pages, warm pools, hooks, and looks that fail.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/unit/discovery/lifecycle_bench.h"

static void every_page_and_every_warm_pool_of_a_taken_group_is_read(void **state)
{
    struct fixture *fixture = *state;

    take(fixture, NULL, 0);
    assert_call(GROUPS_CALL);
    answer_body(GROUPS_BEGIN GROUP_BEGIN("other") INSTANCE("i-9", "Pending:Wait") GROUP_END
                "</AutoScalingGroups><NextToken>a+b</NextToken>"
                "</DescribeAutoScalingGroupsResult>"
                "</DescribeAutoScalingGroupsResponse>");
    assert_call(GROUPS_CALL " NextToken=a+b");
    answer_body(GROUPS_BEGIN GROUP_BEGIN("web")
                    INSTANCE("i-1", "Standby") "</Instances>"
                                               "<WarmPoolConfiguration><MinSize>1</MinSize></"
                                               "WarmPoolConfiguration></member>" GROUPS_END);
    assert_call("Action=DescribeWarmPool Version=2011-01-01 AutoScalingGroupName=web "
                "MaxRecords=50");
    answer_body("<DescribeWarmPoolResponse><DescribeWarmPoolResult><Instances>" INSTANCE(
        "i-2", "Warmed:Stopped") "</Instances><NextToken>n</NextToken>"
                                 "</DescribeWarmPoolResult></DescribeWarmPoolResponse>");
    assert_call("Action=DescribeWarmPool Version=2011-01-01 AutoScalingGroupName=web "
                "MaxRecords=50 NextToken=n");
    answer_body("<DescribeWarmPoolResponse><DescribeWarmPoolResult><Instances/>"
                "</DescribeWarmPoolResult></DescribeWarmPoolResponse>");
    assert_call(HOOKS_CALL);
    answer_body(HOOKS(""));
    assert_null(open_call);
    assert_string_equal(fixture->standby, "i-1 ");
}

static void hooks_are_asked_for_again_only_while_something_waits_for_ours(void **state)
{
    struct fixture *fixture = *state;

    take(fixture, NULL, 0);
    look(WEB(INSTANCE("i-1", "InService")), true);
    take(fixture, NULL, 0);
    look(WEB(INSTANCE("i-1", "InService")), false);
    take(fixture, NULL, 0);
    look(WEB(INSTANCE("i-1", "Pending:Wait")), false);
    assert_null(open_call);
}

static void a_hook_that_is_shorter_than_the_drain_is_warned_of_at_the_start(void **state)
{
    static const struct {
        const char *hooks;
        const char *expected; /* NULL: nothing is said */
    } cases[] = {
        {HOOKS(HOOK("down", "TERMINATING",   "91")), NULL},
        {HOOKS(HOOK("down",             "TERMINATING",                            "90")), "it depends on heartbeats"},
        {HOOKS(HOOK("up","LAUNCHING","30")), NULL},
        {HOOKS(HOOK("theirs",                 "TERMINATING",                  "30")), NULL},
        {HOOKS("<member><AutoScalingGroupName>web</AutoScalingGroupName><LifecycleHookName>down"
               "</LifecycleHookName><LifecycleTransition>autoscaling:EC2_INSTANCE_TERMINATING"
               "</LifecycleTransition><HeartbeatTimeout>30</HeartbeatTimeout><GlobalTimeout>80"
               "</GlobalTimeout></member>"),
         "instances end before they are drained"                                                },
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lifecycle_driver_stop(fixture->driver);
        driver_make(fixture);
        fixture->log.text[0] = '\0';
        take(fixture, NULL, 0);
        answer_body(WEB(""));
        answer_body(cases[i].hooks);
        if (cases[i].expected == NULL) {
            assert_string_equal(fixture->log.text, "");
        } else {
            assert_int_equal(log_count(fixture, cases[i].expected), 1);
        }
    }
}

static void a_look_that_fails_does_nothing_and_comes_later(void **state)
{
    static const char *const bodies[] = {"", "<html/>", "<DescribeAutoScalingGroupsResponse/>",
                                         GROUPS_BEGIN GROUP_BEGIN("web")
                                             INSTANCE("i-1", "Pending:Wait")};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]) + 1; i++) {
        lifecycle_driver_stop(fixture->driver);
        driver_make(fixture);
        fixture->log.text[0] = '\0';
        TAKE(fixture, {"i-1", NULL, NULL});
        if (i < sizeof(bodies) / sizeof(bodies[0])) {
            answer_body(bodies[i]);
        } else {
            answer_failure(AWS_THROTTLED, "Throttling", "Rate exceeded");
        }
        assert_wait(fixture, POLL_MS / 10, POLL_MS);
        assert_int_equal(log_count(fixture, "Auto Scaling was not read"), 1);
    }
    assert_string_equal(fixture->standby, "");
}

static void a_token_that_comes_again_is_a_failure(void **state)
{
    struct fixture *fixture = *state;
    static const char page[] =
        GROUPS_BEGIN "</AutoScalingGroups><NextToken>a</NextToken>"
                     "</DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>";

    take(fixture, NULL, 0);
    answer_body(page);
    answer_body(page);
    assert_wait(fixture, POLL_MS / 10, POLL_MS);
    assert_int_equal(log_count(fixture, "its NextToken is that of page 1"), 1);
}

static void without_the_right_to_look_there_is_one_alarm_in_five_minutes(void **state)
{
    struct fixture *fixture = *state;

    take(fixture, NULL, 0);
    answer_failure(AWS_DENIED, "AccessDenied", "no");
    for (size_t i = 0; i < 3; i++) {
        take(fixture, NULL, 0);
        assert_wait(fixture, LIFECYCLE_DENIED_WAIT_S * 1000, LIFECYCLE_DENIED_WAIT_S * 1000);
    }
    assert_int_equal(log_count(fixture, "no right to read Auto Scaling"), 1);
}

static void a_group_that_goes_during_a_look_is_skipped(void **state)
{
    struct fixture *fixture = *state;

    TAKE(fixture, {"i-1", NULL, NULL});
    answer_body(GROUPS_BEGIN GROUP_BEGIN("web-old") GROUP_END GROUP_BEGIN("web")
                    INSTANCE("i-1", "Pending:Wait") GROUP_END GROUPS_END);
    assert_call("Action=DescribeLifecycleHooks Version=2011-01-01 AutoScalingGroupName=web-old");
    answer_failure(AWS_OTHER, "ValidationError", "AutoScalingGroup name not found");
    assert_call(HOOKS_CALL);
    answer_body(OUR_HOOKS);
    assert_non_null(strstr(open_call->asked, "Action=CreateTags"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFECYCLE_TEST(every_page_and_every_warm_pool_of_a_taken_group_is_read),
        LIFECYCLE_TEST(hooks_are_asked_for_again_only_while_something_waits_for_ours),
        LIFECYCLE_TEST(a_hook_that_is_shorter_than_the_drain_is_warned_of_at_the_start),
        LIFECYCLE_TEST(a_look_that_fails_does_nothing_and_comes_later),
        LIFECYCLE_TEST(a_token_that_comes_again_is_a_failure),
        LIFECYCLE_TEST(without_the_right_to_look_there_is_one_alarm_in_five_minutes),
        LIFECYCLE_TEST(a_group_that_goes_during_a_look_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
