/* SPDX-License-Identifier: MIT */

/*
 * server/rate_limit_log.c - a timer that compares counters with what was told.
 */

#include "server/rate_limit_log.h"

#include <stdlib.h>

#include "discovery/log.h"
#include "zones/arena.h"

struct rate_limit_log {
    uv_timer_t timer;
    const struct counters *const *counters;
    size_t counter_count;
    struct rate_limit_told told;
};

uint64_t rate_limit_log_due(struct rate_limit_told *told, uint64_t count, int64_t now_ms)
{
    uint64_t fresh = count - told->count;

    if (fresh == 0 || (told->count > 0 && now_ms - told->at_ms < RATE_LIMIT_LOG_GAP_MS)) {
        return 0;
    }
    *told = (struct rate_limit_told){.count = count, .at_ms = now_ms};
    return fresh;
}

static void on_look(uv_timer_t *timer)
{
    struct rate_limit_log *log = timer->data;
    uint64_t count = 0;
    uint64_t fresh = 0;

    for (size_t i = 0; i < log->counter_count; i++) {
        count += counters_get(log->counters[i], COUNTER_DROPPED_RATE_LIMIT) +
                 counters_get(log->counters[i], COUNTER_SLIPPED);
    }
    fresh = rate_limit_log_due(&log->told, count, (int64_t)uv_now(timer->loop));
    if (fresh > 0) {
        log_event(LEVEL_WARNING, "clients outside allow-query ask too often and are limited",
                  log_number("responses", (int64_t)fresh));
    }
}

struct rate_limit_log *rate_limit_log_new(uv_loop_t *loop, const struct counters *const *counters,
                                          size_t count)
{
    struct rate_limit_log *log = memory_new(sizeof(*log));

    log->counters = counters;
    log->counter_count = count;
    log->timer.data = log;
    (void)uv_timer_init(loop, &log->timer);
    (void)uv_timer_start(&log->timer, on_look, RATE_LIMIT_LOG_LOOK_MS, RATE_LIMIT_LOG_LOOK_MS);
    return log;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void rate_limit_log_close(struct rate_limit_log *log)
{
    if (log != NULL) {
        uv_close((uv_handle_t *)&log->timer, on_closed);
    }
}
