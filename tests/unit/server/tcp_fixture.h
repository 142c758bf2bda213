/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/tcp_fixture.h - a TCP server on a loop that is run by hand, clients for it,
 * and a clock that is moved by hand (tests/unit/moved_clock.h).
 */

#ifndef TESTS_UNIT_SERVER_TCP_FIXTURE_H
#define TESTS_UNIT_SERVER_TCP_FIXTURE_H

#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>

#include "server/tcp.h"
#include "tests/unit/moved_clock.h"
#include "tests/unit/server/counters_fixture.h"
#include "tests/unit/server/fixture.h"

enum {
    MESSAGE_MAX = 65535,
    PUMPS_MAX = 1000,
    PUMP_WAIT_MS = 20,
    QUIET_PUMPS = 20,
};

struct bench {
    uv_loop_t loop;
    struct socket_pair pair;
    struct serving serving;
    struct tcp_server *server;
};

static inline void bench_open(struct bench *bench, size_t members)
{
    struct sockaddr_storage address = fixture_address("127.0.0.1", 0);

    memset(bench, 0, sizeof(*bench));
    clock_stands = true; /* limits are met by bench_pass_time() alone, however slow the machine */
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    assert_true(socket_pair_open(&bench->pair, &address, NULL));
    bench->serving.snapshot = fixture_snapshot(members, 65535, ZONE_COMPLETE);
    bench->server = tcp_server_new(&bench->loop, &bench->serving);
    assert_true(tcp_server_listen(bench->server, &bench->pair, NULL));
}

static inline uint64_t bench_count(const struct bench *bench, enum counter counter)
{
    return counters_get(&bench->serving.counters, counter);
}

/* Every connection that was accepted and is over has one fate, and every query one end. */
static inline void bench_expect_balance(const struct bench *bench)
{
    static const enum counter fates[] = {
        COUNTER_TCP_TIMED_OUT,   COUNTER_TCP_BAD_LENGTH, COUNTER_TCP_EVICTED, COUNTER_TCP_SLOW,
        COUNTER_TCP_NOT_READING, COUNTER_TCP_EXPIRED,    COUNTER_TCP_ENDED,
    };
    uint64_t sum = 0;

    for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        sum += bench_count(bench, fates[i]);
    }
    assert_int_equal(sum, bench_count(bench, COUNTER_TCP_ACCEPTED));
    assert_counters_balance(&bench->serving.counters);
}

