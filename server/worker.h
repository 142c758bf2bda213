/* SPDX-License-Identifier: MIT */

/*
 * server/worker.h - one thread that answers queries: a loop, its own sockets, its own counters and
 * one reference to the newest table.
 *
 *     worker_new() -> worker_start() -> worker_publish() any number of times
 *     -> worker_stop() -> worker_free()
 *
 * All of it is called from the main thread. The only thing that both threads touch is the mailbox,
 * which holds at most one snapshot; the worker never takes a lock and never waits for the main
 * thread. Sockets are bound by worker_new(), before any thread runs and before privileges go.
 */

#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "server/counters.h"
#include "server/rate_limit.h"
#include "server/respond.h"
#include "server/seen.h"
#include "zones/error.h"
#include "zones/snapshot.h"

struct worker;

/*
 * Bind UDP and TCP on each of `count` addresses. `sibling` is a worker made before from the same
 * addresses, whose ports are shared (also where an address has port 0); NULL makes the first one,
 * which refuses an address that another process has. `snapshot` is what is answered from until
 * the first worker_publish(); one reference of it is taken. It may be NULL when worker_publish()
 * comes before worker_start(). NULL with the reason on failure.
 */
struct worker *worker_new(const struct sockaddr_storage *addresses, size_t count,
                          const struct worker *sibling, struct snapshot *snapshot,
                          struct error *error);

/* The address that was bound in the place of `index`, with its real port. */
const struct sockaddr_storage *worker_address(const struct worker *worker, size_t index);

/* See tcp_server_limit() in server/tcp.h. Before worker_start(). */
void worker_limit_tcp(struct worker *worker, size_t connections_max);

/* What `top -H`, `taskset` and the like know the thread by: at most 15 octets. */
#define WORKER_THREAD_NAME "worker"

/* Run the thread, with every signal blocked in it. What was published and set before goes for the
 * first packet already. False when there can be no further thread. */
bool worker_start(struct worker *worker, struct error *error);

/*
 * Answer from `snapshot` soon, from the next wake-up on; takes one reference. Publishing faster
 * than the worker wakes is fine: only the newest table matters. Not after worker_stop().
 */
void worker_publish(struct worker *worker, struct snapshot *snapshot);

/* What responses tell from soon on; `rules` are copied. At first they are zeroed. */
void worker_set_rules(struct worker *worker, const struct respond_rules *rules);

/* How much strangers get from now on. */
void worker_set_rate_limit(struct worker *worker, const struct rate_limit_settings *settings);

/*
 * Ask the worker to end. Returns at once, so that several workers end side by side; answers that
 * are on their way over TCP get TCP_DRAIN_MS (server/tcp.h).
 */
void worker_stop(struct worker *worker);

/* Stop if need be, wait for the thread's end and free everything. NULL does nothing. */
void worker_free(struct worker *worker);

/* What this worker has counted; readable at any time until worker_free(). */
const struct counters *worker_counters(const struct worker *worker);

/* Whom this worker has answered; readable by seen_collect() until worker_free(). */
const struct seen_table *worker_seen(const struct worker *worker);

#endif
