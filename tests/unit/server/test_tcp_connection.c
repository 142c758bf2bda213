/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_tcp_connection.c - one connection over a real socket: framing, pipelining,
 * deadlines, and peers that do not read.
 */

#include "tests/unit/server/tcp_fixture.h"

static void a_query_in_single_octets_is_answered(void **state)
{
    static uint8_t message[MESSAGE_MAX];
    uint8_t query[FIXTURE_REQUEST_MAX + 2];
    struct bench bench;
    size_t length = framed_query(query, 0x4242, FIXTURE_CLUSTER);
    int client = -1;

    (void)state;
    bench_open(&bench, 3);
    client = client_open(&bench);
    for (size_t i = 0; i < length; i++) {
        client_send(client, query + i, 1);
        bench_pump(&bench);
    }
    assert_true(client_receive(&bench, client, message) > 12);
    assert_int_equal(fixture_u16(message, 0), 0x4242);
    assert_int_equal(fixture_u16(message, 6), 3);
    assert_int_equal(bench_count(&bench, COUNTER_QUERIES_TCP), 1);
    (void)close(client);
    bench_close(&bench);
}

/* More than a batch and more than the input buffer holds, in one write. */
static void pipelined_queries_are_answered_in_their_order(void **state)
{
    enum { QUERIES = 500 };
    static uint8_t queries[QUERIES * FIXTURE_REQUEST_MAX];
    static uint8_t message[MESSAGE_MAX];
    struct bench bench;
    size_t length = 0;
    int client = -1;

    (void)state;
    bench_open(&bench, 3);
    client = client_open(&bench);
    for (unsigned i = 0; i < QUERIES; i++) {
        length += framed_query(queries + length, (uint16_t)i,
                               i % 3 == 0 ? "no.example.org" : FIXTURE_CLUSTER);
    }
    client_send(client, queries, length);
    for (unsigned i = 0; i < QUERIES; i++) {
        assert_true(client_receive(&bench, client, message) > 12);
        assert_int_equal(fixture_u16(message, 0), i);
    }
    assert_int_equal(bench_count(&bench, COUNTER_QUERIES_TCP), QUERIES);
    (void)close(client);
    bench_close(&bench);
}

static void a_length_that_no_query_has_ends_the_connection(void **state)
{
    static const uint16_t lengths[] = {0, 1, 11, TCP_REQUEST_SIZE + 1, 65535};
    static uint8_t message[MESSAGE_MAX];
    uint8_t query[FIXTURE_REQUEST_MAX + 4];
    struct bench bench;

    (void)state;
    bench_open(&bench, 3);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        int client = client_open(&bench);
        size_t length = framed_query(query, 9, FIXTURE_CLUSTER);

        query[length] = (uint8_t)(lengths[i] >> 8);
        query[length + 1] = (uint8_t)lengths[i];
        client_send(client, query, length + 2);
        assert_true(client_receive(&bench, client, message) > 12); /* what came before counts */
        assert_true(client_is_closed(&bench, client));
        assert_int_equal(bench_count(&bench, COUNTER_TCP_BAD_LENGTH), i + 1);
        (void)close(client);
    }
    bench_close(&bench);
}

static void an_idle_connection_is_closed_after_10_s_and_not_after_8(void **state)
{
    static uint8_t message[MESSAGE_MAX];
    uint8_t query[FIXTURE_REQUEST_MAX + 2];
    struct bench bench;
    size_t length = framed_query(query, 1, FIXTURE_CLUSTER);
    int client = -1;

    (void)state;
    bench_open(&bench, 3);
    client = client_open(&bench);
    client_send(client, query, length);
    assert_true(client_receive(&bench, client, message) > 12);
    bench_pass_time(&bench, 8);
    client_send(client, query, length);
    assert_true(client_receive(&bench, client, message) > 12);
    bench_pass_time(&bench, 12);
    assert_true(client_is_closed(&bench, client));
    assert_int_equal(bench_count(&bench, COUNTER_TCP_TIMED_OUT), 1);
    (void)close(client);
    bench_close(&bench);
}

