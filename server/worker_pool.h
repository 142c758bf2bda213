/* SPDX-License-Identifier: MIT */

/*
 * server/worker_pool.h - all workers as one: opened, started, published to and closed together.
 *
 * Main thread only.
 */

#ifndef SERVER_WORKER_POOL_H
#define SERVER_WORKER_POOL_H

#include "server/config.h"
#include "server/worker.h"

struct worker_pool;

/*
 * Bind every worker's sockets on what `config` listens to, as long as we have the right to. Nothing
 * is answered yet. False when one of them fails; nothing is left open then.
 */
bool worker_pool_open(struct worker_pool **pool, const struct config *config, struct error *error);

/*
 * Start the threads, after the first worker_pool_publish(), and log the addresses. False when one
 * of them fails; the pool is to be closed all the same.
 */
bool worker_pool_start(struct worker_pool *pool, const struct config *config, struct error *error);

/* See worker_publish(). */
void worker_pool_publish(struct worker_pool *pool, struct snapshot *snapshot);

/* See worker_set_rules(). */
void worker_pool_set_rules(struct worker_pool *pool, const struct respond_rules *rules);

/* How much strangers get from now on, by the configuration's rate-limit and rate-limit-slip. */
void worker_pool_set_rate_limit(struct worker_pool *pool, const struct config *config);

/* What each worker has, borrowed until worker_pool_close(); so many of either. */
size_t worker_pool_count(const struct worker_pool *pool);
const struct seen_table *const *worker_pool_seen(const struct worker_pool *pool);
const struct counters *const *worker_pool_counters(const struct worker_pool *pool);

/* End every thread, side by side, and free. NULL does nothing. */
void worker_pool_close(struct worker_pool *pool);

#endif
