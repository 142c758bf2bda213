/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_autoscaling_reply.c - pages of Auto Scaling, right and wrong.
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

#include "discovery/aws/autoscaling_reply.h"

#define XMLNS " xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\""
#define META "<ResponseMetadata><RequestId>7c6e177f-example</RequestId></ResponseMetadata>"
#define GROUPS_PAGE(list, token)                                                                   \
    "<DescribeAutoScalingGroupsResponse" XMLNS "><DescribeAutoScalingGroupsResult>"                \
    "<AutoScalingGroups>" list "</AutoScalingGroups>" token                                        \
    "</DescribeAutoScalingGroupsResult>" META "</DescribeAutoScalingGroupsResponse>"
#define POOL_PAGE(list, token)                                                                     \
    "<DescribeWarmPoolResponse" XMLNS "><DescribeWarmPoolResult><WarmPoolConfiguration>"           \
    "<MinSize>2</MinSize></WarmPoolConfiguration><Instances>" list "</Instances>" token            \
    "</DescribeWarmPoolResult>" META "</DescribeWarmPoolResponse>"
#define HOOKS_PAGE(list)                                                                           \
    "<DescribeLifecycleHooksResponse" XMLNS "><DescribeLifecycleHooksResult>"                      \
    "<LifecycleHooks>" list "</LifecycleHooks></DescribeLifecycleHooksResult>" META                \
    "</DescribeLifecycleHooksResponse>"
#define INSTANCE(id, state)                                                                        \
    "<member><LaunchTemplate><LaunchTemplateName>x</LaunchTemplateName></LaunchTemplate>"          \
    "<InstanceId>" id "</InstanceId><AvailabilityZone>eu-west-1a</AvailabilityZone>"               \
    "<HealthStatus>Healthy</HealthStatus><LifecycleState>" state "</LifecycleState></member>"
#define GROUP(name, instances)                                                                     \
    "<member><Tags><member><Key>AutoScalingGroupName</Key><Value>no</Value></member></Tags>"       \
    "<AutoScalingGroupName>" name "</AutoScalingGroupName><MaxSize>9</MaxSize>"                    \
    "<Instances>" instances "</Instances></member>"
#define HOOK(more)                                                                                 \
    "<member><LifecycleHookName>srvTermination</LifecycleHookName>"                                \
    "<AutoScalingGroupName>web</AutoScalingGroupName>"                                             \
    "<DefaultResult>ABANDON</DefaultResult>" more "</member>"
#define TERMINATING                                                                                \
    "<LifecycleTransition>autoscaling:EC2_INSTANCE_TERMINATING</LifecycleTransition>"
#define LAUNCHING "<LifecycleTransition>autoscaling:EC2_INSTANCE_LAUNCHING</LifecycleTransition>"

static struct autoscaling_view *groups_read(const char *body, const char **token)
{
    struct autoscaling_view *view = autoscaling_view_new();
    struct error error = {""};

    if (!autoscaling_groups_parse(body, strlen(body), view, token, &error)) {
        fail_msg("%s: %s", error.text, body);
    }
    return view;
}

static void groups_are_read_with_their_instances(void **state)
{
    const char *token = "old";
    struct autoscaling_view *view = groups_read(
        GROUPS_PAGE(GROUP("web", INSTANCE("i-1", "InService") INSTANCE("i-2", "Terminating:Wait"))
                        GROUP("api &amp; co", INSTANCE("i-3", "Pending:Wait")) GROUP("empty", ""),
                    "<NextToken>a+/=</NextToken>"),
        &token);

    (void)state;
    assert_string_equal(token, "a+/=");
    assert_int_equal(view->group_count, 3);
    assert_string_equal(view->groups[1].name, "api & co");
    assert_false(view->groups[1].has_warm_pool);
    assert_int_equal(view->instance_count, 3);
    assert_string_equal(view->instances[0].id, "i-1");
    assert_string_equal(view->instances[0].group, "web");
    assert_int_equal(view->instances[0].state, LIFECYCLE_IN_SERVICE);
    assert_string_equal(view->instances[1].group, "web");
    assert_int_equal(view->instances[1].state, LIFECYCLE_TERMINATING_WAIT);
    assert_string_equal(view->instances[1].state_text, "Terminating:Wait");
    assert_string_equal(view->instances[2].group, "api & co");
    assert_int_equal(view->instances[2].state, LIFECYCLE_PENDING_WAIT);
    autoscaling_view_free(view);
}

static void a_name_that_comes_after_the_instances_counts(void **state)
{
    const char *token = NULL;
    struct autoscaling_view *view = groups_read(
        GROUPS_PAGE(
            GROUP("web", INSTANCE("i-1", "InService")) "<member><Instances>" INSTANCE(
                "i-2",
                "InService") "</Instances><AutoScalingGroupName>api"
                             "</AutoScalingGroupName><WarmPoolConfiguration><MinSize>0</MinSize>"
                             "</WarmPoolConfiguration><WarmPoolSize>2</WarmPoolSize></member>",
            "<NextToken/>"),
        &token);

    (void)state;
    assert_null(token);
    assert_string_equal(view->instances[0].group, "web");
    assert_string_equal(view->instances[1].group, "api");
    assert_false(view->groups[0].has_warm_pool);
    assert_true(view->groups[1].has_warm_pool);
    autoscaling_view_free(view);
}