static inline void bench_close(struct bench *bench)
{
    tcp_server_stop(bench->server);
    clock_go_on(); /* stopping may wait for a timer */
    assert_int_equal(uv_run(&bench->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    bench_expect_balance(bench);
    tcp_server_free(bench->server);
    socket_pair_close(&bench->pair);
    snapshot_unref(bench->serving.snapshot);
}

static inline void bench_pump(struct bench *bench)
{
    for (int i = 0; i < QUIET_PUMPS; i++) {
        (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
    }
}

static inline void bench_pass_time(struct bench *bench, int64_t seconds)
{
    clock_ahead_ms += seconds * 1000;
    bench_pump(bench);
}

/* `host` is an address of the loopback network, of which each counts as a client of its own. */
static inline int client_open_from(struct bench *bench, const char *host)
{
    struct sockaddr_storage source = fixture_address(host, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&source, socket_address_length(&source)), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&bench->pair.address,
                             socket_address_length(&bench->pair.address)),
                     0);
    return fd;
}

static inline int client_open(struct bench *bench)
{
    return client_open_from(bench, "127.0.0.1");
}

static inline void client_send(int fd, const void *octets, size_t length)
{
    assert_int_equal(send(fd, octets, length, MSG_NOSIGNAL), length);
}

/* Run the loop until `length` octets are here; fewer when the connection ends or nothing comes. */
static inline size_t client_read(struct bench *bench, int fd, uint8_t *octets, size_t length)
{
    size_t have = 0;

    for (int quiet = 0; have < length && quiet < PUMPS_MAX; quiet++) {
        struct pollfd watched = {.fd = fd, .events = POLLIN};
        ssize_t count = 0;

        (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
        if (poll(&watched, 1, PUMP_WAIT_MS) != 1) {
            continue;
        }
        count = recv(fd, octets + have, length - have, 0);
        if (count <= 0) {
            break;
        }
        have += (size_t)count;
        quiet = 0;
    }
    return have;
}

/* One answer without its prefix; 0 when there is none. */
static inline size_t client_receive(struct bench *bench, int fd, uint8_t *message)
{
    uint8_t prefix[2];
    size_t length = 0;

    if (client_read(bench, fd, prefix, 2) != 2) {
        return 0;
    }
    length = fixture_u16(prefix, 0);
    assert_int_equal(client_read(bench, fd, message, length), length);
    return length;
}

/* Whether the connection ends, in order or by a reset, within so many turns. */
static inline bool client_ends(struct bench *bench, int fd, int turns, int wait_ms)
{
    for (int i = 0; i < turns; i++) {
        struct pollfd watched = {.fd = fd, .events = POLLIN};
        uint8_t octet = 0;

        (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
        if (poll(&watched, 1, wait_ms) == 1) {
            return recv(fd, &octet, 1, 0) <= 0;
        }
    }
    return false;
}

/* The server closed the connection; the kernel may take its time to tell. */
static inline bool client_is_closed(struct bench *bench, int fd)
{
    return client_ends(bench, fd, PUMPS_MAX, PUMP_WAIT_MS);
}

static inline bool client_is_open(struct bench *bench, int fd)
{
    return !client_ends(bench, fd, QUIET_PUMPS, 0);
}

/* How the connection ends for a client that takes all that is there; 0: in order. */
static inline int client_end(struct bench *bench, int fd)
{
    static uint8_t octets[MESSAGE_MAX];
    ssize_t count = 1;

    for (unsigned i = 0; count != 0 && i < PUMPS_MAX; i++) {
        struct pollfd watched = {.fd = fd, .events = POLLIN};

        (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
        (void)poll(&watched, 1, PUMP_WAIT_MS);
        count = recv(fd, octets, sizeof(octets), MSG_DONTWAIT);
        if (count < 0 && errno != EAGAIN) {
            return errno;
        }
    }
    return count == 0 ? 0 : EAGAIN;
}

/* A query behind its length prefix; returns both together. */
static inline size_t framed_query(uint8_t *octets, uint16_t id, const char *name)
{
    size_t length = fixture_query(octets + 2, id, name, 33, 65535);

    octets[0] = (uint8_t)(length >> 8);
    octets[1] = (uint8_t)length;
    return length + 2;
}

/* Ask once and take the answer; false when there is none. */
static inline bool client_ask(struct bench *bench, int fd)
{
    static uint8_t message[MESSAGE_MAX];
    uint8_t query[FIXTURE_REQUEST_MAX + 2];
    size_t length = framed_query(query, 1, FIXTURE_CLUSTER);

    return send(fd, query, length, MSG_NOSIGNAL) == (ssize_t)length &&
           client_receive(bench, fd, message) > 12;
}

/* Queries for 64 KiB each until the server takes no more; returns how many it was sent. */
static inline unsigned client_flood(struct bench *bench, int client, unsigned limit)
{
    uint8_t query[FIXTURE_REQUEST_MAX + 2];
    unsigned sent = 0;

    for (int quiet = 0; sent < limit && quiet < QUIET_PUMPS; quiet++) {
        size_t length = framed_query(query, (uint16_t)sent, FIXTURE_CLUSTER);
        ssize_t count = send(client, query, length, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (count > 0) {
            assert_int_equal(count, length);
            sent++;
            quiet = 0;
        }
        (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
    }
    bench_pump(bench);
    return sent;
}

#endif
