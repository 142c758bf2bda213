/* SPDX-License-Identifier: MIT */

/*
 * discovery/backoff.c - full jitter, as many clients of one throttled service need it: a wait
 * drawn from the whole range spreads them better than a doubled wait with a little noise.
 */

#include "discovery/backoff.h"

/* Uniform over low .. high, both included. */
static int64_t between(int64_t low, int64_t high, uint32_t random)
{
    uint64_t span = (uint64_t)(high - low) + 1;
    return low + (int64_t)((span * random) >> 32);
}

static int64_t longest_wait_ms(const struct backoff *backoff, unsigned failures)
{
    unsigned intervals = 1;
    for (unsigned i = 1; i < failures && intervals < backoff->limit; i++) {
        intervals *= 2;
    }
    if (intervals > backoff->limit) {
        intervals = backoff->limit;
    }
    return backoff->interval_ms * intervals;
}

int64_t backoff_next_ms(const struct backoff *backoff, int64_t started_ms, int64_t now_ms,
                        unsigned failures, uint32_t random)
{
    int64_t jitter_ms = backoff->interval_ms / BACKOFF_JITTER_DIVISOR;
    if (failures > 0) {
        return now_ms + between(jitter_ms, longest_wait_ms(backoff, failures), random);
    }
    int64_t next_ms = started_ms + backoff->interval_ms + between(-jitter_ms, jitter_ms, random);
    return next_ms > now_ms ? next_ms : now_ms;
}
