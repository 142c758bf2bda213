/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_look.c - a chain of calls: the groups' pages, then group by group the warm
 * pool's pages and the hooks.
 */

#include "discovery/lifecycle_look.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/lifecycle_hooks.h"
#include "discovery/log.h"
#include "discovery/membership.h"

enum { MS_IN_S = 1000, PARAMETERS_MAX = 5 };

enum look_step { STEP_GROUPS, STEP_WARM_POOL, STEP_HOOKS };

struct lifecycle_look {
    uv_loop_t *loop;
    struct aws_client *client;
    const struct lifecycle_settings *settings;
    lifecycle_look_done done;
    void *owner;
    struct aws_call *call;         /* NULL: none under way */
    struct autoscaling_view *view; /* NULL: no look under way */
    enum look_step step;
    size_t group;                         /* whose warm pool or hooks are asked for */
    const char *tokens[LOOK_PAGES_LIMIT]; /* of this step; in the view's arena */
    size_t token_count;
    struct hook_shelf hooks;
    size_t first_left; /* groups whose hooks are wanted to check their time-outs; 0 after a look */
};

static void on_answer(void *owner, const struct aws_result *result);

static const char *group_name(const struct lifecycle_look *look)
{
    return look->view->groups[look->group].name;
}

static void call_start(struct lifecycle_look *look)
{
    static const char *const actions[] = {
        [STEP_GROUPS] = "DescribeAutoScalingGroups",
        [STEP_WARM_POOL] = "DescribeWarmPool",
        [STEP_HOOKS] = "DescribeLifecycleHooks",
    };
    static const char *const page_sizes[] = {
        [STEP_GROUPS] = "100", [STEP_WARM_POOL] = "50", [STEP_HOOKS] = NULL};
    struct aws_parameter parameters[PARAMETERS_MAX] = {
        {"Action",  actions[look->step]},
        {"Version", "2011-01-01"       }
    };
    size_t count = 2;

    if (look->step != STEP_GROUPS) {
        parameters[count++] = (struct aws_parameter){"AutoScalingGroupName", group_name(look)};
    }
    if (page_sizes[look->step] != NULL) {
        parameters[count++] = (struct aws_parameter){"MaxRecords", page_sizes[look->step]};
    }
    if (look->token_count > 0) {
        parameters[count++] =
            (struct aws_parameter){"NextToken", look->tokens[look->token_count - 1]};
    }
    look->call = aws_call_start(look->client, AWS_AUTO_SCALING, parameters, count, on_answer, look);
}

static void look_fail(struct lifecycle_look *look, const struct aws_failure *failure)
{
    autoscaling_view_free(look->view);
    look->view = NULL;
    look->done(look->owner, NULL, failure);
}

static void look_fail_reading(struct lifecycle_look *look, const struct error *error)
{
    struct aws_failure failure = {.kind = AWS_OTHER, .status = 200, .error = *error};

    look_fail(look, &failure);
}

static bool group_waits(const struct lifecycle_look *look, const char *group)
{
    const struct autoscaling_view *view = look->view;

    for (size_t i = 0; i < view->instance_count; i++) {
        enum lifecycle_state state = view->instances[i].state;

        if ((state == LIFECYCLE_PENDING_WAIT || state == LIFECYCLE_TERMINATING_WAIT ||
             state == LIFECYCLE_WARMED_WAIT) &&
            strcmp(view->instances[i].group, group) == 0) {
            return true;
        }
    }
    return false;
}

/* True: a call was started for this group's hooks. What is kept goes into the view at once. */
static bool hooks_begin(struct lifecycle_look *look)
{
    const char *group = group_name(look);
    int64_t now_s = (int64_t)uv_now(look->loop) / MS_IN_S;

    if (look->first_left == 0 && !group_waits(look, group)) {
        return false;
    }
    if (hook_shelf_use(&look->hooks, group, now_s, look->view)) {
        return false;
    }
    look->first_left -= look->first_left > 0;
    look->step = STEP_HOOKS;
    look->token_count = 0;
    call_start(look);
    return true;
}

