/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_driver.c - rounds: look, reconcile, work. Either the timer runs or a round
 * is under way.
 */

#include "discovery/lifecycle_driver.h"

#include <stdlib.h>

#include "discovery/aws/call.h"
#include "discovery/backoff.h"
#include "discovery/lifecycle_look.h"
#include "discovery/lifecycle_work.h"
#include "discovery/log.h"

enum {
    MS_IN_S = 1000,
    BACKOFF_LIMIT = 5, /* as the source's own */
    /* Without a look of the source the groups are looked at all the same: heartbeats go on. */
    FALLBACK_POLLS = 2,
    /* Two looks may fail, and the third be late; what is older is not what the tags are. */
    INVENTORY_OLD_POLLS = 3,
    /* Something may be due "now" again and again while EC2 shows it late. */
    DUE_WAIT_MIN_MS = 500,
};

struct lifecycle_driver {
    uv_loop_t *loop;
    uv_timer_t timer;
    const struct lifecycle_settings *settings;
    struct lifecycle_listener listener;
    struct aws_client *client;
    struct lifecycle_memory *memory;
    struct lifecycle_look *look;
    struct lifecycle_work *work;
    struct inventory *inventory; /* the newest; NULL before the first */
    int64_t old_after_ms;        /* `inventory` is old from then on */
    bool is_age_told;
    struct arena arena; /* of `plan` */
    struct lifecycle_plan plan;
    bool is_under_way;
    bool is_denial_told;
    int64_t started_ms;
    int64_t not_before_ms; /* after failures: no round before */
    unsigned failures;
};

static void on_timer(uv_timer_t *timer);

static void round_start(struct lifecycle_driver *driver)
{
    uv_timer_stop(&driver->timer);
    driver->is_under_way = true;
    driver->started_ms = (int64_t)uv_now(driver->loop);
    lifecycle_look_start(driver->look);
}

static void on_timer(uv_timer_t *timer)
{
    round_start(timer->data);
}

static void timer_set(struct lifecycle_driver *driver, int64_t due_ms)
{
    int64_t now_ms = (int64_t)uv_now(driver->loop);

    uv_timer_start(&driver->timer, on_timer, due_ms > now_ms ? (uint64_t)(due_ms - now_ms) : 0, 0);
}

static int64_t backoff_due_ms(const struct lifecycle_driver *driver, int64_t interval_ms)
{
    const struct backoff backoff = {interval_ms, BACKOFF_LIMIT};

    return backoff_next_ms(&backoff, driver->started_ms, (int64_t)uv_now(driver->loop),
                           driver->failures, arc4random());
}

static void round_succeed(struct lifecycle_driver *driver)
{
    int64_t due_ms = 0;

    driver->is_under_way = false;
    driver->failures = 0;
    driver->not_before_ms = 0;
    due_ms = backoff_due_ms(driver, FALLBACK_POLLS * driver->settings->poll_ms);
    if (driver->plan.next_s != 0) {
        int64_t wait_ms = (driver->plan.next_s - aws_client_now_s(driver->client)) * MS_IN_S;
        int64_t now_ms = (int64_t)uv_now(driver->loop);

        wait_ms = wait_ms < DUE_WAIT_MIN_MS ? DUE_WAIT_MIN_MS : wait_ms;
        due_ms = now_ms + wait_ms < due_ms ? now_ms + wait_ms : due_ms;
    }
    timer_set(driver, due_ms);
}

static void round_fail(struct lifecycle_driver *driver)
{
    driver->is_under_way = false;
    driver->failures++;
    driver->not_before_ms = backoff_due_ms(driver, driver->settings->poll_ms);
    timer_set(driver, driver->not_before_ms);
}

