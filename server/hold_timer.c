/* SPDX-License-Identifier: MIT */

/*
 * server/hold_timer.c - one timer that is wound up again and again.
 */

#include "server/hold_timer.h"

#include <stdlib.h>
#include <time.h>

#include "zones/arena.h"

enum { MS_A_SECOND = 1000, NS_A_MS = 1000 * 1000 };

struct hold_timer {
    uv_timer_t timer;
    struct hold_term term;
    void (*on_over)(void *owner);
    void *owner;
};

int64_t wall_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_A_SECOND + now.tv_nsec / NS_A_MS;
}

bool hold_term_is_over(const struct hold_term *term, int64_t now_ms)
{
    int64_t now_s = now_ms / MS_A_SECOND;

    return now_s < term->published_s || (term->next_s != 0 && now_s >= term->next_s);
}

uint64_t hold_term_wait_ms(const struct hold_term *term, int64_t now_ms)
{
    int64_t now_s = now_ms / MS_A_SECOND;

    /* Seconds first: a hold until the end of time must not overflow as milliseconds. */
    if (term->next_s == 0 || term->next_s - now_s > HOLD_TIMER_MAX_MS / MS_A_SECOND) {
        return HOLD_TIMER_MAX_MS;
    }
    if (term->next_s <= now_s) {
        return 1;
    }
    return (uint64_t)(term->next_s * MS_A_SECOND - now_ms);
}

static void on_timer(uv_timer_t *handle)
{
    struct hold_timer *timer = handle->data;
    int64_t now_ms = wall_clock_ms();

    if (hold_term_is_over(&timer->term, now_ms)) {
        timer->on_over(timer->owner);
    } else {
        uv_timer_start(&timer->timer, on_timer, hold_term_wait_ms(&timer->term, now_ms), 0);
    }
}

struct hold_timer *hold_timer_new(uv_loop_t *loop, void (*on_over)(void *owner), void *owner)
{
    struct hold_timer *timer = memory_new(sizeof(*timer));

    timer->on_over = on_over;
    timer->owner = owner;
    uv_timer_init(loop, &timer->timer);
    timer->timer.data = timer;
    return timer;
}

void hold_timer_arm(struct hold_timer *timer, const struct hold_term *term)
{
    timer->term = *term;
    uv_timer_start(&timer->timer, on_timer, hold_term_wait_ms(term, wall_clock_ms()), 0);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void hold_timer_close(struct hold_timer *timer)
{
    if (timer != NULL) {
        uv_close((uv_handle_t *)&timer->timer, on_closed);
    }
}