/* Go on with group `look->group` at `step`; at the end of the groups the look is done. */
static void groups_go_on(struct lifecycle_look *look, enum look_step step)
{
    const struct lifecycle_rules *rules = &look->settings->rules;
    struct autoscaling_view *view = look->view;

    for (; look->group < view->group_count; look->group++, step = STEP_WARM_POOL) {
        if (!group_is_taken(rules->groups, rules->group_count, group_name(look))) {
            continue;
        }
        if (step == STEP_WARM_POOL && view->groups[look->group].has_warm_pool) {
            look->step = STEP_WARM_POOL;
            look->token_count = 0;
            call_start(look);
            return;
        }
        if (hooks_begin(look)) {
            return;
        }
    }
    look->view = NULL;
    look->first_left = 0;
    hook_shelf_tidy(&look->hooks, (int64_t)uv_now(look->loop) / MS_IN_S);
    autoscaling_view_finish(view);
    look->done(look->owner, view, NULL);
}

static void step_end(struct lifecycle_look *look)
{
    switch (look->step) {
    case STEP_GROUPS:
        look->group = 0;
        groups_go_on(look, STEP_WARM_POOL);
        break;
    case STEP_WARM_POOL:
        groups_go_on(look, STEP_HOOKS);
        break;
    case STEP_HOOKS:
        look->group++;
        groups_go_on(look, STEP_WARM_POOL);
        break;
    }
}

static bool page_read(struct lifecycle_look *look, const struct aws_result *result,
                      const char **next_token, struct error *error)
{
    int64_t now_s = (int64_t)uv_now(look->loop) / MS_IN_S;

    *next_token = NULL;
    switch (look->step) {
    case STEP_GROUPS:
        return autoscaling_groups_parse(result->body, result->body_length, look->view, next_token,
                                        error);
    case STEP_WARM_POOL:
        return autoscaling_warm_pool_parse(result->body, result->body_length, group_name(look),
                                           look->view, next_token, error);
    case STEP_HOOKS:
        break;
    }
    return hook_shelf_put(&look->hooks, group_name(look), now_s, result, look->view, error);
}

/* A token that comes again would have us go round for ever. */
static bool token_add(struct lifecycle_look *look, const char *token, struct error *error)
{
    for (size_t i = 0; i < look->token_count; i++) {
        if (strcmp(look->tokens[i], token) == 0) {
            return error_set(error, "autoscaling: its NextToken is that of page %zu", i + 1);
        }
    }
    if (look->token_count == LOOK_PAGES_LIMIT) {
        return error_set(error, "autoscaling: more than %d pages", LOOK_PAGES_LIMIT);
    }
    look->tokens[look->token_count++] = token;
    return true;
}

static void on_answer(void *owner, const struct aws_result *result)
{
    struct lifecycle_look *look = owner;
    const char *next_token = NULL;
    struct error error;

    look->call = NULL;
    if (result->failure != NULL) {
        if (look->step == STEP_GROUPS || result->failure->kind != AWS_OTHER) {
            look_fail(look, result->failure);
            return;
        }
        /* The group went between two calls: nothing is known of it, the others count. */
        log_event(LEVEL_INFO, "group skipped", log_text("source", look->settings->name),
                  log_text("group", group_name(look)),
                  log_text("error", result->failure->error.text));
        look->group++;
        groups_go_on(look, STEP_WARM_POOL);
        return;
    }
    if (!page_read(look, result, &next_token, &error) ||
        (next_token != NULL && !token_add(look, next_token, &error))) {
        look_fail_reading(look, &error);
    } else if (next_token == NULL) {
        step_end(look);
    } else {
        call_start(look);
    }
}

void lifecycle_look_start(struct lifecycle_look *look)
{
    look->view = autoscaling_view_new();
    look->step = STEP_GROUPS;
    look->token_count = 0;
    call_start(look);
}

struct lifecycle_look *lifecycle_look_new(uv_loop_t *loop, struct aws_client *client,
                                          const struct lifecycle_settings *settings,
                                          lifecycle_look_done done, void *owner)
{
    struct lifecycle_look *look = memory_new(sizeof(*look));

    *look = (struct lifecycle_look){.loop = loop,
                                    .client = client,
                                    .settings = settings,
                                    .done = done,
                                    .owner = owner,
                                    .hooks = {.settings = settings},
                                    .first_left = LOOK_FIRST_HOOKS_MAX};
    return look;
}

void lifecycle_look_free(struct lifecycle_look *look)
{
    if (look->call != NULL) {
        aws_call_cancel(look->call);
    }
    autoscaling_view_free(look->view);
    hook_shelf_free(&look->hooks);
    free(look);
}
