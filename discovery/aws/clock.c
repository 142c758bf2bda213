/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/clock.c - taking AWS's time over when it is far from ours.
 */

#include "discovery/aws/clock.h"

#include "discovery/log.h"

/* The strictest services take 5 minutes; below that it is not the clock. */
enum { CLOCK_TOLERANCE_S = 240 };

bool aws_clock_correct(const struct aws_environment *environment, int64_t signed_offset_s,
                       int64_t date_s, int64_t *offset_s)
{
    int64_t difference_s = date_s - (environment->now_s() + *offset_s);

    if (date_s == 0 || (difference_s > -CLOCK_TOLERANCE_S && difference_s < CLOCK_TOLERANCE_S)) {
        return *offset_s != signed_offset_s;
    }
    *offset_s += difference_s;
    log_event(LEVEL_WARNING, "this machine's clock differs from that of AWS",
              log_number("seconds", -*offset_s));
    return true;
}
