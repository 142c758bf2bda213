/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_lifecycle_work.c - actions carried out, refused and cut short.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/unit/discovery/lifecycle_bench.h"

#define TWO_GROUPS(first, second)                                                                  \
    GROUPS_BEGIN GROUP_BEGIN("web") first GROUP_END GROUP_BEGIN("web-2") second GROUP_END GROUPS_END

static void look_two(const char *groups, bool is_first)
{
    look(groups, is_first);
    if (is_first) {
        assert_call("Action=DescribeLifecycleHooks Version=2011-01-01 AutoScalingGroupName=web-2");
        answer_body("<DescribeLifecycleHooksResponse><DescribeLifecycleHooksResult><LifecycleHooks>"
                    "<member><AutoScalingGroupName>web-2</AutoScalingGroupName><LifecycleHookName>"
                    "down</LifecycleHookName><LifecycleTransition>"
                    "autoscaling:EC2_INSTANCE_TERMINATING</LifecycleTransition><HeartbeatTimeout>"
                    "3600</HeartbeatTimeout></member></LifecycleHooks>"
                    "</DescribeLifecycleHooksResult></DescribeLifecycleHooksResponse>");
    }
}

static void an_action_that_was_done_already_is_done(void **state)
{
    struct fixture *fixture = *state;
    static const char waiting[] = WEB(INSTANCE("i-1", "Pending:Wait"));

    TAKE(fixture, {"i-1", "65535", NULL});
    look(waiting, true);
    answer_failure(AWS_OTHER, "ValidationError",
                   "No active Lifecycle Action found with instance ID i-1");
    assert_int_equal(log_count(fixture, "was done already"), 1);
    assert_wait(fixture, 2 * POLL_MS / 10 * 9, 2 * POLL_MS / 10 * 11);
    TAKE(fixture, {"i-1", "65535", NULL});
    look(waiting, false);
    assert_null(open_call);
}

static void another_refusal_is_final_and_told_once(void **state)
{
    struct fixture *fixture = *state;
    static const char waiting[] = WEB(INSTANCE("i-1", "Pending:Wait"));

    TAKE(fixture, {"i-1", "65535", NULL});
    look(waiting, true);
    answer_failure(AWS_OTHER, "ValidationError", "Unable to find the hook");
    for (size_t i = 0; i < 3; i++) {
        TAKE(fixture, {"i-1", "65535", NULL});
        look(waiting, false);
        assert_null(open_call);
    }
    assert_int_equal(log_count(fixture, "refused, not tried again"), 1);
}

static void without_the_right_to_one_action_the_others_go_on(void **state)
{
    struct fixture *fixture = *state;
    static const char waiting[] = WEB(INSTANCE("i-1", "Pending:Wait") INSTANCE(
        "i-2", "Pending:Wait") INSTANCE("i-3", "Terminating:Wait"));

    TAKE(fixture, {"i-1", NULL, NULL}, {"i-2", NULL, NULL}, {"i-3", NULL, NULL});
    look(waiting, true);
    answer_failure(AWS_DENIED, "UnauthorizedOperation", "no");
    assert_call(COMPLETE("down", "i-3"));
    answer_ok();
    for (size_t i = 0; i < 3; i++) {
        TAKE(fixture, {"i-1", NULL, NULL}, {"i-2", NULL, NULL}, {"i-3", NULL, NULL});
        look(waiting, false);
        assert_null(open_call);
    }
    assert_int_equal(log_count(fixture, "no right for a lifecycle action"), 1);
    assert_int_equal(fixture->written, 0);
}

static void a_right_that_is_missing_in_one_group_keeps_no_other_from_draining(void **state)
{
    struct fixture *fixture = *state;
    static const char waiting[] =
        TWO_GROUPS(INSTANCE("i-1", "Terminating:Wait") INSTANCE("i-3", "Terminating:Wait"),
                   INSTANCE("i-2", "Terminating:Wait"));
    static const char more[] =
        TWO_GROUPS(INSTANCE("i-1", "Terminating:Wait") INSTANCE("i-3", "Terminating:Wait"),
                   INSTANCE("i-2", "Terminating:Wait") INSTANCE("i-4", "Terminating:Wait"));

    TAKE(fixture, {"i-1", "1", NULL}, {"i-2", "1", NULL}, {"i-3", "1", NULL});
    look_two(waiting, true);
    assert_call_is("Action=CreateTags", "ResourceId.1=i-1 ResourceId.2=i-3 Tag.1");
    answer_failure(AWS_DENIED, "UnauthorizedOperation", "no");
    assert_call_is("Action=CreateTags", "ResourceId.1=i-2 Tag.1");
    answer_ok();
    assert_null(open_call);

    TAKE(fixture, {"i-1", "1", NULL}, {"i-2", "1", NULL}, {"i-3", "1", NULL}, {"i-4", "1", NULL});
    look_two(more, false);
    assert_call_is("Action=CreateTags", "ResourceId.1=i-4 Tag.1");
    answer_ok();
    assert_null(open_call);
    assert_int_equal(log_count(fixture, "no right for a lifecycle action"), 1);
}

