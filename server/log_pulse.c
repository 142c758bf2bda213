/* SPDX-License-Identifier: MIT */

/*
 * server/log_pulse.c - a timer.
 */

#include "server/log_pulse.h"

#include <stdlib.h>

#include "discovery/log.h"
#include "discovery/log_limit.h"
#include "zones/arena.h"

struct log_pulse {
    uv_timer_t timer;
};

static void on_pulse(uv_timer_t *timer)
{
    (void)timer;
    log_tell_left_out(false);
}

struct log_pulse *log_pulse_new(uv_loop_t *loop)
{
    struct log_pulse *pulse = memory_new(sizeof(*pulse));

    pulse->timer.data = pulse;
    (void)uv_timer_init(loop, &pulse->timer);
    (void)uv_timer_start(&pulse->timer, on_pulse, LOG_LIMIT_TELL_MS, LOG_LIMIT_TELL_MS);
    return pulse;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void log_pulse_close(struct log_pulse *pulse)
{
    uv_close((uv_handle_t *)&pulse->timer, on_closed);
}
