/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/load/histogram.c - a bucket's number is the value's exponent and, behind it, its
 * first bits after the leading one.
 */

#include "tests/bench/load/histogram.h"

#include <stddef.h>

static unsigned bit_length(uint64_t value)
{
    return value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
}

static size_t bucket_of(uint64_t value)
{
    unsigned length = bit_length(value);
    unsigned shift = length > HISTOGRAM_STEP_BITS + 1 ? length - HISTOGRAM_STEP_BITS - 1 : 0;
    size_t bucket = ((size_t)shift << HISTOGRAM_STEP_BITS) + (size_t)(value >> shift);

    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The largest value that falls into `bucket`. */
static int64_t bucket_end(size_t bucket)
{
    size_t shift = 0;
    size_t step = bucket;

    if (bucket >= (size_t)2 << HISTOGRAM_STEP_BITS) {
        shift = (bucket >> HISTOGRAM_STEP_BITS) - 1;
        step = bucket - (shift << HISTOGRAM_STEP_BITS);
    }
    return (int64_t)(((uint64_t)(step + 1) << shift) - 1);
}

void histogram_add(struct histogram *histogram, int64_t value_ns)
{
    int64_t value = value_ns < 0 ? 0 : value_ns;

    histogram->counts[bucket_of((uint64_t)value)]++;
    histogram->total++;
    if (value > histogram->max_ns) {
        histogram->max_ns = value;
    }
}

int64_t histogram_value_ns(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)((double)histogram->total * share);
    uint64_t seen = 0;

    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (seen > wanted) {
            int64_t end = bucket_end(bucket);

            return end < histogram->max_ns ? end : histogram->max_ns;
        }
    }
    return histogram->max_ns;
}
