/* SPDX-License-Identifier: MIT */

/*
 * discovery/backoff.h - when to poll next: (last start, now, failures, chance) -> time. Pure.
 */

#ifndef DISCOVERY_BACKOFF_H
#define DISCOVERY_BACKOFF_H

#include <stdint.h>

enum {
    /* The spread after a success and the shortest wait after a failure: a tenth part. Many
     * sites share one API bucket, and a refused connection must not be retried at once. */
    BACKOFF_JITTER_DIVISOR = 10
};

struct backoff {
    int64_t interval_ms; /* from the start of one poll to the start of the next; at most a day */
    unsigned limit;      /* the longest wait after failures, in intervals */
};

/*
 * The time of the next poll, never before `now_ms`. After a success: the interval after
 * `started_ms`, plus or minus its tenth part. After `failures` in a row: somewhere between a
 * tenth of an interval and 1, 2, 4 ... `limit` intervals from now, so the first retry is never
 * later than a poll would have been. `random` is uniform over all 32 bits.
 */
int64_t backoff_next_ms(const struct backoff *backoff, int64_t started_ms, int64_t now_ms,
                        unsigned failures, uint32_t random);

#endif
