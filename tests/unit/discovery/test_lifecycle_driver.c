/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_lifecycle_driver.c - rounds, calls and refusals of the lifecycle.
 *
 * The functions of discovery/aws/call.h are played here: a call is written down, and the test
 * answers it; two calls at once are an error. Waits are read from the loop and not waited for.
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
#include <time.h>

#include "discovery/aws/call.h"
#include "discovery/lifecycle_driver.h"
#include "discovery/log.h"

enum { POLL_MS = 3600 * 1000, DRAIN_S = 60, LOG_SIZE = 8192 };

/* ---- AWS, as the test plays it ---- */

struct aws_client {
    int unused;
};

struct aws_call {
    aws_done done;
    void *owner;
    char parameters[2048]; /* "Action=CreateTags Version=..." */
};

static struct aws_call *open_call; /* the one under way, NULL: none */
static struct aws_client the_client;
static bool is_answering; /* a `done` is on the stack */
static int64_t ahead_s;   /* AWS's clock against ours */

int64_t aws_client_now_s(const struct aws_client *client)
{
    (void)client;
    return (int64_t)time(NULL) + ahead_s;
}

struct aws_call *aws_call_start(struct aws_client *client, enum aws_service service,
                                const struct aws_parameter *parameters, size_t parameter_count,
                                aws_done done, void *owner)
{
    struct aws_call *call = memory_new(sizeof(*call));
    size_t length = 0;

    assert_ptr_equal(client, &the_client);
    assert_null(open_call);
    *call = (struct aws_call){.done = done, .owner = owner};
    for (size_t i = 0; i < parameter_count; i++) {
        length +=
            (size_t)snprintf(call->parameters + length, sizeof(call->parameters) - length,
                             "%s%s=%s", i == 0 ? "" : " ", parameters[i].name, parameters[i].value);
        assert_true(length < sizeof(call->parameters));
    }
    assert_int_equal(service, strstr(call->parameters, "Tags Version=2016-11-15") != NULL
                                  ? AWS_EC2
                                  : AWS_AUTO_SCALING);
    open_call = call;
    return call;
}

void aws_call_cancel(struct aws_call *call)
{
    assert_false(is_answering);
    assert_ptr_equal(call, open_call);
    open_call = NULL;
    free(call);
}

static void answer(const struct aws_result *result)
{
    struct aws_call *call = open_call;

    assert_non_null(call);
    open_call = NULL;
    is_answering = true;
    call->done(call->owner, result);
    is_answering = false;
    free(call);
}

static void answer_body(const char *body)
{
    answer(&(struct aws_result){.body = body, .body_length = strlen(body)});
}

static void answer_ok(void)
{
    answer_body("<Response/>");
}

static void answer_failure(enum aws_failure_kind kind, const char *code, const char *message)
{
    struct aws_failure failure = {.kind = kind, .status = 400};

    snprintf(failure.code, sizeof(failure.code), "%s", code);
    error_set(&failure.error, "aws: HTTP status 400 %s: %s", code, message);
    answer(&(struct aws_result){.failure = &failure});
}

static void assert_call(const char *expected)
{
    if (open_call == NULL) {
        fail_msg("no call is under way, wanted %s", expected);
    }
    assert_string_equal(open_call->parameters, expected);
}

/* ---- the driver and what it tells ---- */

struct fixture {
    uv_loop_t loop;
    struct lifecycle_driver *driver;
    size_t written;
    char standby[256]; /* "i-1 i-2 " */
    char log[LOG_SIZE];
    char body[4096];
    size_t body_length;
};

static const char *const taken[] = {"web*"};

static struct lifecycle_settings settings = {
    .name = "main",
    .poll_ms = POLL_MS,
    .rules = {.launch_hook = "up",
              .terminate_hook = "down",
              .drain_s = DRAIN_S,
              .groups = taken,
              .group_count = 1,
              .weight_tag = "srv_weight",
              .address_tag = "ip_address",
              .drain_since_tag = "srv_drain_since"},
};

static void on_written(void *owner)
{
    struct fixture *fixture = owner;

    fixture->written++;
}

static void on_standby(void *owner, const char *const *ids, size_t count)
{
    struct fixture *fixture = owner;
    char *end = fixture->standby;

    *end = '\0';
    for (size_t i = 0; i < count; i++) {
        end += snprintf(end, 64, "%s ", ids[i]);
    }
}

static void on_line(void *owner, enum log_level level, const char *line, size_t length)
{
    struct fixture *fixture = owner;

    (void)level;
    (void)length;
    strncat(fixture->log, line, sizeof(fixture->log) - strlen(fixture->log) - 1);
}

