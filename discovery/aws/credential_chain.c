/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/credential_chain.c - one step after the other.
 */

#include "discovery/aws/credential_chain.h"

static void step_begin(struct credential_walk *walk, void (*step)(struct credential_walk *walk))
{
    walk->step = step;
    walk->tries = 0;
    walk->unreachable = false;
    step(walk);
}

void credential_walk_start(struct credential_walk *walk)
{
    arena_init(&walk->arena);
    walk->found = (struct credentials){0};
    if (!credential_plan_make(walk->settings, &walk->arena, &walk->plan, &walk->error)) {
        credential_step_fail(walk);
        return;
    }
    switch (walk->plan.base) {
    case BASE_STATIC:
        walk->found = walk->plan.keys;
        credential_step_done(walk);
        break;
    case BASE_WEB_IDENTITY:
        walk->role = &walk->plan.identity;
        step_begin(walk, assumed_role_step);
        break;
    case BASE_CONTAINER:
        step_begin(walk, container_role_step);
        break;
    case BASE_INSTANCE:
        step_begin(walk, instance_role_step);
        break;
    }
}

void credential_step_done(struct credential_walk *walk)
{
    if (walk->plan.role_count > 0) {
        walk->plan.role_count--;
        walk->role = &walk->plan.roles[walk->plan.role_count];
        step_begin(walk, assumed_role_step);
        return;
    }
    walk->done(walk->owner, true);
}

void credential_step_fail(struct credential_walk *walk)
{
    walk->done(walk->owner, false);
}

static void on_retry(uv_timer_t *retry)
{
    struct credential_walk *walk = retry->data;

    walk->step(walk);
}

void credential_step_again(struct credential_walk *walk)
{
    int64_t wait_ms = walk->settings->retry_wait_ms;

    walk->tries++;
    if (walk->tries >= CREDENTIAL_STEP_TRIES) {
        credential_step_fail(walk);
        return;
    }
    walk->retry->data = walk;
    (void)uv_timer_start(walk->retry, on_retry,
                         (uint64_t)(wait_ms == 0 ? CREDENTIALS_TRY_WAIT_MS : wait_ms), 0);
}

void credential_walk_cancel(struct credential_walk *walk)
{
    (void)uv_timer_stop(walk->retry);
    if (walk->query != NULL) {
        imds_cancel(walk->query);
        walk->query = NULL;
    }
    if (walk->exchange != NULL) {
        http_cancel(walk->exchange);
        walk->exchange = NULL;
    }
    arena_free(&walk->arena);
}