static void pages_are_added_to_one_another(void **state)
{
    const char *first = GROUPS_PAGE(GROUP("web", INSTANCE("i-2", "InService")), "");
    const char *second = GROUPS_PAGE(GROUP("api", INSTANCE("i-1", "InService")), "");
    const char *token = NULL;
    struct autoscaling_view *view = groups_read(first, &token);

    (void)state;
    assert_true(autoscaling_groups_parse(second, strlen(second), view, &token, NULL));
    autoscaling_view_finish(view);
    assert_int_equal(view->group_count, 2);
    assert_int_equal(view->instance_count, 2);
    assert_string_equal(view->instances[0].id, "i-1");
    assert_string_equal(view->instances[0].group, "api");
    assert_string_equal(view->instances[1].group, "web");
    autoscaling_view_free(view);
}

static void no_groups_at_all_is_an_answer(void **state)
{
    const char *token = "old";
    struct autoscaling_view *view = groups_read(GROUPS_PAGE("", ""), &token);

    (void)state;
    assert_null(token);
    autoscaling_view_finish(view);
    assert_int_equal(view->group_count, 0);
    assert_int_equal(view->instance_count, 0);
    autoscaling_view_free(view);
}

static void a_warm_pool_belongs_to_the_group_that_was_asked_for(void **state)
{
    const char *body =
        POOL_PAGE(INSTANCE("i-1", "Warmed:Pending:Wait") INSTANCE("i-2", "Warmed:Terminating:Wait")
                      INSTANCE("i-3", "Warmed:Stopped"),
                  "<NextToken>t</NextToken>");
    struct autoscaling_view *view = autoscaling_view_new();
    const char *token = NULL;

    (void)state;
    assert_true(autoscaling_warm_pool_parse(body, strlen(body), "web", view, &token, NULL));
    assert_string_equal(token, "t");
    assert_int_equal(view->instance_count, 3);
    assert_string_equal(view->instances[2].group, "web");
    assert_int_equal(view->instances[0].state, LIFECYCLE_WARMED_WAIT);
    assert_false(view->instances[0].is_terminating);
    assert_int_equal(view->instances[1].state, LIFECYCLE_WARMED_WAIT);
    assert_true(view->instances[1].is_terminating);
    assert_int_equal(view->instances[2].state, LIFECYCLE_OTHER);
    autoscaling_view_free(view);
}

static void hooks_are_read_with_their_time_outs(void **state)
{
    static const struct {
        const char *why;
        const char *body;
        bool is_terminating;
        int64_t heartbeat_s;
        int64_t global_s;
    } cases[] = {
        {"all said",
         HOOKS_PAGE(HOOK(TERMINATING "<HeartbeatTimeout>300</HeartbeatTimeout>"
                                     "<GlobalTimeout>30000</GlobalTimeout>")),
         true,                                                                                  300,  30000 },
        {"another order",
         HOOKS_PAGE(HOOK("<GlobalTimeout>400</GlobalTimeout>"
                         "<HeartbeatTimeout>30</HeartbeatTimeout>" LAUNCHING)),
         false,                                                                                 30,   400   },
        {"the defaults",                 HOOKS_PAGE(HOOK(LAUNCHING)),                    false, 3600, 172800},
        {"a hundred heartbeats",
         HOOKS_PAGE(HOOK(LAUNCHING "<HeartbeatTimeout>60</HeartbeatTimeout>")),          false, 60,   6000  },
        {"the one before lends nothing",
         HOOKS_PAGE("<member><LifecycleHookName>srvTermination</LifecycleHookName>"
                    "<AutoScalingGroupName>api</AutoScalingGroupName>" TERMINATING
                    "<HeartbeatTimeout>30</HeartbeatTimeout></member>" HOOK(LAUNCHING)),
         false,                                                                                 3600, 172800},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct autoscaling_view *view = autoscaling_view_new();
        const struct autoscaling_hook *hook = NULL;
        struct error error = {""};

        if (!autoscaling_hooks_parse(cases[i].body, strlen(cases[i].body), view, &error)) {
            fail_msg("%s: %s", cases[i].why, error.text);
        }
        hook = autoscaling_view_hook(view, "web", "srvTermination", cases[i].is_terminating);
        if (hook == NULL || hook->heartbeat_timeout_s != cases[i].heartbeat_s ||
            hook->global_timeout_s != cases[i].global_s) {
            fail_msg("%s", cases[i].why);
        }
        autoscaling_view_free(view);
    }
}

static void a_transition_that_we_do_not_know_is_no_hook_of_ours(void **state)
{
    const char *body = HOOKS_PAGE(
        HOOK("<LifecycleTransition>autoscaling:SOMETHING</LifecycleTransition>") HOOK(""));
    struct autoscaling_view *view = autoscaling_view_new();

    (void)state;
    assert_true(autoscaling_hooks_parse(body, strlen(body), view, NULL));
    assert_int_equal(view->hook_count, 0);
    autoscaling_view_free(view);
}

