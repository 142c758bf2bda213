/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/lifecycle_bench.h - a lifecycle driver, and Auto Scaling and EC2 as the test
 * plays them; two calls at once are an error. Waits are read from the loop and not waited for.
 */

#ifndef TESTS_UNIT_DISCOVERY_LIFECYCLE_BENCH_H
#define TESTS_UNIT_DISCOVERY_LIFECYCLE_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "discovery/lifecycle_driver.h"
#include "tests/unit/discovery/heard_log.h"
#include "tests/unit/discovery/played_aws.h"

enum { POLL_MS = 3600 * 1000, DRAIN_S = 60 };

/* ---- AWS, as the test plays it ---- */

static struct aws_call *open_call; /* the one under way, NULL: none */
static int64_t ahead_s;            /* AWS's clock against ours */

int64_t aws_client_now_s(const struct aws_client *client)
{
    (void)client;
    return (int64_t)time(NULL) + ahead_s;
}

struct aws_call *aws_call_start(struct aws_client *client, enum aws_service service,
                                const struct aws_parameter *parameters, size_t parameter_count,
                                aws_done done, void *owner)
{
    struct aws_call *call =
        played_form(client, &open_call, parameters, parameter_count, done, owner);

    assert_int_equal(service, strstr(call->asked, "Tags Version=2016-11-15") != NULL
                                  ? AWS_EC2
                                  : AWS_AUTO_SCALING);
    return call;
}

static inline void answer_body(const char *body)
{
    played_body(&open_call, body);
}

static inline void answer_ok(void)
{
    answer_body("<Response/>");
}

static inline void answer_failure(enum aws_failure_kind kind, const char *code, const char *message)
{
    struct aws_failure failure = {.kind = kind, .status = 400};

    snprintf(failure.code, sizeof(failure.code), "%s", code);
    error_set(&failure.error, "aws: HTTP status 400 %s: %s", code, message);
    played_answer(&open_call, &(struct aws_result){.failure = &failure});
}

static inline void assert_call(const char *expected)
{
    if (open_call == NULL) {
        fail_msg("no call is under way, wanted %s", expected);
    }
    assert_string_equal(open_call->asked, expected);
}

static inline void assert_call_is(const char *action, const char *words)
{
    assert_non_null(open_call);
    if (strstr(open_call->asked, action) == NULL || strstr(open_call->asked, words) == NULL) {
        fail_msg("%s, wanted %s of %s", open_call->asked, action, words);
    }
}

/* ---- the driver and what it tells ---- */

struct fixture {
    uv_loop_t loop;
    struct lifecycle_driver *driver;
    size_t written;
    char standby[256]; /* "i-1 i-2 " */
    struct heard_log log;
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

static inline void on_written(void *owner)
{
    struct fixture *fixture = owner;

    fixture->written++;
}

static inline void on_standby(void *owner, const char *const *ids, size_t count)
{
    struct fixture *fixture = owner;
    char *end = fixture->standby;

    *end = '\0';
    for (size_t i = 0; i < count; i++) {
        end += snprintf(end, 64, "%s ", ids[i]);
    }
}

static inline void driver_make(struct fixture *fixture)
{
    const struct lifecycle_listener listener = {fixture, on_written, on_standby};

    fixture->driver = lifecycle_driver_new(&fixture->loop, &the_client, &settings, &listener);
}

static inline int setup(void **state)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));

    uv_loop_init(&fixture->loop);
    log_set_sink(heard_log_add, &fixture->log);
    ahead_s = 0;
    settings.poll_ms = POLL_MS;
    driver_make(fixture);
    *state = fixture;
    return 0;
}

static inline int teardown(void **state)
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

static inline size_t log_count(const struct fixture *fixture, const char *words)
{
    return heard_log_count(&fixture->log, words);
}

/* An instance as EC2 shows it; NULL tags are not there. */
struct seen {
    const char *id;
    const char *weight;
    const char *since;
};

/* A look that began some time ago. */
static inline void take_late(struct fixture *fixture, const struct seen *seen, size_t count,
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

static inline void take(struct fixture *fixture, const struct seen *seen, size_t count)
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
static inline void look(const char *groups, bool is_first)
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

static inline void assert_wait(struct fixture *fixture, int64_t shortest_ms, int64_t longest_ms)
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

#define LIFECYCLE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

#endif
