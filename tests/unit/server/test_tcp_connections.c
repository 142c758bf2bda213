/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_tcp_connections.c - many connections over real sockets: who may come in,
 * who has to go, and whose turn it is.
 */

#include "server/tcp_connection.h"
#include "tests/unit/server/tcp_fixture.h"

static void in_a_full_table_who_has_been_idle_longest_makes_room(void **state)
{
    enum { LIMIT = 8 };
    int clients[LIMIT + 1];
    struct bench bench;

    (void)state;
    bench_open(&bench, 3);
    tcp_server_limit(bench.server, LIMIT);
    for (size_t i = 0; i < LIMIT; i++) {
        clients[i] = client_open(&bench);
        assert_true(client_ask(&bench, clients[i]));
    }
    assert_true(client_ask(&bench, clients[0])); /* now the second is the one */
    clients[LIMIT] = client_open(&bench);
    assert_true(client_ask(&bench, clients[LIMIT]));
    for (size_t i = 0; i <= LIMIT; i++) {
        assert_true(i == 1 ? client_is_closed(&bench, clients[i])
                           : client_is_open(&bench, clients[i]));
        (void)close(clients[i]);
    }
    assert_int_equal(bench_count(&bench, COUNTER_TCP_EVICTED), 1);
    bench_close(&bench);
}

static void who_only_connects_cannot_push_out_who_asks(void **state)
{
    enum { LIMIT = 8, ASKING = 5, SILENT = 40 };
    int asking[ASKING];
    int silent[SILENT];
    struct bench bench;

    (void)state;
    bench_open(&bench, 3);
    tcp_server_limit(bench.server, LIMIT);
    for (size_t i = 0; i < ASKING; i++) {
        asking[i] = client_open(&bench);
        assert_true(client_ask(&bench, asking[i]));
    }
    for (size_t i = 0; i < SILENT; i++) {
        silent[i] = client_open_from(&bench, "127.0.1.1");
        bench_pump(&bench);
    }
    for (size_t i = 0; i < ASKING; i++) {
        assert_true(client_ask(&bench, asking[i]));
        (void)close(asking[i]);
    }
    assert_int_equal(bench_count(&bench, COUNTER_TCP_EVICTED), SILENT - (LIMIT - ASKING));
    for (size_t i = 0; i < SILENT; i++) {
        (void)close(silent[i]);
    }
    bench_close(&bench);
}

/* A zone that only 127.0.0.1 may ask, without clusters. */
static struct snapshot *snapshot_of_one_client(void)
{
    struct name nameserver;
    struct prefix allowed;
    struct zone zone = {.ttl_seconds = 10,
                        .negative_ttl_seconds = 2,
                        .nameservers = &nameserver,
                        .nameserver_count = 1,
                        .cluster_name = "_{group}._tcp",
                        .target_names = TARGET_ADDRESS,
                        .udp_size_octets = FIXTURE_UDP_SIZE,
                        .allow_query = &allowed,
                        .allow_query_count = 1};
    struct builder *builder = builder_new(NULL);

    assert_true(name_from_text(&zone.origin, "sd.example.com", NULL));
    assert_true(name_from_text(&nameserver, "ns1.sd.example.com", NULL));
    assert_true(prefix_parse(&allowed, "127.0.0.1", NULL));
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    return builder_finish(builder, 1000);
}

/* However busy they are, and however long the client has been idle. */
static void strangers_cannot_push_out_who_may_ask(void **state)
{
    enum { LIMIT = 8, STRANGERS = 40 };
    int strangers[STRANGERS];
    int allowed = -1;
    struct bench bench;

    (void)state;
    bench_open(&bench, 3);
    snapshot_unref(bench.serving.snapshot);
    bench.serving.snapshot = snapshot_of_one_client();
    tcp_server_limit(bench.server, LIMIT);
    allowed = client_open(&bench);
    assert_true(client_ask(&bench, allowed));
    for (size_t i = 0; i < STRANGERS; i++) {
        strangers[i] = client_open_from(&bench, "127.0.1.1");
        assert_true(client_ask(&bench, strangers[i])); /* it is told that it may not */
    }
    assert_true(client_ask(&bench, allowed));
    assert_int_equal(bench_count(&bench, COUNTER_TCP_EVICTED), STRANGERS + 1 - LIMIT);
    bench_pass_time(&bench, TCP_CROWDED_IDLE_MS / 1000 + 1);
    assert_int_equal(bench_count(&bench, COUNTER_TCP_TIMED_OUT), LIMIT);
    for (size_t i = 0; i < STRANGERS; i++) {
        (void)close(strangers[i]);
    }
    (void)close(allowed);
    bench_close(&bench);
}

