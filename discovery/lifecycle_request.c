/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_request.c - from actions to parameters.
 */

#include "discovery/lifecycle_request.h"

#include <inttypes.h>

#include "discovery/tag_request.h"

enum { TAGS_MAX = 3, HOOK_PARAMETERS_MAX = 6 };

size_t lifecycle_request_limit(enum lifecycle_action_kind kind)
{
    switch (kind) {
    case ACTION_TAG_DRAIN:
    case ACTION_UNTAG_DRAIN:
    case ACTION_UNTAG:
        return TAG_WRITE_MAX;
    case ACTION_TAG_LAUNCH: /* each has its own address */
    case ACTION_CONTINUE:
    case ACTION_HEARTBEAT:
        break;
    }
    return 1;
}

static void hook_build(struct lifecycle_request *request, const struct lifecycle_action *action,
                       struct arena *arena)
{
    struct aws_parameter *next = arena_array(arena, HOOK_PARAMETERS_MAX, sizeof(*next));
    bool is_continue = action->kind == ACTION_CONTINUE;

    request->service = AWS_AUTO_SCALING;
    request->parameters = next;
    *next++ = (struct aws_parameter){"Action", is_continue ? "CompleteLifecycleAction"
                                                           : "RecordLifecycleActionHeartbeat"};
    *next++ = (struct aws_parameter){"Version", "2011-01-01"};
    *next++ = (struct aws_parameter){"AutoScalingGroupName", action->group};
    *next++ = (struct aws_parameter){"LifecycleHookName", action->hook};
    *next++ = (struct aws_parameter){"InstanceId", action->id};
    if (is_continue) {
        *next++ = (struct aws_parameter){"LifecycleActionResult", "CONTINUE"};
    }
    request->count = (size_t)(next - request->parameters);
}

static size_t tags_fill(struct tag tags[TAGS_MAX], const struct lifecycle_action *action,
                        const struct lifecycle_rules *rules, int64_t now_s, struct arena *arena)
{
    switch (action->kind) {
    case ACTION_TAG_LAUNCH:
        tags[0] = (struct tag){rules->weight_tag, "65535"};
        tags[1] = (struct tag){rules->address_tag, action->address};
        return 2;
    case ACTION_TAG_DRAIN:
        tags[0] = (struct tag){rules->weight_tag, "0"};
        /* The end of the current second: a drain that is timed in whole seconds is not cut short.
         */
        tags[1] = (struct tag){rules->drain_since_tag, arena_format(arena, "%" PRId64, now_s + 1)};
        return 2;
    case ACTION_UNTAG_DRAIN:
        tags[0] = (struct tag){rules->drain_since_tag, NULL};
        return 1;
    default:
        tags[0] = (struct tag){rules->weight_tag, NULL};
        tags[1] = (struct tag){rules->address_tag, NULL};
        tags[2] = (struct tag){rules->drain_since_tag, NULL};
        return TAGS_MAX;
    }
}

void lifecycle_request_build(struct lifecycle_request *request,
                             const struct lifecycle_action *const *actions, size_t count,
                             const struct lifecycle_rules *rules, int64_t now_s,
                             struct arena *arena)
{
    const char **ids = arena_array(arena, count, sizeof(*ids));
    struct tag tags[TAGS_MAX];
    struct tag_order order = {.ids = ids, .id_count = count, .tags = tags};
    struct tag_request tag_request;

    if (actions[0]->kind == ACTION_CONTINUE || actions[0]->kind == ACTION_HEARTBEAT) {
        hook_build(request, actions[0], arena);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ids[i] = actions[i]->id;
    }
    order.tag_count = tags_fill(tags, actions[0], rules, now_s, arena);
    /* It cannot fail: there are ids and keys, and values for all of the keys or for none. */
    (void)tag_request_build(&tag_request, &order, 0, count, arena, NULL);
    *request = (struct lifecycle_request){
        .service = AWS_EC2, .parameters = tag_request.parameters, .count = tag_request.count};
}
