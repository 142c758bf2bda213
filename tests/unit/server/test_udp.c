/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_udp.c - the UDP listener over real sockets on loopback. One thread: the
 * loop is run by hand between sending and receiving.
 */

#include <errno.h>

#include "tests/unit/server/udp_fixture.h"

static void a_query_is_answered_from_the_address_that_was_asked(void **state)
{
    static const struct {
        const char *why;
        const char *listen;
        const char *client;
        const char *asked;
    } cases[] = {
        {"one address",             "127.0.0.1", "127.0.0.1", "127.0.0.1"},
        {"every IPv4 address",      "0.0.0.0",   "127.0.0.1", "127.0.0.1"},
        {"not the route's address", "0.0.0.0",   "127.0.0.1", "127.0.0.7"},
        {"IPv6",                    "::1",       "::1",       "::1"      },
        {"every IPv6 address",      "::",        "::1",       "::1"      },
    };
    uint8_t request[FIXTURE_REQUEST_MAX];
    static uint8_t answer[ANSWER_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench bench;
        struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
        struct sockaddr_storage asked;
        char expected[SOCKET_ADDRESS_TEXT];
        char actual[SOCKET_ADDRESS_TEXT];
        size_t length = fixture_query(request, 0x4242, FIXTURE_CLUSTER, 33, 8192);
        int client = client_open(cases[i].client);

        bench_open(&bench, cases[i].listen);
        asked = fixture_address(cases[i].asked, socket_port(&bench.pair.address));
        client_send(client, request, length, &asked);
        length = client_receive(&bench, client, answer, &from);
        assert_true(length > 512);
        assert_int_equal(fixture_u16(answer, 0), 0x4242);
        assert_int_equal(fixture_u16(answer, 2), 0x8500);
        assert_int_equal(fixture_u16(answer, 6), 50);
        assert_string_equal(socket_address_to_text(&from, actual),
                            socket_address_to_text(&asked, expected));
        (void)close(client);
        bench_close(&bench);
    }
}

static void more_queries_than_one_batch_are_each_answered_once(void **state)
{
    enum { QUERIES = 3 * UDP_BATCH_SIZE + 5 };
    uint8_t request[FIXTURE_REQUEST_MAX];
    static uint8_t answer[ANSWER_MAX];
    unsigned answers[QUERIES] = {0};
    struct bench bench;
    struct sockaddr_storage from;
    int client = client_open("127.0.0.1");

    (void)state;
    bench_open(&bench, "127.0.0.1");
    for (unsigned i = 0; i < QUERIES; i++) {
        size_t length = fixture_query(request, (uint16_t)i, "no.sd.example.com", 1, 0);

        client_send(client, request, length, &bench.pair.address);
    }
    for (unsigned i = 0; i < QUERIES; i++) {
        assert_true(client_receive(&bench, client, answer, &from) > 0);
        assert_true(fixture_u16(answer, 0) < QUERIES);
        answers[fixture_u16(answer, 0)]++;
    }
    for (unsigned i = 0; i < QUERIES; i++) {
        assert_int_equal(answers[i], 1);
    }
    assert_int_equal(bench_count(&bench, COUNTER_QUERIES_UDP), QUERIES);
    assert_int_equal(bench_count(&bench, COUNTER_NXDOMAIN), QUERIES);
    (void)close(client);
    bench_close(&bench);
}

/* The good query behind the silent ones proves that they were read, without waiting. */
static void what_gets_no_answer_is_counted_by_its_reason(void **state)
{
    static uint8_t big[UDP_REQUEST_SIZE + 1];
    static uint8_t answer[ANSWER_MAX];
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct bench bench;
    struct sockaddr_storage from;
    int client = client_open("127.0.0.1");
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 1232);

    (void)state;
    bench_open(&bench, "127.0.0.1");
    client_send(client, request, 0, &bench.pair.address);
    client_send(client, request, 11, &bench.pair.address);
    request[2] |= 0x80;
    client_send(client, request, length, &bench.pair.address);
    client_send(client, big, sizeof(big), &bench.pair.address);
    length = fixture_query(request, 77, FIXTURE_CLUSTER, 33, 1232);
    client_send(client, request, length, &bench.pair.address);
    assert_true(client_receive(&bench, client, answer, &from) > 0);
    assert_int_equal(fixture_u16(answer, 0), 77);
    assert_false(is_readable(client, 0));
    assert_int_equal(bench_count(&bench, COUNTER_DROPPED_NO_QUERY), 3);
    assert_int_equal(bench_count(&bench, COUNTER_DROPPED_OVERSIZE), 1);
    assert_int_equal(bench_count(&bench, COUNTER_NOERROR), 1);
    assert_int_equal(bench_count(&bench, COUNTER_TRUNCATED), 1);
    (void)close(client);
    bench_close(&bench);
}

