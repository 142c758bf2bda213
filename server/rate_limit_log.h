/* SPDX-License-Identifier: MIT */

/*
 * server/rate_limit_log.h - tells the operator that strangers are being limited: the first time at
 * once, then at most once a minute for as long as it goes on, with the count.
 *
 * Workers count and never log; the main thread looks at what they have counted. Main loop only.
 */

#ifndef SERVER_RATE_LIMIT_LOG_H
#define SERVER_RATE_LIMIT_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "server/counters.h"

enum {
    RATE_LIMIT_LOG_GAP_MS = 60 * 1000, /* between two lines */
    RATE_LIMIT_LOG_LOOK_MS = 1000,     /* between two looks at the counters */
};

/* What has been told. Zeroed memory is a valid start. */
struct rate_limit_told {
    uint64_t count; /* of all responses that were limited */
    int64_t at_ms;
};

/*
 * How many responses a line at `now_ms` has to tell of, when `count` have been limited since the
 * start; 0: no line now. Pure.
 */
uint64_t rate_limit_log_due(struct rate_limit_told *told, uint64_t count, int64_t now_ms);

struct rate_limit_log;

/* Look at the counters of `count` workers from now on; they are borrowed until the close. */
struct rate_limit_log *rate_limit_log_new(uv_loop_t *loop, const struct counters *const *counters,
                                          size_t count);

/* Stop, and free once the handle is closed. NULL does nothing. */
void rate_limit_log_close(struct rate_limit_log *log);

#endif
