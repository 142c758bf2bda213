/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/autoscaling_reply.c - the grammars of three answers and what their elements mean.
 *
 * Elements may come in any order: a thing is put together when its element ends, and the instances
 * of a group learn its name then.
 */

#include "discovery/aws/autoscaling_reply.h"

#include <string.h>

#include "discovery/aws/autoscaling_view.h"
#include "discovery/aws/xml.h"

enum {
    /* PutLifecycleHook: what holds when no time-out was set. */
    HEARTBEAT_DEFAULT_S = 3600,
    /* The whole wait is 48 hours or 100 heartbeats, whichever is less. */
    GLOBAL_TIMEOUT_MAX_S = 48 * 3600,
    GLOBAL_TIMEOUT_HEARTBEATS = 100,
    /* Far above both limits above; a longer number is damage. */
    SECONDS_MAX_DIGITS = 9,
};

enum element {
    ELEMENT_LIST,
    ELEMENT_NEXT_TOKEN,
    ELEMENT_GROUP,
    ELEMENT_GROUP_NAME,
    ELEMENT_WARM_POOL,
    ELEMENT_INSTANCE,
    ELEMENT_INSTANCE_ID,
    ELEMENT_INSTANCE_STATE,
    ELEMENT_HOOK,
    ELEMENT_HOOK_GROUP,
    ELEMENT_HOOK_NAME,
    ELEMENT_HOOK_TRANSITION,
    ELEMENT_HOOK_HEARTBEAT,
    ELEMENT_HOOK_GLOBAL,
};

#define GROUPS "DescribeAutoScalingGroupsResponse/DescribeAutoScalingGroupsResult"
#define GROUP GROUPS "/AutoScalingGroups/member"
#define POOL "DescribeWarmPoolResponse/DescribeWarmPoolResult"
#define HOOKS "DescribeLifecycleHooksResponse/DescribeLifecycleHooksResult"
#define HOOK HOOKS "/LifecycleHooks/member"

static const struct xml_row GROUPS_ROWS[] = {
    {GROUPS "/AutoScalingGroups",              ELEMENT_LIST,           XML_ROW_GROUP},
    {GROUPS "/NextToken",                      ELEMENT_NEXT_TOKEN,     XML_ROW_TEXT },
    {GROUP,                                    ELEMENT_GROUP,          XML_ROW_GROUP},
    {GROUP "/AutoScalingGroupName",            ELEMENT_GROUP_NAME,     XML_ROW_TEXT },
    {GROUP "/WarmPoolConfiguration",           ELEMENT_WARM_POOL,      XML_ROW_GROUP},
    {GROUP "/Instances/member",                ELEMENT_INSTANCE,       XML_ROW_GROUP},
    {GROUP "/Instances/member/InstanceId",     ELEMENT_INSTANCE_ID,    XML_ROW_TEXT },
    {GROUP "/Instances/member/LifecycleState", ELEMENT_INSTANCE_STATE, XML_ROW_TEXT },
};

static const struct xml_row POOL_ROWS[] = {
    {POOL "/Instances",                       ELEMENT_LIST,           XML_ROW_GROUP},
    {POOL "/NextToken",                       ELEMENT_NEXT_TOKEN,     XML_ROW_TEXT },
    {POOL "/Instances/member",                ELEMENT_INSTANCE,       XML_ROW_GROUP},
    {POOL "/Instances/member/InstanceId",     ELEMENT_INSTANCE_ID,    XML_ROW_TEXT },
    {POOL "/Instances/member/LifecycleState", ELEMENT_INSTANCE_STATE, XML_ROW_TEXT },
};

static const struct xml_row HOOKS_ROWS[] = {
    {HOOKS "/LifecycleHooks",      ELEMENT_LIST,            XML_ROW_GROUP},
    {HOOK,                         ELEMENT_HOOK,            XML_ROW_GROUP},
    {HOOK "/AutoScalingGroupName", ELEMENT_HOOK_GROUP,      XML_ROW_TEXT },
    {HOOK "/LifecycleHookName",    ELEMENT_HOOK_NAME,       XML_ROW_TEXT },
    {HOOK "/LifecycleTransition",  ELEMENT_HOOK_TRANSITION, XML_ROW_TEXT },
    {HOOK "/HeartbeatTimeout",     ELEMENT_HOOK_HEARTBEAT,  XML_ROW_TEXT },
    {HOOK "/GlobalTimeout",        ELEMENT_HOOK_GLOBAL,     XML_ROW_TEXT },
};

