/* SPDX-License-Identifier: MIT */

/*
 * server/hold_timer.h - tells when a hold's end has come, by the wall clock.
 *
 * Holds end at a time of day, and clocks of days jump. So the timer never waits longer than
 * HOLD_TIMER_MAX_MS before it looks at the clock again, and a clock that was set back counts as a
 * change as well: a hold that had ended may hold again. Main loop only.
 */

#ifndef SERVER_HOLD_TIMER_H
#define SERVER_HOLD_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* How late a hold may end when somebody sets the clock forward. */
enum { HOLD_TIMER_MAX_MS = 30 * 1000 };

/* What was published, and until when it is right. */
struct hold_term {
    int64_t published_s; /* Unix time that it was made for */
    int64_t next_s;      /* Unix time of the next change, 0: none */
};

/* Whether something else would be published at `now_ms` (Unix time). Pure. */
bool hold_term_is_over(const struct hold_term *term, int64_t now_ms);

/* How long to wait at `now_ms`, before looking again; at least 1, at most HOLD_TIMER_MAX_MS. Pure.
 */
uint64_t hold_term_wait_ms(const struct hold_term *term, int64_t now_ms);

struct hold_timer;

/* `on_over` is called whenever a term is over, and is expected to arm the timer anew. */
struct hold_timer *hold_timer_new(uv_loop_t *loop, void (*on_over)(void *owner), void *owner);

void hold_timer_arm(struct hold_timer *timer, const struct hold_term *term);

/* Stop, and free once the handle is closed. NULL does nothing. */
void hold_timer_close(struct hold_timer *timer);

/* The wall clock. */
int64_t wall_clock_ms(void);

#endif
