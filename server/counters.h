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

#include "zones/arena.h"

/*
 * constant, metric (after "rollcall_"), label, "" for none
 *
 * Of TCP connections "shed" and "client-limit" were turned away. All others were accepted, and each
 * that is over has one fate, counted when it is decided: accepted less fates are open now, but for
 * those whose last answers are still on their way.
 */
#define COUNTER_TABLE(ROW)                                                                         \
    ROW(COUNTER_QUERIES_UDP, "queries_total", "transport=\"udp\"")                                 \
    ROW(COUNTER_QUERIES_TCP, "queries_total", "transport=\"tcp\"")                                 \
    ROW(COUNTER_NOERROR, "answers_total", "rcode=\"NOERROR\"")                                     \
    ROW(COUNTER_FORMERR, "answers_total", "rcode=\"FORMERR\"")                                     \
    ROW(COUNTER_SERVFAIL, "answers_total", "rcode=\"SERVFAIL\"")                                   \
    ROW(COUNTER_NXDOMAIN, "answers_total", "rcode=\"NXDOMAIN\"")                                   \
    ROW(COUNTER_NOTIMP, "answers_total", "rcode=\"NOTIMP\"")                                       \
    ROW(COUNTER_REFUSED, "answers_total", "rcode=\"REFUSED\"")                                     \
    ROW(COUNTER_NOTAUTH, "answers_total", "rcode=\"NOTAUTH\"")                                     \
    ROW(COUNTER_BADVERS, "answers_total", "rcode=\"BADVERS\"")                                     \
    ROW(COUNTER_BADCOOKIE, "answers_total", "rcode=\"BADCOOKIE\"")                                 \
    ROW(COUNTER_TRUNCATED, "answers_truncated_total", "")                                          \
    ROW(COUNTER_SLIPPED, "answers_slipped_total", "")                                              \
    ROW(COUNTER_DROPPED_NO_QUERY, "drops_total", "reason=\"no-query\"")                            \
    ROW(COUNTER_DROPPED_SOURCE_PORT, "drops_total", "reason=\"source-port\"")                      \
    ROW(COUNTER_DROPPED_OWN_ADDRESS, "drops_total", "reason=\"own-address\"")                      \
    ROW(COUNTER_DROPPED_OVERSIZE, "drops_total", "reason=\"oversize\"")                            \
    ROW(COUNTER_DROPPED_RATE_LIMIT, "drops_total", "reason=\"rate-limit\"")                        \
    ROW(COUNTER_DROPPED_SEND, "drops_total", "reason=\"send\"")                                    \
    ROW(COUNTER_TCP_ACCEPTED, "tcp_connections_total", "fate=\"accepted\"")                        \
    ROW(COUNTER_TCP_SHED, "tcp_connections_total", "fate=\"shed\"")                                \
    ROW(COUNTER_TCP_TIMED_OUT, "tcp_connections_total", "fate=\"timed-out\"")                      \
    ROW(COUNTER_TCP_BAD_LENGTH, "tcp_connections_total", "fate=\"bad-length\"")                    \
    ROW(COUNTER_TCP_CLIENT_LIMIT, "tcp_connections_total", "fate=\"client-limit\"")                \
    ROW(COUNTER_TCP_EVICTED, "tcp_connections_total", "fate=\"evicted\"")                          \
    ROW(COUNTER_TCP_SLOW, "tcp_connections_total", "fate=\"slow\"")                                \
    ROW(COUNTER_TCP_NOT_READING, "tcp_connections_total", "fate=\"not-reading\"")                  \
    ROW(COUNTER_TCP_EXPIRED, "tcp_connections_total", "fate=\"expired\"")                          \
    ROW(COUNTER_TCP_ENDED, "tcp_connections_total", "fate=\"ended\"")                              \
    ROW(COUNTER_TCP_PAUSES, "tcp_accept_pauses_total", "")

#define COUNTER_CONSTANT(constant, metric, label) constant,
enum counter { COUNTER_TABLE(COUNTER_CONSTANT) COUNTER_COUNT };
#undef COUNTER_CONSTANT

/* Zeroed memory is a valid start. The padding keeps two workers off one cache line however the
 * struct is aligned. */
struct counters {
    uint8_t apart_before[CACHE_LINE_SIZE];
    _Atomic uint64_t values[COUNTER_COUNT];
    uint8_t apart_after[CACHE_LINE_SIZE];
};

_Static_assert(offsetof(struct counters, values) >= CACHE_LINE_SIZE &&
                   sizeof(struct counters) - offsetof(struct counters, values) -
                           COUNTER_COUNT * sizeof(uint64_t) >=
                       CACHE_LINE_SIZE,
               "nothing beside them is on a cache line of theirs");

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
