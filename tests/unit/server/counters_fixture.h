/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/counters_fixture.h - whether every query was counted as an answer or a drop.
 */

#ifndef TESTS_UNIT_SERVER_COUNTERS_FIXTURE_H
#define TESTS_UNIT_SERVER_COUNTERS_FIXTURE_H

#include <string.h>

#include "server/counters.h"

/* The sum of a metric over all its labels. */
static inline uint64_t fixture_metric(const struct counters *counters, const char *metric)
{
    static const char *const metrics[COUNTER_COUNT] = {
#define COUNTER_METRIC(constant, metric, label) [constant] = (metric),
        COUNTER_TABLE(COUNTER_METRIC)
#undef COUNTER_METRIC
    };
    uint64_t sum = 0;

    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        sum += strcmp(metrics[i], metric) == 0 ? counters_get(counters, (enum counter)i) : 0;
    }
    return sum;
}

#define assert_counters_balance(counters)                                                          \
    assert_int_equal(fixture_metric(counters, "queries_total"),                                    \
                     fixture_metric(counters, "answers_total") +                                   \
                         fixture_metric(counters, "drops_total"))

#endif