/* As from the kernel, only that sends fail as `send_failures` says. Ours takes the place of libc's
 * in this program. */
static const int *send_failures; /* errno of each message, 0: none; NULL: all of them go */

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    for (unsigned i = 0; i < count; i++) {
        if (send_failures != NULL && *send_failures != 0) {
            if (i > 0) {
                return (int)i;
            }
            errno = *send_failures++;
            return -1;
        }
        send_failures += send_failures == NULL ? 0 : 1;
        if (sendmsg(fd, &messages[i].msg_hdr, flags) < 0) {
            return i > 0 ? (int)i : -1;
        }
    }
    return (int)count;
}

static void a_send_that_fails_costs_nobody_else_an_answer(void **state)
{
    enum { QUERIES = 8 };
    static const struct {
        const char *why;
        int failures[QUERIES + 1]; /* the last one lets the probe through */
        unsigned answers;
    } rows[] = {
        {"the first has no route",       {ENETUNREACH, 0, 0, 0, 0, 0, 0, 0},              7},
        {"a firewall, in the middle",    {0, 0, 0, EPERM, 0, 0, 0, 0},                    7},
        {"too long, at the end",         {0, 0, 0, 0, 0, 0, 0, EMSGSIZE},                 7},
        {"each for a reason of its own",
         {EPERM, ENETUNREACH, EHOSTUNREACH, EMSGSIZE, EINVAL, EACCES, ECONNREFUSED, EIO},
         0                                                                                 },
        {"a signal",                     {0, 0, EINTR, 0, 0, 0, 0, 0, 0},                 8},
        {"a full buffer ends the batch", {0, 0, 0, EAGAIN, 0, 0, 0, 0},                   3},
        {"no memory as well",            {ENOBUFS, 0, 0, 0, 0, 0, 0, 0},                  0},
    };
    static uint8_t answer[ANSWER_MAX];
    uint8_t request[FIXTURE_REQUEST_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench bench;
        struct sockaddr_storage from;
        int client = client_open("127.0.0.1");
        unsigned answers = 0;

        bench_open(&bench, "127.0.0.1");
        for (uint16_t j = 0; j < QUERIES; j++) {
            size_t length = fixture_query(request, j, "no.sd.example.com", 1, 0);

            client_send(client, request, length, &bench.pair.address);
        }
        send_failures = rows[i].failures;
        (void)uv_run(&bench.loop, UV_RUN_NOWAIT);
        send_failures = NULL;
        while (is_readable(client, 0)) {
            assert_true(client_receive(&bench, client, answer, &from) > 0);
            answers++;
        }
        if (answers != rows[i].answers) {
            fail_msg("%s: %u answers", rows[i].why, answers);
        }
        assert_int_equal(bench_count(&bench, COUNTER_NXDOMAIN), answers);
        assert_int_equal(bench_count(&bench, COUNTER_DROPPED_SEND), QUERIES - answers);
        assert_balanced(&bench);
        client_send(client, request, fixture_query(request, 99, FIXTURE_CLUSTER, 33, 8192),
                    &bench.pair.address);
        assert_true(client_receive(&bench, client, answer, &from) > 0);
        assert_int_equal(fixture_u16(answer, 0), 99);
        (void)close(client);
        bench_close(&bench);
    }
}

