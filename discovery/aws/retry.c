/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/retry.c - full jitter and the quota.
 */

#include "discovery/aws/retry.h"

enum retry_reason retry_reason_of(const struct aws_failure *failure)
{
    switch (failure->kind) {
    case AWS_TRANSPORT:
        return RETRY_TRANSIENT;
    case AWS_THROTTLED:
        return RETRY_THROTTLED;
    case AWS_SERVER:
        /* Without a code a 302 or 404 is a gateway's: it will say the same in 50 ms. */
        return failure->status >= 500 || failure->code[0] != '\0' ? RETRY_TRANSIENT : RETRY_NEVER;
    case AWS_DENIED:
    case AWS_EXPIRED:
    case AWS_OTHER:
        break;
    }
    return RETRY_NEVER;
}

int64_t retry_wait_ms(enum retry_reason reason, unsigned failures, int64_t asked_ms,
                      uint32_t random)
{
    int64_t most_ms = reason == RETRY_THROTTLED ? RETRY_THROTTLE_BASE_MS : RETRY_TRANSIENT_BASE_MS;
    int64_t wait_ms;

    for (unsigned i = 1; i < failures && most_ms < RETRY_WAIT_MAX_MS; i++) {
        most_ms *= 2;
    }
    if (most_ms > RETRY_WAIT_MAX_MS) {
        most_ms = RETRY_WAIT_MAX_MS;
    }
    wait_ms = (int64_t)(((uint64_t)most_ms * random) >> 32);
    if (asked_ms > wait_ms + RETRY_ASKED_MAX_MS) {
        asked_ms = wait_ms + RETRY_ASKED_MAX_MS;
    }
    return asked_ms > wait_ms ? asked_ms : wait_ms;
}

void retry_quota_fill(struct retry_quota *quota)
{
    quota->tokens = RETRY_QUOTA_TOKENS;
}

bool retry_quota_take(struct retry_quota *quota, unsigned tokens)
{
    if (quota->tokens < tokens) {
        return false;
    }
    quota->tokens -= tokens;
    return true;
}

void retry_quota_give(struct retry_quota *quota, unsigned taken)
{
    quota->tokens += taken == 0 ? RETRY_INCOME_TOKENS : taken;
    if (quota->tokens > RETRY_QUOTA_TOKENS) {
        quota->tokens = RETRY_QUOTA_TOKENS;
    }
}
