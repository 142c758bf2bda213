/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_work.c - a walk over the plan, kind by kind, one call after the other.
 *
 * Tags are written by the requests of lifecycle_request.h, not through tag_writer.h: that one stays
 * with an order until it is done, while here a throttled call must not keep a heartbeat waiting.
 */

#include "discovery/lifecycle_work.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "discovery/lifecycle_request.h"
#include "discovery/log.h"
#include "discovery/tag_writer.h"

/* A heartbeat or a drain that comes late does harm, a tag that stays a second longer does not. */
static const enum lifecycle_action_kind KINDS[] = {
    ACTION_HEARTBEAT, ACTION_TAG_DRAIN,   ACTION_TAG_LAUNCH,
    ACTION_CONTINUE,  ACTION_UNTAG_DRAIN, ACTION_UNTAG,
};

enum {
    KIND_COUNT = sizeof(KINDS) / sizeof(KINDS[0]),
    MS_IN_S = 1000,
    /* In one plan: one or two may be about the instances in their calls, three are AWS's own
     * trouble, which more calls would make worse. */
    SERVER_ERRORS_MAX = 3,
    /* Within a day a right that is still missing is not told again; groups come and go for ever. */
    DENIAL_FORGET_S = 24 * 3600,
};

/* A right that is missing: policies tell groups apart, by their names or their tags. */
struct denial {
    LIST_ENTRY(denial) in_work;
    enum lifecycle_action_kind kind;
    char *group;
    int64_t until_ms; /* the loop's clock */
};

struct lifecycle_work {
    uv_loop_t *loop;
    struct aws_client *client;
    const struct lifecycle_settings *settings;
    struct lifecycle_memory *memory;
    lifecycle_work_done done;
    void *owner;

    struct aws_call *call; /* NULL: none under way */

    const struct lifecycle_plan *plan; /* NULL: nothing is under way */
    bool *is_settled;                  /* for each action: not to be tried in this plan again */
    size_t kind;                       /* index into KINDS */
    const struct lifecycle_action **batch;
    size_t batch_count;
    int64_t started_ms; /* the loop's clock */
    size_t call_count;
    size_t batch_max; /* of this kind; less after a refusal, to find out who is to blame */
    size_t server_error_count;
    LIST_HEAD(, denial) denials;
    struct lifecycle_work_result result;
};

static void work_go_on(struct lifecycle_work *work);

static void work_end(struct lifecycle_work *work)
{
    free(work->is_settled);
    free(work->batch);
    work->is_settled = NULL;
    work->batch = NULL;
    work->plan = NULL;
    work->done(work->owner, work->result);
}

/* What there is to come will fail as well, or would make things worse. */
static void work_end_early(struct lifecycle_work *work)
{
    work->result.try_later = true;
    work_end(work);
}

static void action_log(const struct lifecycle_work *work, enum log_level level, const char *event,
                       const struct lifecycle_action *action, const char *error)
{
    log_event(level, event, log_text("source", work->settings->name),
              log_text("action", lifecycle_action_name(action->kind)),
              log_text("instance", action->id), log_text("group", action->group),
              log_text("hook", action->hook), log_text("error", error));
}

static void action_settle(struct lifecycle_work *work, const struct lifecycle_action *action)
{
    work->is_settled[action - work->plan->actions] = true;
}

static void action_done(struct lifecycle_work *work, const struct lifecycle_action *action,
                        const char *event)
{
    lifecycle_note(work->memory, action, aws_client_now_s(work->client), false);
    action_settle(work, action);
    log_event(LEVEL_INFO, event, log_text("source", work->settings->name),
              log_text("action", lifecycle_action_name(action->kind)),
              log_text("instance", action->id), log_text("group", action->group));
}

static void action_refused(struct lifecycle_work *work, const struct lifecycle_action *action,
                           const struct error *error)
{
    lifecycle_note(work->memory, action, aws_client_now_s(work->client), true);
    action_settle(work, action);
    action_log(work, LEVEL_ERROR, "lifecycle action refused, not tried again", action, error->text);
}

/* ---- missing rights ---- */