/* 256 kinds of responses, and what is shorter than a header. */
static void responses_get_no_answer_whatever_their_opcode_and_rcode(void **state)
{
    enum { KINDS = 256, SHORTER = 12 };
    static uint8_t answer[ANSWER_MAX];
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct bench bench;
    struct sockaddr_storage from;
    int client = client_open("127.0.0.1");
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 1232);

    (void)state;
    bench_open(&bench, "127.0.0.1");
    for (unsigned kind = 0; kind < KINDS; kind++) {
        request[2] = (uint8_t)(0x80 | (kind & 0xf0) >> 1);
        request[3] = (uint8_t)(kind & 0x0f);
        client_send(client, request, kind % 2 == 0 ? length : 12, &bench.pair.address);
        bench_pump(&bench, kind + 1);
    }
    for (size_t octets = 0; octets < SHORTER; octets++) {
        client_send(client, request, octets, &bench.pair.address);
    }
    bench_pump(&bench, KINDS + SHORTER);
    assert_int_equal(bench_count(&bench, COUNTER_DROPPED_NO_QUERY), KINDS + SHORTER);
    assert_false(is_readable(client, 0));
    length = fixture_query(request, 77, FIXTURE_CLUSTER, 33, 1232);
    client_send(client, request, length, &bench.pair.address);
    assert_true(client_receive(&bench, client, answer, &from) > 0);
    assert_int_equal(fixture_u16(answer, 0), 77);
    assert_balanced(&bench);
    (void)close(client);
    bench_close(&bench);
}

static void a_wake_up_ends_after_its_share_of_batches(void **state)
{
    enum { QUERIES = UDP_BATCH_SIZE * UDP_BATCHES_PER_WAKE + UDP_BATCH_SIZE };
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct bench bench;
    int client = client_open("127.0.0.1");
    size_t length = fixture_query(request, 1, "no.sd.example.com", 1, 0);

    (void)state;
    bench_open(&bench, "127.0.0.1");
    for (unsigned i = 0; i < QUERIES; i++) {
        client_send(client, request, length, &bench.pair.address);
    }
    (void)uv_run(&bench.loop, UV_RUN_NOWAIT);
    assert_int_equal(bench_count(&bench, COUNTER_QUERIES_UDP),
                     UDP_BATCH_SIZE * UDP_BATCHES_PER_WAKE);
    (void)uv_run(&bench.loop, UV_RUN_NOWAIT);
    assert_int_equal(bench_count(&bench, COUNTER_QUERIES_UDP), QUERIES);
    (void)close(client);
    bench_close(&bench);
}

static size_t bench_seen(const struct bench *bench, struct seen_client *clients, size_t limit)
{
    const struct seen_table *table = bench->serving.seen;

    return fixture_seen(&table, 1, (int64_t)uv_now(&bench->loop), clients, limit);
}

static uint16_t client_port(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(address);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return socket_port(&address);
}

/* Refused and unknown names between them are not noted, and do not shift whom an answer is for. */
static void each_port_that_got_a_clusters_srv_answer_is_noted(void **state)
{
    enum { CLIENTS = 3 };
    static uint8_t answer[ANSWER_MAX];
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct bench bench;
    struct sockaddr_storage from;
    struct seen_client seen[CLIENTS];
    int clients[CLIENTS];
    int other = client_open("127.0.0.1");
    bool is_noted[CLIENTS] = {false};

    (void)state;
    bench_open(&bench, "127.0.0.1");
    bench.serving.seen = seen_table_new();
    for (size_t i = 0; i < CLIENTS; i++) {
        size_t length = fixture_query(request, 7, "no.example.org", 33, 0);

        clients[i] = client_open("127.0.0.1");
        client_send(other, request, length, &bench.pair.address);
        client_send(other, request, 5, &bench.pair.address);
        length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 8192);
        client_send(clients[i], request, length, &bench.pair.address);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_true(client_receive(&bench, clients[i], answer, &from) > 0);
    }
    assert_int_equal(bench_seen(&bench, seen, CLIENTS), CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(seen[i].generation, 1);
        assert_int_equal(seen[i].address.octets[0], 127);
        for (size_t j = 0; j < CLIENTS; j++) {
            is_noted[j] = is_noted[j] || seen[i].port == client_port(clients[j]);
        }
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_true(is_noted[i]);
        (void)close(clients[i]);
    }
    (void)close(other);
    seen_table_free(bench.serving.seen);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_port_that_got_a_clusters_srv_answer_is_noted),
        cmocka_unit_test(a_query_is_answered_from_the_address_that_was_asked),
        cmocka_unit_test(more_queries_than_one_batch_are_each_answered_once),
        cmocka_unit_test(what_gets_no_answer_is_counted_by_its_reason),
        cmocka_unit_test(a_send_that_fails_costs_nobody_else_an_answer),
        cmocka_unit_test(responses_get_no_answer_whatever_their_opcode_and_rcode),
        cmocka_unit_test(a_wake_up_ends_after_its_share_of_batches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