static void a_connection_that_asks_nothing_is_closed_after_2_s(void **state)
{
    struct bench bench;
    int client = -1;

    (void)state;
    bench_open(&bench, 3);
    client = client_open(&bench);
    bench_pump(&bench);
    bench_pass_time(&bench, 1);
    assert_true(client_is_open(&bench, client));
    bench_pass_time(&bench, 2);
    assert_true(client_is_closed(&bench, client));
    assert_int_equal(bench_count(&bench, COUNTER_TCP_SLOW), 1);
    (void)close(client);
    bench_close(&bench);
}

/* Octet by octet, each in good time: the message is what has to come within 2 s. */
static void a_second_message_that_trickles_in_buys_no_time_either(void **state)
{
    uint8_t query[FIXTURE_REQUEST_MAX + 2];
    struct bench bench;
    int client = -1;

    (void)state;
    (void)framed_query(query, 1, FIXTURE_CLUSTER);
    bench_open(&bench, 3);
    client = client_open(&bench);
    assert_true(client_ask(&bench, client));
    bench_pass_time(&bench, 5);
    for (size_t sent = 0; sent < 4; sent++) {
        (void)send(client, query + sent, 1, MSG_NOSIGNAL);
        bench_pump(&bench);
        bench_pass_time(&bench, 1);
    }
    assert_true(client_is_closed(&bench, client));
    assert_int_equal(bench_count(&bench, COUNTER_TCP_SLOW), 1);
    (void)close(client);
    bench_close(&bench);
}

/* The client has sent its end behind its last question and reads on. */
static void after_a_half_close_every_answer_still_leaves(void **state)
{
    enum { QUERIES = 100 };
    static const size_t sizes[] = {3, 1000};
    static uint8_t queries[QUERIES * FIXTURE_REQUEST_MAX];
    static uint8_t message[MESSAGE_MAX];

    (void)state;
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        struct bench bench;
        size_t length = 0;
        int client = -1;

        bench_open(&bench, sizes[s]);
        client = client_open(&bench);
        for (unsigned i = 0; i < QUERIES; i++) {
            length += framed_query(queries + length, (uint16_t)i, FIXTURE_CLUSTER);
        }
        client_send(client, queries, length);
        assert_int_equal(shutdown(client, SHUT_WR), 0);
        for (unsigned i = 0; i < QUERIES; i++) {
            assert_true(client_receive(&bench, client, message) > 12);
            assert_int_equal(fixture_u16(message, 0), i);
        }
        assert_true(client_is_closed(&bench, client));
        assert_int_equal(bench_count(&bench, COUNTER_TCP_ENDED), 1);
        (void)close(client);
        bench_close(&bench);
    }
}

static void a_reset_with_answers_under_way_leaves_nothing_behind(void **state)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct bench bench;
    int client = -1;

    (void)state;
    bench_open(&bench, 1000);
    client = client_open(&bench);
    (void)client_flood(&bench, client, 300);
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    (void)close(client);
    bench_pump(&bench);
    assert_int_equal(bench_count(&bench, COUNTER_TCP_ENDED), 1);
    bench_close(&bench);
}

static void octets_that_trickle_in_buy_no_time(void **state)
{
    uint8_t query[FIXTURE_REQUEST_MAX + 2];
    struct bench bench;
    int client = -1;
    size_t sent = 0;

    (void)state;
    (void)framed_query(query, 1, FIXTURE_CLUSTER);
    bench_open(&bench, 3);
    client = client_open(&bench);
    bench_pump(&bench);
    for (; sent < 4; sent++) {
        (void)send(client, query + sent, 1, MSG_NOSIGNAL);
        bench_pump(&bench);
        bench_pass_time(&bench, 1);
    }
    assert_true(client_is_closed(&bench, client));
    (void)close(client);
    bench_close(&bench);
}

