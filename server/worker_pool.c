/* SPDX-License-Identifier: MIT */

/*
 * server/worker_pool.c - one worker after the other.
 */

#include "server/worker_pool.h"

#include <stdlib.h>

#include "discovery/log.h"
#include "server/socket.h"
#include "server/tcp.h"
#include "zones/arena.h"

struct worker_pool {
    struct worker **workers;
    size_t count;
    const struct seen_table **seen;
    const struct counters **counters;
};

static bool workers_bind(struct worker_pool *pool, const struct config *config, struct error *error)
{
    struct sockaddr_storage *addresses = memory_new(config->listen_count * sizeof(*addresses));
    bool is_bound = true;

    for (size_t index = 0; index < config->listen_count; index++) {
        addresses[index] = config->listens[index].address;
    }
    while (is_bound && pool->count < config->workers) {
        const struct worker *sibling = pool->count == 0 ? NULL : pool->workers[0];
        struct worker *worker = worker_new(addresses, config->listen_count, sibling, NULL, error);

        is_bound = worker != NULL;
        if (is_bound) {
            pool->seen[pool->count] = worker_seen(worker);
            pool->counters[pool->count] = worker_counters(worker);
            pool->workers[pool->count++] = worker;
        }
    }
    free(addresses);
    return is_bound;
}

static void listeners_log(const struct worker_pool *pool, const struct config *config)
{
    for (size_t index = 0; index < config->listen_count; index++) {
        char text[SOCKET_ADDRESS_TEXT];

        log_event(LEVEL_NOTICE, "listening",
                  log_text("address",
                           socket_address_to_text(worker_address(pool->workers[0], index), text)),
                  log_number("workers", (int64_t)pool->count));
    }
}

/* All sockets are open, so that what is left is for clients and for what is reserved. */
static void workers_limit_tcp(const struct worker_pool *pool)
{
    size_t connections_max = tcp_connections_affordable(socket_descriptors_left(), pool->count);

    for (size_t index = 0; index < pool->count; index++) {
        worker_limit_tcp(pool->workers[index], connections_max);
    }
    if (connections_max < TCP_CONNECTIONS_MAX) {
        log_event(LEVEL_WARNING, "the limit on open files leaves few TCP connections",
                  log_number("per-worker", (int64_t)connections_max),
                  log_number("wanted", TCP_CONNECTIONS_MAX));
    }
}

bool worker_pool_open(struct worker_pool **pool, const struct config *config, struct error *error)
{
    struct worker_pool *made = memory_new(sizeof(*made));

    *made = (struct worker_pool){
        .workers = memory_new(config->workers * sizeof(struct worker *)),
        .seen = memory_new(config->workers * sizeof(const struct seen_table *)),
        .counters = memory_new(config->workers * sizeof(const struct counters *)),
    };
    *pool = made;
    if (!workers_bind(made, config, error)) {
        worker_pool_close(made);
        *pool = NULL;
    }
    return *pool != NULL;
}

bool worker_pool_start(struct worker_pool *pool, const struct config *config, struct error *error)
{
    workers_limit_tcp(pool);
    worker_pool_set_rate_limit(pool, config);
    for (size_t index = 0; index < pool->count; index++) {
        if (!worker_start(pool->workers[index], error)) {
            return false;
        }
    }
    listeners_log(pool, config);
    return true;
}

void worker_pool_publish(struct worker_pool *pool, struct snapshot *snapshot)
{
    for (size_t index = 0; index < pool->count; index++) {
        worker_publish(pool->workers[index], snapshot);
    }
}

void worker_pool_set_rules(struct worker_pool *pool, const struct respond_rules *rules)
{
    for (size_t index = 0; index < pool->count; index++) {
        worker_set_rules(pool->workers[index], rules);
    }
}

void worker_pool_set_rate_limit(struct worker_pool *pool, const struct config *config)
{
    const struct rate_limit_settings settings = {.per_second = config->rate_limit,
                                                 .slip = config->rate_limit_slip,
                                                 .workers = (uint32_t)pool->count};

    for (size_t index = 0; index < pool->count; index++) {
        worker_set_rate_limit(pool->workers[index], &settings);
    }
}

size_t worker_pool_count(const struct worker_pool *pool)
{
    return pool->count;
}

const struct seen_table *const *worker_pool_seen(const struct worker_pool *pool)
{
    return pool->seen;
}

const struct counters *const *worker_pool_counters(const struct worker_pool *pool)
{
    return pool->counters;
}

void worker_pool_close(struct worker_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (size_t index = 0; index < pool->count; index++) {
        worker_stop(pool->workers[index]);
    }
    for (size_t index = 0; index < pool->count; index++) {
        worker_free(pool->workers[index]);
    }
    free(pool->workers);
    free(pool->seen);
    free(pool->counters);
    free(pool);
}