static struct denial *denial_find(const struct lifecycle_work *work,
                                  const struct lifecycle_action *action)
{
    struct denial *denial;

    LIST_FOREACH(denial, &work->denials, in_work)
    {
        if (denial->kind == action->kind && strcmp(denial->group, action->group) == 0) {
            return denial;
        }
    }
    return NULL;
}

static bool action_is_denied(const struct lifecycle_work *work,
                             const struct lifecycle_action *action)
{
    const struct denial *denial = denial_find(work, action);

    return denial != NULL && (int64_t)uv_now(work->loop) < denial->until_ms;
}

static void denial_remove(struct denial *denial)
{
    LIST_REMOVE(denial, in_work);
    free(denial->group);
    free(denial);
}

/* Those that ended before `oldest_ms`. */
static void denials_forget(struct lifecycle_work *work, int64_t oldest_ms)
{
    for (struct denial *denial = LIST_FIRST(&work->denials), *next; denial != NULL; denial = next) {
        next = LIST_NEXT(denial, in_work);
        if (denial->until_ms < oldest_ms) {
            denial_remove(denial);
        }
    }
}

/* A batch is of one kind and one group. */
static void batch_denied(struct lifecycle_work *work, const struct error *error)
{
    const struct lifecycle_action *action = work->batch[0];
    struct denial *denial = denial_find(work, action);

    if (denial == NULL) {
        denial = memory_new(sizeof(*denial));
        *denial = (struct denial){.kind = action->kind, .group = memory_string(action->group)};
        LIST_INSERT_HEAD(&work->denials, denial, in_work);
        action_log(work, LEVEL_ERROR,
                   "no right for a lifecycle action in this group, tried again in 5 minutes",
                   action, error->text);
    }
    denial->until_ms = (int64_t)uv_now(work->loop) + LIFECYCLE_DENIED_WAIT_S * (int64_t)MS_IN_S;
}

static void batch_allowed(struct lifecycle_work *work)
{
    struct denial *denial = denial_find(work, work->batch[0]);

    if (denial != NULL) {
        denial_remove(denial);
    }
}

/* ---- answers ---- */

static void kind_set(struct lifecycle_work *work, size_t kind)
{
    work->kind = kind;
    work->batch_max = TAG_WRITE_MAX;
}

/* The wording is all there is to tell it from an unknown hook; its case is not to be relied on. */
static bool is_done_already(const struct aws_failure *failure)
{
    return strcmp(failure->code, "ValidationError") == 0 &&
           strcasestr(failure->error.text, "no active lifecycle action") != NULL;
}

/* Young instances are unknown for a while, and gone ones for good: the next look tells. */
static bool is_unknown_id(const struct aws_failure *failure)
{
    return strcmp(failure->code, "InvalidInstanceID.NotFound") == 0 ||
           strcmp(failure->code, "InvalidID.NotFound") == 0 ||
           strcmp(failure->code, "InvalidID") == 0;
}

static bool kind_writes_tags(enum lifecycle_action_kind kind)
{
    return kind != ACTION_CONTINUE && kind != ACTION_HEARTBEAT;
}

static void batch_done(struct lifecycle_work *work, const char *event)
{
    batch_allowed(work);
    for (size_t i = 0; i < work->batch_count; i++) {
        action_done(work, work->batch[i], event);
    }
    work->batch_max = work->batch_max > TAG_WRITE_MAX / 2 ? TAG_WRITE_MAX : work->batch_max * 2;
    work->result.wants_look = work->result.wants_look || kind_writes_tags(KINDS[work->kind]);
}

/* The request itself is wrong, perhaps because of one instance in it. */
static void batch_refused(struct lifecycle_work *work, const struct aws_failure *failure)
{
    if (work->batch_count > 1) {
        work->batch_max = work->batch_count / 2;
    } else if (is_unknown_id(failure)) {
        action_settle(work, work->batch[0]);
    } else {
        action_refused(work, work->batch[0], &failure->error);
    }
}

/* True: others may fare better. */
static bool batch_failed(struct lifecycle_work *work, const struct aws_failure *failure)
{
    action_log(work, LEVEL_WARNING, "lifecycle action failed, tried again later", work->batch[0],
               failure->error.text);
    if (failure->kind != AWS_SERVER || ++work->server_error_count >= SERVER_ERRORS_MAX) {
        return false;
    }
    for (size_t i = 0; i < work->batch_count; i++) {
        action_settle(work, work->batch[i]);
    }
    work->result.try_later = true;
    return true;
}