/* The table that the answers borrow from is replaced meanwhile. */
static void a_slow_reader_gets_every_answer_and_holds_up_nobody(void **state)
{
    enum { LIMIT = 300, MEMBERS = 1000 };
    static uint8_t message[MESSAGE_MAX];
    uint8_t query[FIXTURE_REQUEST_MAX + 2];
    struct bench bench;
    struct snapshot *next = NULL;
    size_t length = framed_query(query, 7, FIXTURE_CLUSTER);
    unsigned sent = 0;
    int slow = -1;
    int other = -1;

    (void)state;
    bench_open(&bench, MEMBERS);
    slow = client_open(&bench);
    sent = client_flood(&bench, slow, LIMIT);
    assert_true(bench_count(&bench, COUNTER_QUERIES_TCP) < sent); /* it has stopped reading */
    next = fixture_snapshot(3, 65535, ZONE_COMPLETE);
    snapshot_unref(bench.serving.snapshot);
    bench.serving.snapshot = next;
    other = client_open(&bench);
    client_send(other, query, length);
    assert_true(client_receive(&bench, other, message) > 12);
    assert_int_equal(fixture_u16(message, 6), 3);
    for (unsigned i = 0; i < sent; i++) {
        assert_true(client_receive(&bench, slow, message) > 12);
        assert_int_equal(fixture_u16(message, 0), i);
        assert_true(fixture_u16(message, 6) == MEMBERS || fixture_u16(message, 6) == 3);
    }
    (void)close(slow);
    (void)close(other);
    bench_close(&bench);
}

static void a_peer_that_never_reads_is_closed(void **state)
{
    struct bench bench;
    int client = -1;

    (void)state;
    bench_open(&bench, 1000);
    client = client_open(&bench);
    (void)client_flood(&bench, client, 300);
    bench_pass_time(&bench, 3);
    assert_int_equal(bench_count(&bench, COUNTER_TCP_NOT_READING), 0);
    bench_pass_time(&bench, 3);
    assert_int_equal(bench_count(&bench, COUNTER_TCP_NOT_READING), 1);
    (void)close(client);
    bench_close(&bench);
}

static size_t bench_seen(const struct bench *bench, struct seen_client *clients, size_t limit)
{
    const struct seen_table *table = bench->serving.seen;

    return fixture_seen(&table, 1, (int64_t)uv_now(&bench->loop), clients, limit);
}

static void connections_of_one_address_are_one_client(void **state)
{
    enum { CONNECTIONS = 3 };
    static uint8_t message[MESSAGE_MAX];
    uint8_t query[FIXTURE_REQUEST_MAX + 2];
    struct bench bench;
    struct seen_client seen = {.port = 1};

    (void)state;
    bench_open(&bench, 3);
    bench.serving.seen = seen_table_new();
    for (size_t i = 0; i < CONNECTIONS; i++) {
        int client = client_open(&bench);

        client_send(client, query, framed_query(query, 1, "no.example.org"));
        client_send(client, query, framed_query(query, 2, FIXTURE_CLUSTER));
        assert_true(client_receive(&bench, client, message) >= 12);
        assert_true(client_receive(&bench, client, message) > 12);
        (void)close(client);
    }
    assert_int_equal(bench_seen(&bench, &seen, 1), 1);
    assert_int_equal(seen.port, 0);
    assert_int_equal(seen.generation, 1);
    seen_table_free(bench.serving.seen);
    bench_close(&bench);
}

/* All its questions were read, so that closing alone would leave the answers in the kernel's memory
 * for minutes: as long as the kernel tries to get rid of them. */
