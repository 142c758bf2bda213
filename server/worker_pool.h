/* SPDX-License-Identifier: MIT */

/*
 * server/worker_pool.h - all workers as one: opened, published to and closed together.
 *
 * Main thread only.
 */

#ifndef SERVER_WORKER_POOL_H
#define SERVER_WORKER_POOL_H

#include "server/config.h"
#include "server/worker.h"

struct worker_pool;

/*
 * Bind every worker's sockets on what `config` listens to; then start the threads, which answer
 * from `snapshot`; then log the addresses. False when one of it fails; nothing is left open then.
 */
bool worker_pool_open(struct worker_pool **pool, const struct config *config,
                      struct snapshot *snapshot, struct error *error);

/* See worker_publish(). */
void worker_pool_publish(struct worker_pool *pool, struct snapshot *snapshot);

/* What each worker has, borrowed until worker_pool_close(); so many of either. */
size_t worker_pool_count(const struct worker_pool *pool);
const struct seen_table *const *worker_pool_seen(const struct worker_pool *pool);
const struct counters *const *worker_pool_counters(const struct worker_pool *pool);

/* End every thread, side by side, and free. NULL does nothing. */
void worker_pool_close(struct worker_pool *pool);

#endif
