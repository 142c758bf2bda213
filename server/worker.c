/* SPDX-License-Identifier: MIT */

/*
 * server/worker.c - the worker's thread, its start and its end.
 */

#include "server/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <uv.h>

#include "server/serving.h"
#include "server/socket.h"
#include "server/tcp.h"
#include "server/udp.h"
#include "zones/arena.h"

struct worker {
    uv_loop_t loop;
    uv_async_t wake;
    pthread_t thread;
    bool is_running;
    bool is_stopped; /* worker_stop() was called; main thread only */
    _Atomic(struct snapshot *) mailbox;
    _Atomic(struct respond_rules *) rules_mailbox;
    atomic_bool must_stop;
    struct serving serving;
    struct udp_batch *udp_batch;
    struct udp **udps;
    struct tcp_server *tcp;
    struct socket_pair *pairs;
    size_t pair_count;
};

static void worker_close_handles(struct worker *worker)
{
    for (size_t i = 0; i < worker->pair_count; i++) {
        udp_close(worker->udps[i]);
    }
    tcp_server_stop(worker->tcp);
    uv_close((uv_handle_t *)&worker->wake, NULL);
}

/* They hold secrets. */
static void rules_free(struct respond_rules *rules)
{
    if (rules != NULL) {
        explicit_bzero(rules, sizeof(*rules));
        free(rules);
    }
}

/* Take what the main thread has left. In the worker's thread, between packets. */
static void mailboxes_empty(struct worker *worker)
{
    struct snapshot *newest = atomic_exchange(&worker->mailbox, NULL);
    struct respond_rules *rules = atomic_exchange(&worker->rules_mailbox, NULL);

    if (newest != NULL) {
        snapshot_unref(worker->serving.snapshot);
        worker->serving.snapshot = newest;
    }
    if (rules != NULL) {
        worker->serving.rules = *rules;
        rules_free(rules);
    }
}

static void on_wake(uv_async_t *wake)
{
    struct worker *worker = wake->data;

    mailboxes_empty(worker);
    if (atomic_load(&worker->must_stop)) {
        worker_close_handles(worker);
    }
}

/* The first worker asks whether the address is free; its siblings know that we have it. */
static bool worker_bind(struct worker *worker, const struct sockaddr_storage *addresses,
                        const struct worker *sibling, struct error *error)
{
    for (size_t i = 0; i < worker->pair_count; i++) {
        const struct sockaddr_storage *address =
            sibling == NULL ? &addresses[i] : &sibling->pairs[i].address;

        if (sibling == NULL && !socket_is_free(address, error)) {
            return false;
        }
        if (!socket_pair_open(&worker->pairs[i], address, error)) {
            return false;
        }
    }
    return true;
}

static bool worker_listen(struct worker *worker, struct error *error)
{
    for (size_t i = 0; i < worker->pair_count; i++) {
        worker->udps[i] =
            udp_new(&worker->loop, &worker->pairs[i], worker->udp_batch, &worker->serving, error);
        if (worker->udps[i] == NULL || !tcp_server_listen(worker->tcp, &worker->pairs[i], error)) {
            return false;
        }
    }
    return true;
}

static bool worker_open_loop(struct worker *worker, struct error *error)
{
    int code = uv_loop_init(&worker->loop);

    if (code != 0) {
        return error_set(error, "cannot make a worker's loop: %s", uv_strerror(code));
    }
    code = uv_async_init(&worker->loop, &worker->wake, on_wake);
    if (code != 0) {
        (void)uv_loop_close(&worker->loop);
        return error_set(error, "cannot make a worker's mailbox: %s", uv_strerror(code));
    }
    worker->wake.data = worker;
    return true;
}

/* Which networks share a set must not be known to anybody, see rate_limit.h. */
static bool worker_open_rate_limit(struct worker *worker, struct error *error)
{
    uint8_t hash_key[SIPHASH_KEY_LENGTH];

    if (getrandom(hash_key, sizeof(hash_key), 0) != (ssize_t)sizeof(hash_key)) {
        return error_set(error, "the kernel gives no random octets");
    }
    worker->serving.rate_limit = rate_limit_new(hash_key);
    return true;
}

struct worker *worker_new(const struct sockaddr_storage *addresses, size_t count,
                          const struct worker *sibling, struct snapshot *snapshot,
                          struct error *error)
{
    struct worker *worker = memory_new_apart(sizeof(*worker));

