/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/load/tally.c - counting answers by their heads.
 */

#include "tests/bench/load/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static const int64_t NS_PER_S = 1000000000;
static const double NS_PER_US = 1000.0;
static const struct extent NOTHING_SEEN = {.least = SIZE_MAX, .most = 0};

int64_t tally_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

void tally_start(struct tally *tally, int64_t now_ns)
{
    uint64_t handled = tally->handled;

    *tally = (struct tally){.handled = handled,
                            .start_ns = now_ns,
                            .octets = NOTHING_SEEN,
                            .answers = NOTHING_SEEN,
                            .additional = NOTHING_SEEN};
}

void tally_end(struct tally *tally, int64_t now_ns)
{
    tally->end_ns = now_ns;
}

static void extent_add(struct extent *extent, size_t value)
{
    extent->least = value < extent->least ? value : extent->least;
    extent->most = value > extent->most ? value : extent->most;
}

static size_t read_u16(const uint8_t *octets)
{
    return (size_t)octets[0] << 8 | octets[1];
}

void tally_answer(struct tally *tally, const uint8_t *head, size_t octets, int64_t latency_ns)
{
    tally->handled++;
    if (tally->end_ns != 0) {
        return;
    }
    tally->received++;
    if (octets < ANSWER_HEAD_OCTETS) {
        tally->bad++;
        return;
    }
    tally->bad += (head[3] & 0x0f) != 0 ? 1 : 0;
    tally->truncated += (head[2] & 0x02) != 0 ? 1 : 0;
    extent_add(&tally->octets, octets);
    extent_add(&tally->answers, read_u16(head + 6));
    extent_add(&tally->additional, read_u16(head + 10));
    histogram_add(&tally->latencies, latency_ns);
}

static void extent_print(const char *name, const struct extent *extent)
{
    (void)printf("\"%s_min\": %zu, \"%s_max\": %zu, ", name,
                 extent->least > extent->most ? 0 : extent->least, name, extent->most);
}

void tally_print(const struct tally *tally, double cpu_share)
{
    static const struct {
        const char *name;
        double share;
    } quantiles[] = {
        {"p50_us",  0.50 },
        {"p90_us",  0.90 },
        {"p99_us",  0.99 },
        {"p999_us", 0.999},
    };
    double seconds = (double)(tally->end_ns - tally->start_ns) / (double)NS_PER_S;

    (void)printf("{\"qps\": %.0f, \"seconds\": %.3f, \"sent\": %" PRIu64 ", \"received\": %" PRIu64
                 ", \"lost\": %" PRIu64 ", \"stray\": %" PRIu64 ", \"bad\": %" PRIu64
                 ", \"truncated\": %" PRIu64 ", \"handled\": %" PRIu64 ", ",
                 (double)tally->received / seconds, seconds, tally->sent, tally->received,
                 tally->lost, tally->stray, tally->bad, tally->truncated, tally->handled);
    extent_print("octets", &tally->octets);
    extent_print("answers", &tally->answers);
    extent_print("additional", &tally->additional);
    for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
        (void)printf("\"%s\": %.1f, ", quantiles[i].name,
                     (double)histogram_value_ns(&tally->latencies, quantiles[i].share) / NS_PER_US);
    }
    (void)printf("\"max_us\": %.1f, \"load_cpu\": %.2f}\n",
                 (double)tally->latencies.max_ns / NS_PER_US, cpu_share);
}
