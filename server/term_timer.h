/* SPDX-License-Identifier: MIT */

/*
 * server/term_timer.h - tells when what is published is right no longer, although nobody has said
 * anything new: a hold ends, or an overlap does.
 *
 * Holds end at a time of day, and clocks of days jump. So the timer never waits longer than
 * TERM_TIMER_MAX_MS before it looks at the clock again, and a clock that was set back counts as a
 * change as well: a hold that had ended may hold again. Overlaps end by the clock that nobody sets.
 * Main loop only.
 */

#ifndef SERVER_TERM_TIMER_H
#define SERVER_TERM_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* How late a hold may end when somebody sets the clock forward. */
enum { TERM_TIMER_MAX_MS = 30 * 1000 };

/* What was published, and until when it is right. */
struct term {
    int64_t published_s; /* Unix time that it was made for */
    int64_t next_s;      /* Unix time of the next change, 0: none */
    int64_t next_ms;     /* likewise on the monotonic clock: uv_now() */
};

/* What both clocks show. */
struct term_clocks {
    int64_t wall_ms; /* Unix time */
    int64_t loop_ms; /* uv_now() */
};

/* Whether something else would be published now. Pure. */
bool term_is_over(const struct term *term, const struct term_clocks *now);

/* How long to wait before looking again; at least 1, at most TERM_TIMER_MAX_MS. Pure. */
uint64_t term_wait_ms(const struct term *term, const struct term_clocks *now);

struct term_timer;

/* `on_over` is called whenever a term is over, and is expected to arm the timer anew. */
struct term_timer *term_timer_new(uv_loop_t *loop, void (*on_over)(void *owner), void *owner);

void term_timer_arm(struct term_timer *timer, const struct term *term);

/* Stop, and free once the handle is closed. NULL does nothing. */
void term_timer_close(struct term_timer *timer);

/* The wall clock. */
int64_t wall_clock_ms(void);

#endif