#define GRAMMAR_OF(rows)                                                                           \
    {                                                                                              \
        rows, sizeof(rows) / sizeof((rows)[0])                                                     \
    }
static const struct xml_grammar GROUPS_GRAMMAR = GRAMMAR_OF(GROUPS_ROWS);
static const struct xml_grammar POOL_GRAMMAR = GRAMMAR_OF(POOL_ROWS);
static const struct xml_grammar HOOKS_GRAMMAR = GRAMMAR_OF(HOOKS_ROWS);

struct reply {
    struct autoscaling_view *view;
    bool has_list; /* also an empty one is there in a right answer */
    const char *next_token;

    /* The group that is being read; of a warm pool, the one that was asked for. */
    const char *group;
    bool has_warm_pool;
    size_t first_instance;

    const char *instance_id;
    const char *instance_state;

    struct autoscaling_hook hook;
    const char *hook_transition;
    const char *hook_heartbeat;
    const char *hook_global;
};

/* For elements of which an empty one says the same as none. */
static const char *text_keep(struct reply *reply, const struct xml_event *event)
{
    if (event->length == 0) {
        return NULL;
    }
    return arena_string_of(&reply->view->arena, event->text, event->length);
}

static bool group_end(struct reply *reply, struct error *error)
{
    struct autoscaling_view *view = reply->view;

    if (reply->group == NULL) {
        return error_set(error, "a group has no AutoScalingGroupName");
    }
    for (size_t i = reply->first_instance; i < view->instance_count; i++) {
        view->instances[i].group = reply->group;
    }
    *autoscaling_view_new_group(view) = (struct autoscaling_group){
        .name = reply->group,
        .has_warm_pool = reply->has_warm_pool,
    };
    return true;
}

static bool instance_end(struct reply *reply, struct error *error)
{
    if (reply->instance_id == NULL) {
        return error_set(error, "an instance has no InstanceId");
    }
    autoscaling_view_add_instance(reply->view, reply->instance_id, reply->group,
                                  reply->instance_state);
    return true;
}

/* Strict decimal digits; no text leaves `*seconds` as it is. */
static bool seconds_read(const char *text, int64_t *seconds)
{
    int64_t value = 0;

    if (text == NULL) {
        return true;
    }
    if (strlen(text) > SECONDS_MAX_DIGITS || strspn(text, "0123456789") != strlen(text)) {
        return false;
    }
    for (const char *digit = text; *digit != '\0'; digit++) {
        value = value * 10 + (*digit - '0');
    }
    *seconds = value;
    return true;
}

static bool hook_end(struct reply *reply, struct error *error)
{
    struct autoscaling_hook *hook = &reply->hook;
    const char *transition = reply->hook_transition == NULL ? "" : reply->hook_transition;

    if (hook->name == NULL || hook->group == NULL) {
        return error_set(error, "a lifecycle hook has no name or no group");
    }
    hook->is_terminating = strcmp(transition, "autoscaling:EC2_INSTANCE_TERMINATING") == 0;
    if (!hook->is_terminating && strcmp(transition, "autoscaling:EC2_INSTANCE_LAUNCHING") != 0) {
        return true; /* a transition of days to come: a hook that cannot be ours */
    }
    hook->heartbeat_timeout_s = HEARTBEAT_DEFAULT_S;
    if (!seconds_read(reply->hook_heartbeat, &hook->heartbeat_timeout_s)) {
        return error_set(error, "lifecycle hook %s of %s: HeartbeatTimeout is \"%s\"", hook->name,
                         hook->group, reply->hook_heartbeat);
    }
    hook->global_timeout_s = hook->heartbeat_timeout_s * GLOBAL_TIMEOUT_HEARTBEATS;
    if (hook->global_timeout_s > GLOBAL_TIMEOUT_MAX_S) {
        hook->global_timeout_s = GLOBAL_TIMEOUT_MAX_S;
    }
    if (!seconds_read(reply->hook_global, &hook->global_timeout_s)) {
        return error_set(error, "lifecycle hook %s of %s: GlobalTimeout is \"%s\"", hook->name,
                         hook->group, reply->hook_global);
    }
    autoscaling_view_add_hook(reply->view, hook);
    return true;
}