static void look_fail(struct lifecycle_driver *driver, const struct aws_failure *failure)
{
    if (failure->kind != AWS_DENIED) {
        round_fail(driver);
        log_event(LEVEL_WARNING, "Auto Scaling was not read, hooks wait",
                  log_text("source", driver->settings->name),
                  log_text("error", failure->error.text));
        return;
    }
    driver->is_under_way = false;
    driver->not_before_ms =
        (int64_t)uv_now(driver->loop) + LIFECYCLE_DENIED_WAIT_S * (int64_t)MS_IN_S;
    timer_set(driver, driver->not_before_ms);
    if (!driver->is_denial_told) {
        driver->is_denial_told = true;
        log_event(
            LEVEL_ERROR, "no right to read Auto Scaling, hooks wait, asked again in 5 minutes",
            log_text("source", driver->settings->name), log_text("error", failure->error.text));
    }
}

/* The picture that a plan is made from, and what it is worth. */
static struct lifecycle_moment moment_now(struct lifecycle_driver *driver)
{
    const struct lifecycle_moment moment = {
        .now_s = aws_client_now_s(driver->client),
        .is_inventory_old = (int64_t)uv_now(driver->loop) > driver->old_after_ms,
    };

    if (moment.is_inventory_old && !driver->is_age_told) {
        log_event(LEVEL_WARNING,
                  "EC2 was not read for 3 polls: only heartbeats and drains until it is",
                  log_text("source", driver->settings->name));
    }
    driver->is_age_told = moment.is_inventory_old;
    return moment;
}

static void on_look(void *owner, struct autoscaling_view *view, const struct aws_failure *failure)
{
    struct lifecycle_driver *driver = owner;
    const char *const *standby = NULL;
    size_t standby_count = 0;

    if (view == NULL) {
        look_fail(driver, failure);
        return;
    }
    driver->is_denial_told = false;
    arena_free(&driver->arena);
    standby_count = lifecycle_standby(view, &driver->arena, &standby);
    driver->listener.on_standby(driver->listener.owner, standby, standby_count);
    driver->plan = lifecycle_reconcile(view, driver->inventory, &driver->settings->rules,
                                       driver->memory, moment_now(driver), &driver->arena);
    autoscaling_view_free(view);
    lifecycle_work_start(driver->work, &driver->plan);
}

static void on_work(void *owner, struct lifecycle_work_result result)
{
    struct lifecycle_driver *driver = owner;

    if (result.try_later) {
        round_fail(driver);
    } else {
        round_succeed(driver);
    }
    if (result.wants_look) {
        driver->listener.on_written(driver->listener.owner);
    }
}

struct lifecycle_driver *lifecycle_driver_new(uv_loop_t *loop, struct aws_client *client,
                                              const struct lifecycle_settings *settings,
                                              const struct lifecycle_listener *listener)
{
    struct lifecycle_driver *driver = memory_new(sizeof(*driver));

    *driver = (struct lifecycle_driver){
        .loop = loop, .settings = settings, .listener = *listener, .client = client};
    arena_init(&driver->arena);
    uv_timer_init(loop, &driver->timer);
    driver->timer.data = driver;
    driver->memory = lifecycle_memory_new();
    driver->look = lifecycle_look_new(loop, driver->client, settings, on_look, driver);
    driver->work =
        lifecycle_work_new(loop, driver->client, settings, driver->memory, on_work, driver);
    return driver;
}

void lifecycle_driver_take(struct lifecycle_driver *driver, struct inventory *inventory,
                           int64_t started_ms)
{
    int64_t now_ms = (int64_t)uv_now(driver->loop);

    inventory_free(driver->inventory);
    driver->inventory = inventory;
    /* A look may take longer than the polls; it is still the newest that there can be. */
    driver->old_after_ms =
        started_ms + INVENTORY_OLD_POLLS * driver->settings->poll_ms + (now_ms - started_ms);
    if (!driver->is_under_way && now_ms >= driver->not_before_ms) {
        round_start(driver);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void lifecycle_driver_stop(struct lifecycle_driver *driver)
{
    if (driver == NULL) {
        return;
    }
    lifecycle_look_free(driver->look);
    lifecycle_work_free(driver->work);
    lifecycle_memory_free(driver->memory);
    inventory_free(driver->inventory);
    arena_free(&driver->arena);
    uv_close((uv_handle_t *)&driver->timer, on_timer_closed);
}
