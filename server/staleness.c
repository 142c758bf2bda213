/* SPDX-License-Identifier: MIT */

/*
 * server/staleness.c - the rule, and the timer that says when it begins to hold.
 */

#include "server/staleness.h"

#include <stdlib.h>

#include "zones/arena.h"

struct stale_timer {
    uv_timer_t timer;
    void (*on_stale)(void *owner);
    void *owner;
};

bool source_is_stale(const struct view *view, int64_t failing_since_ms, int64_t now_ms)
{
    return view != NULL && (view->is_restored ||
                            (failing_since_ms != 0 && now_ms - failing_since_ms >= STALE_AFTER_MS));
}

static void on_time(uv_timer_t *handle)
{
    struct stale_timer *timer = handle->data;

    timer->on_stale(timer->owner);
}

struct stale_timer *stale_timer_start(uv_loop_t *loop, int64_t failing_since_ms,
                                      void (*on_stale)(void *owner), void *owner)
{
    struct stale_timer *timer = memory_new(sizeof(*timer));
    int64_t left_ms = failing_since_ms + STALE_AFTER_MS - (int64_t)uv_now(loop);

    timer->on_stale = on_stale;
    timer->owner = owner;
    timer->timer.data = timer;
    (void)uv_timer_init(loop, &timer->timer);
    (void)uv_timer_start(&timer->timer, on_time, left_ms < 0 ? 0 : (uint64_t)left_ms, 0);
    return timer;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void stale_timer_close(struct stale_timer *timer)
{
    if (timer != NULL) {
        uv_close((uv_handle_t *)&timer->timer, on_closed);
    }
}