static void element_begin(struct reply *reply, int id)
{
    switch (id) {
    case ELEMENT_LIST:
        reply->has_list = true;
        break;
    case ELEMENT_GROUP:
        reply->group = NULL;
        reply->has_warm_pool = false;
        reply->first_instance = reply->view->instance_count;
        break;
    case ELEMENT_WARM_POOL:
        reply->has_warm_pool = true;
        break;
    case ELEMENT_INSTANCE:
        reply->instance_id = NULL;
        reply->instance_state = NULL;
        break;
    case ELEMENT_HOOK:
        reply->hook = (struct autoscaling_hook){.name = NULL};
        reply->hook_transition = NULL;
        reply->hook_heartbeat = NULL;
        reply->hook_global = NULL;
        break;
    default:
        break;
    }
}

static bool element_end(struct reply *reply, int id, struct error *error)
{
    switch (id) {
    case ELEMENT_GROUP:
        return group_end(reply, error);
    case ELEMENT_INSTANCE:
        return instance_end(reply, error);
    case ELEMENT_HOOK:
        return hook_end(reply, error);
    default:
        return true;
    }
}

static void element_text(struct reply *reply, const struct xml_event *event)
{
    const char *unwanted = NULL;
    const char **field = &unwanted;

    switch (event->id) {
    case ELEMENT_NEXT_TOKEN:
        field = &reply->next_token;
        break;
    case ELEMENT_GROUP_NAME:
        field = &reply->group;
        break;
    case ELEMENT_INSTANCE_ID:
        field = &reply->instance_id;
        break;
    case ELEMENT_INSTANCE_STATE:
        field = &reply->instance_state;
        break;
    case ELEMENT_HOOK_GROUP:
        field = &reply->hook.group;
        break;
    case ELEMENT_HOOK_NAME:
        field = &reply->hook.name;
        break;
    case ELEMENT_HOOK_TRANSITION:
        field = &reply->hook_transition;
        break;
    case ELEMENT_HOOK_HEARTBEAT:
        field = &reply->hook_heartbeat;
        break;
    case ELEMENT_HOOK_GLOBAL:
        field = &reply->hook_global;
        break;
    default:
        break;
    }
    *field = text_keep(reply, event);
}

static bool on_event(void *owner, const struct xml_event *event, struct error *error)
{
    struct reply *reply = owner;

    switch (event->kind) {
    case XML_BEGIN:
        element_begin(reply, event->id);
        return true;
    case XML_END:
        return element_end(reply, event->id, error);
    case XML_TEXT:
        element_text(reply, event);
        return true;
    }
    return true;
}

/* `list`: what a right answer holds even when there is nothing to tell. */
static bool page_parse(const char *body, size_t length, const struct xml_grammar *grammar,
                       const char *list, struct reply *reply, struct error *error)
{
    if (!xml_parse(body, length, grammar, on_event, reply, error)) {
        return false;
    }
    if (!reply->has_list) {
        return error_set(error, "the answer has no %s", list);
    }
    return true;
}

bool autoscaling_groups_parse(const char *body, size_t length, struct autoscaling_view *view,
                              const char **next_token, struct error *error)
{
    struct reply reply = {.view = view};
    bool parsed = page_parse(body, length, &GROUPS_GRAMMAR, "AutoScalingGroups", &reply, error);

    *next_token = parsed ? reply.next_token : NULL;
    return parsed || error_prefix(error, "DescribeAutoScalingGroups");
}

bool autoscaling_warm_pool_parse(const char *body, size_t length, const char *group,
                                 struct autoscaling_view *view, const char **next_token,
                                 struct error *error)
{
    struct reply reply = {.view = view, .group = group};
    bool parsed = page_parse(body, length, &POOL_GRAMMAR, "Instances", &reply, error);

    *next_token = parsed ? reply.next_token : NULL;
    return parsed || error_prefix(error, "DescribeWarmPool of %s", group);
}

bool autoscaling_hooks_parse(const char *body, size_t length, struct autoscaling_view *view,
                             struct error *error)
{
    struct reply reply = {.view = view};
    bool parsed = page_parse(body, length, &HOOKS_GRAMMAR, "LifecycleHooks", &reply, error);

    return parsed || error_prefix(error, "DescribeLifecycleHooks");
}
