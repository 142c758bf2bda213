/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/retry.h - which failures are worth another request, when, and how many. Pure.
 *
 * The standard mode of "Retry behavior", AWS SDKs and Tools Reference Guide: full jitter, and a
 * quota that lets single errors be tried again but keeps an outage from tripling the load.
 */

#ifndef DISCOVERY_AWS_RETRY_H
#define DISCOVERY_AWS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "discovery/aws/call.h"

enum {
    RETRY_TRIES_MAX = 3,            /* requests in all */
    RETRY_TRANSIENT_BASE_MS = 50,   /* the first wait is drawn from 0 to this */
    RETRY_THROTTLE_BASE_MS = 1000,  /* the same when there were too many requests */
    RETRY_WAIT_MAX_MS = 20 * 1000,  /* and doubles up to this */
    RETRY_ASKED_MAX_MS = 5 * 1000,  /* what an answer may add to the wait by asking for more */
    RETRY_QUOTA_TOKENS = 500,       /* at most, and at first */
    RETRY_COST_TOKENS = 5,          /* of one retry */
    RETRY_TIMEOUT_COST_TOKENS = 10, /* after a time-out, which costs the service more */
    RETRY_INCOME_TOKENS = 1,        /* of a call that went well at once */
};

enum retry_reason { RETRY_NEVER, RETRY_TRANSIENT, RETRY_THROTTLED };

enum retry_reason retry_reason_of(const struct aws_failure *failure);

/*
 * How long to wait after the `failures`-th failure, from 1. `asked_ms` is what the answer asked
 * for, 0 when nothing. `random` is uniform over all 32 bits.
 */
int64_t retry_wait_ms(enum retry_reason reason, unsigned failures, int64_t asked_ms,
                      uint32_t random);

/* One for a client. */
struct retry_quota {
    unsigned tokens;
};

void retry_quota_fill(struct retry_quota *quota);

/* False, and nothing is taken, when fewer than `tokens` are left. */
bool retry_quota_take(struct retry_quota *quota, unsigned tokens);

/* A call went well: `taken` for its last retry comes back, or RETRY_INCOME_TOKENS when it is 0. */
void retry_quota_give(struct retry_quota *quota, unsigned taken);

#endif