static void answers_under_way_are_cut_off_only_when_the_peer_lets_us_wait(void **state)
{
    enum { LIMIT = 2 };
    int slow[LIMIT];
    int turned_away = -1;
    int served = -1;
    struct bench bench;

    (void)state;
    bench_open(&bench, 1000);
    tcp_server_limit(bench.server, LIMIT);
    for (size_t i = 0; i < LIMIT; i++) {
        slow[i] = client_open(&bench);
        (void)client_flood(&bench, slow[i], 300);
    }
    turned_away = client_open(&bench);
    bench_pump(&bench);
    assert_true(client_is_closed(&bench, turned_away));
    assert_int_equal(bench_count(&bench, COUNTER_TCP_SHED), 1);
    bench_pass_time(&bench, 2);
    served = client_open(&bench);
    assert_true(client_ask(&bench, served));
    assert_int_equal(bench_count(&bench, COUNTER_TCP_EVICTED), 1);
    for (size_t i = 0; i < LIMIT; i++) {
        (void)close(slow[i]);
    }
    (void)close(turned_away);
    (void)close(served);
    bench_close(&bench);
}

static void a_client_beyond_its_share_is_turned_away_and_others_are_not(void **state)
{
    enum { SHARE = TCP_CONNECTIONS_PER_CLIENT };
    int clients[SHARE + 1];
    int other = -1;
    struct bench bench;

    (void)state;
    bench_open(&bench, 3);
    for (size_t i = 0; i <= SHARE; i++) {
        clients[i] = client_open(&bench);
        bench_pump(&bench);
    }
    assert_true(client_is_closed(&bench, clients[SHARE]));
    assert_true(client_is_open(&bench, clients[0]));
    assert_int_equal(bench_count(&bench, COUNTER_TCP_CLIENT_LIMIT), 1);
    other = client_open_from(&bench, "127.0.0.2");
    assert_true(client_ask(&bench, other));
    (void)close(clients[0]);
    (void)close(clients[SHARE]);
    bench_pump(&bench);
    clients[0] = client_open(&bench);
    assert_true(client_ask(&bench, clients[0]));
    for (size_t i = 0; i < SHARE; i++) {
        (void)close(clients[i]);
    }
    (void)close(other);
    bench_close(&bench);
}

/* From more than three quarters of the table on. */
static void in_a_crowd_idle_connections_have_2_s(void **state)
{
    enum { LIMIT = 8, CROWD = 7 };

    (void)state;
    for (size_t count = CROWD - 1; count <= CROWD; count++) {
        int clients[CROWD];
        struct bench bench;

        bench_open(&bench, 3);
        tcp_server_limit(bench.server, LIMIT);
        for (size_t i = 0; i < count; i++) {
            clients[i] = client_open(&bench);
            assert_true(client_ask(&bench, clients[i]));
        }
        bench_pass_time(&bench, 1);
        assert_int_equal(bench_count(&bench, COUNTER_TCP_TIMED_OUT), 0);
        bench_pass_time(&bench, 2);
        assert_int_equal(bench_count(&bench, COUNTER_TCP_TIMED_OUT), count == CROWD ? CROWD : 0);
        for (size_t i = 0; i < count; i++) {
            (void)close(clients[i]);
        }
        bench_close(&bench);
    }
}

static void in_a_crowd_nobody_stays_longer_than_30_s(void **state)
{
    enum { LIMIT = 4, SECONDS = 29 };
    int clients[LIMIT];
    struct bench bench;

    (void)state;
    bench_open(&bench, 3);
    tcp_server_limit(bench.server, LIMIT);
    for (size_t i = 0; i < LIMIT; i++) {
        clients[i] = client_open(&bench);
    }
    for (int second = 0; second < SECONDS; second++) {
        for (size_t i = 0; i < LIMIT; i++) {
            assert_true(client_ask(&bench, clients[i]));
        }
        bench_pass_time(&bench, 1);
    }
    assert_int_equal(bench_count(&bench, COUNTER_TCP_EXPIRED), 0);
    for (size_t i = 0; i < LIMIT; i++) {
        assert_true(client_ask(&bench, clients[i]));
    }
    bench_pass_time(&bench, 2);
    assert_int_equal(bench_count(&bench, COUNTER_TCP_EXPIRED), LIMIT);
    for (size_t i = 0; i < LIMIT; i++) {
        (void)close(clients[i]);
    }
    bench_close(&bench);
}

