/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_tcp.c - the listener over real sockets: its limit, lack of descriptors,
 * and its end.
 */

#include <sys/resource.h>

#include "tests/unit/server/tcp_fixture.h"

static void a_connection_beyond_the_limit_is_closed_at_once(void **state)
{
    static int clients[TCP_CONNECTIONS_MAX + 1];
    struct rlimit limit;
    struct bench bench;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < CONNECTION_FDS * TCP_CONNECTIONS_MAX + 64) {
        skip();
    }
    limit.rlim_cur = CONNECTION_FDS * TCP_CONNECTIONS_MAX + 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    bench_open(&bench, 3);
    for (size_t i = 0; i <= TCP_CONNECTIONS_MAX; i++) {
        clients[i] = client_open(&bench);
        (void)uv_run(&bench.loop, UV_RUN_NOWAIT);
    }
    assert_true(client_is_closed(&bench, clients[TCP_CONNECTIONS_MAX]));
    assert_false(client_is_closed(&bench, clients[0]));
    assert_int_equal(bench_count(&bench, COUNTER_TCP_SHED), 1);
    for (size_t i = 0; i <= TCP_CONNECTIONS_MAX; i++) {
        (void)close(clients[i]);
    }
    bench_close(&bench);
}

static void without_descriptors_connections_are_shed_and_service_comes_back(void **state)
{
    static uint8_t message[MESSAGE_MAX];
    uint8_t query[FIXTURE_REQUEST_MAX + 2];
    struct rlimit before;
    struct rlimit none;
    struct bench bench;
    size_t length = framed_query(query, 1, FIXTURE_CLUSTER);
    int lost = -1;
    int served = -1;

    (void)state;
    bench_open(&bench, 3);
    (void)uv_run(&bench.loop, UV_RUN_NOWAIT);
    lost = client_open(&bench);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)lost + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_true(client_is_closed(&bench, lost));
    /* the queue is empty again: nothing is left that would wake the loop for ever */
    assert_int_equal(uv_backend_timeout(&bench.loop) > 0, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    served = client_open(&bench);
    client_send(served, query, length);
    assert_true(client_receive(&bench, served, message) > 12);
    (void)close(lost);
    (void)close(served);
    bench_close(&bench);
}

static void stopping_lets_answers_under_way_leave(void **state)
{
    enum { LIMIT = 300, MEMBERS = 1000 };
    static uint8_t message[MESSAGE_MAX];
    struct bench bench;
    unsigned answered = 0;
    unsigned received = 0;
    int slow = -1;
    int idle = -1;

    (void)state;
    bench_open(&bench, MEMBERS);
    idle = client_open(&bench);
    slow = client_open(&bench);
    (void)client_flood(&bench, slow, LIMIT);
    answered = (unsigned)bench_count(&bench, COUNTER_QUERIES_TCP);
    tcp_server_stop(bench.server);
    assert_true(client_is_closed(&bench, idle));
    while (client_receive(&bench, slow, message) > 12) {
        received++;
    }
    assert_int_equal(received, answered);
    assert_int_equal(uv_run(&bench.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&bench.loop), 0);
    tcp_server_free(bench.server);
    socket_pair_close(&bench.pair);
    snapshot_unref(bench.serving.snapshot);
    (void)close(slow);
    (void)close(idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_beyond_the_limit_is_closed_at_once),
        cmocka_unit_test(without_descriptors_connections_are_shed_and_service_comes_back),
        cmocka_unit_test(stopping_lets_answers_under_way_leave),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* a worker's thread blocks it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