    if (!worker_open_loop(worker, error)) {
        free(worker);
        return NULL;
    }
    worker->pair_count = count;
    worker->pairs = memory_new(count * sizeof(*worker->pairs));
    worker->udps = memory_new(count * sizeof(struct udp *));
    worker->udp_batch = udp_batch_new();
    worker->tcp = tcp_server_new(&worker->loop, &worker->serving);
    worker->serving.snapshot = snapshot == NULL ? NULL : snapshot_ref(snapshot);
    worker->serving.seen = seen_table_new();
    worker->serving.listens = worker->pairs;
    worker->serving.listen_count = count;
    for (size_t i = 0; i < count; i++) {
        worker->pairs[i].udp_fd = -1;
        worker->pairs[i].tcp_fd = -1;
    }
    if (!worker_open_rate_limit(worker, error) || !worker_bind(worker, addresses, sibling, error) ||
        !worker_listen(worker, error)) {
        worker_free(worker);
        return NULL;
    }
    return worker;
}

const struct sockaddr_storage *worker_address(const struct worker *worker, size_t index)
{
    return &worker->pairs[index].address;
}

void worker_limit_tcp(struct worker *worker, size_t connections_max)
{
    tcp_server_limit(worker->tcp, connections_max);
}

static void *worker_run(void *argument)
{
    struct worker *worker = argument;

    (void)pthread_setname_np(pthread_self(), WORKER_THREAD_NAME);
    mailboxes_empty(worker); /* packets may be there before the wake-up is */
    (void)uv_run(&worker->loop, UV_RUN_DEFAULT);
    return NULL;
}

/* Signals are the main thread's. A blocked SIGPIPE also makes a write to a closed connection fail
 * with EPIPE alone. */
bool worker_start(struct worker *worker, struct error *error)
{
    sigset_t all;
    sigset_t before;
    char reason[128];
    int code = 0;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    code = pthread_create(&worker->thread, NULL, worker_run, worker);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0) {
        return error_set(error, "cannot start a worker's thread: %s",
                         strerror_r(code, reason, sizeof(reason)));
    }
    worker->is_running = true;
    return true;
}

void worker_publish(struct worker *worker, struct snapshot *snapshot)
{
    snapshot_unref(atomic_exchange(&worker->mailbox, snapshot_ref(snapshot)));
    (void)uv_async_send(&worker->wake); /* sends may merge: only the newest table matters */
}

void worker_set_rules(struct worker *worker, const struct respond_rules *rules)
{
    struct respond_rules *copy = memory_new(sizeof(*copy));

    *copy = *rules;
    rules_free(atomic_exchange(&worker->rules_mailbox, copy));
    (void)uv_async_send(&worker->wake);
}

void worker_set_rate_limit(struct worker *worker, const struct rate_limit_settings *settings)
{
    rate_limit_set(worker->serving.rate_limit, settings);
}

void worker_stop(struct worker *worker)
{
    if (worker->is_stopped) {
        return;
    }
    worker->is_stopped = true;
    atomic_store(&worker->must_stop, true);
    (void)uv_async_send(&worker->wake);
}

void worker_free(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    worker_stop(worker);
    if (worker->is_running) {
        (void)pthread_join(worker->thread, NULL);
    } else {
        (void)worker_run(worker); /* never started: the handles are closed here */
    }
    (void)uv_loop_close(&worker->loop);
    for (size_t i = 0; i < worker->pair_count; i++) {
        socket_pair_close(&worker->pairs[i]);
    }
    tcp_server_free(worker->tcp);
    udp_batch_free(worker->udp_batch);
    snapshot_unref(atomic_exchange(&worker->mailbox, NULL));
    snapshot_unref(worker->serving.snapshot);
    rules_free(atomic_exchange(&worker->rules_mailbox, NULL));
    explicit_bzero(&worker->serving.rules, sizeof(worker->serving.rules));
    seen_table_free(worker->serving.seen);
    rate_limit_free(worker->serving.rate_limit);
    free(worker->udps);
    free(worker->pairs);
    free(worker);
}

const struct counters *worker_counters(const struct worker *worker)
{
    return &worker->serving.counters;
}

const struct seen_table *worker_seen(const struct worker *worker)
{
    return worker->serving.seen;
}
