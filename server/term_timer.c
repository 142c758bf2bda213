/* SPDX-License-Identifier: MIT */

/*
 * server/term_timer.c - one timer that is wound up again and again.
 */

#include "server/term_timer.h"

#include <stdlib.h>
#include <time.h>

#include "zones/arena.h"

enum { MS_A_SECOND = 1000, NS_A_MS = 1000 * 1000 };

struct term_timer {
    uv_timer_t timer;
    struct term term;
    void (*on_over)(void *owner);
    void *owner;
};

int64_t wall_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_A_SECOND + now.tv_nsec / NS_A_MS;
}

bool term_is_over(const struct term *term, const struct term_clocks *now)
{
    int64_t now_s = now->wall_ms / MS_A_SECOND;

    return now_s < term->published_s || (term->next_s != 0 && now_s >= term->next_s) ||
           (term->next_ms != 0 && now->loop_ms >= term->next_ms);
}

uint64_t term_wait_ms(const struct term *term, const struct term_clocks *now)
{
    int64_t now_s = now->wall_ms / MS_A_SECOND;
    int64_t wait_ms = TERM_TIMER_MAX_MS;

    /* Seconds first: a hold until the end of time must not overflow as milliseconds. */
    if (term->next_s != 0 && term->next_s - now_s <= TERM_TIMER_MAX_MS / MS_A_SECOND) {
        wait_ms = term->next_s * MS_A_SECOND - now->wall_ms;
    }
    if (term->next_ms != 0 && term->next_ms - now->loop_ms < wait_ms) {
        wait_ms = term->next_ms - now->loop_ms;
    }
    if (wait_ms > TERM_TIMER_MAX_MS) {
        return TERM_TIMER_MAX_MS;
    }
    return wait_ms < 1 ? 1 : (uint64_t)wait_ms;
}

static struct term_clocks clocks_read(const struct term_timer *timer)
{
    return (struct term_clocks){wall_clock_ms(), (int64_t)uv_now(timer->timer.loop)};
}

static void on_timer(uv_timer_t *handle)
{
    struct term_timer *timer = handle->data;
    const struct term_clocks now = clocks_read(timer);

    if (term_is_over(&timer->term, &now)) {
        timer->on_over(timer->owner);
    } else {
        uv_timer_start(&timer->timer, on_timer, term_wait_ms(&timer->term, &now), 0);
    }
}

struct term_timer *term_timer_new(uv_loop_t *loop, void (*on_over)(void *owner), void *owner)
{
    struct term_timer *timer = memory_new(sizeof(*timer));

    timer->on_over = on_over;
    timer->owner = owner;
    uv_timer_init(loop, &timer->timer);
    timer->timer.data = timer;
    return timer;
}

void term_timer_arm(struct term_timer *timer, const struct term *term)
{
    const struct term_clocks now = clocks_read(timer);

    timer->term = *term;
    uv_timer_start(&timer->timer, on_timer, term_wait_ms(term, &now), 0);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void term_timer_close(struct term_timer *timer)
{
    if (timer != NULL) {
        uv_close((uv_handle_t *)&timer->timer, on_closed);
    }
}
