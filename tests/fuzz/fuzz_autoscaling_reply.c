/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_autoscaling_reply.c - any octets as the answers of Auto Scaling: groups, a warm
 * pool, lifecycle hooks.
 */

#include "discovery/aws/autoscaling_reply.h"
#include "tests/fuzz/reply.h"

static void view_digest(struct outcome *outcome, struct autoscaling_view *view)
{
    autoscaling_view_finish(view);
    for (size_t i = 0; i < view->group_count; i++) {
        outcome_add(outcome, view->groups[i].name);
        outcome_add_number(outcome, view->groups[i].has_warm_pool);
        expect(view->groups[i].name != NULL, "a group has a name");
    }
    for (size_t i = 0; i < view->instance_count; i++) {
        const struct autoscaling_instance *instance = &view->instances[i];

        expect(instance->id != NULL && instance->group != NULL && instance->state_text != NULL,
               "an instance is known by id, group and state");
        expect(i == 0 || strcmp(instance[-1].id, instance->id) < 0, "ids are in order, each once");
        outcome_add(outcome, instance->id);
        outcome_add(outcome, instance->group);
        outcome_add(outcome, instance->state_text);
        outcome_add_number(outcome, (int64_t)instance->state);
        outcome_add_number(outcome, instance->is_terminating);
    }
    for (size_t i = 0; i < view->hook_count; i++) {
        const struct autoscaling_hook *hook = &view->hooks[i];

        expect(hook->group != NULL && hook->name != NULL, "a hook is known by group and name");
        expect(hook->heartbeat_timeout_s > 0 && hook->global_timeout_s > 0, "a hook has its times");
        expect(autoscaling_view_hook(view, hook->group, hook->name, hook->is_terminating) != NULL,
               "a hook is found");
        outcome_add(outcome, hook->name);
        outcome_add_number(outcome, hook->heartbeat_timeout_s);
        outcome_add_number(outcome, hook->global_timeout_s);
    }
}

static void groups_read(struct outcome *outcome, const char *body, size_t length)
{
    struct autoscaling_view *view = autoscaling_view_new();
    const char *next_token = NULL;

    outcome->is_taken = autoscaling_groups_parse(body, length, view, &next_token, &outcome->error);
    if (outcome->is_taken) {
        outcome_add(outcome, next_token);
        view_digest(outcome, view);
    }
    autoscaling_view_free(view);
}

static void warm_pool_read(struct outcome *outcome, const char *body, size_t length)
{
    struct autoscaling_view *view = autoscaling_view_new();
    const char *next_token = NULL;

    outcome->is_taken =
        autoscaling_warm_pool_parse(body, length, "web", view, &next_token, &outcome->error);
    if (outcome->is_taken) {
        outcome_add(outcome, next_token);
        view_digest(outcome, view);
    }
    autoscaling_view_free(view);
}

static void hooks_read(struct outcome *outcome, const char *body, size_t length)
{
    struct autoscaling_view *view = autoscaling_view_new();

    outcome->is_taken = autoscaling_hooks_parse(body, length, view, &outcome->error);
    if (outcome->is_taken) {
        view_digest(outcome, view);
    }
    autoscaling_view_free(view);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    reply_try(groups_read, octets, length);
    reply_try(warm_pool_read, octets, length);
    reply_try(hooks_read, octets, length);
    return 0;
}
