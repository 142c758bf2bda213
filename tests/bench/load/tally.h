/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/load/tally.h - what became of the queries, and what the answers held: enough to see
 * that a server is fast because it answers less.
 */

#ifndef TESTS_BENCH_LOAD_TALLY_H
#define TESTS_BENCH_LOAD_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "tests/bench/load/histogram.h"

enum { ANSWER_HEAD_OCTETS = 12 };

/* Least and most; nothing seen yet: least > most. */
struct extent {
    size_t least;
    size_t most;
};

struct tally {
    uint64_t sent;
    uint64_t received;
    uint64_t lost;      /* no answer after a second, or the connection was closed */
    uint64_t stray;     /* answers to queries that are not under way (any more) */
    uint64_t bad;       /* another RCODE than NOERROR, or shorter than a header */
    uint64_t truncated; /* TC is set */
    uint64_t handled;   /* answers over the whole run, before and after the measured time too */
    struct extent octets;
    struct extent answers;    /* ANCOUNT */
    struct extent additional; /* ARCOUNT, OPT included */
    struct histogram latencies;
    int64_t start_ns; /* of the measured time */
    int64_t end_ns;
};

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t tally_now_ns(void);

/* Begin to measure: everything but `handled` starts from 0. */
void tally_start(struct tally *tally, int64_t now_ns);

/* The measured time is over: `received` is fixed; what comes later is lost or only handled. */
void tally_end(struct tally *tally, int64_t now_ns);

/* An answer of `octets` octets, of which the first ANSWER_HEAD_OCTETS stand at `head`. */
void tally_answer(struct tally *tally, const uint8_t *head, size_t octets, int64_t latency_ns);

/* One JSON object in one line on stdout. `cpu_share` is the generator's own. */
void tally_print(const struct tally *tally, double cpu_share);

#endif