static void a_peer_that_does_not_read_leaves_nothing_in_the_kernel(void **state)
{
    enum { QUERIES = 5, ROUNDS = 400 };
    static uint8_t queries[QUERIES * FIXTURE_REQUEST_MAX];
    struct bench bench;
    size_t length = 0;
    uint64_t sent = 0;
    int client = -1;

    (void)state;
    bench_open(&bench, 1000);
    client = client_open(&bench);
    for (uint16_t i = 0; i < QUERIES; i++) {
        length += framed_query(queries + length, i, FIXTURE_CLUSTER);
    }
    for (unsigned i = 0; bench_count(&bench, COUNTER_TCP_NOT_READING) == 0 && i < ROUNDS; i++) {
        client_send(client, queries, length);
        sent += QUERIES;
        bench_pump(&bench);
        bench_pass_time(&bench, TCP_WRITE_MS / 1000 + 1); /* less than makes it idle */
    }
    assert_int_equal(bench_count(&bench, COUNTER_TCP_NOT_READING), 1);
    assert_int_equal(bench_count(&bench, COUNTER_QUERIES_TCP), sent);
    assert_int_equal(client_end(&bench, client), ECONNRESET);
    (void)close(client);
    bench_close(&bench);
}

/* Answers that lie in our buffers have been seen by nobody. Less than a turn is asked for each
 * second, until it does not fit into the socket. */
static void answers_are_noted_when_the_socket_has_taken_them(void **state)
{
    enum { QUERIES = 4, BATCHES_MAX = 64 };
    static uint8_t message[MESSAGE_MAX];
    static uint8_t queries[QUERIES * FIXTURE_REQUEST_MAX];
    struct bench bench;
    struct seen_client seen = {.port = 1};
    size_t length = 0;
    unsigned batches = 0;
    bool is_pending = false;
    int slow = -1;

    (void)state;
    bench_open(&bench, 1000);
    bench.serving.seen = seen_table_new();
    slow = client_open(&bench);
    for (uint16_t i = 0; i < QUERIES; i++) {
        length += framed_query(queries + length, i, FIXTURE_CLUSTER);
    }
    while (!is_pending && batches < BATCHES_MAX) {
        bench_pass_time(&bench, 1);
        client_send(slow, queries, length);
        bench_pump(&bench);
        batches++;
        assert_int_equal(bench_count(&bench, COUNTER_QUERIES_TCP), batches * QUERIES);
        is_pending = bench_seen(&bench, &seen, 1) == 0 ||
                     seen.last_ms + 1000 <= (int64_t)uv_now(&bench.loop);
    }
    assert_true(is_pending);
    for (unsigned i = 0; i < batches * QUERIES; i++) {
        assert_true(client_receive(&bench, slow, message) > 12);
    }
    bench_pump(&bench);
    assert_int_equal(bench_seen(&bench, &seen, 1), 1);
    assert_in_range(seen.last_ms, uv_now(&bench.loop) - 999, uv_now(&bench.loop));
    (void)close(slow);
    seen_table_free(bench.serving.seen);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_of_one_address_are_one_client),
        cmocka_unit_test(answers_are_noted_when_the_socket_has_taken_them),
        cmocka_unit_test(a_query_in_single_octets_is_answered),
        cmocka_unit_test(pipelined_queries_are_answered_in_their_order),
        cmocka_unit_test(a_length_that_no_query_has_ends_the_connection),
        cmocka_unit_test(an_idle_connection_is_closed_after_10_s_and_not_after_8),
        cmocka_unit_test(a_connection_that_asks_nothing_is_closed_after_2_s),
        cmocka_unit_test(octets_that_trickle_in_buy_no_time),
        cmocka_unit_test(a_second_message_that_trickles_in_buys_no_time_either),
        cmocka_unit_test(after_a_half_close_every_answer_still_leaves),
        cmocka_unit_test(a_reset_with_answers_under_way_leaves_nothing_behind),
        cmocka_unit_test(a_slow_reader_gets_every_answer_and_holds_up_nobody),
        cmocka_unit_test(a_peer_that_never_reads_is_closed),
        cmocka_unit_test(a_peer_that_does_not_read_leaves_nothing_in_the_kernel),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* a worker's thread blocks it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
