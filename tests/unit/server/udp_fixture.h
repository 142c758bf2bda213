/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/udp_fixture.h - one UDP listener on a loop that the test runs by hand, and
 * clients of it.
 */

#ifndef TESTS_UNIT_SERVER_UDP_FIXTURE_H
#define TESTS_UNIT_SERVER_UDP_FIXTURE_H

#include "server/udp.h"
#include "tests/unit/server/counters_fixture.h"
#include "tests/unit/server/fixture.h"

enum { ANSWER_MAX = 65535, PUMPS_MAX = 1000, PUMP_WAIT_MS = 20 };

struct bench {
    uv_loop_t loop;
    struct socket_pair pair;
    struct udp_batch *batch;
    struct serving serving;
    struct udp *udp;
};

static inline void bench_open(struct bench *bench, const char *host)
{
    struct sockaddr_storage address = fixture_address(host, 0);

    memset(bench, 0, sizeof(*bench));
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    assert_true(socket_pair_open(&bench->pair, &address, NULL));
    bench->batch = udp_batch_new();
    bench->serving.snapshot = fixture_snapshot(50, 65535, ZONE_COMPLETE);
    bench->udp = udp_new(&bench->loop, &bench->pair, bench->batch, &bench->serving, NULL);
    assert_non_null(bench->udp);
}

static inline void bench_close(struct bench *bench)
{
    udp_close(bench->udp);
    assert_int_equal(uv_run(&bench->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    socket_pair_close(&bench->pair);
    udp_batch_free(bench->batch);
    snapshot_unref(bench->serving.snapshot);
}

static inline uint64_t bench_count(const struct bench *bench, enum counter counter)
{
    return counters_get(&bench->serving.counters, counter);
}

/* A client bound to `host`, not connected, as HAProxy 3.3 is. */
static inline int client_open(const char *host)
{
    struct sockaddr_storage address = fixture_address(host, 0);
    int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, socket_address_length(&address)),
                     0);
    return fd;
}

static inline void client_send(int fd, const void *octets, size_t length,
                               const struct sockaddr_storage *to)
{
    assert_int_equal(
        sendto(fd, octets, length, 0, (const struct sockaddr *)to, socket_address_length(to)),
        length);
}

static inline bool is_readable(int fd, int wait_ms)
{
    struct pollfd watched = {.fd = fd, .events = POLLIN};

    return poll(&watched, 1, wait_ms) == 1;
}

/* Run the loop until the client has something to read; 0 when nothing comes. */
static inline size_t client_receive(struct bench *bench, int fd, uint8_t *octets,
                                    struct sockaddr_storage *from)
{
    for (int i = 0; i < PUMPS_MAX; i++) {
        socklen_t length = sizeof(*from);

        (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
        if (is_readable(fd, PUMP_WAIT_MS)) {
            ssize_t count = recvfrom(fd, octets, ANSWER_MAX, 0, (struct sockaddr *)from, &length);

            assert_true(count > 0);
            return (size_t)count;
        }
    }
    return 0;
}

static inline void assert_balanced(const struct bench *bench)
{
    assert_counters_balance(&bench->serving.counters);
}

/* Run the loop until `count` datagrams have been counted. */
static inline void bench_pump(struct bench *bench, uint64_t count)
{
    for (int i = 0; i < PUMPS_MAX && bench_count(bench, COUNTER_QUERIES_UDP) < count; i++) {
        (void)is_readable(bench->pair.udp_fd, PUMP_WAIT_MS);
        (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(bench_count(bench, COUNTER_QUERIES_UDP), count);
}

#endif