static void driver_make(struct fixture *fixture)
{
    const struct lifecycle_listener listener = {fixture, on_written, on_standby};

    fixture->driver = lifecycle_driver_new(&fixture->loop, &the_client, &settings, &listener);
}

static int setup(void **state)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));

    uv_loop_init(&fixture->loop);
    log_set_sink(on_line, fixture);
    ahead_s = 0;
    settings.poll_ms = POLL_MS;
    driver_make(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    lifecycle_driver_stop(fixture->driver);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    assert_null(open_call);
    log_set_sink(NULL, NULL);
    free(fixture);
    return 0;
}

static size_t log_count(const struct fixture *fixture, const char *words)
{
    size_t count = 0;

    for (const char *place = fixture->log; (place = strstr(place, words)) != NULL; place++) {
        count++;
    }
    return count;
}

/* An instance as EC2 shows it; NULL tags are not there. */
struct seen {
    const char *id;
    const char *weight;
    const char *since;
};

/* A look that began some time ago. */
static void take_late(struct fixture *fixture, const struct seen *seen, size_t count,
                      int64_t age_ms)
{
    struct inventory *inventory = inventory_new();

    for (size_t i = 0; i < count; i++) {
        struct instance *instance = inventory_add(inventory);

        instance->id = arena_string(&inventory->arena, seen[i].id);
        instance->group = "web";
        instance->state = STATE_RUNNING;
        instance->private_address = "10.0.0.1";
        instance->weight_tag = arena_string(&inventory->arena, seen[i].weight);
        instance->address_tag = seen[i].weight == NULL ? NULL : "10.0.0.1";
        instance->drain_since_tag = arena_string(&inventory->arena, seen[i].since);
    }
    inventory_finish(inventory);
    lifecycle_driver_take(fixture->driver, inventory, (int64_t)uv_now(&fixture->loop) - age_ms);
}

static void take(struct fixture *fixture, const struct seen *seen, size_t count)
{
    take_late(fixture, seen, count, 0);
}

#define TAKE(fixture, ...)                                                                         \
    take(fixture, (const struct seen[]){__VA_ARGS__},                                              \
         sizeof((const struct seen[]){__VA_ARGS__}) / sizeof(struct seen))

#define GROUPS_CALL "Action=DescribeAutoScalingGroups Version=2011-01-01 MaxRecords=100"

#define GROUPS_BEGIN                                                                               \
    "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups>"
#define GROUPS_END                                                                                 \
    "</AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>"
#define GROUP_BEGIN(name) "<member><AutoScalingGroupName>" name "</AutoScalingGroupName><Instances>"
#define GROUP_END "</Instances></member>"
#define INSTANCE(id, state)                                                                        \
    "<member><InstanceId>" id "</InstanceId><LifecycleState>" state "</LifecycleState></member>"
#define WEB(instances) GROUPS_BEGIN GROUP_BEGIN("web") instances GROUP_END GROUPS_END

#define HOOK(name, transition, heartbeat)                                                          \
    "<member><AutoScalingGroupName>web</AutoScalingGroupName><LifecycleHookName>" name             \
    "</LifecycleHookName><LifecycleTransition>autoscaling:EC2_INSTANCE_" transition                \
    "</LifecycleTransition><HeartbeatTimeout>" heartbeat "</HeartbeatTimeout></member>"
#define HOOKS(hooks)                                                                               \
    "<DescribeLifecycleHooksResponse><DescribeLifecycleHooksResult><LifecycleHooks>" hooks         \
    "</LifecycleHooks></DescribeLifecycleHooksResult></DescribeLifecycleHooksResponse>"
#define OUR_HOOKS HOOKS(HOOK("up", "LAUNCHING", "3600") HOOK("down", "TERMINATING", "3600"))
#define HOOKS_CALL "Action=DescribeLifecycleHooks Version=2011-01-01 AutoScalingGroupName=web"

/* The calls of a look: the first one asks for the hooks as well. */
static void look(const char *groups, bool is_first)
{
    assert_call(GROUPS_CALL);
    answer_body(groups);
    if (is_first) {
        assert_call(HOOKS_CALL);
        answer_body(OUR_HOOKS);
    }
}

#define COMPLETE(hook, id)                                                                         \
    "Action=CompleteLifecycleAction Version=2011-01-01 AutoScalingGroupName=web "                  \
    "LifecycleHookName=" hook " InstanceId=" id " LifecycleActionResult=CONTINUE"