enum answer { ANSWER_GROUPS, ANSWER_POOL, ANSWER_HOOKS };

static bool answer_parse(enum answer answer, const char *body, size_t length, struct error *error)
{
    struct autoscaling_view *view = autoscaling_view_new();
    const char *token = "old";
    bool parsed = false;

    switch (answer) {
    case ANSWER_GROUPS:
        parsed = autoscaling_groups_parse(body, length, view, &token, error);
        break;
    case ANSWER_POOL:
        parsed = autoscaling_warm_pool_parse(body, length, "web", view, &token, error);
        break;
    case ANSWER_HOOKS:
    default:
        parsed = autoscaling_hooks_parse(body, length, view, error);
        token = NULL;
        break;
    }
    assert_true(parsed || token == NULL);
    autoscaling_view_free(view);
    return parsed;
}

static void wrong_answers_are_refused(void **state)
{
    static const struct {
        enum answer answer;
        const char *body;
        const char *expected; /* in the message */
    } cases[] = {
        {ANSWER_GROUPS,                                         "",                                     "DescribeAutoScalingGroups: "       },
        {ANSWER_GROUPS,                                         "<html><body>hello</body></html>",      "DescribeAutoScalingGroups: "       },
        {ANSWER_GROUPS,                                         HOOKS_PAGE(""),                         "DescribeAutoScalingGroups: "       },
        {ANSWER_GROUPS,                                         "<DescribeAutoScalingGroupsResponse/>", "no AutoScalingGroups"              },
        {ANSWER_GROUPS,
         GROUPS_PAGE("<member><Instances>" INSTANCE("i-1",                                              "InService") "</Instances></member>",
         ""),
         "no AutoScalingGroupName"},
        {ANSWER_GROUPS,                             GROUPS_PAGE(GROUP("web",                                                                   INSTANCE("",                                                                                           "InService")), ""), "no InstanceId"},
        {ANSWER_POOL,                                          "<DescribeWarmPoolResponse/>", "DescribeWarmPool of web: the answer has no"},
        {ANSWER_POOL,                                                     GROUPS_PAGE("",                                                                                 ""),                                               "DescribeWarmPool of web: "},
        {ANSWER_HOOKS,                                                     "<DescribeLifecycleHooksResponse/>",                                                                                 "no LifecycleHooks"                                                                                                           },
        {ANSWER_HOOKS,                          HOOKS_PAGE("<member>" LAUNCHING "</member>"),                                                                "no name or no group"                                          },
        {ANSWER_HOOKS,                                  HOOKS_PAGE(HOOK(LAUNCHING "<HeartbeatTimeout>soon</HeartbeatTimeout>")),
         "srvTermination of web: HeartbeatTimeout is \"soon\""},
        {ANSWER_HOOKS,                                HOOKS_PAGE(HOOK(LAUNCHING "<HeartbeatTimeout>-1</HeartbeatTimeout>")),
         "HeartbeatTimeout is \"-1\""},
        {ANSWER_HOOKS, HOOKS_PAGE(HOOK(LAUNCHING "<GlobalTimeout>99999999999</GlobalTimeout>")),
         "GlobalTimeout is \"99999999999\""                                                                                                                                                          },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {""};

        if (answer_parse(cases[i].answer, cases[i].body, strlen(cases[i].body), &error)) {
            fail_msg("accepted: %s", cases[i].body);
        }
        if (strstr(error.text, cases[i].expected) == NULL) {
            fail_msg("\"%s\" for %s", error.text, cases[i].body);
        }
    }
}

static void an_answer_that_is_cut_anywhere_is_refused(void **state)
{
    static const struct {
        enum answer answer;
        const char *body;
    } cases[] = {
        {ANSWER_GROUPS,  GROUPS_PAGE(GROUP("web", INSTANCE("i-1", "InService")), "")},
        {ANSWER_POOL, POOL_PAGE(INSTANCE("i-1",                     "Warmed:Stopped"), "")},
        {ANSWER_HOOKS,    HOOKS_PAGE(HOOK(LAUNCHING))  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = strlen(cases[i].body);

        for (size_t cut = 0; cut < length; cut++) {
            if (answer_parse(cases[i].answer, cases[i].body, cut, NULL)) {
                fail_msg("case %zu, cut at %zu", i, cut);
            }
        }
        assert_true(answer_parse(cases[i].answer, cases[i].body, length, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_read_with_their_instances),
        cmocka_unit_test(a_name_that_comes_after_the_instances_counts),
        cmocka_unit_test(pages_are_added_to_one_another),
        cmocka_unit_test(no_groups_at_all_is_an_answer),
        cmocka_unit_test(a_warm_pool_belongs_to_the_group_that_was_asked_for),
        cmocka_unit_test(hooks_are_read_with_their_time_outs),
        cmocka_unit_test(a_transition_that_we_do_not_know_is_no_hook_of_ours),
        cmocka_unit_test(wrong_answers_are_refused),
        cmocka_unit_test(an_answer_that_is_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
