/* SPDX-License-Identifier: MIT */

/*
 * server/seen.h - which load balancers asked for which cluster, and which generation they got.
 *
 * A worker notes each answer to a cluster's SRV question in a table of its own; the main thread
 * reads all of them and puts them together. Memory is bounded: a full neighbourhood gives up who
 * is gone, then who asked only once, then who asked longest ago, so that a flood from ever new
 * ports cannot push out who asks regularly. The worker never locks or
 * allocates: every slot is a sequence lock of atomic words with one writer.
 *
 * Over UDP a load balancer is a client address and a port: HAProxy keeps one UDP port per
 * nameserver for life, so that several processes behind one address are told apart. One answer
 * with a generation is enough: the process got it.
 *
 * Over TCP ports change with every connection, so an address is one load balancer (port 0) that
 * may be several processes. They are counted, not told apart:
 *
 *     per interval   its questions in the busiest of the ten seconds up to its last one, over all
 *                    workers; each process asks about once a second, so there are hardly more
 *                    processes than this
 *     answers(G)     its questions answered with generation G or a newer one
 *     seen           the newest G with answers(G) >= per interval
 *     first_ms       when the answer that made it so went out, rounded up to the end of its second
 *
 * A process that asks more slowly than once a second is not caught by the count alone; whoever
 * waits allows one resolve interval after first_ms, in which it has asked too.
 *
 * Clusters are told apart by a 32-bit hash of their SRV owner name: two of 400 share one with a
 * chance of 1 in 50,000, and then count as one.
 */

#ifndef SERVER_SEEN_H
#define SERVER_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/address.h"
#include "zones/arena.h"

enum {
    /* Per worker, 124 octets each: 400 clusters x 20 load balancers fill half of them, so that
     * no neighbourhood overflows. */
    SEEN_SLOTS = 16000,
    SEEN_ACTIVE_MS = 120 * 1000, /* asked within this: worth telling of */
    /*
     * Silent for this long: gone. HAProxy asks every second; even without answers it sends 3
     * questions in 4 s for ever (facts: outages). 10 s of silence are ten questions left out.
     */
    SEEN_GONE_MS = 10 * 1000,
    SEEN_GONE_GAPS = 3,     /* who asks less often gets this many of its own intervals */
    SEEN_RESOLVE_MS = 1000, /* HAProxy's `timeout resolve`, its default and our advice */
};

struct seen_table;

/* An empty table; the memory is taken here, none later. */
struct seen_table *seen_table_new(void);
void seen_table_free(struct seen_table *table); /* NULL does nothing */

/*
 * Note that `client` (with `port`, 0 over TCP) got `generation` of the cluster with `cluster_key`
 * (struct cluster_mark, not 0) at `now_ms` of the loop's monotonic clock, the same for all
 * workers. The owning worker's thread only; no lock, no allocation.
 */
void seen_note(struct seen_table *table, const struct address *client, uint16_t port,
               uint32_t cluster_key, uint64_t generation, int64_t now_ms);

/*
 * Ask for the memory that seen_note() will need for this client, without waiting for it: with many
 * clusters it is seldom in the cache. Changes nothing; the owning worker's thread only.
 */
void seen_prefetch(const struct seen_table *table, const struct address *client, uint16_t port,
                   uint32_t cluster_key);

/* One load balancer of one cluster, put together from all workers. */
struct seen_client {
    struct address address;
    uint16_t port;       /* 0: over TCP, perhaps several processes */
    bool is_gone;        /* it has stopped asking, as after a restart: do not wait for it */
    uint64_t generation; /* the newest that counts as seen; 0: none does yet */
    int64_t first_ms;    /* since when that generation counts as seen; last_ms for generation 0 */
    int64_t last_ms;     /* when it asked last, over UDP to a tenth of a second */
};

/*
 * Who asked for `cluster_key` within SEEN_ACTIVE_MS before `now_ms`, sorted by address and port, in
 * `arena`. Any one thread, usually the main thread, while workers write; it may wait for a write
 * under way.
 */
size_t seen_collect(const struct seen_table *const *tables, size_t table_count,
                    uint32_t cluster_key, int64_t now_ms, struct arena *arena,
                    struct seen_client **clients);

/*
 * How many load balancers that still asked had to be given up for want of room: as long as it
 * grows, seen_collect() tells of too few. Any thread.
 */
uint64_t seen_lost_count(const struct seen_table *table);

#endif