static void assert_wait(struct fixture *fixture, int64_t shortest_ms, int64_t longest_ms)
{
    int64_t wait_ms = 0;

    assert_null(open_call);
    uv_run(&fixture->loop,
           UV_RUN_NOWAIT); /* a fresh loop, or a closing handle, waits for nothing */
    wait_ms = uv_backend_timeout(&fixture->loop);
    /* A slow machine may have used up some of it. */
    if (wait_ms < shortest_ms - 10000 || wait_ms > longest_ms) {
        fail_msg("%lld ms", (long long)wait_ms);
    }
}

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
    since = strstr(open_call->parameters, " Tag.2.Key=srv_drain_since Tag.2.Value=");
    assert_non_null(since);
    snprintf(after, sizeof(after), "%s", strrchr(since, '=') + 1);
    assert_true(strcmp(before, after) <= 0);
    assert_memory_equal(open_call->parameters,
                        "Action=CreateTags Version=2016-11-15 ResourceId.1=i-1 ResourceId.2=i-2 "
                        "Tag.1.Key=srv_weight Tag.1.Value=0 ",
                        (size_t)(since - open_call->parameters));
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
        fixture->log[0] = '\0';
        take(fixture, NULL, 0);
        answer_body(WEB(""));
        answer_body(cases[i].hooks);
        if (cases[i].expected == NULL) {
            assert_string_equal(fixture->log, "");
        } else {
            assert_int_equal(log_count(fixture, cases[i].expected), 1);
        }
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

static void assert_call_is(const char *action, const char *words)
{
    assert_non_null(open_call);
    if (strstr(open_call->parameters, action) == NULL ||
        strstr(open_call->parameters, words) == NULL) {
        fail_msg("%s, wanted %s of %s", open_call->parameters, action, words);
    }
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
    assert_in_range(strtoll(strrchr(open_call->parameters, '=') + 1, NULL, 10),
                    time(NULL) - AHEAD_S - 10, time(NULL) - AHEAD_S + 1);
    answer_ok();
    assert_wait(fixture, (DRAIN_S - 1) * 1000, (DRAIN_S + 1) * 1000);
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
        fixture->log[0] = '\0';
        TAKE(fixture, {"i-1", "1", NULL}, {"i-2", "1", NULL}, {"i-3", "1", NULL},
             {"i-4", "1", NULL});
        look(waiting, true);
        while (open_call != NULL) {
            assert_true(++calls < 10);
            if (strstr(open_call->parameters, "=i-3 ") != NULL) {
                answer_failure(AWS_OTHER, cases[i].code, "i-3");
                continue;
            }
            for (const char *id = open_call->parameters; (id = strstr(id, "=i-")) != NULL; id++) {
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
        assert_non_null(strstr(open_call->parameters, "CompleteLifecycleAction"));
        assert_int_equal(fixture->written, 0);
        answer_ok();
    }
    assert_null(open_call);
    assert_int_equal(fixture->written, 1);
    free(body);
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

static void a_look_that_fails_does_nothing_and_comes_later(void **state)
{
    static const char *const bodies[] = {"", "<html/>", "<DescribeAutoScalingGroupsResponse/>",
                                         GROUPS_BEGIN GROUP_BEGIN("web")
                                             INSTANCE("i-1", "Pending:Wait")};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]) + 1; i++) {
        lifecycle_driver_stop(fixture->driver);
        driver_make(fixture);
        fixture->log[0] = '\0';
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
    assert_non_null(strstr(open_call->parameters, "Action=CreateTags"));
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_asked_before_the_first_look_of_the_source),
        TEST(a_launch_is_tagged_and_goes_on_once_the_tags_are_seen),
        TEST(ends_are_drained_and_untagged_in_one_call_each),
        TEST(every_page_and_every_warm_pool_of_a_taken_group_is_read),
        TEST(hooks_are_asked_for_again_only_while_something_waits_for_ours),
        TEST(a_hook_that_is_shorter_than_the_drain_is_warned_of_at_the_start),
        TEST(an_action_that_was_done_already_is_done),
        TEST(another_refusal_is_final_and_told_once),
        TEST(without_the_right_to_one_action_the_others_go_on),
        TEST(a_right_that_is_missing_in_one_group_keeps_no_other_from_draining),
        TEST(one_server_error_leaves_the_others_their_turn),
        TEST(three_server_errors_end_the_round),
        TEST(an_old_picture_lets_no_instance_go_on),
        TEST(a_look_that_took_longer_than_the_polls_is_not_old),
        TEST(drains_are_timed_by_the_clock_of_aws),
        TEST(of_a_batch_that_is_refused_only_the_guilty_one_is_left_out),
        TEST(a_long_plan_is_cut_so_that_another_look_comes_between),
        TEST(trouble_ends_the_round_and_the_next_one_comes_later),
        TEST(a_look_that_fails_does_nothing_and_comes_later),
        TEST(a_token_that_comes_again_is_a_failure),
        TEST(without_the_right_to_look_there_is_one_alarm_in_five_minutes),
        TEST(a_group_that_goes_during_a_look_is_skipped),
        TEST(stopped_during_any_call_it_says_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
