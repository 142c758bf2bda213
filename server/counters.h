/* SPDX-License-Identifier: MIT */

/*
 * server/counters.h - what a worker counts.
 *
 * Each worker has its own counters and is the only one that writes them; any thread may read.
 * One row of the table below gives the enum constant, the metric's name and its label.
 */

#ifndef SERVER_COUNTERS_H
#define SERVER_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* constant, metric (after "rollcall_"), label, "" for none */
#define COUNTER_TABLE(ROW)                                                                         \
    ROW(COUNTER_QUERIES_UDP, "queries_total", "transport=\"udp\"")                                 \
    ROW(COUNTER_QUERIES_TCP, "queries_total", "transport=\"tcp\"")                                 \
    ROW(COUNTER_NOERROR, "answers_total", "rcode=\"NOERROR\"")                                     \
    ROW(COUNTER_FORMERR, "answers_total", "rcode=\"FORMERR\"")                                     \
    ROW(COUNTER_SERVFAIL, "answers_total", "rcode=\"SERVFAIL\"")                                   \
    ROW(COUNTER_NXDOMAIN, "answers_total", "rcode=\"NXDOMAIN\"")                                   \
    ROW(COUNTER_NOTIMP, "answers_total", "rcode=\"NOTIMP\"")                                       \
    ROW(COUNTER_REFUSED, "answers_total", "rcode=\"REFUSED\"")                                     \
    ROW(COUNTER_BADVERS, "answers_total", "rcode=\"BADVERS\"")                                     \
    ROW(COUNTER_TRUNCATED, "answers_truncated_total", "")                                          \
    ROW(COUNTER_DROPPED_NO_QUERY, "drops_total", "reason=\"no-query\"")                            \
    ROW(COUNTER_DROPPED_SOURCE_PORT, "drops_total", "reason=\"source-port\"")                      \
    ROW(COUNTER_DROPPED_OVERSIZE, "drops_total", "reason=\"oversize\"")                            \
    ROW(COUNTER_DROPPED_SEND, "drops_total", "reason=\"send\"")                                    \
    ROW(COUNTER_TCP_ACCEPTED, "tcp_connections_total", "fate=\"accepted\"")                        \
    ROW(COUNTER_TCP_SHED, "tcp_connections_total", "fate=\"shed\"")                                \
    ROW(COUNTER_TCP_TIMED_OUT, "tcp_connections_total", "fate=\"timed-out\"")                      \
    ROW(COUNTER_TCP_BAD_LENGTH, "tcp_connections_total", "fate=\"bad-length\"")

#define COUNTER_CONSTANT(constant, metric, label) constant,
enum counter { COUNTER_TABLE(COUNTER_CONSTANT) COUNTER_COUNT };
#undef COUNTER_CONSTANT

enum { CACHE_LINE_SIZE = 64 };

/* Zeroed memory is a valid start. The padding keeps two workers off one cache line however the
 * struct is aligned. */
struct counters {
    uint8_t apart_before[CACHE_LINE_SIZE];
    _Atomic uint64_t values[COUNTER_COUNT];
    uint8_t apart_after[CACHE_LINE_SIZE];
};

/* Only the owning worker's thread: with one writer a plain load and store do, without a lock
 * prefix. */
static inline void counters_add(struct counters *counters, enum counter counter, uint64_t amount)
{
    uint64_t value = atomic_load_explicit(&counters->values[counter], memory_order_relaxed);

    atomic_store_explicit(&counters->values[counter], value + amount, memory_order_relaxed);
}

/* Any thread. Counters are read one by one: sums may be off by what happens in between. */
static inline uint64_t counters_get(const struct counters *counters, enum counter counter)
{
    return atomic_load_explicit(&counters->values[counter], memory_order_relaxed);
}

#endif