static void on_answer(void *owner, const struct aws_result *result)
{
    struct lifecycle_work *work = owner;
    const struct aws_failure *failure = result->failure;

    work->call = NULL;
    if (failure == NULL) {
        batch_done(work, "lifecycle action done");
    } else if (is_done_already(failure)) {
        batch_done(work, "lifecycle action was done already");
    } else if (failure->kind == AWS_DENIED) {
        batch_denied(work, &failure->error);
    } else if (failure->kind == AWS_OTHER) {
        batch_refused(work, failure);
    } else if (!batch_failed(work, failure)) {
        work_end_early(work);
        return;
    }
    work_go_on(work);
}

static void batch_call(struct lifecycle_work *work)
{
    struct lifecycle_request request;
    struct arena arena;

    arena_init(&arena);
    lifecycle_request_build(&request, work->batch, work->batch_count, &work->settings->rules,
                            aws_client_now_s(work->client), &arena);
    work->call = aws_call_start(work->client, request.service, request.parameters, request.count,
                                on_answer, work);
    arena_free(&arena);
}

/* Whether it can go in the batch as it is so far: of one group, so that a right that is missing
 * for one group keeps no other from going on. */
static bool action_fits(const struct lifecycle_work *work, const struct lifecycle_action *action)
{
    return action->kind == KINDS[work->kind] && !work->is_settled[action - work->plan->actions] &&
           (work->batch_count == 0 || strcmp(action->group, work->batch[0]->group) == 0) &&
           !action_is_denied(work, action);
}

static bool batch_fill(struct lifecycle_work *work)
{
    size_t limit = lifecycle_request_limit(KINDS[work->kind]);

    limit = limit < work->batch_max ? limit : work->batch_max;
    work->batch_count = 0;
    for (size_t i = 0; i < work->plan->count && work->batch_count < limit; i++) {
        if (action_fits(work, &work->plan->actions[i])) {
            work->batch[work->batch_count++] = &work->plan->actions[i];
        }
    }
    return work->batch_count > 0;
}

static bool plan_is_fresh(const struct lifecycle_work *work)
{
    return work->call_count < WORK_CALLS_MAX &&
           (int64_t)uv_now(work->loop) - work->started_ms < WORK_TIME_MAX_MS;
}

static void work_go_on(struct lifecycle_work *work)
{
    while (work->kind < KIND_COUNT && !batch_fill(work)) {
        kind_set(work, work->kind + 1);
    }
    if (work->kind < KIND_COUNT && plan_is_fresh(work)) {
        work->call_count++;
        batch_call(work);
        return;
    }
    work->result.wants_look = work->result.wants_look || work->kind < KIND_COUNT;
    work_end(work);
}

void lifecycle_work_start(struct lifecycle_work *work, const struct lifecycle_plan *plan)
{
    work->plan = plan;
    work->is_settled = memory_new(plan->count * sizeof(*work->is_settled) + 1);
    work->batch = memory_grow(NULL, plan->count + 1, sizeof(struct lifecycle_action *));
    work->started_ms = (int64_t)uv_now(work->loop);
    work->call_count = 0;
    work->server_error_count = 0;
    denials_forget(work, work->started_ms - DENIAL_FORGET_S * (int64_t)MS_IN_S);
    kind_set(work, 0);
    work->result = (struct lifecycle_work_result){.wants_look = false};
    work_go_on(work);
}

struct lifecycle_work *lifecycle_work_new(uv_loop_t *loop, struct aws_client *client,
                                          const struct lifecycle_settings *settings,
                                          struct lifecycle_memory *memory, lifecycle_work_done done,
                                          void *owner)
{
    struct lifecycle_work *work = memory_new(sizeof(*work));

    *work = (struct lifecycle_work){.loop = loop,
                                    .client = client,
                                    .settings = settings,
                                    .memory = memory,
                                    .done = done,
                                    .owner = owner};
    return work;
}

void lifecycle_work_free(struct lifecycle_work *work)
{
    if (work->call != NULL) {
        aws_call_cancel(work->call);
    }
    denials_forget(work, INT64_MAX);
    free(work->is_settled);
    free(work->batch);
    free(work);
}
