/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_tcp.c - the listener over real sockets: its share of the
 * descriptors, the lack of any, and its end.
 */

#include <sys/resource.h>

#include "tests/unit/server/tcp_fixture.h"

static void each_worker_gets_its_share_of_the_descriptors(void **state)
{
    static const struct {
        const char *why;
        size_t descriptors;
        size_t workers;
        size_t expected;
    } cases[] = {
        {"more than enough",           1048576, 2, TCP_CONNECTIONS_MAX    },
        {"just enough",                2112,    2, TCP_CONNECTIONS_MAX    },
        {"one is missing",             2111,    2, TCP_CONNECTIONS_MAX - 1},
        {"the usual soft limit",       1000,    2, 468                    },
        {"nothing beside the reserve", 64,      1, TCP_CONNECTIONS_MIN    },
        {"less than the reserve",      0,       8, TCP_CONNECTIONS_MIN    },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (tcp_connections_affordable(cases[i].descriptors, cases[i].workers) !=
            cases[i].expected) {
            fail_msg("%s", cases[i].why);
        }
    }
}

/* No descriptor from now on; `newest` is the highest number in use. */
static struct rlimit descriptors_end(int newest)
{
    struct rlimit before;
    struct rlimit none;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)newest + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    return before;
}

static void without_descriptors_newcomers_wait_and_the_loop_sleeps(void **state)
{
    struct rlimit before;
    struct bench bench;
    struct pollfd events = {.events = POLLIN};
    int client = -1;

    (void)state;
    bench_open(&bench, 3);
    (void)uv_run(&bench.loop, UV_RUN_NOWAIT);
    client = client_open(&bench);
    before = descriptors_end(client);
    bench_pump(&bench);
    assert_int_equal(bench_count(&bench, COUNTER_TCP_PAUSES), 1);
    events.fd = uv_backend_fd(&bench.loop);
    assert_int_equal(poll(&events, 1, 0), 0); /* nothing wakes the loop but its timers */
    assert_true(uv_backend_timeout(&bench.loop) > 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    clock_ahead_ms += TCP_ACCEPT_PAUSE_MS;
    assert_true(client_ask(&bench, client));
    (void)close(client);
    bench_close(&bench);
}

static void without_descriptors_an_idle_connection_gives_its_own(void **state)
{
    struct rlimit before;
    struct bench bench;
    int idle = -1;
    int client = -1;

    (void)state;
    bench_open(&bench, 3);
    idle = client_open(&bench);
    assert_true(client_ask(&bench, idle));
    client = client_open(&bench);
    before = descriptors_end(client);
    assert_true(client_ask(&bench, client));
    assert_true(client_is_closed(&bench, idle));
    assert_int_equal(bench_count(&bench, COUNTER_TCP_EVICTED), 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    (void)close(client);
    (void)close(idle);
    bench_close(&bench);
}

/* The limit lies below what is open, as if others took every descriptor that becomes free. */
static void where_closing_does_not_help_only_one_is_closed(void **state)
{
    enum { IDLE = 3, BELOW_ALL = 3 };
    struct rlimit before;
    struct bench bench;
    int idle[IDLE];
    int client = -1;

    (void)state;
    bench_open(&bench, 3);
    for (size_t i = 0; i < IDLE; i++) {
        idle[i] = client_open(&bench);
        assert_true(client_ask(&bench, idle[i]));
    }
    client = client_open(&bench);
    before = descriptors_end(BELOW_ALL);
    bench_pump(&bench);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(bench_count(&bench, COUNTER_TCP_EVICTED), 1);
    assert_int_equal(bench_count(&bench, COUNTER_TCP_PAUSES), 1);
    clock_ahead_ms += TCP_ACCEPT_PAUSE_MS;
    assert_true(client_ask(&bench, client));
    for (size_t i = 0; i < IDLE; i++) {
        (void)close(idle[i]);
    }
    (void)close(client);
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
    clock_go_on(); /* what is left ends by a timer */
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
        cmocka_unit_test(each_worker_gets_its_share_of_the_descriptors),
        cmocka_unit_test(without_descriptors_newcomers_wait_and_the_loop_sleeps),
        cmocka_unit_test(without_descriptors_an_idle_connection_gives_its_own),
        cmocka_unit_test(where_closing_does_not_help_only_one_is_closed),
        cmocka_unit_test(stopping_lets_answers_under_way_leave),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* a worker's thread blocks it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