/* Answers of 50 KB each: a turn of the loop has room for eleven. */
static void one_turn_answers_half_a_megabyte_to_one_client(void **state)
{
    enum { QUERIES = TCP_BATCH_SIZE, TURN_MAX = 11 };
    static uint8_t queries[QUERIES * FIXTURE_REQUEST_MAX];
    static uint8_t message[MESSAGE_MAX];
    struct bench bench;
    uint64_t answered = 0;
    size_t length = 0;
    int client = -1;

    (void)state;
    bench_open(&bench, 1000);
    client = client_open(&bench);
    for (uint16_t i = 0; i < QUERIES; i++) {
        length += framed_query(queries + length, i, FIXTURE_CLUSTER);
    }
    client_send(client, queries, length);
    for (unsigned turn = 0; answered < QUERIES && turn < PUMPS_MAX; turn++) {
        uint64_t before = answered;

        (void)uv_run(&bench.loop, UV_RUN_NOWAIT);
        answered = bench_count(&bench, COUNTER_QUERIES_TCP);
        assert_in_range(answered - before, 0, TURN_MAX);
        (void)recv(client, message, sizeof(message), MSG_DONTWAIT);
    }
    assert_int_equal(answered, QUERIES);
    (void)close(client);
    bench_close(&bench);
}

/* Messages that get no answer cost time as well, whether they come with one read or with many. */
static void one_turn_looks_at_no_more_than_256_messages(void **state)
{
    enum { SHORT = 14, LONG = 100, TURN_MAX = TCP_SHARE_OCTETS / TCP_MESSAGE_OCTETS };
    static const struct {
        size_t length;
        uint64_t count;
    } cases[] = {
        {SHORT, TCP_INPUT_SIZE / SHORT},
        {LONG,  TURN_MAX + 50         },
    };
    static uint8_t queries[(TURN_MAX + 50) * LONG];

    (void)state;
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        size_t length = cases[c].length;
        uint64_t expected = cases[c].count;
        struct bench bench;
        uint64_t looked_at = 0;
        int client = -1;

        memset(queries, 0, sizeof(queries));
        for (size_t i = 0; i < expected; i++) {
            queries[i * length + 1] = (uint8_t)(length - 2);
            queries[i * length + 4] = 0x80; /* a response */
        }
        bench_open(&bench, 3);
        client = client_open(&bench);
        client_send(client, queries, expected * length);
        for (unsigned turn = 0; looked_at < expected && turn < PUMPS_MAX; turn++) {
            uint64_t before = looked_at;

            (void)uv_run(&bench.loop, UV_RUN_NOWAIT);
            looked_at = bench_count(&bench, COUNTER_QUERIES_TCP);
            assert_in_range(looked_at - before, 0, TURN_MAX);
        }
        assert_int_equal(looked_at, expected);
        (void)close(client);
        bench_close(&bench);
    }
}

static void connections_that_have_more_to_ask_take_turns(void **state)
{
    enum { QUERIES = 2 * TCP_BATCH_SIZE, CLIENTS = 3 };
    static uint8_t queries[QUERIES * FIXTURE_REQUEST_MAX];
    static uint8_t message[MESSAGE_MAX];
    struct bench bench;
    int clients[CLIENTS];
    size_t length = 0;

    (void)state;
    bench_open(&bench, 1000);
    for (uint16_t i = 0; i < QUERIES; i++) {
        length += framed_query(queries + length, i, FIXTURE_CLUSTER);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = client_open(&bench);
        client_send(clients[i], queries, length);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_true(client_receive(&bench, clients[i], message) > 12);
    }
    /* all have got one before any has got them all */
    assert_in_range(bench_count(&bench, COUNTER_QUERIES_TCP), CLIENTS, QUERIES);
    for (size_t i = 0; i < CLIENTS; i++) {
        for (unsigned answer = 1; answer < QUERIES; answer++) {
            assert_true(client_receive(&bench, clients[i], message) > 12);
        }
        (void)close(clients[i]);
    }
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_full_table_who_has_been_idle_longest_makes_room),
        cmocka_unit_test(who_only_connects_cannot_push_out_who_asks),
        cmocka_unit_test(strangers_cannot_push_out_who_may_ask),
        cmocka_unit_test(answers_under_way_are_cut_off_only_when_the_peer_lets_us_wait),
        cmocka_unit_test(a_client_beyond_its_share_is_turned_away_and_others_are_not),
        cmocka_unit_test(in_a_crowd_idle_connections_have_2_s),
        cmocka_unit_test(in_a_crowd_nobody_stays_longer_than_30_s),
        cmocka_unit_test(one_turn_answers_half_a_megabyte_to_one_client),
        cmocka_unit_test(one_turn_looks_at_no_more_than_256_messages),
        cmocka_unit_test(connections_that_have_more_to_ask_take_turns),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* a worker's thread blocks it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