static void one_server_error_leaves_the_others_their_turn(void **state)
{
    struct fixture *fixture = *state;
    static const char waiting[] =
        WEB(INSTANCE("i-1", "Pending:Wait") INSTANCE("i-2", "Pending:Wait"));

    TAKE(fixture, {"i-1", "65535", NULL}, {"i-2", "65535", NULL});
    look(waiting, true);
    assert_call(COMPLETE("up", "i-1"));
    answer_failure(AWS_SERVER, "ResourceContention", "");
    assert_call(COMPLETE("up", "i-2"));
    answer_ok();
    assert_wait(fixture, POLL_MS / 10, POLL_MS);
}

static void three_server_errors_end_the_round(void **state)
{
    struct fixture *fixture = *state;

    TAKE(fixture, {"i-1", "1", NULL}, {"i-2", "1", NULL}, {"i-3", "1", NULL}, {"i-4", "1", NULL});
    look(WEB(INSTANCE("i-1", "Pending:Wait") INSTANCE("i-2", "Pending:Wait")
                 INSTANCE("i-3", "Pending:Wait") INSTANCE("i-4", "Pending:Wait")),
         true);
    for (size_t i = 0; i < 3; i++) {
        answer_failure(AWS_SERVER, "InternalFailure", "");
    }
    assert_wait(fixture, POLL_MS / 10, POLL_MS);
}

static void of_a_batch_that_is_refused_only_the_guilty_one_is_left_out(void **state)
{
    static const struct {
        const char *code;
        bool is_final;
    } cases[] = {
        {"TagLimitExceeded",           true },
        {"InvalidInstanceID.NotFound", false},
    };
    struct fixture *fixture = *state;
    static const char waiting[] =
        WEB(INSTANCE("i-1", "Terminating:Wait") INSTANCE("i-2", "Terminating:Wait")
                INSTANCE("i-3", "Terminating:Wait") INSTANCE("i-4", "Terminating:Wait"));

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t calls = 0;
        char tagged[64] = "";

        lifecycle_driver_stop(fixture->driver);
        driver_make(fixture);
        fixture->log.text[0] = '\0';
        TAKE(fixture, {"i-1", "1", NULL}, {"i-2", "1", NULL}, {"i-3", "1", NULL},
             {"i-4", "1", NULL});
        look(waiting, true);
        while (open_call != NULL) {
            assert_true(++calls < 10);
            if (strstr(open_call->asked, "=i-3 ") != NULL) {
                answer_failure(AWS_OTHER, cases[i].code, "i-3");
                continue;
            }
            for (const char *id = open_call->asked; (id = strstr(id, "=i-")) != NULL; id++) {
                strncat(tagged, id + 1, 4);
            }
            answer_ok();
        }
        assert_string_equal(tagged, "i-1 i-2 i-4 ");
        assert_int_equal(log_count(fixture, "refused, not tried again"), cases[i].is_final ? 1 : 0);
        TAKE(fixture, {"i-1", "1", NULL}, {"i-2", "1", NULL}, {"i-3", "1", NULL},
             {"i-4", "1", NULL});
        look(waiting, false);
        assert_int_equal(open_call != NULL, !cases[i].is_final);
    }
}

static void a_long_plan_is_cut_so_that_another_look_comes_between(void **state)
{
    enum { COUNT = 150, CALLS = 100 };
    struct fixture *fixture = *state;
    struct inventory *inventory = inventory_new();
    char *body = memory_new((size_t)COUNT * 128 + 1024);
    char *end = stpcpy(body, GROUPS_BEGIN GROUP_BEGIN("web"));

    for (unsigned i = 0; i < COUNT; i++) {
        struct instance *instance = inventory_add(inventory);

        *instance = (struct instance){.id = arena_format(&inventory->arena, "i-%03u", i),
                                      .group = "web",
                                      .state = STATE_RUNNING,
                                      .private_address = "10.0.0.1",
                                      .weight_tag = "1"};
        end += snprintf(end, 128, INSTANCE("%s", "Pending:Wait"), instance->id);
    }
    stpcpy(end, GROUP_END GROUPS_END);
    inventory_finish(inventory);
    lifecycle_driver_take(fixture->driver, inventory, (int64_t)uv_now(&fixture->loop));
    look(body, true);
    for (size_t i = 0; i < CALLS; i++) {
        assert_non_null(strstr(open_call->asked, "CompleteLifecycleAction"));
        assert_int_equal(fixture->written, 0);
        answer_ok();
    }
    assert_null(open_call);
    assert_int_equal(fixture->written, 1);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFECYCLE_TEST(an_action_that_was_done_already_is_done),
        LIFECYCLE_TEST(another_refusal_is_final_and_told_once),
        LIFECYCLE_TEST(without_the_right_to_one_action_the_others_go_on),
        LIFECYCLE_TEST(a_right_that_is_missing_in_one_group_keeps_no_other_from_draining),
        LIFECYCLE_TEST(one_server_error_leaves_the_others_their_turn),
        LIFECYCLE_TEST(three_server_errors_end_the_round),
        LIFECYCLE_TEST(of_a_batch_that_is_refused_only_the_guilty_one_is_left_out),
        LIFECYCLE_TEST(a_long_plan_is_cut_so_that_another_look_comes_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
