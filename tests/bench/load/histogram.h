/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/load/histogram.h - how often each latency was seen, in buckets that are never wider
 * than 1/64 of their value: from nanoseconds to hours in 30 KiB.
 */

#ifndef TESTS_BENCH_LOAD_HISTOGRAM_H
#define TESTS_BENCH_LOAD_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_STEP_BITS = 6, /* 64 buckets for each power of two */
    HISTOGRAM_POWERS = 42,   /* up to 2^47 ns, 39 hours */
    HISTOGRAM_BUCKETS = (HISTOGRAM_POWERS + 1) << HISTOGRAM_STEP_BITS,
};

/* Empty when all octets are 0. */
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    int64_t max_ns;
};

/* Values below 0 count as 0, values too large for the last bucket into it. */
void histogram_add(struct histogram *histogram, int64_t value_ns);

/* The largest value of the bucket in which `share` (0 to 1) of all values is reached; 0 without
 * any value, never more than the largest value seen. */
int64_t histogram_value_ns(const struct histogram *histogram, double share);

#endif
