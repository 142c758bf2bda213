/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_lifecycle_request.c - every kind of action as a call.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <string.h>

#include "discovery/lifecycle_request.h"

enum { NOW_S = 1700000000, KINDS = ACTION_HEARTBEAT + 1 };

static const struct lifecycle_rules rules = {
    .weight_tag = "weight", .address_tag = "address", .drain_since_tag = "since"};

static void build(char *text, size_t size, enum lifecycle_action_kind kind, size_t count,
                  enum aws_service *service)
{
    const struct lifecycle_action first = {kind, "i-1", "web", "hook", "10.0.0.1"};
    const struct lifecycle_action second = {kind, "i-2", "web", "hook", "10.0.0.2"};
    const struct lifecycle_action *const actions[] = {&first, &second};
    struct lifecycle_request request;
    struct arena arena;
    size_t length = 0;

    arena_init(&arena);
    lifecycle_request_build(&request, actions, count, &rules, NOW_S, &arena);
    for (size_t i = 0; i < request.count; i++) {
        length += (size_t)snprintf(text + length, size - length, "%s=%s ",
                                   request.parameters[i].name, request.parameters[i].value);
        assert_true(length < size);
    }
    *service = request.service;
    arena_free(&arena);
}

static void every_kind_of_action_has_its_call(void **state)
{
    static const struct {
        enum lifecycle_action_kind kind;
        size_t count;
        enum aws_service service;
        const char *expected;
    } cases[] = {
        {ACTION_TAG_LAUNCH,  1, AWS_EC2,
         "Action=CreateTags Version=2016-11-15 ResourceId.1=i-1 Tag.1.Key=weight Tag.1.Value=65535 "
         "Tag.2.Key=address Tag.2.Value=10.0.0.1 "                               },
        {ACTION_TAG_DRAIN,   2, AWS_EC2,
         "Action=CreateTags Version=2016-11-15 ResourceId.1=i-1 ResourceId.2=i-2 Tag.1.Key=weight "
         "Tag.1.Value=0 Tag.2.Key=since Tag.2.Value=1700000001 "                 },
        {ACTION_UNTAG,       2, AWS_EC2,
         "Action=DeleteTags Version=2016-11-15 ResourceId.1=i-1 ResourceId.2=i-2 Tag.1.Key=weight "
         "Tag.2.Key=address Tag.3.Key=since "                                    },
        {ACTION_UNTAG_DRAIN, 1, AWS_EC2,
         "Action=DeleteTags Version=2016-11-15 ResourceId.1=i-1 Tag.1.Key=since "},
        {ACTION_CONTINUE,    1, AWS_AUTO_SCALING,
         "Action=CompleteLifecycleAction Version=2011-01-01 AutoScalingGroupName=web "
         "LifecycleHookName=hook InstanceId=i-1 LifecycleActionResult=CONTINUE " },
        {ACTION_HEARTBEAT,   1, AWS_AUTO_SCALING,
         "Action=RecordLifecycleActionHeartbeat Version=2011-01-01 AutoScalingGroupName=web "
         "LifecycleHookName=hook InstanceId=i-1 "                                },
    };

    (void)state;
    assert_int_equal(sizeof(cases) / sizeof(cases[0]), KINDS);
    for (size_t i = 0; i < KINDS; i++) {
        char text[1024] = "";
        enum aws_service service;

        build(text, sizeof(text), cases[i].kind, cases[i].count, &service);
        assert_string_equal(text, cases[i].expected);
        assert_int_equal(service, cases[i].service);
    }
}

static void only_actions_with_equal_parameters_share_a_call(void **state)
{
    (void)state;
    assert_int_equal(lifecycle_request_limit(ACTION_TAG_LAUNCH), 1);
    assert_int_equal(lifecycle_request_limit(ACTION_CONTINUE), 1);
    assert_int_equal(lifecycle_request_limit(ACTION_HEARTBEAT), 1);
    assert_int_equal(lifecycle_request_limit(ACTION_TAG_DRAIN), 1000);
    assert_int_equal(lifecycle_request_limit(ACTION_UNTAG), 1000);
    assert_int_equal(lifecycle_request_limit(ACTION_UNTAG_DRAIN), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_action_has_its_call),
        cmocka_unit_test(only_actions_with_equal_parameters_share_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
